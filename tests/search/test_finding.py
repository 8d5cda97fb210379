"""What is found: the right steps, by trial, in context, with links that lead to them."""

from __future__ import annotations

from pathlib import Path

import pytest

from runner.effects import Effect
from runner.errors import FileProblem, UnknownName, UserError
from runner.labels.file import LabelFile
from runner.labels.steps import place
from runner.runs.folder import RunFolder
from runner.search.excerpts import excerpt
from runner.search.finding import Found, find
from runner.search.index import Index
from runner.search.labelled import labelled
from runner.search.query import parse
from runner.search.saved import SavedQueries
from written import answered, call, decided, key, rejected, said, trial, write_run

GOOD, BAD, LATER = key("memo", "lab/one-2"), key("memo", "lab/two"), key("router", "noop", arm="faults_seeded")


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> list[RunFolder]:
    folder = tmp_path_factory.mktemp("runs")
    first = write_run(
        folder / "2026-11-01-a",
        {
            GOOD: trial(
                GOOD,
                said("I look at apply_vat, an off by one"),
                call("run_command", Effect.NETWORK, command="pip install pelican"),
                decided("run_command", "deny", Effect.NETWORK, command="pip install pelican"),
                call("edit_file", Effect.EDIT, path="src/a.py", old="x", new="naïve Überlauf"),
                answered("edited", tool="edit_file"),
            ),
            BAD: trial(
                BAD,
                rejected(),
                call("run_tests", Effect.RUN),
                answered("2 failed, one off", tool="run_tests", exit_code=1),
                call("run_command", Effect.RUN, command="sleep 99"),
                answered("too slow", timed_out=True, is_error=True),
                verdict="unresolved",
            ),
        },
    )
    second = write_run(folder / "2026-11-02-b", {LATER: trial(LATER, said("overflow"), verdict="unresolved")})
    return [first, second]


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory, runs: list[RunFolder]) -> Index:
    found = Index(tmp_path_factory.mktemp("cache") / "search.sqlite")
    found.refresh([run.path for run in runs])
    return found


def ask(index: Index, runs: list[RunFolder], text: str, **more: int) -> Found:
    paths = [run.path for run in runs]
    query = parse(text)
    return find(index, query, paths, labelled=labelled(query, paths, print), **more)


@pytest.mark.parametrize(
    ("text", "steps"),
    [
        ("pelican", [("lab/one-2", 3)]),
        ("apply_vat", [("lab/one-2", 2)]),
        ("vat", [("lab/one-2", 2)]),
        ('"off by one"', [("lab/one-2", 2)]),
        ("off one", [("lab/one-2", 2), ("lab/two", 4)]),
        ("off -by", [("lab/two", 4)]),
        ("overfl*", [("noop", 2)]),
        ("NAIVE uberlauf", [("lab/one-2", 5)]),
        ("error:schema", [("lab/two", 2)]),
        ("error:exit", [("lab/two", 4)]),
        ("error:timeout", [("lab/two", 6)]),
        ("error:any", [("lab/two", 2), ("lab/two", 4), ("lab/two", 6)]),
        ("effect:R3 type:call-proposed", [("lab/one-2", 3)]),
        ("effect:network type:decided", [("lab/one-2", 4)]),
        ("tool:run_tests -type:call_proposed", [("lab/two", 4)]),
        ("tool:*tests,edit* error:any", [("lab/two", 2), ("lab/two", 4)]),
    ],
)
def test_a_query_finds_these_steps_and_no_others(
    text: str, steps: list[tuple[str, int]], index: Index, runs: list[RunFolder]
) -> None:
    found = ask(index, runs, text, steps=50)
    assert [(trial.model, step.step) for trial in found.shown for step in trial.steps] == steps
    assert found.steps == len(steps)


