"""Framings: which there are, and what is wrong with one that says less than the issue, more, or the same again."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from bench import program

from runner.scenarios.catalog import load_scenario, scenario_folders
from runner.errors import FileProblem, UnknownName, UserError
from runner.scenarios.framings import FRAMINGS, check, framed, shared, told

WriteScenario = Callable[..., Path]
BUILTIN = scenario_folders()
RAW = """\
# Doubling is off

When we call `double(3)` in the shop we get 5 and not the 6 that we would expect, so that every order of three is too
cheap. Other numbers are wrong as well, but not 2.
"""
FACTS = """\
schema = 1
title = "Doubling is off"
repo = "calc"
[tests]
fail_to_pass = ["tests/test_hidden.py::test_three"]
[framing]
facts = ['double\\(3\\)', '\\b5\\b', '\\b6\\b', 'but\\s+2|not 2|except 2']
"""
FIX = """\
--- a/src/calc.py
+++ b/src/calc.py
@@ -1,5 +1,5 @@
-def double(x):
-    return x + 2
+def double(number):
+    return _scale(number, by=TwoFold)  # the usual way
"""
TOLD = {
    "messy": "double(3) gives 5 shoud be 6, others wrong too, not 2 tho\n",
    "paraphrase-1": "Expected 6, got 5: that is what `double(3)` does. All numbers but\n2 are wrong.\n",
    "paraphrase-2": "An order of three costs too little. `double(3)`: 5. Wanted: 6. Numbers except 2 fail.\n",
    "paraphrase-3": "Three lamps were too cheap. Your `double(3)` says 5 where I count 6. But 2 is right.\n",
}


@pytest.fixture
def write(write_scenario: WriteScenario) -> Callable[..., Path]:
    """Writes a scenario whose framings are in order, but for those that are given; None leaves one out."""

    def write(**changed: str | None) -> Path:
        files = {"scenario.toml": FACTS, "instruction.md": RAW, "solution/solution.patch": FIX}
        texts = TOLD | {name.replace("_", "-"): text for name, text in changed.items()}
        written = {f"framings/{name}.md": text for name, text in texts.items() if text is not None}
        return write_scenario(**files, **written)

    return write


def problems(folder: Path) -> list[tuple[str, str]]:
    return [(problem.code, problem.framing) for problem in check(load_scenario(folder))]


def test_framings_that_tell_the_facts_have_no_problem(write: Callable[..., Path]) -> None:
    found = load_scenario(write())
    assert check(found) == []
    assert sorted(told(found)) == sorted(FRAMINGS)


@pytest.mark.parametrize("name", BUILTIN)
def test_a_builtin_scenario_is_told_in_every_framing_without_a_problem(name: str) -> None:
    found = load_scenario(BUILTIN[name])
    assert [problem.line for problem in check(found)] == []
    assert 3 <= len(found.scenario.framing.facts) <= 7
    assert len({framed(found, framing) for framing in FRAMINGS}) == len(FRAMINGS)
    assert len(framed(found, "messy")) < len(found.instruction), "as short as it can be"


@pytest.mark.parametrize("name", BUILTIN)
def test_a_builtin_framing_has_no_line_of_the_reference_patch(name: str) -> None:
    found = load_scenario(BUILTIN[name])
    added = [line[1:].strip() for line in found.solution_patch.splitlines() if line.startswith("+")]
    for framing in FRAMINGS:
        text = framed(found, framing)
        assert [line for line in added if len(line) >= 15 and line in text] == [], framing


@pytest.mark.parametrize("name", BUILTIN)
def test_builtin_paraphrases_do_not_copy_each_other(name: str) -> None:
    found = load_scenario(BUILTIN[name])
    texts = [framed(found, f"paraphrase-{number}") for number in (1, 2, 3)]
    assert max(shared(one, other) for one in texts for other in texts if one != other) < 0.6


def test_clean_is_a_template_around_the_issue(write: Callable[..., Path]) -> None:
    found = load_scenario(write())
    text = framed(found, "clean")
    assert RAW.strip() in text
    assert "{instruction}" not in text
    for part in ("Goal", "Do not assume", "signal", "root cause", "for and against", "minimal", "risks"):
        assert part in text


def test_braces_and_backslashes_of_an_issue_survive_the_template(write_scenario: WriteScenario) -> None:
    raw = r"`{instruction}` {turns} \1 \g<0>"
    assert raw in framed(load_scenario(write_scenario(**{"instruction.md": raw})), "clean")


def test_raw_is_the_instruction(write: Callable[..., Path]) -> None:
    assert framed(load_scenario(write()), "raw") == RAW


def test_a_framing_that_is_not_written_names_scenario_and_file(write: Callable[..., Path]) -> None:
    folder = write(paraphrase_2=None)
    with pytest.raises(UserError) as caught:
        framed(load_scenario(folder), "paraphrase-2")
    assert "'doubling'" in str(caught.value)
    assert str(folder / "framings" / "paraphrase-2.md") in str(caught.value)
    assert problems(folder) == [("missing", "paraphrase-2")]


def test_an_unknown_framing_names_those_that_are_near(write: Callable[..., Path]) -> None:
    with pytest.raises(UnknownName, match=r"'mesy'.*did you mean messy"):
        framed(load_scenario(write()), "mesy")


def test_a_scenario_may_have_more_paraphrases(write: Callable[..., Path]) -> None:
    found = load_scenario(write(paraphrase_12=TOLD["paraphrase-1"]))
    assert framed(found, "paraphrase-12") == TOLD["paraphrase-1"]
    assert check(found) == []


def test_a_scenario_without_framings_can_be_told_raw_and_clean(write_scenario: WriteScenario) -> None:
    folder = write_scenario()
    found = load_scenario(folder)
    assert dict(found.framings) == {"raw": found.instruction}
    assert [problem.code for problem in check(found)] == ["missing"] * 5
    assert {problem.framing for problem in check(found)} == {"", *FRAMINGS} - {"raw", "clean"}
    assert found.instruction.strip() in framed(found, "clean")


@pytest.mark.parametrize(
    "name", ["raw.md", "clean.md", "paraphrase-0.md", "paraphrase-1.txt", "paraphrase.md", "Messy.md", "messy.md~"]
)
def test_a_file_that_is_no_framing_is_told_which_are_known(write_scenario: WriteScenario, name: str) -> None:
    folder = write_scenario(**{f"framings/{name}": "x"})
    with pytest.raises(FileProblem, match=r"messy\.md and paraphrase-N\.md") as caught:
        load_scenario(folder)
    assert caught.value.path == folder / "framings" / name


def test_an_empty_framing_is_a_file_problem(write_scenario: WriteScenario) -> None:
    with pytest.raises(FileProblem, match="is empty"):
        load_scenario(write_scenario(**{"framings/messy.md": " \n"}))


def test_a_fact_that_is_no_regular_expression_names_its_key(write_scenario: WriteScenario) -> None:
    folder = write_scenario(**{"scenario.toml": FACTS.replace("double", "(double")})
    with pytest.raises(FileProblem, match=r"is no regular expression") as caught:
        load_scenario(folder)
    assert caught.value.key == "framing.facts"


def test_the_digest_changes_with_every_framing_and_its_name(write: Callable[..., Path]) -> None:
    plain = load_scenario(write()).digest
    assert load_scenario(write(messy="double(3) is 5, not 6, not 2\n")).digest != plain
    folder = write()
    assert load_scenario(folder).digest == plain
    (folder / "framings" / "messy.md").rename(folder / "framings" / "paraphrase-4.md")
    assert load_scenario(folder).digest != plain


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("double(3) gives 5, should be 6", [("fact-missing", "messy")]),
        ("double(2) gives 5", [("fact-missing", "messy")] * 3),
        ("DOUBLE(3) GIVES 5, NOT 6, BUT\n2 IS FINE", []),
        ("double(3) is 5 not 6 except 2, see twofold", [("leaks-identifier", "messy")]),
        ("double(3) is 5 not 6 except 2, TwoFold and _scale", [("leaks-identifier", "messy")] * 2),
        ("double(3) is 5 not 6 except 2, in src/calc.py", [("leaks-identifier", "messy")] * 2),
        ("double(3) is 5 not 6 except 2, the usual number", []),
        ("double(3) is 5 not 6 except 2, `two_fold_scaled`", []),
        (RAW, []),
    ],
)
def test_what_is_wrong_with_a_text(write: Callable[..., Path], text: str, found: list[tuple[str, str]]) -> None:
    assert problems(write(messy=text)) == found


@pytest.mark.parametrize("word", ["Fraction", "lru_cache", "tzdata", "HTTPError", "frozenset", "_hidden"])
def test_a_name_of_the_patch_leaks_wherever_it_stands_there(write: Callable[..., Path], word: str) -> None:
    text = f"double(3) is 5 not 6 except 2, {word.lower()}"
    for line in (f"+    return {word}(x)", f"-import {word}", f"+# {word}", f"+++ b/src/{word}.py"):
        folder = write(messy=text)
        (folder / "solution" / "solution.patch").write_text(f"{FIX}{line}\n")
        assert problems(folder) == [("leaks-identifier", "messy")]
    (folder / "solution" / "solution.patch").write_text(f"{FIX} context of {word}\n")
    assert problems(folder) == []
    (folder / "solution" / "solution.patch").write_text(f"{FIX}+    {word}\n")
    (folder / "instruction.md").write_text(f"{RAW}It is `{word}`.\n")
    assert problems(folder) == [], "the issue has it as well"


@pytest.mark.parametrize("word", ["stories", "stopped", "running", "wanted", "makes", "boxes", "slowly", "user", "day"])
def test_a_common_english_word_is_no_leak_in_any_form(write: Callable[..., Path], word: str) -> None:
    folder = write(messy=f"double(3) is 5 not 6 except 2, {word}")
    (folder / "solution" / "solution.patch").write_text(f"{FIX}+    {word} = 1\n")
    assert problems(folder) == []


def test_a_paraphrase_that_repeats_the_issue_is_too_alike_but_a_message_may(write: Callable[..., Path]) -> None:
    assert problems(write(paraphrase_1=RAW.upper(), messy=RAW)) == [("too-alike", "paraphrase-1")]
    halved = f"{RAW}{' '.join(f'word{number}' for number in range(40))}"
    assert problems(write(paraphrase_1=halved)) == []


def test_what_two_texts_share_is_a_share() -> None:
    """Over random texts: all of itself, nothing of words it does not know, never what case and marks make of it."""
    draw = random.Random(7)
    for _ in range(200):
        words = [draw.choice("abcdefghi") for _ in range(draw.randint(5, 40))]
        text = " ".join(words)
        other = " ".join(draw.sample(words, len(words)))
        assert 0 <= shared(text, other) <= 1
        assert shared(text, text) == 1
        assert shared(text, ", ".join(words).upper() + "!") == 1
        assert shared(text, text.translate(dict.fromkeys(map(ord, "abcdefghi"), "q"))) == 0
        assert shared(text, f"{text} {other}") == 1, "whatever else the issue says"
    assert shared("", "one two") == 0
    assert shared("one two", "one two three four five") == 0


def test_a_text_that_loses_a_fact_is_found_whichever_it_is(write: Callable[..., Path]) -> None:
    folder = write()
    for name, text in TOLD.items():
        for part in ("(3)", "5", "6", "2"):
            (folder / "framings" / f"{name}.md").write_text(text.replace(part, "seven"))
            assert ("fact-missing", name) in problems(folder), (name, part)
        (folder / "framings" / f"{name}.md").write_text(text)
    assert problems(folder) == []


def taskfit(*words: str) -> subprocess.CompletedProcess[str]:
    return program.taskfit("scenarios", "framings", *words)


def test_the_command_says_that_all_is_well(write: Callable[..., Path]) -> None:
    done = taskfit("--scenarios", str(write()))
    assert (done.returncode, done.stdout) == (0, "1 scenario, 6 framings: the same facts, no leak\n")
    assert json.loads(taskfit("--json", "--scenarios", str(write())).stdout) == []


def test_the_command_names_each_problem_and_exits_1(write: Callable[..., Path]) -> None:
    folder = write(messy="double(3) is 5 not 6\x1b[2J", paraphrase_3=None)
    done = taskfit("doubling", "--scenarios", str(folder.parent))
    assert done.returncode == 1
    assert done.stderr == ""
    assert [line.split()[0] for line in done.stdout.splitlines()] == ["missing", "fact-missing"]
    assert os.fspath(folder / "framings" / "paraphrase-3.md") in done.stdout
    parsed = json.loads(taskfit("doubling", "--json", "--scenarios", str(folder.parent)).stdout)
    assert [(each["scenario"], each["code"], each["framing"]) for each in parsed] == [
        ("doubling", "missing", "paraphrase-3"),
        ("doubling", "fact-missing", "messy"),
    ]
