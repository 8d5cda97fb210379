"""Requests through middleware, endpoints and error handlers."""

from __future__ import annotations

import pytest

from wayfinder import App, HTTPError, NotFound, Request, Response


@pytest.fixture
def app():
    app = App()

    @app.get("/hello/<name>")
    def hello(request, name):
        return f"hello {name}"

    @app.post("/sum")
    def total(request):
        return {"sum": sum(request.json())}

    @app.get("/busy")
    def busy(request):
        raise HTTPError(503, headers={"Retry-After": "30"})

    @app.get("/crash")
    def crash(request):
        return {}["nothing"]

    return app


def call(app, method, target, **options):
    return app.handle(Request(method, target, **options))


def test_text_and_json(app):
    response = call(app, "GET", "/hello/ann")
    assert (response.status, response.body) == (200, b"hello ann")
    response = call(app, "POST", "/sum", body=b"[1, 2, 3]")
    assert (response.headers.get("Content-Type"), response.body) == ("application/json", b'{"sum": 6}')


def test_head_has_no_body(app):
    response = call(app, "HEAD", "/hello/ann")
    assert (response.status, response.body) == (200, b"")


def test_not_found(app):
    response = call(app, "GET", "/nowhere")
    assert (response.status, response.body) == (404, b"404 Not Found")


def test_method_not_allowed(app):
    response = call(app, "DELETE", "/hello/ann")
    assert (response.status, response.headers.get("Allow")) == (405, "GET, HEAD")


def test_errors_carry_headers(app):
    response = call(app, "GET", "/busy")
    assert (response.status, response.headers.get("Retry-After")) == (503, "30")


def test_bad_json(app):
    response = call(app, "POST", "/sum", body=b"[1,")
    assert response.status == 400
    assert response.body.startswith(b"400 the body is not JSON")


def test_other_exceptions_are_passed_on(app):
    with pytest.raises(KeyError):
        call(app, "GET", "/crash")


def test_handler_by_status(app):
    app.on_error(404)(lambda request, error: Response.text(f"no {request.path}", status=404))
    assert call(app, "GET", "/nowhere").body == b"no /nowhere"


def test_closest_class_counts(app):
    app.on_error(Exception)(lambda request, error: Response.text("general", status=500))
    app.on_error(LookupError)(lambda request, error: Response.text("lookup", status=500))
    assert call(app, "GET", "/crash").body == b"lookup"
    assert call(app, "GET", "/nowhere").body == b"general"


def test_first_middleware_is_the_outermost(app):
    seen = []

    def tracer(name):
        def middleware(request, handler):
            seen.append(f"{name} in")
            response = handler(request)
            seen.append(f"{name} out")
            return response

        return middleware

    app.middleware(tracer("a"))
    app.middleware(tracer("b"))
    call(app, "GET", "/hello/ann")
    assert seen == ["a in", "b in", "b out", "a out"]


def test_middleware_may_answer_itself(app):
    app.middleware(lambda request, handler: Response.redirect("/login"))
    response = call(app, "GET", "/hello/ann")
    assert (response.status, response.headers.get("Location")) == (303, "/login")


def test_middleware_may_raise(app):
    @app.middleware
    def guard(request, handler):
        if "Authorization" not in request.headers:
            raise HTTPError(401, headers={"WWW-Authenticate": "Basic"})
        return handler(request)

    response = call(app, "GET", "/hello/ann")
    assert (response.status, response.headers.get("WWW-Authenticate")) == (401, "Basic")
    assert call(app, "GET", "/hello/ann", headers=[("Authorization", "x")]).status == 200


def test_middleware_and_endpoints_share_state(app):
    @app.middleware
    def session(request, handler):
        request.state["user"] = request.cookies.get("user", "nobody")
        return handler(request)

    app.get("/whoami")(lambda request: request.state["user"])
    assert call(app, "GET", "/whoami", headers=[("Cookie", "user=ann")]).body == b"ann"
    assert call(app, "GET", "/whoami").body == b"nobody"


def test_middleware_changes_error_responses(app):
    @app.middleware
    def session(request, handler):
        response = handler(request)
        response.set_cookie("sid", request.cookies.get("sid", "new"))
        return response

    response = call(app, "GET", "/nowhere", headers=[("Cookie", "sid=abc")])
    assert response.headers.get_all("Set-Cookie") == ["sid=abc; Path=/; Secure; HttpOnly; SameSite=Lax"]


def test_endpoint_may_find_nothing(app):
    @app.get("/albums/<int:album>")
    def album(request, album):
        raise NotFound(f"no album {album}")

    assert call(app, "GET", "/albums/9").body == b"404 no album 9"