@pytest.mark.parametrize(
    ("text", "models"),
    [
        ("verdict:unresolved", ["noop", "lab/two"]),
        ("verdict:unresolved scenario:memo", ["lab/two"]),
        ("model:lab/* -model:lab/two run:*-a", ["lab/one-2"]),
        ("arm:faults_*", ["noop"]),
    ],
)
def test_a_trial_that_is_asked_for_by_what_it_is_stands_there_with_its_end(
    text: str, models: list[str], index: Index, runs: list[RunFolder]
) -> None:
    found = ask(index, runs, text, steps=50)
    assert [(trial.model, [step.type for step in trial.steps]) for trial in found.shown] == [
        (model, ["trial_finished"]) for model in models
    ]


def test_the_newest_run_comes_first_and_what_is_not_named_is_left_out(index: Index, runs: list[RunFolder]) -> None:
    assert [trial.scenario for trial in ask(index, runs, "done").shown] == ["router", "memo", "memo"]
    assert [trial.scenario for trial in ask(index, runs[1:], "done").shown] == ["router"]


def test_pages_of_results_together_are_all_of_them(index: Index, runs: list[RunFolder]) -> None:
    pages = [ask(index, runs, "done", trials=1, skip=at) for at in range(4)]
    assert [len(page.shown) for page in pages] == [1, 1, 1, 0]
    assert {page.trials for page in pages} == {3}
    assert len({trial.place for page in pages for trial in page.shown}) == 3


def test_a_link_names_trial_and_step_and_the_hit_is_marked_in_its_context(index: Index, runs: list[RunFolder]) -> None:
    found = ask(index, runs, "apply_vat").shown[0]
    assert found.steps[0].link == f"{runs[0].path}/trials/{GOOD.name}@2"
    assert [(part.text, part.hit) for part in found.steps[0].excerpt] == [
        ("I look at ", False),
        ("apply_vat", True),
        (", an off by one", False),
    ]


def test_a_name_that_nothing_has_is_told_with_those_that_there_are(index: Index, runs: list[RunFolder]) -> None:
    found = ask(index, runs, "model:lab/three overflow")
    assert found.hints == ("no model is named lab/three; there are lab/one-2, lab/two, noop",)
    assert "no tool is named bash" in ask(index, runs, "tool:bash").hints[0]
    assert ask(index, runs, "zzz").hints == ()


def test_steps_are_found_by_what_readers_labelled_them(index: Index, runs: list[RunFolder]) -> None:
    where = place(runs[0].trial(BAD) / "events.jsonl", 4)
    mark = LabelFile(runs[0].path).add(where, "ada", label="lucky fix")
    assert [(trial.model, trial.steps[0].step) for trial in ask(index, runs, "label:lucky-fix").shown] == [
        ("lab/two", 4)
    ]
    assert ask(index, runs, "label:lucky-* -failed").steps == 0
    LabelFile(runs[0].path).withdraw(mark.id, "ada")
    assert ask(index, runs, "label:lucky-fix").steps == 0


def test_an_excerpt_stands_around_the_hit_however_far_in_it_is() -> None:
    parts = excerpt("word " * 5000 + "PÉLICAN here " + "word " * 5000, parse("pelican").phrases)
    assert [part.text for part in parts if part.hit] == ["PÉLICAN"]
    assert sum(len(part.text) for part in parts) < 600
    assert (parts[0].text, parts[-1].text[-1]) == ("…", "…")


def test_a_saved_query_is_there_for_the_next_process_and_names_are_checked(tmp_path: Path) -> None:
    saved = SavedQueries(tmp_path)
    assert saved.all() == {}
    saved.save("bad calls", "error:schema -arm:control")
    assert SavedQueries(tmp_path).find("bad calls") == "error:schema -arm:control"
    for name in ("", "../x", "a\nb", "x" * 61, "-x"):
        with pytest.raises(UserError, match="name is made of"):
            saved.save(name, "a")
    with pytest.raises(UserError, match="does not end"):
        saved.save("a", '"')
    with pytest.raises(UnknownName, match="did you mean bad calls"):
        saved.find("bad call")
    saved.forget("bad calls")
    assert saved.all() == {}
    saved.file.write_text('{"schema": 2}')
    with pytest.raises(FileProblem, match="holds no searches"):
        saved.all()
