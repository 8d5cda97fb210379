"""What answers to probes are worth, and what questions give away."""

from __future__ import annotations

import dataclasses

import pytest

from runner.events.grading import ProbeKind
from runner.probes.answers import scores
from runner.probes.kinds import KINDS, SYSTEM, Task, question

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
        ('{"places": {"file": "src/shop/cart.py"}}', 1, 1, 0),
        ('{"places": ["src/shop/cart.py", null, {"file": 7}]}', 1, 1, 0),
        ('[{"file": "x.py"}, {"file": "/src/shop/cart.py", "symbol": "def total(self)"}]', 0, 1, 1),
        ('I think {it}: {"answer": {"places": [{"file": "src\\\\shop\\\\cart.py:12"}]}}', 1, 1, 0),
        ('{"places": [{"file": "`src/shop/../shop/cart.py`", "symbol": "`Cart::total`"}]}', 1, 1, 1),
        ('{"places": [{"file": "cart.py"}, {"file": "src/shop"}, {"file": "src/shop/*.py"}]}', 0, 0, 0),
        ('{"places": [{"file": "src/shop/cart.py src/shop/view.py"}]}', 0, 0, 0),
        ('{"a": ' * 4_000, 0, 0, 0),
        ('{"file": "x", "symbol": ' + "{" * 9_000, 0, 0, 0),
        ("\x1b[31m" + '{"places": [{"file": "\\u001b[2Jsrc/shop/cart.py"}]}', 0, 0, 0),
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


def test_a_place_that_the_issue_names_is_not_asked_for() -> None:
    told = dataclasses.replace(TASK, instruction="It is in `Cart.py`: the total is a cent short.")
    assert question("localise", told) is None
    both = dataclasses.replace(TASK, locations=(*TASK.locations, "src/shop/view.py::show"))
    assert scores("localise", both, '{"places": [{"file": "src/shop/view.py", "symbol": "show"}]}')["file_hit_1"] == 0
    assert scores("localise", both, '{"places": [{"file": "src/shop/cart.py"}]}')["file_hit_1"] == 1


@pytest.mark.parametrize(
    ("instruction", "told"),
    [
        ("The total is a cent short.", False),
        ("`cart.total` is a cent short.", True),
        ("`Cart().total()` of `x` is short", True),
        ("total(1) is 2", True),
        ("`x` the total `y`", False),
        ("subtotal(1) is 2", False),
    ],
)
def test_a_symbol_that_the_issue_names_counts_neither_way(instruction: str, told: bool) -> None:
    task = dataclasses.replace(TASK, instruction=instruction)
    found = scores("localise", task, '{"places": [{"file": "src/shop/cart.py", "symbol": "total"}]}')
    assert ("symbol_hit_3" in found) != told
    assert found["file_hit_1"] == 1.0


def test_a_long_answer_is_worth_no_more_than_what_it_knows() -> None:
    rest = "    net = sum(group.net for group in groups)\n    return net + sum(taxes)"
    padded = rest + "".join(f"\nvalue_{at} = sum(group.net for each in groups + {at})" for at in range(40))
    assert scores("complete", TASK, padded)["completion"] < 0.3
    again = "groups = self.by_rate()\ntaxes = [group.tax() for group in groups]\n" + rest
    assert scores("complete", TASK, again) == {"completion": 1.0}


@pytest.mark.parametrize(
    "answer",
    [
        "```text\n./src/shop/cart.py\nREADME.md\ntests/test_cart.py\n```",
        '["src/shop/cart.py",\n "README.md",\n "tests/test_cart.py"]',
        "src/shop/cart.py, README.md, tests/test_cart.py",
        "1. src/shop/cart.py\n2. README.md\n10) tests/test_cart.py",
        "* `src/shop/cart.py` - the cart\n* `README.md`: what it is\n* `tests/test_cart.py` (tests)\n",
        "├── src/shop/cart.py\n├── README.md\n└── tests/test_cart.py",
        "src\\shop\\cart.py\nREADME.md\ntests\\test_cart.py\nREADME.md\nREADME.md",
        "/workspace/src/shop/cart.py\n/README.md\n/workspace/tests/test_cart.py",
    ],
)
def test_paths_are_known_in_whatever_form_they_are_listed(answer: str) -> None:
    assert scores("files", TASK, answer) == {"files": 1.0}


def test_a_large_repository_is_recited_in_full_by_a_hundred_of_its_paths() -> None:
    large = dataclasses.replace(TASK, files=frozenset(f"src/module_{at}.py" for at in range(2_000)))
    hundred, lines = ([f"src/module_{at}.py" for at in range(many)] for many in (100, 400))
    assert scores("files", large, "\n".join(hundred)) == {"files": 1.0}
    assert scores("files", large, "\n".join(lines)) == {"files": 1.0}
    assert scores("files", large, "\n".join(hundred[:50]))["files"] == pytest.approx(2 / 3)


@pytest.mark.parametrize("canary", ["taskfit-canary-", "taskfit-canary-a", "taskfit-canary-cent sho", "a cent short"])
def test_a_canary_that_is_short_or_in_the_issue_is_not_asked_for_and_never_said(canary: str) -> None:
    task = dataclasses.replace(TASK, canary=canary)
    assert question("canary", task) is None
    assert scores("canary", task, "A cent short, a taskfit-canary-a.") == {"canary": 0.0}


def test_the_canary_counts_when_it_is_said_with_or_without_its_beginning() -> None:
    assert scores("canary", TASK, "It is 1234-ABCD.") == {"canary": 1.0}
    assert scores("canary", TASK, "taskfit-canary-0000") == {"canary": 0.0}
