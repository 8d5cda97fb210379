"""Zones by name, and where the data on them comes from."""

from __future__ import annotations

import sys
import tomllib
import zoneinfo
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import pytest
from packaging.requirements import Requirement

from almanac import Schedule, find_zone

PROJECT = Path(__file__).resolve().parents[1] / "pyproject.toml"
PLATFORMS = {
    "linux": {"sys_platform": "linux", "platform_system": "Linux", "os_name": "posix"},
    "darwin": {"sys_platform": "darwin", "platform_system": "Darwin", "os_name": "posix"},
    "win32": {"sys_platform": "win32", "platform_system": "Windows", "os_name": "nt"},
}


def zone_data(platform="linux"):
    """The requirements on zone data that an installation on a platform has to meet."""
    declared = tomllib.loads(PROJECT.read_text(encoding="utf-8"))["project"].get("dependencies", [])
    requirements = [Requirement(line) for line in declared]
    return [
        requirement
        for requirement in requirements
        if requirement.name.lower() == "tzdata"
        and (requirement.marker is None or requirement.marker.evaluate(PLATFORMS[platform]))
    ]


@pytest.fixture
def no_system_data():
    """A machine whose system has no zone data."""
    before = zoneinfo.TZPATH
    zoneinfo.reset_tzpath(())
    ZoneInfo.clear_cache()
    yield
    zoneinfo.reset_tzpath(before)
    ZoneInfo.clear_cache()


@pytest.fixture
def no_package(monkeypatch):
    """A machine without the zone data of the tzdata package."""
    for name in [name for name in sys.modules if name.partition(".")[0] == "tzdata"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "tzdata", None)
    return monkeypatch


@pytest.mark.parametrize("platform", sorted(PLATFORMS))
def test_zone_data_is_installed_everywhere(platform):
    assert len(zone_data(platform)) >= 1


def test_zone_data_is_recent():
    assert any(not each.specifier.contains("2023.4") for each in zone_data())
    assert all(each.specifier.contains("2030.1") for each in zone_data())


def test_rest_of_the_project_is_as_before():
    project = tomllib.loads(PROJECT.read_text(encoding="utf-8"))["project"]
    assert (project["name"], project["requires-python"]) == ("almanac", ">=3.11")


def test_misspelt_zone():
    with pytest.raises(ZoneInfoNotFoundError):
        find_zone("Europe/Berlim")


def test_schedule_in_a_misspelt_zone():
    with pytest.raises(ZoneInfoNotFoundError):
        Schedule((time(2, 30),), "Europe/Berlim")


def test_machine_without_any_data(no_system_data, no_package):
    with pytest.raises(ZoneInfoNotFoundError):
        find_zone("Asia/Tashkent")
    with pytest.raises(ZoneInfoNotFoundError):
        Schedule((time(2, 30),), "Asia/Samarkand")


def test_data_that_comes_later(no_system_data, no_package):
    with pytest.raises(ZoneInfoNotFoundError):
        Schedule((time(2, 30),), "Asia/Dushanbe")
    no_package.undo()
    run = Schedule((time(2, 30),), "Asia/Dushanbe").next_after(datetime(2024, 7, 1, tzinfo=UTC))
    assert run.utcoffset() == timedelta(hours=5)


def test_package_alone_is_enough(no_system_data):
    run = Schedule((time(9, 0),), "Asia/Almaty").next_after(datetime(2024, 3, 4, tzinfo=UTC))
    assert run.isoformat() == "2024-03-04T09:00:00+05:00"


def test_zone_by_name_is_the_zone():
    assert find_zone("Europe/Berlin") == ZoneInfo("Europe/Berlin")
    schedule = Schedule((time(2, 30),), "America/New_York")
    assert schedule.zone == ZoneInfo("America/New_York")
    assert schedule == Schedule((time(2, 30),), ZoneInfo("America/New_York"))


def test_utc_by_name():
    run = Schedule((time(2, 30),), "UTC").next_after(datetime(2024, 7, 1, tzinfo=UTC))
    assert run.isoformat() == "2024-07-01T02:30:00+00:00"
