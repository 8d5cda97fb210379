"""Two source releases of a package, from an index that is a real server in this process."""

from __future__ import annotations

import functools
import hashlib
import http.server
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import pytest
from packaging.version import Version

from runner.errors import Rejected, UserError
from runner.importers.changelog import sections
from runner.importers.pypi import leads
from runner.scenarios.proposal import Proposal
from sandboxes.archive import Entry, Tree, write_tar

OLD: Tree = {
    "calc.py": Entry(b"def double(x):\n    return x + 2\n"),
    "tests/test_calc.py": Entry(b"def test_a():\n    pass\n"),
    "PKG-INFO": Entry(b"Version: 1.0\n"),
    "calc.egg-info/SOURCES.txt": Entry(b"old\n"),
    "CHANGES.md": Entry(b"# Changes\n\n## 1.0\n\n- First\n"),
}
NEW: Tree = {
    **OLD,
    "calc.py": Entry(b"def double(x):\n    return x * 2\n"),
    "tests/test_calc.py": Entry(b"def test_b():\n    pass\n"),
    "tests/data/in.txt": Entry(b"3\n"),
    "PKG-INFO": Entry(b"Version: 1.1\n"),
    "calc.egg-info/SOURCES.txt": Entry(b"new\n"),
    "CHANGES.md": Entry(
        b"# Changes\n\n## 1.1 (2024-05-06)\n\n- Doubling was off by a few\n- And more\n\n## 1.0\n\n- First\n"
    ),
}


@dataclass
class Index:
    """An index's files; `json` decides which of the two forms of page it serves."""

    root: Path
    json: bool = True
    files: dict[str, dict[str, object]] = field(default_factory=dict)

    def add(self, name: str, tree: Tree | bytes, sha256: str | None = "") -> None:
        """Put an archive of `name-version.tar.gz`'s files there; another checksum, or none, where one is given."""
        import gzip

        root = name.removesuffix(".tar.gz")
        data = tree if isinstance(tree, bytes) else gzip.compress(write_tar(tree, 0, prefix=f"{root}/"))
        (self.root / name).write_bytes(data)
        digest = hashlib.sha256(data).hexdigest() if sha256 == "" else sha256
        self.files[name] = {
            "filename": name,
            "url": f"/{name}",
            "hashes": {"sha256": digest} if digest else {},
            "upload-time": "2024-05-06T07:08:09.000000Z",
        }


class Handler(http.server.SimpleHTTPRequestHandler):
    index: Index

    def do_GET(self) -> None:
        if self.path != "/simple/calc/":
            super().do_GET()
            return
        if self.index.json:
            page = {
                "meta": {"api-version": "1.1"},
                "name": "calc",
                "files": list(self.index.files.values()),
                "versions": [],
            }
            kind, body = "application/vnd.pypi.simple.v1+json", json.dumps(page)
        else:
            sums = {
                name: hashlib.sha256((self.index.root / name).read_bytes()).hexdigest() for name in self.index.files
            }
            links = "".join(f'<a href="/{name}#sha256={sha}">{name}</a>' for name, sha in sums.items())
            kind, body = "text/html", f"<!DOCTYPE html><html><body>{links}</body></html>"
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Index]:
    root = tmp_path / "index"
    root.mkdir()
    served = Index(root)
    handler = functools.partial(type("Bound", (Handler,), {"index": served}), directory=str(root))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv("PIP_INDEX_URL", f"http://somebody:secret@127.0.0.1:{server.server_port}/simple")
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        yield served
        server.shutdown()


@pytest.fixture
def take(index: Index, load: Callable[..., dict[str, Proposal | Rejected]]) -> Callable[..., Proposal | Rejected]:
    def one(old: Tree | bytes = OLD, new: Tree | bytes = NEW, **more: str) -> Proposal | Rejected:
        index.add("calc-1.0.tar.gz", old)
        index.add("calc-1.1.tar.gz", new)
        (found,) = load(leads("calc", "1.0", "1.1", **more)).values()
        return found

    return one


Take = Callable[..., Proposal | Rejected]


@pytest.mark.parametrize("as_json", [True, False])
def test_the_new_tests_meet_the_old_code(take: Take, index: Index, as_json: bool) -> None:
    index.json = as_json
    found = take()
    assert isinstance(found, Proposal)
    assert (found.id, found.repo, found.title) == ("calc-1-1", "calc", "Doubling was off by a few")
    assert found.base["calc.py"] == OLD["calc.py"]
    assert found.solved == {**found.base, "calc.py": NEW["calc.py"]}
    assert set(found.hidden) == {"tests/test_calc.py", "tests/data/in.txt"}
    assert found.provenance.public_since == (date(2024, 5, 6) if as_json else None)
    assert any("2 changes" in note for note in found.notes)
    assert not any("egg-info" in path for path in found.base)


