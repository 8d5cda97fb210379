"""One error response after the other."""

from __future__ import annotations

import pytest

from wayfinder import App, HTTPError, NotFound, Request


@pytest.fixture
def app():
    app = App()

    @app.get("/busy")
    def busy(request):
        after = request.query.get("after")
        raise HTTPError(503, headers={"Retry-After": after} if after else None)

    @app.get("/albums/<int:album>")
    def album(request, album):
        raise NotFound(f"no album {album}")

    @app.post("/form")
    def form(request):
        return "thanks"

    return app


def call(app, target, method="GET", **options):
    return app.handle(Request(method, target, **options))


def test_cookies_of_one_visitor_only(app):
    @app.middleware
    def session(request, handler):
        response = handler(request)
        response.set_cookie("sid", request.cookies["sid"])
        return response

    for visitor in ("ann", "bob", "cyd"):
        for target, status in (("/nowhere", 404), ("/form", 405), ("/busy", 503)):
            response = call(app, target, headers=[("Cookie", f"sid={visitor}")])
            cookies = response.headers.get_all("Set-Cookie")
            assert response.status == status
            assert [cookie.partition(";")[0] for cookie in cookies] == [f"sid={visitor}"]


def test_headers_do_not_pile_up(app):
    @app.middleware
    def trace(request, handler):
        response = handler(request)
        response.headers.add("Server-Timing", request.path)
        return response

    for _ in range(3):
        assert len(call(app, "/nowhere").headers) == 2


def test_headers_of_one_error_stay_with_it(app):
    assert call(app, "/busy?after=30").headers.get("Retry-After") == "30"
    assert "Retry-After" not in call(app, "/busy").headers
    assert call(app, "/busy?after=5").headers.get_all("Retry-After") == ["5"]


def test_page_after_a_head_request(app):
    assert call(app, "/nowhere", "HEAD").body == b""
    assert call(app, "/nowhere").body == b"404 Not Found"
    assert call(app, "/albums/3", "HEAD").body == b""
    assert call(app, "/albums/3").body == b"404 no album 3"


def test_changed_bodies_and_statuses_do_not_stay(app):
    @app.middleware
    def dress_up(request, handler):
        response = handler(request)
        if "fancy" in request.query:
            response.body = b"<h1>sorry</h1>"
            response.status = 410
            response.headers.set("Content-Type", "text/html")
        return response

    assert call(app, "/nowhere?fancy").status == 410
    response = call(app, "/nowhere")
    assert (response.status, response.body) == (404, b"404 Not Found")
    assert response.headers.get("Content-Type") == "text/plain; charset=utf-8"


def test_responses_are_kept_apart(app):
    first, second = call(app, "/nowhere"), call(app, "/elsewhere")
    assert first is not second
    first.headers.set("X-Seen", "yes")
    first.body = b""
    assert "X-Seen" not in second.headers
    assert second.body == b"404 Not Found"


def test_errors_of_middleware(app):
    @app.middleware
    def guard(request, handler):
        known = "realm" in request.query
        raise HTTPError(401, headers={"WWW-Authenticate": "Basic"} if known else None)

    assert call(app, "/a?realm").headers.get_all("WWW-Authenticate") == ["Basic"]
    assert call(app, "/a").headers.get_all("WWW-Authenticate") == []


def test_allowed_methods_are_those_of_the_route(app):
    assert call(app, "/form").headers.get_all("Allow") == ["POST"]
    assert call(app, "/albums/3", "POST").headers.get_all("Allow") == ["GET, HEAD"]
    assert call(app, "/form", "PUT").headers.get_all("Allow") == ["POST"]


def test_texts_of_different_errors(app):
    bodies = [call(app, f"/albums/{album}").body for album in (1, 2, 1)]
    assert bodies == [b"404 no album 1", b"404 no album 2", b"404 no album 1"]
