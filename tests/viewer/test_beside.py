"""What is shown of a trial beside its transcript: where it comes from, attempts, labels, replays, what a file held."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest
from markupsafe import Markup
from playwright.sync_api import expect

from bench.measuring import stored
from runner import __version__
from runner.effects import Effect
from runner.events.base import Event
from runner.events.conversation import Challenged
from runner.events.endings import TrialFinished
from runner.events.origins import Branched, ForkedFrom, Imported
from runner.labels.file import LabelFile
from runner.labels.steps import place
from runner.messages import to_json
from runner.replay.seen import Seen, SeenCall, transcript_digest, write_seen
from runner.report.page import Masthead, html
from runner.results import Submission, TrialKey
from runner.runs.folder import RunFolder
from runner.runs.ledger import Ledger
from runner.viewer.export import export
from runner.viewer.place import Place
from runner.viewer.serving import Address, served
from written import answered, as_lines, began, call, key, said, trial, write_run

pytestmark = pytest.mark.xdist_group("browser")
Client = Callable[[Address], httpx.Client]
SCENARIO = "memo-expiry-edge"
FOLDER = Path(__file__).parents[2] / "scenarios" / SCENARIO
PLAIN, FORKED, FOREIGN, BROKEN, RETRIED = (
    key(SCENARIO, name) for name in ("plain", "forked", "foreign", "broken", "retried")
)
AFTER = key(SCENARIO, "plain", arm="feedback_prove_it")
RUN = "/runs/night"


def writing() -> list[Event]:
    """The first file replaces one, the second is new."""
    calls = []
    for name, path in (("a", "src/memo/clock.py"), ("b", "src/memo/new.py")):
        made = call("write_file", Effect.EDIT, call_id=name, path=path, content="pelican = 1\n")
        calls += [made.model_copy(update={"targets": (path,)}), answered("wrote", tool="write_file", call_id=name)]
    return [said("I write."), *calls]


def fork(number: int = 1) -> ForkedFrom:
    return ForkedFrom(
        fork=f"f/{number}", trial=PLAIN, run="night", at_step=2, digest="d", turns=0, agreed=True, limits="left"
    )


def made_elsewhere(told: str = "reward") -> list[Event]:
    source = Imported(format="atif", source="their.json", digest="d", harness="theirs 2.0", told={told: 0.5})
    return [began(FOREIGN), source, said("Hello."), TrialFinished(verdict="imported")]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    submission = Submission(summary="done", confidence=0.9)
    after = [
        began(AFTER),
        Branched(trunk=PLAIN, trunk_step=8, resolved=True, submission=submission),
        Challenged(challenge="prove_it", text="Prove it."),
        said("I give in."),
        TrialFinished(verdict="unresolved"),
    ]
    trials = {
        PLAIN: trial(PLAIN, *writing()),
        AFTER: after,
        FORKED: [began(FORKED), fork(), *trial(FORKED)[1:]],
        FOREIGN: made_elsewhere(),
        RETRIED: trial(RETRIED, said("The second time."), attempt=2),
    }
    made = write_run(tmp_path_factory.mktemp("beside") / "night", trials)
    study = made.lock()["study"] | {"forks": {"early": {"trials": []}}}
    made.write_lock(made.lock() | {"folders": {SCENARIO: str(FOLDER)}, "study": study})
    aside = made.trial(RETRIED) / "attempts" / "1"
    aside.mkdir(parents=True)
    (aside / "events.jsonl").write_bytes(as_lines([began(RETRIED), said("The first time, a kingfisher.")]))
    return made


@pytest.fixture(scope="module")
def address(run: RunFolder, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Address]:
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        with served(Place([run])) as address:
            yield address


def page(address: Address, client: Client, of: TrialKey, more: str = "") -> str:
    answer = client(address).get(f"{RUN}/trials/{of.name}{more}")
    assert answer.status_code == 200
    return answer.text


def test_imported_and_forked_trials_are_told_apart_in_the_matrix_and_in_the_head(
    address: Address, client: Client
) -> None:
    matrix = client(address).get(RUN).text
    assert "imported, not graded: foreign" in matrix and "resolved, forked: begins within another trial" in matrix
    assert matrix.count("↳") == 2, "one trial, and the legend"
    head = page(address, client, FOREIGN)
    assert "their.json (atif), made by theirs 2.0; nothing was graded here" in head and "reward <b>0.5</b>" in head
    head = page(address, client, FORKED)
    assert f'href="{RUN}/trials/{PLAIN.name}?at=2#s2"' in head and "what that trial had left" in head


def test_an_attempt_that_was_set_aside_can_be_read_searched_and_labelled(
    address: Address, run: RunFolder, client: Client
) -> None:
    asked = client(address)
    first = f"{RUN}/trials/{RETRIED.name}/attempts/1"
    assert f'href="{first}"' in page(address, client, RETRIED)
    shown = asked.get(first).text
    assert "kingfisher" in shown and "attempt 1, set aside" in shown and "it came to no end" in shown
    assert asked.get(f"{first}/files", params={"step": 1}).status_code == 200
    assert asked.get(f"{first}/beside").status_code == 200
    found = asked.get("/search", params={"q": "kingfisher"}).text
    assert f'href="{first}?at=1#s1"' in found and "attempt 1, set aside" in found
    assert asked.get(f"{first}/steps/1").status_code == asked.get(f"{first}/steps/1/labels").status_code == 200
    for strange in ("2", "999999999999", "-1", "x"):
        assert asked.get(f"{RUN}/trials/{RETRIED.name}/attempts/{strange}").status_code == 404
    where = place(run.trial(RETRIED) / "attempts" / "1" / "events.jsonl", 1)
    mark = LabelFile(run.path).add(where, "ada", label="lucky-fix")
    assert "lucky-fix" in asked.get(first).text and "lucky-fix" not in page(address, client, RETRIED)
    labels = asked.get(f"{RUN}/labels").text
    assert f'href="{first}?at=1#s1"' in labels and "attempt 1, set aside" in labels
    LabelFile(run.path).withdraw(mark.id, "ada")


def test_labels_stand_among_the_turns_and_a_key_goes_through_them(
    address: Address, run: RunFolder, watched: Callable[..., Any]
) -> None:
    file = run.trial(PLAIN) / "events.jsonl"
    marks = [LabelFile(run.path).add(place(file, step), "ada", label="lucky-fix", note="<b>why</b>") for step in (2, 6)]
    seen = watched(address)
    seen.open(f"{RUN}/trials/{PLAIN.name}")
    expect(seen.page.locator(".said")).to_have_count(2)
    expect(seen.page.locator("#s5 .said")).to_contain_text("<b>why</b>")
    seen.press("m", "m")
    assert seen.page.url.endswith("#s6")
    seen.press("M")
    assert seen.page.url.endswith("#s2")
    assert "<b>why" not in (exported := export(run, trial=PLAIN.name)) and exported.count('class="note said"') == 2
    assert seen.trouble == []
    for mark in marks:
        LabelFile(run.path).withdraw(mark.id, "ada")


def test_a_file_that_is_written_over_is_shown_side_by_side(address: Address, run: RunFolder, client: Client) -> None:
    shown = page(address, client, PLAIN)
    assert shown.count('class="diff"') == 1 and 'aria-label="src/memo/clock.py, before and after"' in shown
    assert shown.count('class="content"') == 1
    assert export(run, trial=PLAIN.name).count('class="diff"') == 1


def test_a_challenged_trial_is_one_click_from_before_and_after(address: Address, client: Client) -> None:
    after = f"{RUN}/trials/{PLAIN.name}/beside?with={AFTER.name}"
    assert page(address, client, AFTER).count(f'href="{after}"') >= 2
    assert client(address).get(after).status_code == 200


def test_a_replay_is_told_in_the_head_and_at_the_call_that_differs(
    address: Address, run: RunFolder, client: Client
) -> None:
    folder = run.trial(PLAIN)

    def seen(number: int, *agreements: str, **fields: Any) -> None:
        calls = tuple(
            SeenCall(
                step=3 + 2 * at, answered=4 + 2 * at, turn=1, tool="write_file", agreement=each, why="<i>it</i> differs"
            )
            for at, each in enumerate(agreements)
        )
        about: dict[str, Any] = {"at": "2026-11-26T12:00:00Z", "taskfit": __version__, "image": "i", "calls": calls}
        write_seen(
            folder, Seen(number=number, key=PLAIN, **{"transcript": transcript_digest(folder), **about, **fields})
        )

    seen(1, "agreed", "differs")
    seen(2, "agreed", before=4)
    seen(3, "differs", transcript="of another transcript")
    shown = page(address, client, PLAIN)
    assert "1 of 2 calls agreed" in shown and "&lt;i&gt;it&lt;/i&gt; differs" in shown
    (folder / "replays" / "1" / "replay.json").unlink()
    assert "1 of 1 calls before step 4 agreed" in page(address, client, PLAIN)
    (folder / "replays" / "2" / "replay.json").write_bytes(b"{")
    assert "agreed" not in page(address, client, PLAIN)


def test_the_report_leads_to_steps_and_a_trial_to_what_it_says_of_it(tmp_path: Path, client: Client) -> None:
    (tmp_path / "runs" / "night").mkdir(parents=True)
    stored(tmp_path / "runs" / "night", 2)
    with served(Place([RunFolder(tmp_path / "runs" / "night")])) as address:
        asked = client(address)
        page = asked.get(f"{RUN}/report").text
        named = re.findall(r'id="trial-([^"]+)"', page)
        assert named
        found = asked.get(f"{RUN}/report", params={"trial": named[0]})
        assert found.status_code == 200 and f'href="{RUN}/trials/{named[0]}?at=' in found.text
        nothing = asked.get(f"{RUN}/report", params={"trial": '"><script>'})
        assert nothing.status_code == 303 and nothing.headers["location"] == f"{RUN}/report#evidence"
        assert asked.get(RUN).text.count('class="chip') > 100
        with closing(Ledger(tmp_path / "runs" / "night" / "ledger.sqlite")) as ledger:
            row = ledger.rows()[0]
            ledger.start(row.position)
            ledger.finish(row.position, "tampered")
        (tmp_path / "runs" / "night" / "trials" / row.key.name / "events.jsonl").unlink()
        assert asked.get(f"{RUN}/report").text != page, "it is written anew once a trial has ended"


def test_the_served_report_has_the_head_of_the_other_pages_and_the_file_has_none(
    tmp_path: Path, serve: Callable[..., Address], watched: Callable[..., Any]
) -> None:
    (tmp_path / "runs" / "night").mkdir(parents=True)
    stored(tmp_path / "runs" / "night", 2)
    run = RunFolder(tmp_path / "runs" / "night")
    seen = watched(serve(run))
    for scheme in ("light", "dark"):
        seen.page.emulate_media(color_scheme=scheme)
        seen.open(f"{RUN}/report")
        head = seen.page.locator(".masthead")
        assert head.evaluate("head => getComputedStyle(head).display") == "flex", "its policy lets it"
        for name, leads in (("night", RUN), ("Labels", f"{RUN}/labels"), ("Search", "/search"), ("taskfit", "/")):
            link = head.get_by_role("link", name=name, exact=True)
            assert link.get_attribute("href") == leads
    seen.page.locator(".masthead").get_by_role("link", name="night", exact=True).click()
    seen.page.wait_for_url(f"**{RUN}")
    assert seen.trouble == []
    alone, top = html(run, print), Masthead(Markup("STYLE"), Markup("<p>HEAD</p>"))
    assert "masthead" not in alone
    with_head = html(run, print, masthead=top)

    def plain(page: str) -> str:
        """Without the hash of its style, which differs with that."""
        return re.sub(r"style-src &#39;[^;]+;|style-src '[^;]+;", "", page)

    assert plain(with_head).replace("STYLE\n", "").replace("<p>HEAD</p>\n", "") == plain(alone)


def test_a_public_page_names_no_run_that_a_trial_was_forked_from_and_quotes_no_reader(tmp_path: Path) -> None:
    event = fork().model_copy(update={"run": "xylophone"})
    run = write_run(tmp_path / "night", {FORKED: [began(FORKED), event, *trial(FORKED)[1:]]})
    run.write_lock(run.lock() | {"built_in": [SCENARIO]})
    LabelFile(run.path).add(place(run.trial(FORKED) / "events.jsonl", 2), "ada", label="lucky-fix")
    assert "xylophone" in (page := export(run)) and "lucky-fix" in page
    assert "Forked" in (page := export(run, "public")) and "xylophone" not in page and "lucky-fix" not in page


def test_a_run_that_appears_later_is_there_at_the_next_look(tmp_path: Path, client: Client) -> None:
    first = write_run(tmp_path / "runs" / "first", {PLAIN: trial(PLAIN)})
    with served(Place([first], [tmp_path / "runs"])) as address:
        asked = client(address)
        assert "second" not in asked.get("/").text
        write_run(tmp_path / "runs" / "second", {PLAIN: trial(PLAIN)})
        assert asked.get("/runs/second").status_code == 200
        assert "second" in asked.get("/").text
        assert asked.get("/runs/third").status_code == 404


def test_a_transcript_that_forks_from_nothing_known_is_shown_all_the_same(tmp_path: Path, client: Client) -> None:
    event = fork().model_copy(update={"run": "../../etc", "trial": key("x", "<script>")})
    run = write_run(tmp_path / "night", {BROKEN: [began(BROKEN), event, *made_elsewhere("<b>")[1:]]})
    (run.path / "labels.jsonl").write_bytes(b"\xff\n{}\n")
    (run.trial(BROKEN) / "events.jsonl").write_bytes(
        (run.trial(BROKEN) / "events.jsonl").read_bytes() + to_json(event)[:9]
    )
    with served(Place([run])) as address:
        shown = page(address, client, BROKEN)
    assert "Forked" in shown and "/runs/.." not in shown and "<script>" not in shown and "<b> " not in shown
