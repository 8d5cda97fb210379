"""What of a host's package settings reaches a build, with and without its credentials."""

from __future__ import annotations

from pathlib import Path

import pytest

from sandboxes.lending import CERTIFICATES, LENT, Loan, lend


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "home"
    folder.mkdir()
    return folder


def written(file: Path, text: str) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return file


def pip_conf(loan: Loan) -> list[str]:
    return loan.files[f"{LENT}/pip.conf"].decode().splitlines()[1:]


def borrow(home: Path, credentials: bool = True, **environ: str) -> Loan:
    return lend(credentials=credentials, environ=environ, home=home, system=home.parent / "system")


def test_what_pip_reads_last_counts(home: Path) -> None:
    system = home.parent / "system"
    written(system / "etc/xdg/pip/pip.conf", "[global]\nindex-url = https://xdg/\ntimeout = 1\n")
    written(system / "etc/pip.conf", "[global]\nindex-url = https://etc/\nretries = 2\n")
    written(home / ".config/pip/pip.conf", "[global]\nindex_url = https://user/\n[install]\nretries = 3\n")
    assert pip_conf(borrow(home)) == ["index-url = https://user/", "timeout = 1", "retries = 3"]
    assert pip_conf(borrow(home, PIP_INDEX_URL="https://variable/"))[0] == "index-url = https://variable/"


def test_a_named_file_replaces_the_users_and_the_null_device_all(home: Path, tmp_path: Path) -> None:
    written(home / ".pip/pip.conf", "[global]\nindex-url = https://user/\nretries = 1\n")
    named = written(tmp_path / "named.conf", "[global]\nindex-url = https://named/\n")
    assert pip_conf(borrow(home, PIP_CONFIG_FILE=str(named))) == ["index-url = https://named/"]
    assert pip_conf(borrow(home, PIP_CONFIG_FILE="/dev/null")) == []


def test_options_about_the_hosts_own_installs_stay_at_home(home: Path) -> None:
    written(home / ".pip/pip.conf", "[global]\nuser = true\ntarget = /x\nlog = /var/log/pip\n[list]\nformat = json\n")
    assert pip_conf(borrow(home)) == []


def test_folders_and_files_of_the_hosts_are_mounted_or_copied_or_left_out(home: Path, tmp_path: Path) -> None:
    wheels, mirror = tmp_path / "wheels", tmp_path / "mirror" / "simple"
    for folder in (wheels, mirror):
        folder.mkdir(parents=True)
    constraints = written(tmp_path / "constraints.txt", "six<2\n")
    loan = borrow(
        home,
        PIP_FIND_LINKS=f"{wheels} /nowhere https://links/",
        PIP_EXTRA_INDEX_URL=f"file://{mirror}",
        PIP_CONSTRAINT=str(constraints),
    )
    assert loan.mounts == {f"{LENT}/host0": mirror.parent, f"{LENT}/host1": wheels}
    assert f"extra-index-url = file://{LENT}/host0/simple" in pip_conf(loan)
    assert f"find-links = {LENT}/host1 https://links/" in pip_conf(loan)
    assert b"six<2\n" in loan.files.values()
    assert any("/nowhere" in note for note in loan.notes)


def test_without_credentials_nothing_secret_is_lent_and_everything_secret_is_known(home: Path, tmp_path: Path) -> None:
    written(home / ".netrc", "machine pypi.example.com login me password netrc-secret\n")
    written(home / ".npmrc", "//npm.example.com/:_authToken=${TOKEN}\nregistry=https://npm.example.com/\nscript=x\n")
    certificate = written(tmp_path / "client.pem", "private-key")
    settings = {
        "PIP_INDEX_URL": "https://user:pip-secret@pypi.example.com/simple",
        "PIP_CLIENT_CERT": str(certificate),
        "UV_INDEX_HOUSE_PASSWORD": "uv-secret",
        "GOPROXY": "https://go:go-secret@go.example.com,direct",
        "HTTPS_PROXY": "http://p:proxy-secret@proxy:3128",
        "TOKEN": "npm-secret",
        "AWS_SECRET_ACCESS_KEY": "not-lent",
    }
    secrets = ["pip-secret", "netrc-secret", "npm-secret", "uv-secret", "go-secret", "proxy-secret"]
    full, bare = borrow(home, **settings), borrow(home, credentials=False, **settings)
    lent = repr((full.variables, full.files))
    assert all(secret in lent for secret in secrets)
    assert "not-lent" not in lent and "script" not in lent
    left = repr((bare.variables, bare.files))
    assert not any(secret in left for secret in [*secrets, "private-key"])
    assert "https://pypi.example.com/simple" in left and "registry=https://npm.example.com/" in left
    assert full.censored(" ".join(secrets)) == " ".join(["****"] * len(secrets))


def test_certificates_go_to_every_tool(home: Path, tmp_path: Path) -> None:
    bundle = written(tmp_path / "ca.pem", "x")
    loan = borrow(home, SSL_CERT_FILE=str(bundle))
    assert loan.mounts[CERTIFICATES] == bundle
    for name in ("PIP_CERT", "SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS", "CARGO_HTTP_CAINFO", "REQUESTS_CA_BUNDLE"):
        assert loan.variables[name] == CERTIFICATES


def test_uv_asks_the_same_indexes_and_its_own_settings_win(home: Path) -> None:
    loan = borrow(home, PIP_INDEX_URL="https://a/", PIP_EXTRA_INDEX_URL="https://b/ file:///c", PIP_DEFAULT_TIMEOUT="9")
    assert loan.variables["UV_DEFAULT_INDEX"] == "https://a/"
    assert loan.variables["UV_INDEX"] == "https://b/"
    assert loan.variables["UV_HTTP_TIMEOUT"] == "9"
    own = borrow(home, PIP_INDEX_URL="https://a/", UV_INDEX_URL="https://own/")
    assert own.variables["UV_INDEX_URL"] == "https://own/" and "UV_DEFAULT_INDEX" not in own.variables


def test_broken_and_unreadable_files_are_noted(home: Path) -> None:
    written(home / ".pip/pip.conf", "index-url = no section\n")
    (home / ".netrc").write_bytes(b"\xff\xfe")
    loan = borrow(home, PIP_CONSTRAINT="/nowhere/constraints.txt")
    assert len(loan.notes) == 3 and pip_conf(loan) == []
