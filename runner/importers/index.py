"""Source releases out of a package index, as the host's pip would reach it, and nothing of them run."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from urllib.parse import urlsplit

import requests
from packaging.version import InvalidVersion, Version
from pypi_simple import (
    DistributionPackage,
    NoSuchProjectError,
    PyPISimple,
    UnsupportedContentTypeError,
    UnsupportedRepoVersionError,
)

from runner.errors import UserError
from sandboxes.archive import Entry
from sandboxes.errors import ArchiveRefused
from sandboxes.packed import read_packed, without_root

PUBLIC = "https://pypi.org/simple"
BUNDLES = ("PIP_CERT", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "CURL_CA_BUNDLE")
"""Variables that name the host's own certificates."""
MAX_DOWNLOAD = 64 << 20
"""Bytes of one archive."""
SECONDS = 60.0
_PROJECT = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")


@dataclass(frozen=True)
class Release:
    """One source release."""

    name: str
    """Of the archive."""
    version: Version
    url: str
    sha256: str
    """Empty where the index gives none."""
    uploaded: date | None


def releases(project: str) -> list[Release]:
    """A project's source releases, the oldest first. Raises UserError."""
    if not _PROJECT.fullmatch(project):
        raise UserError(f"{project!r:.200} is no package's name")
    with _client() as client:
        try:
            page = client.get_project_page(project, timeout=SECONDS)
        except NoSuchProjectError:
            raise UserError(f"there is no package {project!r} at {index_name()}") from None
        except (
            requests.RequestException,
            UnsupportedContentTypeError,
            UnsupportedRepoVersionError,
            ValueError,
        ) as error:
            raise UserError(f"{index_name()} does not answer for {project!r}: {type(error).__name__}") from None
    found: dict[Version, Release] = {}
    for package in page.packages:
        release = _release(package)
        if release is not None and (release.version not in found or release.name.endswith(".tar.gz")):
            found[release.version] = release
    return [found[version] for version in sorted(found)]


def files_of(release: Release) -> dict[str, Entry]:
    """What a release's archive holds, its checksum proved. Raises UserError, ArchiveRefused."""
    if not release.sha256:
        raise ArchiveRefused(f"the index gives no SHA-256 of {release.name}")
    parts: list[bytes] = []
    total = 0
    with _client() as client:
        try:
            with client.s.get(release.url, stream=True, timeout=SECONDS) as answer:
                answer.raise_for_status()
                for chunk in answer.iter_content(1 << 16):
                    parts.append(chunk)
                    total += len(chunk)
                    if total > MAX_DOWNLOAD:
                        raise ArchiveRefused(f"{release.name} has more than {MAX_DOWNLOAD >> 20} MiB")
        except requests.RequestException as error:
            raise UserError(f"{release.name} cannot be downloaded: {type(error).__name__}") from None
    data = b"".join(parts)
    if hashlib.sha256(data).hexdigest() != release.sha256:
        raise ArchiveRefused(f"{release.name} is not what the index says: its SHA-256 differs")
    return without_root(read_packed(release.name, data))


def index_url() -> str:
    """The index that the host's pip uses."""
    if url := os.environ.get("PIP_INDEX_URL"):
        return url
    asked = [sys.executable, "-m", "pip", "config", "get", "global.index-url"]
    said = subprocess.run(asked, capture_output=True, text=True, check=False, timeout=SECONDS)
    return said.stdout.strip() or PUBLIC


def index_name() -> str:
    """The index's host, without what a URL may hold of a user's."""
    return urlsplit(index_url()).hostname or "the package index"


@contextmanager
def _client() -> Iterator[PyPISimple]:
    session = requests.Session()
    bundle = next((os.environ[name] for name in BUNDLES if Path(os.environ.get(name, "")).is_file()), None)
    if bundle is not None:
        session.verify = bundle
    with PyPISimple(endpoint=index_url(), session=session) as client:
        yield client


def _release(package: DistributionPackage) -> Release | None:
    """None for a wheel, and for a file whose name tells no version."""
    if package.package_type != "sdist" or package.version is None:
        return None
    try:
        version = Version(package.version)
    except InvalidVersion:
        return None
    uploaded = package.upload_time.date() if package.upload_time is not None else None
    return Release(package.filename, version, package.url, (package.digests or {}).get("sha256", ""), uploaded)
