"""What says the same in other words is found by its meaning, by what is on this disk alone, and nothing else is."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import numpy as np
import pytest
from model2vec import StaticModel
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.normalizers import Lowercase
from tokenizers.pre_tokenizers import Whitespace
from typer.testing import CliRunner

from runner.cli import app
from runner.cli.scenarios import duplicates
from runner.console.neighbours import warnings
from runner.duplicates import embedders
from runner.duplicates.base import Vectors, unit
from runner.duplicates.embedders import embedder_of
from runner.duplicates.near import against, of_pair, within
from runner.duplicates.ngrams import Ngrams
from runner.duplicates.static import Static
from runner.duplicates.texts import VIEWS, Described, corpus, described
from runner.errors import UserError
from runner.scenarios.catalog import ScenarioFolder, load_scenario, scenario_folders

ISSUE = "Our invoice is wrong by one cent whenever two different tax rates meet on it and it is rounded twice."
OTHERWISE = "A bill comes out one penny off as soon as several levies stand there, since rounding happens two times."
SAME = (
    "invoice bill",
    "wrong off",
    "cent penny",
    "whenever as",
    "two several",
    "tax levies",
    "meet stand",
    "twice times",
)


def issue(name: str, text: str, pack: str = "pack") -> Described:
    return Described(name, pack, dict.fromkeys(VIEWS, "") | {"instruction": text})


@pytest.fixture(scope="module")
def built_in() -> list[ScenarioFolder]:
    return [load_scenario(folder) for folder in scenario_folders().values()]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory, built_in: list[ScenarioFolder]) -> Path:
    """A model made by hand, as model2vec writes one: words of a pair in `SAME` have one vector, others their own."""
    texts = [ISSUE, OTHERWISE, *(each.instruction for each in built_in)]
    words = sorted({word.lower() for text in texts for word, _ in Whitespace().pre_tokenize_str(text)})
    tokenizer = Tokenizer(WordLevel({word: at for at, word in enumerate(["[UNK]", *words])}, "[UNK]"))
    tokenizer.normalizer, tokenizer.pre_tokenizer = Lowercase(), Whitespace()
    vectors = np.random.default_rng(5).normal(size=(len(words) + 1, 64)).astype(np.float32)
    for pair in SAME:
        one, other = (1 + words.index(word) for word in pair.split())
        vectors[other] = vectors[one] = 3 * vectors[one]
    folder = tmp_path_factory.mktemp("model") / "by-hand"
    StaticModel(vectors, tokenizer, normalize=True).save_pretrained(folder)
    return folder


@pytest.mark.parametrize("framing", ["paraphrase-1", "paraphrase-2", "paraphrase-3", "messy"])
def test_issues_told_in_other_words_are_found_and_other_tasks_are_not(
    framing: str, built_in: list[ScenarioFolder]
) -> None:
    told = [each for each in built_in if framing in each.framings]
    found = [*map(described, told), *(issue(f"{each.id}~", each.framings[framing]) for each in told)]
    assert within(found) == [], "not by their words"
    pairs = within(found, embedder=Ngrams())
    assert all(pair.second == f"{pair.first}~" for pair in pairs)
    assert len(pairs) >= 0.85 * len(told) > 20


def test_a_model_knows_synonyms_that_characters_do_not(model: Path) -> None:
    found = [issue("a", ISSUE), issue("b", OTHERWISE)]
    assert within(found, embedder=Ngrams()) == []
    [pair] = within(found, embedder=embedder_of(str(model)))
    assert list(pair.scores) == ["instruction", "meaning"] and pair.score == pair.scores["meaning"] > 0.5


def test_copies_are_found_however_many_there_are() -> None:
    for copies in (2, 9, 30):
        pairs = within([issue(str(at), ISSUE) for at in range(copies)], embedder=Ngrams())
        assert len(pairs) == copies * (copies - 1) // 2
        assert {pair.scores["meaning"] for pair in pairs} == {1.0}


def test_a_window_of_a_corpus_that_says_it_in_other_words_is_named(
    tmp_path: Path, built_in: list[ScenarioFolder]
) -> None:
    told = next(each for each in built_in if each.id == "memo-expiry-edge")
    (tmp_path / "notes.md").write_text(told.framings["messy"])
    (tmp_path / "other.md").write_text("The canteen is closed on Friday. " * 100)
    assert against([described(told)], corpus(tmp_path)) == []
    [pair] = against([described(told)], corpus(tmp_path), embedder=Ngrams())
    assert pair.second == f"{tmp_path / 'notes.md'}:1" and pair.scores["meaning"] >= 0.5


def test_what_says_too_little_has_no_meaning_to_compare() -> None:
    found = [issue("a", "Fix it."), issue("b", "Fix it."), issue("c", ""), issue("d", "\ud800 " * 50)]
    assert within(found, embedder=Ngrams()) == within([], embedder=Ngrams()) == []
    assert of_pair(found, 0, 1, Ngrams()) is None


class Odd:
    """An embedder that gives what it was made with."""

    near = 0.5

    def __init__(self, rows: Callable[[int], object]) -> None:
        self._rows = rows

    def embed(self, texts: Sequence[str]) -> Vectors:
        return np.asarray(self._rows(len(texts)), np.float32)


@pytest.mark.parametrize(
    "rows",
    [
        lambda count: np.full((count, 3), np.nan),
        lambda count: np.full((count, 3), np.inf),
        lambda count: np.ones((count + 1, 3)),
        lambda count: np.ones(count),
    ],
)
def test_vectors_that_are_none_are_refused(rows: Callable[[int], object]) -> None:
    with pytest.raises(UserError, match="no finite vectors"):
        within([issue("a", ISSUE), issue("b", OTHERWISE)], embedder=Odd(rows))


def test_a_model_that_knows_no_word_or_takes_all_for_one_finds_what_it_says() -> None:
    found = [issue("a", ISSUE), issue("b", OTHERWISE)]
    assert within(found, embedder=Odd(lambda count: np.zeros((count, 3)))) == []
    assert len(within(found, embedder=Odd(lambda count: np.ones((count, 3))))) == 1
    assert not unit(Odd(lambda count: np.zeros((count, 3))), ["a"]).any()


def test_folders_that_hold_no_model_are_named(tmp_path: Path, model: Path) -> None:
    for name, content in {"config.json": "{", "model.safetensors": "\xff" * 99, "tokenizer.json": "{}"}.items():
        (tmp_path / name).write_text(content, encoding="latin-1")
        with pytest.raises(UserError, match=f"{tmp_path} holds no static embedding model"):
            Static.at(str(tmp_path))
    (tmp_path / "link").symlink_to(model)
    assert Static.at(str(tmp_path / "link")).embed([ISSUE]).shape == (1, 64)


@pytest.fixture
def hub() -> Iterator[tuple[str, list[str]]]:
    """An address where a hub of models could be, and what is asked of it."""
    asked: list[str] = []

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_error(404)

        do_HEAD = do_POST = do_GET

        def log_message(self, format: str, *arguments: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Answers) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", asked
        server.shutdown()


def test_a_model_that_is_not_here_is_not_fetched(hub: tuple[str, list[str]], tmp_path: Path, model: Path) -> None:
    """In a process of its own: the libraries read their settings when they are imported."""
    address, asked = hub
    snapshot = tmp_path / "hub" / "models--some--model" / "snapshots" / "abc"
    snapshot.parent.mkdir(parents=True)
    snapshot.symlink_to(model)
    (snapshot.parents[1] / "refs").mkdir()
    (snapshot.parents[1] / "refs" / "main").write_text("abc")
    where = {"HF_ENDPOINT": address, "HF_HOME": str(tmp_path)}
    names = ["minishlab/potion-base-8M", "potion", "../../no/such", "/no/such/place", "some/model"]
    done = subprocess.run([sys.executable, "-c", TRY, *names], env=os.environ | where, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    *refused, found = done.stdout.splitlines()
    assert len(refused) == 4 and found == "(1, 64)"
    assert all("none is fetched" in said and "hf download" in said for said in refused)
    assert asked == []


TRY = """
import sys
from runner.duplicates.embedders import embedder_of
from runner.errors import UserError
for name in sys.argv[1:]:
    try:
        print(embedder_of(name).embed(["an invoice"]).shape)
    except UserError as error:
        print(error)
