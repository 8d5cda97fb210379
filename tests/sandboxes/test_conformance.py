"""Every Sandbox passes the same checks; a Sandbox that breaks a promise does not."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from sandboxes.archive import Entry
from sandboxes.base import Sandbox
from sandboxes.client import Engine
from sandboxes.conformance import CHECKS, Check
from sandboxes.container import DockerSandbox
from sandboxes.memory import MemorySandbox

by_name = pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)


@by_name
def test_the_fake_conforms(check: Check) -> None:
    with MemorySandbox({}) as sandbox:
        check(sandbox)


@pytest.mark.engine
@pytest.mark.parametrize("persistent", [True, False], ids=["persistent", "plain"])
@by_name
def test_the_docker_sandbox_conforms(check: Check, persistent: bool, engine: Engine, base_image: str) -> None:
    with DockerSandbox(engine, base_image, persistent=persistent) as sandbox:
        check(sandbox)


class Forgetful(MemorySandbox):
    def write(self, path: str, data: bytes) -> None:
        return


class Immortal(MemorySandbox):
    def _check(self) -> None:
        return


class Leaky(MemorySandbox):
    def export(self, folder: str = "/workspace") -> dict[str, Entry]:
        return dict(self.files)


@pytest.mark.parametrize("broken", [Forgetful, Immortal, Leaky])
def test_a_broken_sandbox_fails_some_check(broken: Callable[..., Sandbox]) -> None:
    failed = 0
    for check in CHECKS:
        try:
            check(broken({}))
        except Exception:
            failed += 1
    assert failed
