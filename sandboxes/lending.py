"""What of the host's package settings is lent to the commands that build an image, and what of it is secret.

pip's settings are read as pip reads them (https://pip.pypa.io/en/stable/topics/configuration/): the files in their
order, then `PIP_…` variables; of these, only what says where packages come from is passed on, as one file. Paths of
the host's in it become read-only mounts. Everything lies below a tmpfs, so that no image holds any of it.
"""

from __future__ import annotations

import configparser
import os
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urlsplit

LENT = "/run/taskfit"
"""A tmpfs in the container; what is mounted or written below it never reaches the image."""
CERTIFICATES = f"{LENT}/ca.pem"
BUNDLE_VARIABLES = ("PIP_CERT", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
BUNDLE_TAKERS = (*BUNDLE_VARIABLES, "NODE_EXTRA_CA_CERTS", "CARGO_HTTP_CAINFO", "GIT_SSL_CAINFO")
PASSED_ON = re.compile(
    r"(https?|no|all)_proxy|npm_config_(registry|strict_ssl|noproxy|fetch_[a-z_]+)"
    r"|GOPROXY|GOFLAGS|GONOSUMDB|GONOSUMCHECK|GOSUMDB|GONOPROXY|GOPRIVATE|GOINSECURE"
    r"|CARGO_HTTP_(?!CAINFO)\w+|CARGO_NET_\w+|CARGO_REGISTRIES_\w+_INDEX|CARGO_SOURCE_\w+"
    r"|UV_(DEFAULT_INDEX|INDEX|INDEX_URL|EXTRA_INDEX_URL|INDEX_STRATEGY|INDEX_\w+_(USERNAME|PASSWORD)|INSECURE_HOST"
    r"|HTTP_TIMEOUT|NATIVE_TLS|SYSTEM_CERTS|PYTHON_INSTALL_MIRROR|PYPY_INSTALL_MIRROR|PYTHON_DOWNLOADS_JSON_URL)",
    re.IGNORECASE,
)
PIP_OPTIONS = (
    *("index-url", "extra-index-url", "find-links", "no-index", "trusted-host", "proxy", "timeout", "retries"),
    *("constraint", "client-cert", "prefer-binary", "only-binary", "no-binary", "pre"),
)
"""Options that say where packages come from; others (`target`, `user`, `log`, …) are about the host's own installs."""
_URL = re.compile(r"[a-z][a-z0-9+.-]*://[^\s,|'\"<>]+", re.IGNORECASE)


@dataclass
class Loan:
    """What is lent to one command."""

    variables: dict[str, str] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)
    """Path in the container, below LENT → content."""
    mounts: dict[str, Path] = field(default_factory=dict)
    """Path in the container, below LENT → file or folder of the host's, read-only. The same with and without
    credentials."""
    secrets: set[str] = field(default_factory=set)
    """Texts that nobody is shown."""
    notes: list[str] = field(default_factory=list)
    """What is left out, as sentences."""

    def censored(self, text: str) -> str:
        """`text` without the secrets."""
        for secret in sorted(self.secrets, key=len, reverse=True):
            text = text.replace(secret, "****")
        return text


