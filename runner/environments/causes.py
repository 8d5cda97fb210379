"""The usual reasons why an image cannot be built, as a table."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Cause:
    """A kind of failure."""

    pattern: re.Pattern[str]
    """Found in the step or its output; groups are for the texts."""
    sentence: str
    remedy: str
    """With the key of `[environment]` to set."""


def _cause(pattern: str, sentence: str, remedy: str) -> Cause:
    return Cause(re.compile(pattern, re.IGNORECASE), sentence, remedy)


HEADERS = {
    "Python.h": "python3-dev",
    "ffi.h": "libffi-dev",
    "openssl/": "libssl-dev",
    "libxml/": "libxml2-dev",
    "libxslt/": "libxslt1-dev",
    "zlib.h": "zlib1g-dev",
    "jpeglib.h": "libjpeg-dev",
    "libpq-fe.h": "libpq-dev",
    "mysql.h": "default-libmysqlclient-dev",
    "yaml.h": "libyaml-dev",
    "sqlite3.h": "libsqlite3-dev",
    "curl/": "libcurl4-openssl-dev",
    "ldap.h": "libldap2-dev",
    "lber.h": "libldap2-dev",
    "sasl": "libsasl2-dev",
    "gmp.h": "libgmp-dev",
    "bzlib.h": "libbz2-dev",
    "lzma.h": "liblzma-dev",
    "readline/": "libreadline-dev",
    "hdf5.h": "libhdf5-dev",
    "ft2build.h": "libfreetype-dev",
    "cairo.h": "libcairo2-dev",
    "gssapi": "libkrb5-dev",
    "snappy": "libsnappy-dev",
    "pcap": "libpcap-dev",
    "librdkafka": "librdkafka-dev",
}
"""A header that is missing → the Debian package that has it."""

CAUSES = (
    _cause(
        r"no space left on device|disk quota exceeded|Errno 28",
        "the disk is full",
        "free some space (`taskfit clean --images`) and try again",
    ),
    _cause(
        r"\nstopped after ([\d.]+) minutes",
        "the step took longer than {0} minutes and was stopped; it may wait for input, a service or a network",
        "mend the step; where it needs its time, set minutes in [environment] and let it say how far it is",
    ),
    _cause(
        r"\nstopped after",
        "a step hangs, or takes longer than it may",
        "mend the step; where it needs its time, set minutes in [environment] and let it say how far it is",
    ),
    _cause(
        r"(?:Killed signal|\bKilled\b|cannot allocate memory|MemoryError|virtual memory exhausted|signal 9)",
        "memory ran out",
        "pin a version in packages that has a wheel, or build on a machine with more memory",
    ),
    _cause(
        r"CERTIFICATE_VERIFY_FAILED|certificate verify failed|unable to get local issuer|self[- ]signed certificate"
        r"|UnknownIssuer|x509:",
        "a certificate was not trusted",
        "point SSL_CERT_FILE (or cert in pip.conf) to your company's bundle; it is lent to builds",
    ),
    _cause(
        r"ProxyError|Tunnel connection failed|407 Proxy|Proxy Authentication Required",
        "the proxy refused the connection",
        "set HTTPS_PROXY (with user and password where it wants them); it is lent to builds",
    ),
    _cause(
        r"\b(401|403)\b.{0,40}(Unauthorized|Forbidden|error)|Unauthorized for url|E401|E403"
        r"|User for [\w.:/-]+|could not read Username",
        "the package index or repository refused the credentials, or got none",
        "put them into pip.conf, ~/.netrc or ~/.npmrc; they are lent to what fetches packages, not to install",
    ),
    _cause(
        r"Unable to locate package (\S+)|Package '?([\w.+-]+)'? has no installation candidate",
        "Debian has no package {0}",
        "correct its name in system (https://packages.debian.org says what Debian calls it)",
    ),
    _cause(
        r"error: (?:could not find|can't find) Rust compiler|cargo.{0,40}(not found|not installed)|Rust toolchain"
        r"|requires Rust",
        "a package is compiled from Rust",
        'set system = ["cargo", "rustc"], or pin a version in packages that has a wheel',
    ),
    _cause(
        r"fatal error: ([\w./+-]+\.h(?:pp)?): No such file",
        "the header {0} is missing",
        "set system = {header}",
    ),
    _cause(
        r"\b(gcc|g\+\+|cc|c\+\+)['\"]?(?:: | )(?:failed: )?"
        r"(?:No such file|(?:command )?not found|executable file not found)"
        r"|no acceptable C compiler|Unknown compiler\(s\)",
        "a package is compiled from C and there is no compiler",
        'set system = ["gcc", "g++", "libc6-dev", "python3-dev"], or pin a version in packages that has a wheel',
    ),
    _cause(
        r"pg_config executable not found",
        "PostgreSQL's client library is missing",
        'set system = ["gcc", "libpq-dev", "python3-dev"], or use psycopg2-binary in packages',
    ),
    _cause(
        r"mysql_config.{0,20}not found|Can not find valid pkg-config name",
        "MySQL's client library is missing",
        'set system = ["gcc", "default-libmysqlclient-dev", "pkg-config", "python3-dev"]',
    ),
    _cause(
        r"xml2-config|xslt-config|libxml2 and libxslt development packages",
        "libxml2's headers are missing",
        'set system = ["gcc", "libxml2-dev", "libxslt1-dev", "python3-dev"]',
    ),
    _cause(
        r"(?:\b|/)(cmake|ninja|pkg-config|make|swig|patchelf|gfortran|bison|flex)\b['\"]?:? "
        r"(?:command )?(?:not found|is required|must be installed)"
        r"|No such file or directory: '(cmake|ninja|pkg-config|make|swig|gfortran)'",
        "the program {0} is missing",
        'add "{0}" to system',
    ),
    _cause(
        r"(?:sh|bash|line)[^\n]{0,40}: (?:\d+: )?(npm|node|npx)\b: (?:command )?not found",
        "{0} is not installed",
        'set node = "22"',
    ),
    _cause(
        r"(?:sh|bash|line)[^\n]{0,40}: (?:\d+: )?(go|cargo|rustc|git-lfs|git|java|curl|wget|hg|svn)\b: "
        r"(?:command )?not found|Cannot find command '(git|hg|svn)'",
        "{0} is not installed",
        "add {program} to system",
    ),
    _cause(
        r"requires go >= ?([\d.]+)|go\.mod requires go|invalid go version|toolchain not available",
        "the go.mod asks for a newer Go than Debian's",
        "make the environment with a dockerfile that has that Go",
    ),
    _cause(
        r"EBADENGINE|Unsupported engine|requires Node",
        "a package asks for another Node",
        'set node = "24", or make the environment with a dockerfile that has another Node',
    ),
    _cause(
        r"requires rustc ([\d.]+)|feature `edition20\d\d` is required|lock file version \d requires",
        "a crate asks for a newer Rust than Debian's",
        "make the environment with a dockerfile that has that Rust",
    ),
    _cause(
        r"npm (?:ERR!|error)[^\n]*(?:can only install packages when your package\.json and package-lock\.json"
        r"|`npm ci` can only|code EUSAGE)",
        "package.json and its lock file disagree",
        'set install = ["npm install --ignore-scripts", "npm rebuild"]',
    ),
    _cause(
        r"npm (?:ERR!|error) 404\s+(?:The requested resource )?'?((?:@[\w.~-]+/)?[\w.~-]+)@"
        r"|npm (?:ERR!|error)[^\n]*No matching version found for ((?:@[\w.~-]+/)?[\w.~-]+)@",
        "the registry has not, or no longer, the version of {0} that is asked for{day}",
        'set install = ["npm install --ignore-scripts --no-package-lock", "npm rebuild"] where a lock file asks for it,'
        " or name a registry that has it in ~/.npmrc",
    ),
    _cause(
        r"npm (?:ERR!|error)[^\n]*ERESOLVE",
        "npm finds no versions that fit together",
        'set install = ["npm install --ignore-scripts --legacy-peer-deps", "npm rebuild"]',
    ),
    _cause(
        r"Could not resolve host|Temporary failure in name resolution|Name or service not known|EAI_AGAIN|\bENOTFOUND"
        r"|Network is unreachable|Connection refused|Connection timed out|ECONNREFUSED|dial tcp|No address associated",
        "a host could not be reached",
        "check the network and the proxy; a requirement that is a URL needs its host, one from an index is safer",
    ),
    _cause(
        r"(?:Package|ERROR: Package) '?([\w.-]+)'? requires a different Python: ([\d.]+) not in '([^']+)'",
        "{0} needs another Python ({2}) than {1}",
        'set python = "3.X" to one that it allows, or another version of {0} in packages',
    ),
    _cause(
        r"use_2to3 is invalid|2to3|print ['\"]|Missing parentheses in call to 'print'",
        "a package is written for Python 2",
        "name a newer version of it in packages",
    ),
    _cause(
        r"No module named ['\"]?(pkg_resources|distutils|imp)['\"]?",
        "{0} is gone from today's setuptools or Python",
        'add "setuptools<81" to packages, or set an older python',
    ),
    _cause(
        r"module 'configparser' has no attribute 'SafeConfigParser'|has no attribute '(?:Callable|Mapping|getargspec)'"
        r"|cannot import name '(?:Mapping|Callable|Iterable|MutableMapping)' from 'collections'"
        r"|module 'pkgutil' has no attribute 'ImpImporter'",
        "a package is too old for this Python",
        "set an older python, or name a newer version of it in packages",
    ),
    _cause(
        r"No module named ['\"]?(numpy|cython|Cython|pybind11|setuptools_scm|pbr|wheel|hatchling|poetry|flit_core"
        r"|setuptools|mesonpy|cffi|hatch_vcs|editables|versioneer|pdm|scikit_build_core|skbuild|jinja2|six|packaging)\b"
        r"|invalid command '(bdist_wheel)'|Cannot import '(\w+)[\w.]*'",
        "building needs {0}, which is not declared",
        "add {distribution} to packages",
    ),
    _cause(
        r"No module named ['\"]?([\w.]+)['\"]?[\s\S]*(?:egg_info|metadata-generation-failed|getting requirements)"
        r"|(?:egg_info|metadata-generation-failed)[\s\S]*No module named ['\"]?([\w.]+)",
        "the project's own build imports {0}, which is not there",
        "add the package that has {0} to packages",
    ),
    _cause(
        r"setuptools[-_]scm was unable to detect version|unable to detect version|Getting the version .*failed"
        r"|Versioning for this project requires either an sdist|PBR_VERSION|does not appear to be a Git repository"
        r"|could not find a version .*tag",
        "the version comes from git's tags, which a sandbox does not have",
        'set variables = {{ SETUPTOOLS_SCM_PRETEND_VERSION = "1.0.0" }} (PBR_VERSION for pbr)',
    ),
    _cause(
        r"Multiple top-level (?:packages|modules) discovered|Unable to determine which files to ship",
        "setuptools cannot tell which folders are the package",
        'leave install empty and set variables = {{ PYTHONPATH = "/workspace" }}, or what holds the package',
    ),
    _cause(
        r"neither 'setup\.py' nor 'pyproject\.toml' found|does not appear to be a Python project",
        "there is nothing that pip can install",
        'leave install empty, or set variables = {{ PYTHONPATH = "/workspace" }}',
    ),
    _cause(
        r"No matching distribution found for ([^\s(,;]+)|no versions of ([\w.-]+)|([\w.-]+) was not found in the"
        r" package registry|Could not find a version that satisfies the requirement ([^\s(,;]+)",
        "the index has no {0} that fits this Python{day}",
        "correct that line of packages (its name, its pin), or set python{or_day}",
    ),
    _cause(
        r"ResolutionImpossible|conflicting dependencies|No solution found|requirements are unsatisfiable",
        "the packages do not fit together{day}",
        "loosen pins in packages; pytest, pytest-timeout and coverage are the runner's and stay",
    ),
    _cause(
        r"Failed building (?:wheel|editable) for ([\w.-]+)|Could not build wheels for ([\w.-]+)"
        r"|Failed to build `?([\w.-]+)",
        "{0} has no wheel for this Python and could not be compiled",
        'pin a version in packages that has a wheel, set another python, or set system = ["gcc", "python3-dev"]',
    ),
    _cause(
        r"^find Python|No source has Python",
        "that Python is not to be had here",
        "leave python out, or name a dockerfile",
    ),
    _cause(
        r"metadata-generation-failed|egg_info|Getting requirements to build",
        "its setup.py or build back end failed",
        "read the lines above; add what it imports to packages, or write commands of your own in install",
    ),
)
"""The first that fits is the likely one: from the machine's own troubles to a package's."""
MODULE_TO_DISTRIBUTION = {
    "bdist_wheel": "wheel",
    "poetry": "poetry-core",
    "flit_core": "flit-core",
    "mesonpy": "meson-python",
    "hatch_vcs": "hatch-vcs",
    "setuptools_scm": "setuptools-scm",
    "scikit_build_core": "scikit-build-core",
    "skbuild": "scikit-build",
    "pdm": "pdm-backend",
}
PROGRAM_TO_PACKAGE = {"go": "golang-go", "hg": "mercurial", "svn": "subversion", "java": "default-jre-headless"}
