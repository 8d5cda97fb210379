"""A run may have as many files open as its trials need, whatever the shell that it was started from allows."""

from __future__ import annotations

import subprocess
import sys

import pytest

LIMITED = """
import resource, sys
from runner.cli.handles import raise_limit
soft, hard = map(int, sys.argv[1:])
resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
print(raise_limit(400), *resource.getrlimit(resource.RLIMIT_NOFILE))
"""


@pytest.mark.parametrize(
    ("soft", "hard", "then"), [(60, 500, "400 400 500"), (60, 90, "90 90 90"), (450, 500, "450 450 500")]
)
def test_the_limit_is_raised_as_far_as_the_user_may_and_never_lowered(soft: int, hard: int, then: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, str(soft), str(hard)], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.split() == then.split()
