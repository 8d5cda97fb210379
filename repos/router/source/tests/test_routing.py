"""Which route answers, and URLs of routes."""

from __future__ import annotations

import pytest

from wayfinder import BuildError, MethodNotAllowed, NotFound, RouteGroup, Router, WayfinderError


def endpoint(request, **arguments):
    return arguments


def router_of(*patterns):
    router = Router()
    for pattern in patterns:
        router.add(pattern, endpoint, name=pattern)
    return router


def matched(router, path, method="GET"):
    return router.match(method, path).route.name


def test_fixed_text_before_placeholders():
    router = router_of("/<path:rest>", "/users/<name>", "/users/me")
    assert matched(router, "/users/me") == "/users/me"
    assert matched(router, "/users/ann") == "/users/<name>"
    assert matched(router, "/users/ann/posts") == "/<path:rest>"


def test_text_around_makes_more_specific():
    router = router_of("/<name>", "/<name>.json")
    assert matched(router, "/a.json") == "/<name>.json"
    assert matched(router, "/a.xml") == "/<name>"


def test_earlier_segments_weigh_more():
    router = router_of("/<section>/new", "/users/<name>")
    assert matched(router, "/users/new") == "/users/<name>"


def test_first_of_equally_specific_routes_wins():
    router = router_of("/items/<int:number>", "/items/<name>")
    assert matched(router, "/items/12") == "/items/<int:number>"
    assert matched(router, "/items/twelve") == "/items/<name>"


def test_unknown_path():
    with pytest.raises(NotFound):
        router_of("/a").match("GET", "/b")


def test_unknown_method_names_the_others():
    router = Router()
    router.add("/items", endpoint)
    router.add("/items", endpoint, methods=("POST", "put"))
    with pytest.raises(MethodNotAllowed) as caught:
        router.match("DELETE", "/items")
    assert caught.value.headers == {"Allow": "GET, HEAD, POST, PUT"}


def test_less_specific_route_may_have_the_method():
    router = Router()
    router.add("/items/<name>", endpoint, methods=("DELETE",), name="any")
    router.add("/items/first", endpoint, name="first")
    assert matched(router, "/items/first", "DELETE") == "any"


def test_head_is_answered_by_get_routes():
    assert matched(router_of("/a"), "/a", "HEAD") == "/a"


def test_defaults_are_arguments():
    router = Router()
    router.add("/news", endpoint, defaults={"page": 1})
    router.add("/news/<int:page>", endpoint, defaults={"page": 1})
    assert router.match("GET", "/news").arguments == {"page": 1}
    assert router.match("GET", "/news/4").arguments == {"page": 4}


def test_mounted_routes():
    group = RouteGroup()
    group.add("/users/<int:user>", endpoint, name="user")
    router = Router()
    router.mount("/admin/", group, name="admin")
    assert router.match("GET", "/admin/users/3").arguments == {"user": 3}
    assert router.url_for("admin.user", user=3) == "/admin/users/3"
    with pytest.raises(WayfinderError):
        router.mount("/again", router)


def test_mounted_routes_go_before_later_ones():
    group = RouteGroup()
    group.add("/<page>", endpoint, name="help")
    router = Router()
    router.mount("/help", group)
    router.add("/help/<topic>", endpoint, name="fallback")
    assert matched(router, "/help/login") == "help"


def test_other_values_become_the_query():
    router = router_of("/search/<term>")
    url = router.url_for("/search/<term>", term="a b", page=2, tag=["x", "y"])
    assert url == "/search/a%20b?page=2&tag=x&tag=y"


def test_url_of_the_route_that_has_its_values():
    router = Router()
    router.add("/news/<int:page>", endpoint, name="news")
    router.add("/news", endpoint, name="news")
    assert router.url_for("news") == "/news"
    assert router.url_for("news", page=2) == "/news/2"


def test_unknown_name():
    with pytest.raises(BuildError):
        router_of("/a").url_for("b")


@pytest.mark.parametrize(
    "name",
    ["plain", "Jürgen K", "50% off?", "AC/DC", "a+b&c=d#e"],
    ids=["plain", "umlaut", "percent", "slash", "marks"],
)
def test_urls_lead_back(name):
    router = router_of("/artists/<name>/albums")
    path = router.url_for("/artists/<name>/albums", name=name)
    assert router.match("GET", path).arguments == {"name": name}
