from datetime import date, datetime

import pytest

from almanac import Duration, DurationError, parse_duration


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("P1Y2M3DT4H5M6S", Duration(14, 3, 14706)),
        ("P2W", Duration(days=14)),
        ("PT90M", Duration(seconds=5400)),
        ("1h30m", Duration(seconds=5400)),
        (" 1d 4h 10min ", Duration(days=1, seconds=15000)),
        ("0s", Duration()),
    ],
)
def test_parse(text, expected):
    assert parse_duration(text) == expected


@pytest.mark.parametrize("text", ["", "P", "PT", "P1DT", "1x", "h", "-1h", "30m 1h"])
def test_not_a_duration(text):
    with pytest.raises(DurationError):
        parse_duration(text)


@pytest.mark.parametrize("text", ["P1Y2M3DT4H5M6S", "P14D", "PT1H", "P0D", "P11M"])
def test_text_round_trip(text):
    assert str(parse_duration(text)) == text


def test_negative_durations_have_no_text():
    with pytest.raises(DurationError):
        str(-Duration(days=1))


def test_months_go_before_days():
    assert Duration(months=1, days=1).after(date(2024, 1, 31)) == date(2024, 3, 1)


def test_backwards():
    assert (-Duration(months=1)).after(date(2024, 3, 31)) == date(2024, 2, 29)
    assert (-Duration(months=13)).after(date(2024, 1, 15)) == date(2022, 12, 15)


def test_seconds_need_a_clock():
    hour = Duration(seconds=3600)
    assert hour.after(datetime(2024, 1, 31, 23, 30)) == datetime(2024, 2, 1, 0, 30)
    with pytest.raises(DurationError):
        hour.after(date(2024, 1, 31))


def test_arithmetic():
    assert Duration(1, 2, 3) * 2 + Duration(days=1) == Duration(2, 5, 6)
