"""Building URLs and matching them again."""

from __future__ import annotations

import pytest

from wayfinder import App, NotFound, Request, Router


def endpoint(request, **arguments):
    return arguments


@pytest.fixture
def router():
    router = Router()
    router.add("/artists/<name>", endpoint, name="artist")
    router.add("/artists/<name>/albums", endpoint, name="albums")
    router.add("/compare/<left>/<right>", endpoint, name="compare")
    router.add("/tags/tag-<tag>.html", endpoint, name="tag")
    router.add("/years/<int:year>", endpoint, name="year")
    router.add("/files/<owner>/<path:file>", endpoint, name="file")
    return router


def lead_back(router, route, **values):
    path = router.url_for(route, **values)
    match = router.match("GET", path)
    assert (match.route.name, match.arguments) == (route, values)
    return path


@pytest.mark.parametrize(
    "name",
    ["/", "/a", "a/", "a//b", "../b", "50%/50%"],
    ids=["alone", "first", "last", "double", "dots", "percent"],
)
def test_slashes_in_one_segment(router, name):
    lead_back(router, "artist", name=name)
    lead_back(router, "albums", name=name)


def test_slash_next_to_fixed_text(router):
    assert lead_back(router, "tag", tag="rock/pop") == "/tags/tag-rock%2Fpop.html"


def test_two_values_with_slashes(router):
    assert lead_back(router, "compare", left="a/b", right="c/d") == "/compare/a%2Fb/c%2Fd"


def test_encoded_slash_does_not_reach_other_routes(router):
    assert lead_back(router, "artist", name="x/albums") == "/artists/x%2Falbums"
    match = router.match("GET", "/artists/x%2falbums")
    assert (match.route.name, match.arguments) == ("artist", {"name": "x/albums"})


def test_encoded_slash_is_not_a_segment_for_numbers(router):
    with pytest.raises(NotFound):
        router.match("GET", "/years%2F1999")


def test_leading_encoded_slash(router):
    with pytest.raises(NotFound):
        router.match("GET", "%2Fyears/1999")


def test_segment_before_the_rest(router):
    path = lead_back(router, "file", owner="team/a", file="b/c d.txt")
    assert path == "/files/team%2Fa/b/c%20d.txt"


def test_rest_of_the_path_keeps_its_slashes(router):
    assert lead_back(router, "file", owner="me", file="a/b//c/") == "/files/me/a/b//c/"
    assert router.match("GET", "/files/me/a%2Fb").arguments == {"owner": "me", "file": "a/b"}


@pytest.mark.parametrize(
    "name",
    ["100%", "%2F", "%252F", "a b+c", "Jürgen", "?q=1#x", "a;b=c", "~.-_", "\n"],
    ids=["percent", "triplet", "twice", "blank", "umlaut", "query", "params", "marks", "newline"],
)
def test_other_values_are_decoded_once(router, name):
    lead_back(router, "artist", name=name)
    lead_back(router, "file", owner=name, file=name)


def test_through_the_app():
    app = App()
    app.add("/artists/<name>", lambda request, name: name, name="artist")
    response = app.handle(Request("GET", app.url_for("artist", name="AC/DC", page=2)))
    assert (response.status, response.body) == (200, b"AC/DC")
