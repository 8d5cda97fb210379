"""What the documentation says is so."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from bench.program import taskfit
from runner.scenarios.repo import Repo
from runner.scenarios.scenario import Scenario
from runner.studies.study import Study

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
PAGES = {path.relative_to(ROOT): path.read_text() for path in (*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"))}
SHOWN = "\n".join(text for path, text in PAGES.items() if path.name != "CHANGELOG.md")
"""All that documents show, as one text."""
MINUTES, WORDS_A_MINUTE = 10, 230
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text()


def blocks(text: str) -> list[str]:
    return re.findall(r"```toml\n(.*?)```", text, re.S)


def test_the_readme_shows_its_two_commands_and_their_output_within_thirty_lines() -> None:
    top = "\n".join(README.splitlines()[:30])
    for part in ("make demo", "make test", "resolved                  100 % [", "95 % interval"):
        assert part in top


def test_the_readme_is_read_in_ten_minutes() -> None:
    assert len(README.split()) <= MINUTES * WORDS_A_MINUTE, "what few need first belongs in docs/"


def test_every_link_leads_to_a_file_and_a_section() -> None:
    for path, text in PAGES.items():
        for link in re.findall(r"\]\(([^)\s]+)\)", text):
            if not link.startswith("http"):
                name, _, section = link.partition("#")
                target = (path.parent / name) if name else path
                assert target in PAGES or (ROOT / target).exists(), f"{path}: {link}"
                heads = re.findall(r"^#+ (.+)$", PAGES.get(target, ""), re.M)
                assert not section or section in {
                    re.sub(r"[^\w -]", "", each.lower()).replace(" ", "-") for each in heads
                }
        for name in re.findall(r"`((?:docs|tests|bench)/[\w/]+\.(?:md|py))`", text):
            assert (ROOT / name).exists(), f"{path}: {name}"


def test_the_example_study_repo_and_scenario_load() -> None:
    import tomllib

    found = blocks(SHOWN)
    repo = next(block for block in found if "[source]" in block)
    assert Repo.model_validate(tomllib.loads(repo)).tests.framework == "django"
    study = next(block for block in found if block.startswith("schema = 1\nname = "))
    assert Study.model_validate(tomllib.loads(study)).repeats == 3
    assert Repo.model_validate(tomllib.loads(repo)).environment.node == "22"
    added = next(block for block in found if "[queue]" in block)
    night = Study.model_validate({**tomllib.loads(added), "models": ["noop"]})
    assert (night.queue.otherwise, night.notify.names) == ("escalate", False)
    capped = next(block for block in found if "[budget.scenarios" in block)
    caps = Study.model_validate({**tomllib.loads(capped), "models": ["noop"]}).budget
    assert caps.usd == 40 and caps.scenarios["jobs-*"].trials == 12
    forks = next(block for block in found if "[forks.early]" in block)
    paths = Study.model_validate({**tomllib.loads(forks), "models": ["noop"]})
    assert list(paths.arms) == ["control", "start_fork-early", "start_fork-late"]
    (scenario,) = blocks(CONTRIBUTING)
    assert Scenario.model_validate(tomllib.loads(scenario)).repo == "ledger"


@pytest.mark.parametrize("command", sorted(set(re.findall(r"^    taskfit ([a-z]+)", SHOWN, re.M))))
def test_every_command_that_is_shown_exists_with_its_options(command: str) -> None:
    def helped(*words: str) -> str:
        done = taskfit(*words, "--help")
        assert done.returncode == 0, done.stderr
        return done.stdout

    whole = helped(command)
    for line in re.findall(rf"^    taskfit {command} (.*)$", SHOWN, re.M):
        words = line.split("#")[0].split()
        is_group = bool(words) and re.search(rf"^  {re.escape(words[0])}  ", whole, re.M) is not None
        shown = helped(command, words[0]) if is_group else whole
        for option in (word for word in words if word.startswith("--")):
            assert option in shown, line


def test_every_module_named_in_the_map_exists() -> None:
    for name in re.findall(r"`((?:runner|sandboxes)/[\w/]*(?:\.py|\.toml)?)`", SHOWN):
        assert (ROOT / name).exists(), name


def test_every_make_target_has_a_help_text() -> None:
    shown = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for target in ("help", "install", "engine", "demo", "test", "check", "bench"):
        assert re.search(rf"make {target}\b", shown)


def test_the_page_of_measures_is_what_the_code_says() -> None:
    from runner.measures.__main__ import page

    assert (ROOT / "docs" / "measures.md").read_text() == page(), "python -m runner.measures > docs/measures.md"


def test_every_measure_says_what_it_is_and_how_it_is_estimated() -> None:
    from runner.measures.catalogue import MEASURES

    for measure in MEASURES.values():
        assert measure.doc.endswith((".", ")")), measure.name
        assert measure.estimator.__doc__ and measure.reads.__doc__, measure.name
