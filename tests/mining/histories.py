"""Real repositories, made with git."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from runner.mining.history import LeftOut
from runner.scenarios.git import git
from runner.scenarios.proposal import Lead

START = {
    "src/cart.py": "class Cart:\n    def total(self, items):\n        return sum(items[1:])\n\n"
    "    def tax(self):\n        return 1\n",
    "tests/test_cart.py": "from cart import Cart\n\n\ndef test_none():\n    assert Cart().total([]) == 0\n",
    "README.md": "# Cart\n",
    "pyproject.toml": "[tool.pytest.ini_options]\npythonpath = ['src']\n",
}
FIX = {
    "src/cart.py": START["src/cart.py"].replace("items[1:]", "items"),
    "tests/test_cart.py": START["tests/test_cart.py"] + "\n\ndef test_two():\n    assert Cart().total([1, 2]) == 3\n",
}
MESSAGE = "Fix total that leaves out the first item\n\nCart().total([1, 2]) is 2 where every caller expects 3.\n"
Content = str | bytes | None


class Repository:
    """A repository with a work tree; every commit is made by git itself."""

    def __init__(self, folder: Path, *how: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        git(folder, "init", "-q", "-b", "main", *how)

    def write(self, files: Mapping[str, Content]) -> None:
        for name, content in files.items():
            path = self.folder / name
            if content is None:
                path.unlink()
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.encode() if isinstance(content, str) else content)

    def commit(self, files: Mapping[str, Content], message: str | bytes = MESSAGE, *how: str) -> str:
        """Write, delete (None) and commit; returns the hash."""
        self.write(files)
        git(self.folder, "add", "-A", "-f")
        with tempfile.NamedTemporaryFile() as file:
            file.write(message.encode() if isinstance(message, str) else message)
            file.flush()
            git(
                self.folder, *how, "commit", "-q", "--no-verify", "--allow-empty", "--cleanup=verbatim", "-F", file.name
            )
        return self.head()

    def head(self) -> str:
        return git(self.folder, "rev-parse", "HEAD").decode().strip()

    def git(self, *words: str) -> str:
        return git(self.folder, *words).decode("utf-8", "replace").strip()


Mine = Callable[..., list[Lead | LeftOut]]
"""What a repository's commits are: its place, issues, and what is searched for."""
