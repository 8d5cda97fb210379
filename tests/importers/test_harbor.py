"""Harbor's tasks: what one container and pytest can hold becomes a proposal; the rest is refused by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from runner.errors import FileProblem, Rejected
from runner.importers.dockerfile import read_dockerfile
from runner.importers.harbor import leads
from runner.importers.harbor_script import deciding_tests
from runner.importers.shell import Steps
from runner.scenarios.proposal import Proposal
from runner.scenarios.repo import Environment, RepoTests
from sandboxes.archive import Entry, Tree

TASK = {
    "task.toml": 'schema_version = "1.4"\n[metadata]\ndifficulty = "easy"\n[verifier]\ntimeout_sec = 90.0\n'
    '[agent]\ntimeout_sec = 600.0\n[environment]\nbuild_timeout_sec = 600.0\ncpus = 1\nenv = { TZ = "UTC" }\n',
    "instruction.md": "# Doubling is off\n\n/app/calc.py doubles wrongly.\n",
    "environment/Dockerfile": "FROM python:3.11-slim\nRUN apt-get update && apt-get install -y jq && "
    "rm -rf /var/lib/apt/lists/*\nWORKDIR /app\nCOPY calc.py data/ ./\nCOPY data/ /app/data/\n",
    "environment/calc.py": "def double(x):\n    return x + 2\n",
    "environment/data/in.txt": "3\n",
    "tests/test.sh": "#!/bin/bash\napt-get update\napt-get install -y curl\n"
    "curl -LsSf https://astral.sh/uv/0.9.7/install.sh | sh\nsource $HOME/.local/bin/env\n"
    "if uvx \\\n  --with pytest==8.4.1 \\\n  --with attrs==24.2.0 \\\n  --with pytest-json-ctrf==0.3.5 \\\n"
    "  pytest --ctrf /logs/verifier/ctrf.json /tests/test_outputs.py -rA; then\n"
    "  echo 1 > /logs/verifier/reward.txt\nelse\n  echo 0 > /logs/verifier/reward.txt\nfi\n",
    "tests/test_outputs.py": "import sys\n\nsys.path.insert(0, '/app')\nfrom calc import double\n\n\n"
    "def test_three():\n    assert double(3) == 6\n",
    "solution/solve.sh": "#!/bin/bash\nsed -i 's/x + 2/x * 2/' /app/calc.py\n",
}
Take = Callable[..., Proposal | Rejected]


def by_hand(environment: Environment, base: Tree, solution: Tree) -> tuple[Tree, Tree]:
    """Does what the solution does, without a sandbox."""
    assert "solve.sh" in solution
    return base, {**base, "calc.py": Entry(b"def double(x):\n    return x * 2\n")}


@pytest.fixture
def take(tmp_path: Path, load: Callable[..., dict[str, Proposal | Rejected]]) -> Take:
    """Import the task with some of its files replaced; None takes one away."""

    def one(files: Mapping[str, str | bytes | None] | None = None) -> Proposal | Rejected:
        for path, text in {**TASK, **(files or {})}.items():
            if text is not None:
                file = tmp_path / "tasks" / "doubling" / path
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(text if isinstance(text, bytes) else text.encode())
        (found,) = load(leads(tmp_path / "tasks", by_hand)).values()
        return found

    return one


def test_a_task_becomes_a_proposal_in_which_its_own_paths_hold(take: Take) -> None:
    found = take()
    assert isinstance(found, Proposal)
    assert (found.id, found.title) == ("doubling", "Doubling is off")
    assert set(found.base) == {"calc.py", "in.txt", "data/in.txt"}
    assert found.solved["calc.py"].data == b"def double(x):\n    return x * 2\n"
    assert set(found.hidden) == {"task_tests/test_outputs.py"}
    assert found.suite == RepoTests(paths=("task_tests/test_outputs.py",))
    assert found.environment == Environment(
        python="3.11",
        system=("jq",),
        packages=("attrs==24.2.0",),
        install=(
            "rm -rf /app && mkdir -p / && ln -s /workspace /app",
            "rm -rf /tests && ln -s /workspace/task_tests /tests",
        ),
        variables={"TZ": "UTC"},
    )
    assert found.limits is not None
    assert (found.limits.minutes, found.limits.command_seconds) == (10, 90)
    assert "environment.cpus = 1 is not heeded" in found.notes


@pytest.mark.parametrize(
    ("more", "named"),
    [
        ('[[steps]]\nname = "one"\n', "[[steps]]"),
        ("[environment]\ngpus = 1\n", "environment.gpus"),
        ('[[environment.mcp_servers]]\nname = "x"\n', "environment.mcp_servers"),
        ('[environment.healthcheck]\ncommand = "true"\n', "environment.healthcheck"),
        ('[verifier]\nenvironment_mode = "separate"\n', "verifier.environment_mode"),
        ('[verifier.environment]\ndocker_image = "x"\n', "verifier.environment"),
        ('[verifier]\nenv = { KEY = "${KEY}" }\n', "verifier.env"),
        ('[environment]\nenv = { KEY = "${KEY}" }\n', "environment.env"),
        ('[environment]\nos = "windows"\n', "environment.os"),
        ('artifacts = ["/app/x"]\n', "artifacts"),
        ("[environment]\nsomething_new = true\n", "environment.something_new"),
        ('novel = "x"\n', "novel"),
    ],
)
def test_a_key_that_is_not_held_is_named(take: Take, more: str, named: str) -> None:
    found = take({"task.toml": more})
    assert isinstance(found, Rejected)
    assert (found.code, named in found.sentence) == ("unsupported", True), found.sentence


def test_all_keys_that_are_not_held_are_named_at_once(take: Take) -> None:
    found = take({"task.toml": "[environment]\ngpus = 2\n[[steps]]\n", "environment/docker-compose.yaml": "services:"})
    assert isinstance(found, Rejected)
    for name in ("environment.gpus", "[[steps]]", "environment/docker-compose.yaml"):
        assert name in found.sentence


@pytest.mark.parametrize(
    ("files", "code", "said"),
    [
        ({"task.toml": "[environment"}, "malformed", "task.toml"),
        ({"task.toml": b"\xff\xfe"}, "malformed", "task.toml"),
        ({"task.toml": "verifier = 3\n"}, "malformed", "verifier"),
        ({"task.toml": '[agent]\ntimeout_sec = "long"\n'}, "malformed", "timeout_sec"),
        ({"instruction.md": None}, "malformed", "instruction.md"),
        ({"solution/solve.sh": None}, "unsupported", "solve.sh"),
        ({"tests/test.sh": "python3 /tests/validate.py\n"}, "unsupported", "python3 /tests/validate.py"),
        ({"tests/test.sh": "pytest /tests/test_absent.py\n"}, "malformed", "test_absent.py"),
        ({"tests/test.sh": "pytest\n"}, "unsupported", "nothing in /tests"),
        ({"tests/test.sh": "docker run x\npytest /tests/test_outputs.py\n"}, "unsupported", "docker run x"),
        ({"environment/Dockerfile": "FROM nvidia/cuda:12\nWORKDIR /app\n"}, "unsupported", "nvidia/cuda"),
        ({"environment/Dockerfile": "FROM python:3.11 AS a\nFROM python:3.11\n"}, "unsupported", "python:3.11 AS a"),
        ({"environment/Dockerfile": "FROM python:3.11\n"}, "unsupported", "WORKDIR /"),
        ({"environment/Dockerfile": "FROM python:3.11\nWORKDIR /app\nCOPY ../x .\n"}, "malformed", "outside"),
        ({"environment/Dockerfile": "FROM python:3.11\nWORKDIR /app\nCOPY x /etc/x\n"}, "malformed", "no x"),
        (
            {"environment/Dockerfile": "FROM python:3.11\nWORKDIR /app\nCOPY calc.py /etc/\n"},
            "unsupported",
            "/etc/calc.py",
        ),
        ({"environment/Dockerfile": "FROM python:3.11\nADD https://x/y /app/\n"}, "unsupported", "ADD https://x/y"),
        ({"environment/Dockerfile": "FROM python:3.11\nVOLUME /data\n"}, "unsupported", "VOLUME"),
        ({"environment/Dockerfile": ""}, "malformed", "Dockerfile"),
    ],
)
def test_what_is_wrong_with_a_task_is_named(
    take: Take, files: Mapping[str, str | bytes | None], code: str, said: str
) -> None:
    found = take(files)
    assert isinstance(found, Rejected)
    assert (found.code, said in found.sentence) == (code, True), found


def test_a_ready_image_stands_for_a_dockerfile(take: Take) -> None:
    task = '[environment]\ndocker_image = "python:3.12-slim"\nworkdir = "/srv/app"\n'
    found = take({"task.toml": task, "environment/Dockerfile": None})
    assert isinstance(found, Proposal)
    assert (found.base, set(found.solved)) == ({}, {"calc.py"})
    assert found.environment is not None
    assert found.environment.python == "3.12"
    assert "ln -s /workspace /srv/app" in found.environment.install[0]


def test_older_tasks_and_folders_without_any_are_named(tmp_path: Path, load: Callable[..., dict[str, object]]) -> None:
    with pytest.raises(FileProblem, match=r"task\.toml"):
        list(leads(tmp_path, by_hand))
    (tmp_path / "hello").mkdir()
    (tmp_path / "hello" / "task.yaml").write_text("instruction: x")
    (found,) = load(leads(tmp_path, by_hand)).values()
    assert isinstance(found, Rejected)
    assert "terminal-bench" in found.sentence
    (tmp_path / "hello" / "gold.patch").write_text("")
    (found,) = load(leads(tmp_path, by_hand)).values()
    assert isinstance(found, Rejected)
    assert "SWE-bench" in found.sentence


def test_a_test_script_of_uv_projects_is_read() -> None:
    script = "cd /app\nuv init\nuv add pytest numpy==2.1.0\nuv run pytest $TEST_DIR/test_outputs.py -rA\nexit 0\n"
    assert deciding_tests(script) == (Steps(packages=("numpy==2.1.0",)), ["task_tests/test_outputs.py"])


def test_run_lines_become_installs_each_in_the_work_folder() -> None:
    text = "FROM ubuntu:24.04\nENV A=b C d\nWORKDIR /app\nRUN pip install attrs\nRUN cd sub && make\nCOPY . .\nCMD x\n"
    built = read_dockerfile(text.replace(" C d", ""), {"sub/Makefile": Entry(b"")})
    assert built.steps == Steps(packages=("attrs",), install=("cd sub; make",))
    assert built.variables == {"A": "b"}
    assert set(built.files) == {"sub/Makefile"}
