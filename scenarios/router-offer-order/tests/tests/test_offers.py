"""Which of several equally welcome offers is taken."""

from __future__ import annotations

from itertools import permutations

from wayfinder import Accept, Request
from wayfinder.app import negotiate

HTML, JSON, PLAIN, XML = "text/html", "application/json", "text/plain", "application/xml"


def best(header, *offers):
    return Accept.parse(header).best(offers)


def test_order_of_the_header_means_nothing():
    for ranges in permutations([HTML, JSON, PLAIN]):
        header = ", ".join(ranges)
        for offers in permutations([HTML, JSON, PLAIN]):
            assert best(header, *offers) == offers[0]


def test_names_of_the_media_types_mean_nothing():
    for offers in permutations([HTML, JSON, PLAIN, XML]):
        assert best("*/*", *offers) == offers[0]
        assert best(None, *offers) == offers[0]


def test_ties_between_ranges_of_different_kinds():
    assert best("application/json, text/*, */*", PLAIN, XML, JSON) == PLAIN
    assert best("text/*;q=0.5, application/xml;q=0.5, */*;q=0.1", JSON, XML, HTML) == XML
    assert best("text/*;q=0.5, application/xml;q=0.5, */*;q=0.1", JSON, HTML, XML) == HTML


def test_tie_among_several_at_the_top():
    header = "application/xml;q=0.9, text/plain;q=0.4, application/json;q=0.9, text/html;q=0.9"
    assert best(header, PLAIN, HTML, XML, JSON) == HTML
    assert best(header, PLAIN, JSON, XML, HTML) == JSON


def test_negotiated_like_that():
    request = Request("GET", "/", headers=[("Accept", "application/json, text/html")])
    assert negotiate(request, [HTML, JSON]) == HTML
    assert negotiate(request, [JSON, HTML]) == JSON


def test_several_headers():
    request = Request("GET", "/", headers=[("Accept", "application/xml"), ("Accept", "text/html, text/plain")])
    assert request.accept.best([PLAIN, HTML, XML]) == PLAIN


def test_quality_comes_first():
    assert best("application/json;q=0.8, text/html;q=0.9", JSON, HTML) == HTML
    assert best("text/html;q=0.8, application/json", HTML, JSON) == JSON
    assert best("*/*;q=0.1, text/plain", JSON, PLAIN) == PLAIN


def test_ruled_out_offers_are_never_taken():
    assert best("text/html;q=0, */*;q=0.1", HTML, XML) == XML
    assert best("text/*;q=0, text/html", PLAIN, HTML) == HTML
    assert best("text/html;q=0, text/plain;q=0", HTML, PLAIN) is None


def test_same_range_twice():
    assert Accept.parse("text/html;q=0.3, text/html;q=0.8").quality(HTML) == 0.3


def test_nothing_on_offer():
    assert best("*/*") is None
