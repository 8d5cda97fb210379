"""What failing builds say, and what is made of it."""

from __future__ import annotations

from datetime import date

import pytest

from runner.environments.explain import explain
from runner.scenarios.repo import Environment
from sandboxes.errors import ImageBuildFailed

MESSAGES = [
    ("error: command 'gcc' failed: No such file or directory", 'system = ["gcc"'),
    ("unable to execute 'x86_64-linux-gnu-gcc': No such file or directory", 'system = ["gcc"'),
    ("src/x.c:3:10: fatal error: Python.h: No such file or directory", 'system = ["gcc", "libc6-dev", "python3-dev"]'),
    ("c/_cffi_backend.c:15:10: fatal error: ffi.h: No such file or directory", '"libffi-dev"'),
    ("Error: pg_config executable not found.", "libpq-dev"),
    ("error: can't find Rust compiler", '["cargo", "rustc"]'),
    ("E: Unable to locate package libfoo42", "Debian has no package libfoo42"),
    ("ERROR: No matching distribution found for nosuchthing==9", "the index has no nosuchthing==9"),
    (
        "ERROR: Package 'thing' requires a different Python: 3.11.2 not in '>=3.13'",
        "thing needs another Python (>=3.13)",
    ),
    ("ModuleNotFoundError: No module named 'numpy'", 'add "numpy" to packages'),
    ("    ModuleNotFoundError: No module named 'Cython'", 'add "cython" to packages'),
    ("error: invalid command 'bdist_wheel'", 'add "wheel" to packages'),
    ("ModuleNotFoundError: No module named 'pkg_resources'", "setuptools<81"),
    ("ModuleNotFoundError: No module named 'thing'\nerror: metadata-generation-failed", "imports thing"),
    (
        "SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed",
        "SSL_CERT_FILE",
    ),
    ("ProxyError('Cannot connect to proxy.', OSError('Tunnel connection failed: 407 Proxy", "HTTPS_PROXY"),
    ("ERROR: 401 Client Error: Unauthorized for url: https://pypi.example.com/simple/x/", "pip.conf"),
    ("Could not resolve host: github.com", "could not be reached"),
    ("OSError: [Errno 28] No space left on device", "taskfit clean --images"),
    ("gcc: fatal error: Killed signal terminated program cc1", "memory ran out"),
    ("waiting for input\nstopped after 30 minutes", "longer than 30 minutes"),
    ("ERROR: Failed building wheel for oldthing", "oldthing has no wheel"),
    ("ERROR: ResolutionImpossible: for help visit https://pip", "loosen pins"),
    ("sh: 1: npm: not found", 'node = "22"'),
    ("sh: 1: go: not found", '"golang-go"'),
    ("LookupError: setuptools-scm was unable to detect version for /workspace.", "SETUPTOOLS_SCM_PRETEND_VERSION"),
    ("error: Multiple top-level packages discovered in a flat-layout: ['a', 'b'].", "PYTHONPATH"),
    ("go: go.mod requires go >= 1.23 (running go 1.19.8)", "newer Go"),
    ("npm error code ERESOLVE", "--legacy-peer-deps"),
    ("npm error `npm ci` can only install packages when your package.json and package-lock.json", "disagree"),
    ("AttributeError: module 'collections' has no attribute 'Callable'", "older python"),
    ("error in x setup command: use_2to3 is invalid.", "Python 2"),
    ("x: no versions of humanize and you require humanize, requirements are unsatisfiable", "no humanize"),
    ("something that nobody has seen {0} {x}", "none of the usual ones"),
    ("", "none of the usual ones"),
]


@pytest.mark.parametrize(("output", "expected"), MESSAGES)
def test_each_failure_has_its_cause_and_the_key_to_set(output: str, expected: str) -> None:
    text = explain(ImageBuildFailed("pip install x", output), Environment())
    assert expected in text
    assert "Likely cause" in text and "What to do" in text


def test_the_last_telling_lines_are_shown_and_warnings_are_not() -> None:
    output = "first\n" + "\n".join(f"line {number}" for number in range(50)) + "\nWARNING: nothing\n  note: no\n"
    text = explain(ImageBuildFailed("make", output), Environment())
    assert "line 49" in text and "first" not in text and "WARNING" not in text


def test_a_day_is_named_where_it_may_be_the_reason() -> None:
    text = explain(ImageBuildFailed("pip", "No matching distribution found for x"), Environment(as_of=date(2020, 1, 2)))
    assert "as of 2020-01-02" in text and "a later as_of" in text


def test_long_output_is_explained_at_once() -> None:
    text = explain(ImageBuildFailed("pip", "No module named x " * 50_000), Environment())
    assert len(text) < 3000
