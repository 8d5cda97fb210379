"""A checkout of the shape of QuixBugs: one scenario a program, nothing of the correct versions left in it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from runner.errors import FileProblem, Rejected
from runner.importers.quixbugs import leads
from runner.packs.intake import Intake, Watch
from runner.packs.journal import Outcome
from runner.packs.pack import Pack
from runner.packs.proving import Terms
from runner.scenarios.catalog import load_scenario
from runner.scenarios.proposal import Proposal
from sandboxes.client import Engine
from sandboxes.images import ImageStore

FILES = {
    "python_programs/bitcount.py": "def bitcount(n):\n    count = 0\n    while n:\n        n ^= n - 1\n"
    '        count += 1\n    return count\n\n\n"""\nBitcount\n\nInput:\n    n: a nonnegative int\n'
    'Output:\n    The number of 1-bits in the binary encoding of n\n"""\n',
    "python_programs/node.py": "class Node:\n    pass\n",
    "correct_python_programs/bitcount.py": "def bitcount(n):\n    count = 0\n    while n:\n        n &= n - 1\n"
    "        count += 1\n    return count\n",
    "python_testcases/test_bitcount.py": "import pytest\nfrom load_testdata import load_json_testcases\n\n"
    "if pytest.use_correct:\n    from correct_python_programs.bitcount import bitcount\nelse:\n"
    "    from python_programs.bitcount import bitcount\n\n\ntestdata = load_json_testcases(bitcount.__name__)\n\n\n"
    '@pytest.mark.parametrize("given,expected", testdata)\ndef test_bitcount(given, expected):\n'
    "    assert bitcount(*given) == expected\n",
    "python_testcases/load_testdata.py": "import json\nfrom pathlib import Path\n\n\ndef load_json_testcases(name):\n"
    '    file = Path(__file__).parent.parent / "json_testcases" / f"{name}.json"\n'
    "    return [json.loads(line) for line in file.read_text().splitlines()]\n",
    "json_testcases/bitcount.json": "[[127], 7]\n[[128], 1]\n[[0], 0]\n",
    "conftest.py": 'import pytest\nimport sys\n\nsys.path.insert(0, "python_testcases")\n\n\n'
    "def pytest_addoption(parser):\n"
    '    parser.addoption(\n        "--correct", action="store_true", help="run tests on the correct version"\n    )\n'
    '    parser.addoption("--runslow", action="store_true", help="run slow tests")\n\n\n'
    "def pytest_configure(config):\n"
    '    pytest.use_correct = config.getoption("--correct")\n    pytest.run_slow = config.getoption("--runslow")\n',
}


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    for path, text in FILES.items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(text)
    return tmp_path


def only(place: Path, load: Callable[..., dict[str, Proposal | Rejected]]) -> Proposal | Rejected:
    (found,) = load(leads(place)).values()
    return found


def test_a_program_becomes_a_scenario_without_the_correct_version(checkout: Path, load: Callable[..., object]) -> None:
    found = only(checkout, load)
    assert isinstance(found, Proposal)
    assert found.id == "quixbugs-bitcount"
    assert set(found.tags) == {"smoke", "memorised"}
    assert found.limits is not None
    assert found.limits.test_seconds == 10
    everything = b"".join(entry.data for tree in (found.base, found.hidden) for entry in tree.values())
    assert b"correct" not in everything.replace(b"incorrect", b"")
    assert b"runslow" in everything
    assert b"n &= n - 1" in found.solved["python_programs/bitcount.py"].data
    assert "The number of 1-bits" in found.instruction


@pytest.mark.engine
@pytest.mark.slow
def test_a_program_that_never_ends_on_some_cases_is_proved_by_them(
    checkout: Path, tmp_path: Path, engine: Engine
) -> None:
    ended: list[Outcome] = []
    door = Intake(Pack.at(tmp_path / "pack"), ImageStore(engine, print), Terms(repeats=1, seconds=60))
    door.take(leads(checkout), Watch(lambda lead: None, ended.append), again=False, stop=threading.Event())
    assert [(each.code, each.fail_to_pass, each.pass_to_pass) for each in ended] == [("ok", 2, 1)]
    found = load_scenario(tmp_path / "pack" / "scenarios" / "quixbugs-bitcount")
    assert found.scenario.limits.test_seconds == 10
    assert found.scenario.scope.covers("python_programs/bitcount.py") == "writable"


def test_what_cannot_be_had_is_said(checkout: Path, load: Callable[..., object]) -> None:
    changes = {
        "correct_python_programs/bitcount.py": (None, "malformed"),
        "python_testcases/test_bitcount.py": (None, "no-tests"),
        "python_programs/bitcount.py": ("def bitcount(n:\n", "malformed"),
        "conftest.py": ("import pytest\nif pytest.use_correct and 1:\n    pass\n", "unsupported"),
    }
    for path, (text, code) in changes.items():
        whole = (checkout / path).read_text()
        if text is None:
            (checkout / path).unlink()
        else:
            (checkout / path).write_text(text)
        found = only(checkout, load)
        assert isinstance(found, Rejected)
        assert (found.code, path.split("/")[-1] in found.sentence) == (code, True)
        (checkout / path).write_text(whole)


def test_a_program_that_is_correct_already_is_none(checkout: Path, load: Callable[..., object]) -> None:
    (checkout / "correct_python_programs/bitcount.py").write_text(FILES["python_programs/bitcount.py"])
    found = only(checkout, load)
    assert isinstance(found, Rejected)
    assert found.code == "tests-only"


@pytest.mark.parametrize(
    "path", ["python_programs/bitcount.py", "correct_python_programs/bitcount.py", "python_testcases/test_bitcount.py"]
)
def test_a_link_out_of_the_checkout_is_not_followed(
    checkout: Path, tmp_path_factory: pytest.TempPathFactory, load: Callable[..., object], path: str
) -> None:
    secret = tmp_path_factory.mktemp("elsewhere") / "secret.py"
    secret.write_text('"""A secret of the host, which is no program."""\n')
    (checkout / path).unlink()
    (checkout / path).symlink_to(secret)
    found = only(checkout, load)
    assert isinstance(found, Rejected)
    assert (found.code, "leads out of" in found.sentence) == ("malformed", True)


def test_another_folder_is_no_checkout(tmp_path: Path) -> None:
    with pytest.raises(FileProblem, match="QuixBugs"):
        list(leads(tmp_path))
