"""A person at the terminal: sees what would happen, the rule that fired, and answers."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from rich.console import Console
from rich.panel import Panel
from rich.prompt import Prompt
from rich.text import Text

from runner.approvals import Decision, Request
from runner.visible import visible

CHOICES = "[a]pprove, [m]odify, [d]eny, [t]erminate the trial"


class HumanApprover:
    """Asks on a console, one trial at a time; what the model wrote is shown with control characters made visible."""

    def __init__(self, console: Console, quiet: Callable[[], AbstractContextManager[None]] = nullcontext) -> None:
        """`quiet` gives the terminal to the person while it is held."""
        self._console = console
        self._quiet = quiet
        self._one_at_a_time = threading.Lock()

    def decide(self, request: Request) -> Decision:
        """Raises EOFError when nobody can answer, which the gate turns into no answer at all."""
        asked = time.monotonic()
        with self._one_at_a_time, self._quiet():
            shown_after = time.monotonic() - asked
            self._console.print(Panel(describe(request), title="approval needed", title_align="left"))
            return self._answer(request).model_copy(update={"shown_after": shown_after})

    def _answer(self, request: Request) -> Decision:
        while True:
            match self._ask(CHOICES).strip().lower()[:1]:
                case "a":
                    return Decision(outcome="approve", approver="human")
                case "d":
                    reason = self._ask("reason, told to the model")
                    return Decision(outcome="deny", approver="human", reason=reason or "denied")
                case "t":
                    return Decision(outcome="terminate", approver="human", reason="terminated by the approver")
                case "m":
                    if (arguments := self._modified(request.action.arguments)) is not None:
                        return Decision(outcome="modify", approver="human", arguments=arguments)

    def _modified(self, arguments: dict[str, Any]) -> dict[str, Any] | None:
        """New arguments as one JSON object; None, with a word on why, when they are no such thing."""
        text = self._ask("arguments as JSON", default=json.dumps(arguments))
        try:
            changed = json.loads(text)
        except json.JSONDecodeError as error:
            self._console.print(f"no valid JSON: {error}", markup=False)
            return None
        if not isinstance(changed, dict):
            self._console.print('a JSON object is needed, as in {"path": "src/a.py"}', markup=False)
            return None
        return changed

    def _ask(self, question: str, default: str = "") -> str:
        return Prompt.ask(Text(question), console=self._console, default=default, show_default=bool(default))


def describe(request: Request) -> Text:
    """All that an approver needs, as plain styled text: nothing in it is read as markup."""
    action = request.action
    asked = "the policy asks" if request.trigger == "gate" else "the model asks"
    lines = [
        ("tool", action.tool),
        ("effects", f"{', '.join(sorted(action.effects))} (R{int(action.risk)})"),
        ("touches", ", ".join(action.targets) or "-"),
        ("asked by", f"{asked}; rule {request.rule}"),
        ("reason", request.reason or "-"),
    ]
    if request.alternative:
        lines.append(("otherwise", request.alternative))
    text = Text()
    for label, value in lines:
        text.append(f"{label:>10}  ", style="dim")
        text.append(visible(value) + "\n")
    shown = action.preview or json.dumps(action.arguments, indent=2)
    text.append("\n" + visible(shown, newlines=True), style="bold")
    return text
