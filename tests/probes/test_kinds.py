"""What answers to probes are worth, and what questions give away."""

from __future__ import annotations

import dataclasses

import pytest

from runner.events import ProbeKind
from runner.probes.kinds import KINDS, SYSTEM, Task, question, scores

PATCH = """\
diff --git a/src/shop/cart.py b/src/shop/cart.py
--- a/src/shop/cart.py
+++ b/src/shop/cart.py
@@ -1,3 +1,6 @@
 def total(self):
-    return self.net
+    groups = self.by_rate()
+    taxes = [group.tax() for group in groups]
+    net = sum(group.net for group in groups)
+    return net + sum(taxes)
"""
TASK = Task(
    title="Totals drift",
    instruction="The total in src/shop/view.py is a cent short.",
    files=frozenset({"src/shop/cart.py", "src/shop/view.py", "README.md", "tests/test_cart.py"}),
    locations=("src/shop/cart.py::Cart.total",),
    patch=PATCH,
    canary="taskfit-canary-1234-abcd",
)


def asked(kind: ProbeKind, task: Task = TASK) -> str:
    said = question(kind, task)
    assert said is not None
    assert said[0].role == "system"
    return "\n".join(message.text for message in said if message.role == "user")


def test_questions_hold_no_more_than_the_issue_and_the_beginning_of_the_fix() -> None:
    for kind in KINDS:
        text = asked(kind)
        assert TASK.instruction in text
        assert "cart.py" not in text and "1234-abcd" not in text and "return net + sum(taxes)" not in text
        assert ("groups = self.by_rate()" in text) == (kind == "complete")
    assert "no tools" in SYSTEM


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ({"locations": ()}, "localise"),
        ({"patch": ""}, "complete"),
        ({"files": frozenset()}, "files"),
        ({"canary": ""}, "canary"),
    ],
)
def test_what_a_task_does_not_have_is_not_asked_for(change: dict[str, object], kind: ProbeKind) -> None:
    assert question(kind, dataclasses.replace(TASK, **change)) is None  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("answer", "file", "three", "symbol"),
    [
        ('{"places": [{"file": "src/shop/cart.py", "symbol": "total"}]}', 1, 1, 1),
        ('Sure:\n```json\n{"places": [{"file": "./src/shop/cart.py"}]}\n```', 1, 1, 0),
        ('{"places": [{"file": "x.py"}, {"file": "src/shop/cart.py", "symbol": "Cart.total()"}]}', 0, 1, 1),
        ('{"places": [{"file": "x"}, {"file": "y"}, {"file": "z"}, {"file": "src/shop/cart.py"}]}', 0, 0, 0),
        ("src/shop/cart.py", 0, 0, 0),
        ('{"places": {"file": "src/shop/cart.py"}}', 0, 0, 0),
        ('{"places": ["src/shop/cart.py", null, {"file": 7}]}', 0, 0, 0),
        ("{" * 19_000, 0, 0, 0),
        ('{"places": ' + "[" * 9_000, 0, 0, 0),
        ("", 0, 0, 0),
    ],
)
def test_places_are_held_against_the_truth(answer: str, file: float, three: float, symbol: float) -> None:
    assert scores("localise", TASK, answer) == {"file_hit_1": file, "file_hit_3": three, "symbol_hit_3": symbol}


def test_the_rest_of_the_fix_is_recognised_with_and_without_marks() -> None:
    rest = "    net = sum(group.net for group in groups)\n    return net + sum(taxes)"
    marked = "```diff\n" + "\n".join(f"+{line}" for line in rest.splitlines()) + "\n```"
    assert scores("complete", TASK, rest) == scores("complete", TASK, marked) == {"completion": 1.0}
    assert scores("complete", TASK, "    raise NotImplementedError\n")["completion"] < 0.3
    assert scores("complete", TASK, "") == {"completion": 0.0}


def test_paths_that_the_issue_names_count_neither_way() -> None:
    assert scores("files", TASK, "- src/shop/cart.py\n- README.md\n- tests/test_cart.py\n") == {"files": 1.0}
    assert scores("files", TASK, "src/shop/view.py") == {"files": 0.0}
    assert scores("files", TASK, "src/shop/cart.py\nsetup.py\nsrc/shop/view.py")["files"] == pytest.approx(0.4)
    many = "\n".join(f"file-{at}.py" for at in range(5_000)) + "\nREADME.md"
    assert scores("files", TASK, many) == {"files": 0.0}


def test_the_canary_counts_when_it_is_said_with_or_without_its_beginning() -> None:
    assert scores("canary", TASK, "It is 1234-ABCD.") == {"canary": 1.0}
    assert scores("canary", TASK, "taskfit-canary-0000") == {"canary": 0.0}
