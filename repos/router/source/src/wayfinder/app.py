"""Puts routes, middleware and error handlers together."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from wayfinder.errors import HTTPError, NotAcceptable
from wayfinder.request import Request
from wayfinder.response import Response
from wayfinder.routing import Router

Handler = Callable[[Request], Response]
Middleware = Callable[[Request, Handler], Response]
ErrorHandler = Callable[[Request, Any], Response]


class App(Router):
    """Answers requests."""

    def __init__(self) -> None:
        super().__init__()
        self._middleware: list[Middleware] = []
        self._by_status: dict[int, ErrorHandler] = {}
        self._by_class: dict[type[Exception], ErrorHandler] = {}

    def middleware(self, function: Middleware) -> Middleware:
        """Add a middleware inside of those that are there already."""
        self._middleware.append(function)
        return function

    def on_error(self, which: int | type[Exception]) -> Callable[[ErrorHandler], ErrorHandler]:
        """Decorator for the handler of a status or of a class of exceptions."""

        def register(handler: ErrorHandler) -> ErrorHandler:
            if isinstance(which, int):
                self._by_status[which] = handler
            else:
                self._by_class[which] = handler
            return handler

        return register

    def handle(self, request: Request) -> Response:
        """The response to a request."""
        handler: Handler = self._dispatch
        for middleware in reversed(self._middleware):
            handler = _wrap(middleware, handler)
        try:
            response = handler(request)
        except HTTPError as error:
            response = self._answer_error(request, error)
        if request.method == "HEAD":
            response.body = b""
        return response

    def _dispatch(self, request: Request) -> Response:
        try:
            match = self.match(request.method, request.path)
            return _as_response(match.route.endpoint(request, **match.arguments))
        except Exception as error:
            return self._answer_error(request, error)

    def _answer_error(self, request: Request, error: Exception) -> Response:
        handler = self._error_handler(error)
        if handler is not None:
            return _as_response(handler(request, error))
        if isinstance(error, HTTPError):
            return _plain_error(error)
        raise error

    def _error_handler(self, error: Exception) -> ErrorHandler | None:
        if isinstance(error, HTTPError) and error.status in self._by_status:
            return self._by_status[error.status]
        return next((self._by_class[cls] for cls in type(error).__mro__ if cls in self._by_class), None)


def _wrap(middleware: Middleware, handler: Handler) -> Handler:
    return lambda request: middleware(request, handler)


def _as_response(value: Any) -> Response:
    """What endpoints may return: a response, text, or something for JSON."""
    if isinstance(value, Response):
        return value
    return Response.text(value) if isinstance(value, str) else Response.json(value)


def _plain_error(error: HTTPError) -> Response:
    response = Response.text(f"{error.status} {error.detail}", status=error.status)
    for name, value in error.headers.items():
        response.headers.set(name, value)
    return response


def negotiate(request: Request, offers: list[str]) -> str:
    """The media type to answer with; raises `NotAcceptable` if there is none."""
    best = request.accept.best(offers)
    if best is None:
        raise NotAcceptable(offers)
    return best
