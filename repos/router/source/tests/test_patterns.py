"""Patterns and converters."""

from __future__ import annotations

import uuid

import pytest

from wayfinder import BuildError, PatternError
from wayfinder.patterns import Pattern


def test_fixed_text():
    pattern = Pattern("/about/us")
    assert pattern.match("/about/us") == {}
    assert pattern.match("/about") is None
    assert pattern.match("/about/us/") is None


def test_placeholder_takes_one_segment():
    pattern = Pattern("/users/<name>")
    assert pattern.match("/users/ann") == {"name": "ann"}
    assert pattern.match("/users/") is None
    assert pattern.match("/users/ann/posts") is None


def test_values_are_decoded():
    assert Pattern("/users/<name>").match("/users/J%C3%BCrgen%20K") == {"name": "Jürgen K"}
    assert Pattern("/café/<name>").match("/caf%C3%A9/x+y") == {"name": "x+y"}


def test_encoded_slash_belongs_to_the_value():
    assert Pattern("/artists/<name>").match("/artists/AC%2FDC") == {"name": "AC/DC"}


def test_int_converter():
    pattern = Pattern("/albums/<int:album>")
    assert pattern.match("/albums/007") == {"album": 7}
    assert pattern.match("/albums/x7") is None
    assert pattern.match("/albums/-7") is None


def test_slug_converter():
    pattern = Pattern("/posts/<slug:post>")
    assert pattern.match("/posts/hello-world-2") == {"post": "hello-world-2"}
    assert pattern.match("/posts/Hello") is None
    assert pattern.match("/posts/hello-") is None


def test_uuid_converter():
    value = uuid.UUID("12345678-1234-5678-1234-567812345678")
    pattern = Pattern("/jobs/<uuid:job>")
    assert pattern.match(f"/jobs/{value}") == {"job": value}
    assert pattern.build({"job": value}) == f"/jobs/{value}"


def test_path_converter_takes_the_rest():
    pattern = Pattern("/files/<path:name>")
    assert pattern.match("/files/a/b%20c/d.txt") == {"name": "a/b c/d.txt"}
    assert pattern.match("/files/") is None
    assert pattern.build({"name": "a/b c/d.txt"}) == "/files/a/b%20c/d.txt"


def test_text_around_a_placeholder():
    pattern = Pattern("/v<int:major>/report-<slug:name>.html")
    assert pattern.match("/v2/report-sales.html") == {"major": 2, "name": "sales"}
    assert pattern.match("/v2/report-salesxhtml") is None
    assert pattern.build({"major": 3, "name": "tax"}) == "/v3/report-tax.html"


def test_build_encodes():
    assert Pattern("/users/<name>").build({"name": "Jürgen? K"}) == "/users/J%C3%BCrgen%3F%20K"


def test_build_encodes_slashes_in_a_segment():
    assert Pattern("/artists/<name>").build({"name": "AC/DC"}) == "/artists/AC%2FDC"


@pytest.mark.parametrize("value", [-1, "seven", ""])
def test_build_refuses_what_would_not_match(value):
    with pytest.raises(BuildError):
        Pattern("/albums/<int:album>").build({"album": value})


def test_build_needs_all_values():
    with pytest.raises(BuildError):
        Pattern("/albums/<int:album>").build({})


@pytest.mark.parametrize(
    "text", ["no-slash", "/<a>-<b>", "/<a>/<a>", "/<date:day>", "/<path:rest>/more", "/<broken", "/<int:7>"]
)
def test_patterns_that_make_no_sense(text):
    with pytest.raises(PatternError):
        Pattern(text)
