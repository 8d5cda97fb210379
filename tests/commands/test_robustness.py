"""Whatever the text, there is an answer, soon, from any thread."""

from __future__ import annotations

import random
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from runner.commands import classify
from runner.effects import Effect
from runner.scenarios.scenario import Scope

SCOPE = Scope(writable=("src/**",), protected=("tests/**",))
PIECES = [
    *("a ", "(", ")", "{ ", "}", "$(", "`", "'", '"', "\\", "|", "&&", ";", "\n", "<<E\n", "E\n", ">", "<", "$", "[["),
    *("]]", "if ", "then ", "fi;", "case a in ", "f() ", "eval ", "bash -c ", "sed ", "find . -exec ", "xargs ", "rm "),
    *("-rf ", "/ ", "~", "*", "{a,b}", "=", "\0", "\ud800", "é", "git ", "-C ", "env ", "A=", "export ", "<(", "$'"),
    *("python -m ", "pip install ", "src/a ", "\r", "\x1b", "𝒳", "!", "#", "dd of=", "tar x", "curl ", "cd "),
]


@pytest.mark.parametrize("seed", range(20))
def test_random_text_never_raises_and_always_has_effects(seed: int) -> None:
    draw = random.Random(seed)
    for _ in range(100):
        text = "".join(draw.choice(PIECES) for _ in range(draw.choice((2, 8, 30, 120))))
        assert classify(text, SCOPE).effects
        letters = "".join(chr(draw.choice((draw.randrange(128), draw.randrange(0x11000)))) for _ in range(40))
        assert classify(letters, SCOPE).effects


@pytest.mark.parametrize(
    "piece",
    [
        "(",
        "$(",
        "{ ",
        "a",
        '"',
        "a;",
        "<<A\n",
        "a && ",
        "${",
        "`",
        "if ",
        "\0",
        "\ud800",
        "eval ",
        "[[ ",
        "$'",
        "\\",
        "a|",
        "x=$(",
        "export A=$(",
        "[[ $(",
        "\\\n",
        "{a,b}",
        "*",
        "!",
        "sed 's/",
        "bash -c '",
        "rm -rf /*?",
        "~",
        "<(",
        "a=(b ",
        "@(a",
        "=~ ",
        "find a b c -exec ",
        "case a in ",
        "f(){ ",
        "sed '\\\\\\\\",
    ],
)
@pytest.mark.parametrize("length", [2_000, 50_000, 1_000_000])
def test_repetition_is_bounded(piece: str, length: int) -> None:
    begun = time.process_time()
    reach = classify(piece * (length // len(piece)), SCOPE)
    assert reach.effects
    assert time.process_time() - begun < 10


def test_nesting_beyond_the_bound_is_unknown() -> None:
    assert Effect.UNKNOWN in classify("echo $(" * 200 + "ls" + ")" * 200, SCOPE).effects
    assert Effect.UNKNOWN in classify("eval " * 40 + "ls", SCOPE).effects
    assert Effect.UNKNOWN in classify("sudo " * 40 + "ls", SCOPE).effects


def test_a_long_list_is_no_nesting() -> None:
    assert classify(" && ".join(["ls"] * 500), SCOPE).effects == {Effect.READ}


def test_a_usual_command_takes_less_than_five_milliseconds() -> None:
    command = "cd /workspace && git diff HEAD --stat && python -m pytest tests/test_a.py -x -q 2>&1 | tail -20"
    times = []
    for _ in range(20):
        begun = time.process_time()
        classify(command, SCOPE)
        times.append(time.process_time() - begun)
    assert sorted(times)[10] < 0.005


def test_threads_agree() -> None:
    commands = ["rm -rf /", "ls", "pytest", "touch src/a", "echo $(curl x.org)"] * 40
    expected = [classify(command, SCOPE) for command in commands]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lambda command: classify(command, SCOPE), commands)) == expected