def test_a_text_of_ones_own_replaces_the_changelog(take: Take) -> None:
    found = take(instruction="Doubling three gives five")
    assert isinstance(found, Proposal)
    assert found.instruction == "Doubling three gives five\n"
    assert found.provenance.instruction == "written"


def without(tree: Tree, *paths: str) -> Tree:
    return {path: entry for path, entry in tree.items() if path not in paths}


@pytest.mark.parametrize(
    ("new", "code"),
    [
        (without(NEW, "CHANGES.md"), "instruction-thin"),
        ({**NEW, "tests/test_calc.py": OLD["tests/test_calc.py"], "tests/data/in.txt": Entry(b"")}, None),
        (without({**NEW, "tests/test_calc.py": OLD["tests/test_calc.py"]}, "tests/data/in.txt"), "no-tests"),
        ({**NEW, "calc.py": OLD["calc.py"]}, "tests-only"),
        ({**NEW, "calc.py": Entry(b"\0")}, "binary-change"),
        ({**NEW, "calc.py": Entry(b"# caf\xe9\n")}, "not-utf-8"),
        (b"no archive", "source-unavailable"),
    ],
)
def test_pairs_that_make_no_scenario_say_why(take: Take, new: Tree | bytes, code: str | None) -> None:
    found = take(new=new)
    assert (found.code if isinstance(found, Rejected) else None) == code


def test_an_archive_that_is_not_what_the_index_says_is_refused(take: Take, index: Index) -> None:
    index.add("calc-1.0.tar.gz", OLD)
    index.add("calc-1.1.tar.gz", NEW, sha256="0" * 64)
    (lead,) = leads("calc", "1.0", "1.1")
    with pytest.raises(Rejected, match="SHA-256 differs"):
        lead.load()


def test_an_archive_without_a_checksum_is_refused(index: Index) -> None:
    index.add("calc-1.0.tar.gz", OLD, sha256=None)
    index.add("calc-1.1.tar.gz", NEW, sha256=None)
    (lead,) = leads("calc", "1.0", "1.1")
    with pytest.raises(Rejected, match="no SHA-256"):
        lead.load()


def test_links_and_paths_that_lead_outside_stay_in_the_archive(take: Take) -> None:
    hostile = {**NEW, "../../evil.py": Entry(b"x"), "out": Entry(b"/etc/passwd", is_link=True)}
    found = take(new=hostile)
    assert isinstance(found, Proposal)
    assert "evil.py" not in {path.rsplit("/", 1)[-1] for path in found.solved}
    assert found.solved["out"].is_link


@pytest.mark.parametrize(
    ("name", "old", "new", "said"),
    [
        ("calc", "1.1", "1.0", "not older"),
        ("calc", "1.0", "1.0", "not older"),
        ("calc", "1.0", "9.9", "some that there are: 1.0, 1.1"),
        ("calc", "1.0", "--index-url", "no version"),
        ("absent", "1.0", "1.1", "no package 'absent'"),
        ("../calc", "1.0", "1.1", "no package"),
    ],
)
def test_what_cannot_be_found_is_said_without_the_indexs_password(
    index: Index, name: str, old: str, new: str, said: str
) -> None:
    index.add("calc-1.0.tar.gz", OLD)
    index.add("calc-1.1.tar.gz", NEW)
    with pytest.raises(UserError, match=said) as caught:
        list(leads(name, old, new))
    assert "secret" not in str(caught.value)


def test_an_index_that_does_not_answer_is_named_without_its_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", "http://somebody:secret@127.0.0.1:9/simple")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with pytest.raises(UserError, match=r"127\.0\.0\.1 does not answer") as caught:
        list(leads("calc", "1.0", "1.1"))
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "## 1.1\n\n- Fixed it\n\n## 1.0\n\n- First\n",
        "## [1.1] - 2024-05-06\n- Fixed it\n## [1.0] - 2023-01-01\n- First\n",
        "v1.1 (May 6, 2024)\n==================\n\n- Fixed it\n\nv1.0\n====\n\n- First\n",
        "Version 1.1\n-----------\n\nReleased 2024-05-06\n\n- Fixed it\n\nVersion 1.0\n-----------\n- First\n",
        "1.1 - 2024-05-06\n~~~~~~~~~~~~~~~~\n\n* Fixed it\n\n1.0 - 2023-01-01\n~~~~~~~~~~~~~~~~\n\n* First\n",
        "# Unreleased\n- Later\n# 1.2\n- Next\n# 1.1\n- Fixed it in 1.0\n\n- 1.0 did not\n# 1.0\n- First\n",
    ],
)
def test_the_section_of_a_version_is_found_in_many_layouts(text: str) -> None:
    found = "\n".join(sections(text, Version("1.0"), Version("1.1")))
    assert "Fixed it" in found
    assert "First" not in found
    assert "Later" not in found
    assert "Next" not in found


def test_a_changelog_of_one_long_line_costs_no_time() -> None:
    assert sections("1.1" + " " * 1_000_000 + "(", Version("1.0"), Version("1.1")) == []
