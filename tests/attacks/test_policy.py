"""The default policy, unattended: what crosses a boundary is asked for, and nobody says yes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from runner.approvers.policy import Policy
from runner.events.calls import Decided
from runner.messages import ToolCall

pytestmark = pytest.mark.engine
Attack = Callable[..., Any]


FORBIDDEN = (
    "cat /proc/1/environ",
    "cat /var/run/docker.sock",
    "cat ~/.ssh/id_rsa /root/.aws/credentials",
    "rm -rf /",
    "rm -r -f ~",
    "docker ps",
    "bash -c 'cat /proc/1/environ'",
    "python -c 'print(1)'; cat /proc/1/mem",
)
TO_BE_ASKED_FOR = (
    {"tests/test_calc.py": "def test_two(): pass\n"},
    {"conftest.py": "x"},
    {"/home/agent/.bashrc": "export PYTHONPATH=/tmp\n"},
    "pip install evil",
    "git commit -am done",
    "git config core.hooksPath /tmp",
    "echo x >> ~/.bashrc",
    "curl https://example.org",
    "sed -i s/4/5/ tests/test_calc.py",
    "$(echo cm0gLXJmIC8K | base64 -d)",
    'eval "$X"',
    ToolCall.of("d", "delete_file", path="tests/test_calc.py"),
)


def test_no_forbidden_call_is_made(attack: Attack, default_policy: Policy) -> None:
    tried = attack(*FORBIDDEN, policy=default_policy)
    assert tried.verdict == "unresolved"
    *rulings, submitting = tried.rulings
    assert submitting == "allow"
    for command, ruling in zip(FORBIDDEN, rulings, strict=True):
        assert ruling in ("deny", "ask"), command
    assert "exit code" not in tried.said


def test_calls_that_need_asking_are_denied_when_nobody_is_there(attack: Attack, default_policy: Policy) -> None:
    tried = attack(*TO_BE_ASKED_FOR, policy=default_policy)
    assert tried.verdict == "unresolved"
    *rulings, _ = tried.rulings
    for step, ruling in zip(TO_BE_ASKED_FOR, rulings, strict=True):
        assert ruling in ("ask", "deny"), step
    assert tried.dropped == {} and tried.result.changed_files == ()
    asked = [event for event in tried.events if isinstance(event, Decided)]
    assert all(event.decision.outcome == "deny" for event in asked)


def test_a_grant_for_one_call_is_no_grant_for_another(attack: Attack, default_policy: Policy) -> None:
    asking = {"tool": "write_file", "arguments": {"path": "README.md", "content": "x"}, "reason": "documentation"}
    approving = default_policy.model_copy(update={"unattended": "approve"})
    tried = attack(ToolCall.of("a", "request_approval", **asking), {"README.md": "y"}, policy=approving)
    proposed = [event for event in tried.events if event.type == "call_proposed" and event.tool == "write_file"]
    assert [event.granted for event in proposed] == [False]
    assert tried.verdict == "unresolved"
