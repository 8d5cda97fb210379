"""The page: nothing that anybody wrote acts on it, every number leads somewhere, and it stays small."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from runner.arms import Arm
from runner.cli import app
from runner.errors import FileProblem
from runner.report.page import html
from runner.report.svg import element
from runner.runs.folder import RunFolder

VOID = {"meta", "br", "wbr", "input", "link", "hr", "img"}
HOSTILE = "</script><script>alert(1)</script>\"'><img src=x onerror=alert(2)>&amp;\x1b[31m\u202e\u200b{{ 7 * 7 }}"
UNSLASHED = "<script>alert(3)\"'><img src=x onerror=alert(4)>\u202e\x07"
"""A scenario's name is that of a folder."""

WriteRun = Callable[..., RunFolder]


class Page(HTMLParser):
    """A page taken apart: ids, links, attributes of every element, and whether its tags are closed in order."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.faults: list[str] = []
        self._open: list[str] = []
        self.feed(text)
        self.close()
        self.faults += [f"<{tag}> is not closed" for tag in self._open]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if len(dict(attrs)) != len(attrs):
            self.faults.append(f"<{tag}> has an attribute twice")
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self._open or self._open.pop() != tag:
            self.faults.append(f"</{tag}> closes nothing")

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    def of(self, tag: str) -> Iterator[dict[str, str | None]]:
        return (attributes for name, attributes in self.elements if name == tag)

    @property
    def ids(self) -> list[str]:
        return [str(attributes["id"]) for _, attributes in self.elements if "id" in attributes]


def problem(text: str) -> None:
    raise AssertionError(text)


@pytest.fixture
def rich_run(write_run: WriteRun, planned: Any) -> RunFolder:
    """Two models with everything that a page draws: arms, repositories, money, exclusions."""
    arms = [Arm(), Arm(faults="lost_edit:implicit"), Arm(feedback="prove_it"), Arm(approvals="must_ask:by_label")]
    return write_run(
        planned(
            f"s{n}",
            model,
            "infra_error" if n == 7 else "resolved" if (n + len(model)) % 3 or model == "vendor/good" else "unresolved",
            arm,
            repo=("ledger", "jobs")[n % 2],
            confidence=n / 8,
            usd=0.01 * len(model),
            first=bool(n % 2),
        )
        for n in range(8)
        for model in ("vendor/good", "vendor/fair")
        for arm in arms
    )


def test_the_page_is_well_formed_and_every_anchor_has_its_target(rich_run: RunFolder) -> None:
    found = Page(html(rich_run, problem))
    assert found.faults == []
    assert len(found.ids) == len(set(found.ids))
    links = [str(attributes["href"]) for attributes in found.of("a")]
    assert len(links) > 50
    assert [link for link in links if not link.startswith("#") or link[1:] not in found.ids] == []
    for _, attributes in found.elements:
        for name in ("aria-labelledby", "for"):
            assert attributes.get(name, found.ids[0]) in found.ids


def test_nothing_is_loaded_from_anywhere(rich_run: RunFolder) -> None:
    found = Page(html(rich_run, problem))
    assert not {"src", "srcset", "action", "style", "data"} & {name for _, each in found.elements for name in each}
    assert not {"link", "img", "iframe", "object", "embed", "base"} & {tag for tag, _ in found.elements}
    assert not [name for _, each in found.elements for name in each if name.startswith("on")]
    (policy,) = (each["content"] for each in found.of("meta") if each.get("http-equiv") == "Content-Security-Policy")
    assert policy is not None and policy.startswith("default-src 'none';")
    assert "unsafe" not in policy and policy.count("sha256-") == 2
    assert not re.search(r"url\(|@import|https?://", html(rich_run, problem))


def test_hostile_text_is_shown_and_never_acts(write_run: WriteRun, planned: Any) -> None:
    kinds = [Arm(), Arm(faults="lost_edit"), Arm(feedback="prove_it")]
    run = write_run(
        planned(f"s{n} {UNSLASHED}", f"model {HOSTILE}", verdict, arm, repo=HOSTILE, words=HOSTILE, usd=0.1)
        for n, verdict in enumerate(["resolved", "unresolved", "infra_error"])
        for arm in kinds
    )
    text = html(run, problem)
    found = Page(text)
    assert found.faults == []
    assert [len(list(found.of(tag))) for tag in ("script", "img", "style")] == [1, 0, 1]
    assert not [name for _, each in found.elements for name in each if name.startswith("on")]
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f\u200b\u202a-\u202e\u2066-\u2069]", text)
    assert "\\x1b[31m\\u202e\\u200b{{ 7 * 7 }}" in text
    shown = "".join(found.words)
    assert "s0 <script>alert(3)\"'><img src=x onerror=alert(4)>\\u202e\\x07" in shown
    assert "model </script><script>alert(1)</script>\"'><img src=x onerror=alert(2)>&amp;\\x1b[31m" in shown


def test_charts_have_a_text_alternative_and_a_table(rich_run: RunFolder) -> None:
    found = Page(html(rich_run, problem))
    drawings = [each for each in found.of("svg") if each.get("aria-hidden") != "true"]
    assert len(drawings) >= 6
    assert all(each.get("role") == "img" and each.get("aria-label") for each in drawings)
    figures = list(found.of("figure"))
    titles = {str(each["aria-labelledby"]) for each in figures}
    assert {"chart-resolved", "chart-reliability", "chart-cost", "chart-recovery", "chart-time"} <= titles
    assert {"chart-revision-prove_it", "chart-heat"} <= titles
    assert len(list(found.of("table"))) >= len(figures)
    assert all(each.get("scope") in ("row", "col") for each in found.of("th"))


def test_money_is_left_out_where_none_was_spent(write_run: WriteRun, planned: Any) -> None:
    text = html(write_run(planned(f"s{n}") for n in range(3)), problem)
    assert "chart-cost" not in text and "chart-resolved" in text


def test_the_answer_says_who_and_whether_a_difference_is_shown(write_run: WriteRun, planned: Any) -> None:
    trials = [planned(f"s{n}", "good") for n in range(9)]
    trials += [planned(f"s{n}", "bad", "infra_error" if n == 8 else "unresolved") for n in range(9)]
    trials += [planned("s9", "bad", None)]
    shown = " ".join("".join(Page(html(write_run(trials), problem)).words).split())
    assert "good resolves 100 % [63–100] of 9 scenarios; bad resolves 0 % [0–41] of 8 scenarios." in shown
    assert "This difference is shown, paired by scenario: good resolves more than bad, by +100 pt" in shown
    assert "1 of 18 trials of the control arm ended for reasons that are not the model's" in shown
    assert "resolved lies for bad between 0 and 11 %; 1 planned trial not done yet." in shown


def test_no_difference_is_claimed_where_there_is_noise(write_run: WriteRun, planned: Any) -> None:
    trials = [planned(f"s{n}", "one") for n in range(4)] + [planned(f"s{n}", "two", "unresolved") for n in range(4)]
    shown = "".join(Page(html(write_run(trials), problem)).words)
    assert "No difference between the two models is shown, paired by scenario; with 4 scenarios" in shown


@pytest.mark.parametrize("trials", [0, 1])
def test_a_run_with_little_in_it_has_a_page(write_run: WriteRun, planned: Any, trials: int) -> None:
    run = write_run([planned("s0", verdict="resolved" if trials else None)])
    found = Page(html(run, problem))
    assert found.faults == []
    shown = " ".join("".join(found.words).split())
    if trials:
        assert "m has no share: one scenario shows no spread" in shown
        assert "– (one scenario shows no spread)" in shown
        assert "There is no second model to compare with." in shown
    else:
        assert "No trial is done yet" in shown and "– no measure has a number yet." in shown


def test_what_cannot_be_read_is_said(rich_run: RunFolder) -> None:
    (rich_run.trial(rich_run.keys()[0]) / "events.jsonl").write_text("<b>no event</b>\n")
    problems: list[str] = []
    assert "Files that could not be read" in html(rich_run, problems.append)
    assert len(problems) == 1


@pytest.mark.slow
@pytest.mark.parametrize(("models", "scenarios"), [(10, 20), (100, 2)])
def test_a_thousand_trials_fit_into_three_megabytes(
    write_run: WriteRun, planned: Any, models: int, scenarios: int
) -> None:
    arms = [
        Arm(),
        Arm(faults="lost_edit"),
        Arm(feedback="prove_it"),
        Arm(feedback="continue"),
        Arm(approvals="must_ask"),
    ]
    run = write_run(
        planned(
            f"a-scenario-with-a-name-{n}",
            f"vendor/a-model-with-a-long-name-{model}",
            "resolved" if (n * model) % 3 else "unresolved",
            arm,
            repo=f"repo-{n % 6}",
            usd=0.1,
            words="<&\x1b" * 400,
        )
        for n in range(scenarios)
        for model in range(models)
        for arm in arms
    )
    assert len(run.keys()) == 1000
    text = html(run, problem)
    assert len(text.encode()) < 3_000_000
    found = Page(text)
    assert found.faults == []
    assert "step-100" in found.ids
    links = {str(each["href"])[1:] for each in found.of("a")}
    assert links <= set(found.ids)


def test_the_command_writes_the_file(rich_run: RunFolder, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere.html"
    runner = CliRunner()
    within = rich_run.path / "report.html"
    for options, file in ([], within), (["--all"], within), ([str(elsewhere)], elsewhere):
        done = runner.invoke(app, ["report", str(rich_run.path), "--html", *options])
        assert (done.exit_code, done.stdout) == (0, f"{file}\n")
        assert file.read_text(encoding="utf-8").startswith("<!doctype html>")
    assert [path.name for path in tmp_path.iterdir() if path.name.endswith(".part")] == []


def test_a_folder_is_no_file_for_the_page(rich_run: RunFolder, tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["report", str(rich_run.path), "--html", str(tmp_path)])
    assert isinstance(done.exception, FileProblem)
    assert "is a folder; name a file" in str(done.exception)


def test_an_element_escapes_what_it_is_given() -> None:
    assert element("text", "<b>\x1b", aria_label='"', x=1.0) == '<text aria-label="&#34;" x="1">&lt;b&gt;\\x1b</text>'
