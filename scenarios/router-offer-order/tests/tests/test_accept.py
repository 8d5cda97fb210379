"""Content negotiation."""

from __future__ import annotations

import pytest

from wayfinder import Accept, MediaRange, NotAcceptable, Request
from wayfinder.app import negotiate

HTML, JSON, PLAIN = "text/html", "application/json", "text/plain"


def test_no_header_accepts_everything():
    assert Accept.parse(None).best([JSON, HTML]) == JSON
    assert Accept.parse("  ").quality(HTML) == 1.0


def test_highest_quality_wins():
    assert Accept.parse("text/html;q=0.4, application/json;q=0.9").best([HTML, JSON]) == JSON


def test_first_offer_wins_a_tie():
    assert Accept.parse("application/json, text/html").best([HTML, JSON]) == HTML


def test_most_specific_range_decides():
    accept = Accept.parse("*/*;q=0.1, text/*;q=0.9, text/plain;q=0.2")
    assert [accept.quality(offer) for offer in (HTML, PLAIN, JSON)] == [0.9, 0.2, 0.1]


def test_parameters_are_more_specific():
    accept = Accept.parse("text/html;level=1;q=0.3, text/html;q=0.7")
    assert accept.quality("text/html;level=1") == 0.3
    assert accept.quality("text/html;level=2") == 0.7


def test_zero_rules_out():
    assert Accept.parse("text/html;q=0, */*").best([HTML, PLAIN]) == PLAIN
    assert Accept.parse("text/html;q=0").best([HTML]) is None


def test_malformed_ranges_are_skipped():
    assert MediaRange.parse("*/html") is None
    assert Accept.parse("nonsense, text/html;q=high, application/json").best([HTML, JSON]) == JSON


def test_nothing_acceptable():
    request = Request("GET", "/", headers=[("Accept", "image/png")])
    with pytest.raises(NotAcceptable) as caught:
        negotiate(request, [HTML, JSON])
    assert caught.value.detail == "available: text/html, application/json"
