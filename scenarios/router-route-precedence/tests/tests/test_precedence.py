"""Which of several matching routes answers."""

from __future__ import annotations

import pytest

from wayfinder import App, Request, RouteGroup


def answering(name):
    return lambda request, **arguments: name


def app_of(*routes):
    app = App()
    for name, pattern, *methods in routes:
        app.add(pattern, answering(name), methods=methods or ("GET",), name=name)
    return app


def answer(app, path, method="GET"):
    return app.handle(Request(method, path)).body.decode()


def test_first_of_three_wins():
    app = app_of(("one", "/<a>/x"), ("two", "/<b>/x"), ("three", "/<c>/x"))
    assert answer(app, "/page/x") == "one"


def test_same_pattern_twice():
    app = app_of(("old", "/about"), ("new", "/about"))
    assert answer(app, "/about") == "old"


def test_converters_do_not_count():
    app = app_of(("any", "/items/<name>"), ("number", "/items/<int:number>"), ("slug", "/items/<slug:word>"))
    assert answer(app, "/items/12") == "any"


def test_plugin_cannot_take_over():
    plugin = RouteGroup()
    plugin.add("/<page>", answering("plugin"), name="plugin")
    app = app_of(("own", "/docs/<topic>"))
    app.mount("/docs", plugin)
    assert answer(app, "/docs/start") == "own"


def test_ties_on_the_rest_of_the_path():
    app = app_of(("files", "/<path:file>"), ("pages", "/<path:page>"))
    assert answer(app, "/a/b/c") == "files"


def test_tie_among_the_routes_with_the_method():
    app = app_of(("list", "/items"), ("create", "/items", "POST"), ("also", "/items", "POST"))
    assert answer(app, "/items", "POST") == "create"
    assert answer(app, "/items") == "list"


@pytest.mark.parametrize("reverse", [False, True])
def test_more_specific_first_whatever_the_order(reverse):
    routes = [("rest", "/<path:rest>"), ("plain", "/u/<a>"), ("mixed", "/u/<a>.txt"), ("fixed", "/u/me.txt")]
    app = app_of(*(reversed(routes) if reverse else routes))
    paths = ["/u/me.txt", "/u/you.txt", "/u/you", "/u/you/x"]
    assert [answer(app, path) for path in paths] == ["fixed", "mixed", "plain", "rest"]


@pytest.mark.parametrize("reverse", [False, True])
def test_earlier_segments_weigh_more(reverse):
    routes = [("late", "/<section>/new"), ("early", "/users/<name>")]
    app = app_of(*(reversed(routes) if reverse else routes))
    assert answer(app, "/users/new") == "early"
