"""Headers, query strings and cookies."""

from __future__ import annotations

import pytest

from wayfinder import Headers, QueryParams, Request, SetCookie, parse_cookies
from wayfinder.query import encode_query


def test_names_ignore_case():
    headers = Headers([("Content-Type", "text/html")])
    assert headers.get("content-TYPE") == "text/html"
    assert "CONTENT-type" in headers
    assert headers.get("Accept", "none") == "none"


def test_add_keeps_and_set_replaces():
    headers = Headers([("Vary", "Accept"), ("vary", "Cookie")])
    assert headers.get_all("Vary") == ["Accept", "Cookie"]
    assert headers.joined("Vary") == "Accept, Cookie"
    headers.set("VARY", "*")
    assert list(headers) == [("VARY", "*")]


def test_parse_joins_continued_lines():
    headers = Headers.parse("Host: example.org\r\nX-Long: one\r\n  two\r\n\r\n")
    assert list(headers) == [("Host", "example.org"), ("X-Long", "one two")]


@pytest.mark.parametrize("text", ["no colon here", ": no name", "Bad Name : x\nName : x"])
def test_parse_refuses_other_lines(text):
    with pytest.raises(ValueError):
        Headers.parse(text)


def test_line_breaks_cannot_be_smuggled_in():
    with pytest.raises(ValueError):
        Headers().add("X-Name", "value\r\nSet-Cookie: a=b")


def test_query_is_decoded():
    query = QueryParams.parse("q=caf%C3%A9+au+lait&tag=a&tag=b&&flag")
    assert query.get("q") == "café au lait"
    assert query.get_all("tag") == ["a", "b"]
    assert query.get("flag") == ""
    assert len(query) == 4


def test_query_numbers_fall_back():
    query = QueryParams.parse("page=3&size=big")
    assert (query.get_int("page", 1), query.get_int("size", 20), query.get_int("none", 7)) == (3, 20, 7)


def test_encode_query_repeats_and_leaves_out():
    assert encode_query({"tag": ["a b", "c&d"], "page": 2, "none": None}) == "tag=a+b&tag=c%26d&page=2"


def test_cookies_are_parsed():
    assert parse_cookies('sid=abc; theme="dark"; note=a%3Bb; broken') == {
        "sid": "abc",
        "theme": "dark",
        "note": "a;b",
    }
    assert parse_cookies(None) == {}


def test_first_cookie_of_a_name_counts():
    assert parse_cookies("sid=one; sid=two") == {"sid": "one"}


def test_set_cookie_header():
    cookie = SetCookie("sid", "a b", max_age=60, same_site="Strict")
    assert cookie.header() == "sid=a%20b; Path=/; Max-Age=60; Secure; HttpOnly; SameSite=Strict"
    with pytest.raises(ValueError):
        SetCookie("no good", "x")


def test_request_takes_its_target_apart():
    request = Request("get", "/a%20b?x=1#top", headers=[("Cookie", "sid=1"), ("Cookie", "lang=en")])
    assert (request.method, request.path, request.query.get("x")) == ("GET", "/a%20b", "1")
    assert request.cookies == {"sid": "1", "lang": "en"}