"""


def test_the_environment_names_what_no_option_does(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert embedders.VARIABLE == duplicates.VARIABLE
    assert isinstance(embedder_of(), Ngrams) and embedder_of("none") is None
    monkeypatch.setenv(embedders.VARIABLE, str(model))
    assert isinstance(embedder_of(), Static) and isinstance(embedder_of("ngrams"), Ngrams)


# The command


@pytest.fixture
def packs(tmp_path: Path, scenario_writer: Callable[[Path], Callable[..., Path]], model: Path) -> list[str]:
    scenario_writer(tmp_path / "one")("first", **{"instruction.md": f"# Issue\n\n{ISSUE}\nIt goes\non like this.\n"})
    write = scenario_writer(tmp_path / "two")
    write("second", **{"instruction.md": f"{OTHERWISE}\n", "solution/solution.patch": "--- a/x\n+++ b/x\n"})
    write("first", **{"instruction.md": "Another one altogether, which tells of ships and harbours at night.\n"})
    return [str(tmp_path / name / "scenarios") for name in ("one", "two")]


def shown(*words: str) -> str:
    done = CliRunner().invoke(app, ["scenarios", "duplicates", *words], env={"COLUMNS": "400"}, catch_exceptions=False)
    assert done.exit_code == 0
    return done.output


def test_two_scenarios_are_shown_side_by_side_however_far_apart(packs: list[str], model: Path) -> None:
    first = f"{packs[0]}/first"
    text = shown(*packs, "--pair", first, "second", "--embeddings", str(model))
    assert re.search(r"the issue +instruction 0.00, meaning 0\.\d\d ", text) and packs[1] in text
    assert "It goes on like this." in " ".join(text.split()), "a paragraph has no line ends"
    assert "what the fix adds" in text
    assert "memo-expiry-edge" in shown(*packs, "--pair", "second", "memo-expiry-edge"), "built-in ones are known, too"
    [pair] = json.loads(shown(*packs, "--pair", first, "second", "--json"))
    assert (pair["first"], pair["second"]) == ("first", "second") and pair["score"] < 0.5


@pytest.mark.parametrize(
    ("pair", "said"),
    [
        (("second", "nobody"), "no scenario named 'nobody'"),
        (("second", "second"), "are the same scenario; name two"),
        (("first", "second"), "several packs have a scenario first; name its folder"),
    ],
)
def test_a_pair_that_is_none_is_a_users_mistake(packs: list[str], pair: tuple[str, str], said: str) -> None:
    with pytest.raises(UserError, match=said):
        shown(*packs, "--pair", *pair)


def test_a_warning_names_the_command_that_shows_both(
    tmp_path: Path, scenario_writer: Callable[[Path], Callable[..., Path]]
) -> None:
    write = scenario_writer(tmp_path / "a pack")
    for name in ("one", "two", "three"):
        write(name, **{"instruction.md": ISSUE})
    found = [described(load_scenario(folder)) for folder in scenario_folders([tmp_path / "a pack"]).values()]
    first, *_, more = warnings(within(found, embedder=Ngrams()), tmp_path / "a pack", most=2)
    assert more.startswith("1 more such pairs: taskfit scenarios duplicates '")
    command = first.partition(": ")[2]
    taskfit = Path(sys.executable).with_name("taskfit")
    done = subprocess.run(command.replace("taskfit", str(taskfit), 1), shell=True, capture_output=True, text=True)
    assert done.returncode == 0 and done.stdout.count("Our invoice") == 2
    assert done.stdout.startswith("1.00  one  ~  three")


def test_scenarios_of_one_name_are_named_by_their_folders() -> None:
    [pair] = within([issue("same", ISSUE, "/a"), issue("same", ISSUE, "/b c")])
    [warning] = warnings([pair], Path("pack"))
    assert warning.endswith("--pair /a/same '/b c/same'")