def lend(
    *,
    credentials: bool,
    environ: Mapping[str, str] | None = None,
    home: Path | None = None,
    system: Path = Path("/"),
) -> Loan:
    """The host's settings for building; without `credentials`, URLs lose theirs and netrc and tokens stay at home.

    `system` is where `/etc` is. Unreadable files are noted, not raised.
    """
    environ = os.environ if environ is None else environ
    home = Path.home() if home is None else home
    loan = Loan()
    options = pip_options(environ, home, system, loan.notes)
    _certificates(loan, environ, options)
    for name, value in environ.items():
        if value and PASSED_ON.fullmatch(name):
            password = re.fullmatch(r"UV_INDEX_\w+_(USERNAME|PASSWORD)", name)
            if password and len(value) > 3:
                loan.secrets.add(value)
            if credentials or not password:
                loan.variables[name] = value
    _pip(loan, options if credentials else {k: v for k, v in options.items() if k != "client-cert"})
    _uv(loan, options)
    for name, value in loan.variables.items():
        loan.secrets |= _secrets(value)
        loan.variables[name] = value if credentials else anonymous(value)
    loan.files = {
        path: data
        if credentials
        else anonymous(data.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")
        for path, data in loan.files.items()
    }
    _tokens(loan, environ, home, credentials)
    return loan


def pip_options(environ: Mapping[str, str], home: Path, system: Path, notes: list[str]) -> dict[str, str]:
    """Option → value, as `pip install` would have it: `PIP_…`, then `[install]`, then `[global]`."""
    found: dict[str, dict[str, str]] = {"global": {}, "install": {}}
    for file in _pip_files(environ, home, system):
        parser = configparser.RawConfigParser()
        try:
            parser.read_string(file.read_text(encoding="utf-8"))
        except FileNotFoundError:
            continue
        except (OSError, UnicodeDecodeError, configparser.Error) as error:
            notes.append(f"pip's settings in {file} cannot be read ({type(error).__name__}); they are not used")
            continue
        for section, options in found.items():
            if parser.has_section(section):
                options |= {name.replace("_", "-").lstrip("-"): value for name, value in parser.items(section)}
    variables = {
        name[4:].lower().replace("_", "-"): value
        for name, value in environ.items()
        if name.startswith("PIP_") and value and name not in ("PIP_CONFIG_FILE", "PIP_CERT")
    }
    if cert := environ.get("PIP_CERT"):
        variables["cert"] = cert
    if timeout := variables.pop("default-timeout", None):
        variables["timeout"] = timeout
    return found["global"] | found["install"] | variables


def _pip_files(environ: Mapping[str, str], home: Path, system: Path) -> list[Path]:
    """pip's files, what they say last counts."""
    named = environ.get("PIP_CONFIG_FILE", "")
    if named == os.devnull:
        return []
    folders = [Path(place) for place in environ.get("XDG_CONFIG_DIRS", "/etc/xdg").split(":") if place.startswith("/")]
    files = [system / place.relative_to("/") / "pip" / "pip.conf" for place in folders] + [system / "etc" / "pip.conf"]
    if not (named and Path(named).exists()):
        config = Path(environ.get("XDG_CONFIG_HOME") or home / ".config")
        files += [home / ".pip" / "pip.conf", config / "pip" / "pip.conf"]
    files.append(Path(sys.prefix) / "pip.conf")
    return [*files, Path(named)] if named else files


def _certificates(loan: Loan, environ: Mapping[str, str], options: Mapping[str, str]) -> None:
    """The host's own certificates, where it names some: companies and proxies have theirs."""
    for place in (options.get("cert"), *(environ.get(name) for name in BUNDLE_VARIABLES)):
        if place and Path(place).is_file():
            loan.mounts[CERTIFICATES] = Path(place).resolve()
            loan.variables |= dict.fromkeys(BUNDLE_TAKERS, CERTIFICATES)
            return


def _pip(loan: Loan, options: Mapping[str, str]) -> None:
    """One file for pip, paths of the host's replaced by mounts."""
    lines = ["[global]"]
    for name in PIP_OPTIONS:
        if name not in options:
            continue
        value = options[name]
        if name in ("index-url", "extra-index-url", "find-links"):
            value = " ".join(filter(None, (_place(loan, word) for word in value.split())))
        elif name == "constraint":
            value = " ".join(filter(None, (_copied(loan, word) for word in value.split())))
        elif name == "client-cert":
            value = _copied(loan, value.strip()) or ""
        if value:
            lines.append(f"{name} = {' '.join(value.split())}")
    loan.files[f"{LENT}/pip.conf"] = ("\n".join(lines) + "\n").encode()
    loan.variables["PIP_CONFIG_FILE"] = f"{LENT}/pip.conf"


def _place(loan: Loan, word: str) -> str | None:
    """A URL as it is; a folder of the host's as a mount. None for what is not there.

    The pages of a mirror's `simple` folder lead to files beside it, so the mirror is lent as a whole.
    """
    scheme = re.match(r"[a-z][a-z0-9+.-]+://", word, re.IGNORECASE)
    if scheme and not word.lower().startswith("file:"):
        return word
    path = Path(unquote(urlsplit(word).path) if scheme else word).expanduser()
    if not path.is_absolute() or not path.exists():
        loan.notes.append(f"pip's settings name {word}, which is not on this machine; it is not used")
        return None
    path = path.resolve()
    mirror = scheme is not None and path.name == "simple" and path.parent != path.parent.parent
    inside = f"{LENT}/host{len(loan.mounts)}"
    loan.mounts[inside] = path.parent if mirror else path
    return f"file://{inside}{'/simple' if mirror else ''}" if scheme else inside


def _copied(loan: Loan, word: str) -> str | None:
    """A file of the host's as one below LENT; None for what cannot be read."""
    if "://" in word and not word.lower().startswith("file:"):
        return word
    path = Path(unquote(urlsplit(word).path) if "://" in word else word).expanduser()
    try:
        data = path.read_bytes()
    except OSError as error:
        loan.notes.append(f"pip's settings name {word}, which cannot be read ({type(error).__name__}); it is not used")
        return None
    inside = f"{LENT}/file{len(loan.files)}"
    loan.files[inside] = data
    return inside


def _uv(loan: Loan, options: Mapping[str, str]) -> None:
    """The same for uv, as far as it has the same; settings of its own win. Indexes are searched as pip does.

    Folders are left out: uv is asked for packages as of a date, and folders do not know when a file came.
    """

    def remote(name: str) -> str:
        return " ".join(word for word in options.get(name, "").split() if not word.lower().startswith(("file:", "/")))

    same = {
        "UV_DEFAULT_INDEX": remote("index-url"),
        "UV_INDEX": remote("extra-index-url"),
        "UV_INSECURE_HOST": options.get("trusted-host", ""),
        "UV_HTTP_TIMEOUT": options.get("timeout", ""),
        "UV_INDEX_STRATEGY": "unsafe-best-match",
    }
    own = {name for name in loan.variables if name.startswith("UV_")}
    if own & {"UV_INDEX_URL", "UV_DEFAULT_INDEX"}:
        same.pop("UV_DEFAULT_INDEX")
    if own & {"UV_EXTRA_INDEX_URL", "UV_INDEX"}:
        same.pop("UV_INDEX")
    loan.variables = {name: value for name, value in same.items() if value} | loan.variables


def _tokens(loan: Loan, environ: Mapping[str, str], home: Path, credentials: bool) -> None:
    """netrc, and npm's file with what it takes from the environment filled in."""
    for file, inside, variable in (
        (Path(environ.get("NETRC") or home / ".netrc"), f"{LENT}/netrc", "NETRC"),
        (Path(environ.get("npm_config_userconfig") or home / ".npmrc"), f"{LENT}/npmrc", "npm_config_userconfig"),
    ):
        try:
            text = file.read_text(encoding="utf-8")
        except FileNotFoundError:
            continue
        except (OSError, UnicodeDecodeError) as error:
            loan.notes.append(f"{file} cannot be read ({type(error).__name__}); it is not used")
            continue
        if variable == "NETRC":
            loan.secrets.update(re.findall(r"\bpassword\s+(\S+)", text))
        else:
            text = re.sub(r"\$\{(\w+)\}", lambda match: environ.get(match[1], ""), text)
            text = "".join(f"{line}\n" for line in text.splitlines() if _npm_source(line))
            loan.secrets.update(re.findall(r"(?m)^[^=]*_(?:authToken|auth|password)\s*=\s*(\S+)", text))
            if not credentials:
                text = anonymous(re.sub(r"(?m)^.*(_auth|_password|:username|:certfile|:keyfile).*\n", "", text))
        if credentials or variable != "NETRC":
            loan.files[inside] = text.encode()
            loan.variables[variable] = inside


def _npm_source(line: str) -> bool:
    """Whether a line of .npmrc says where packages come from, or who asks."""
    name = line.partition("=")[0].strip()
    return name.startswith(("//", "@")) or name in (
        "registry",
        "proxy",
        "https-proxy",
        "noproxy",
        "strict-ssl",
        "_auth",
    )


def anonymous(text: str) -> str:
    """`text`, its URLs without user and password."""
    return _URL.sub(lambda match: _without_user(match[0]), text)


def _without_user(url: str) -> str:
    scheme, _, rest = url.partition("://")
    place, slash, path = rest.partition("/")
    return f"{scheme}://{place.rpartition('@')[2]}{slash}{path}"


def _secrets(text: str) -> set[str]:
    """The passwords in a text's URLs, and a user's name that stands alone, which is then a token."""
    found = set()
    for url in _URL.findall(text):
        user, mark, _ = url.partition("://")[2].partition("/")[0].rpartition("@")
        if mark:
            secret = user.partition(":")[2] or user
            found |= {part for part in (secret, unquote(secret)) if len(part) > 3}
    return found
