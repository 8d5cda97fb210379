"""Requests to handlers, without sockets."""

from wayfinder.app import App
from wayfinder.accept import Accept, MediaRange
from wayfinder.converters import Converter
from wayfinder.cookies import SetCookie, parse_cookies
from wayfinder.errors import BadRequest, BuildError, HTTPError, MethodNotAllowed, NotAcceptable, NotFound
from wayfinder.errors import PatternError, WayfinderError
from wayfinder.headers import Headers
from wayfinder.query import QueryParams
from wayfinder.request import Request
from wayfinder.response import Response
from wayfinder.routing import Match, Route, RouteGroup, Router

__all__ = [
    "Accept", "App", "BadRequest", "BuildError", "Converter", "HTTPError", "Headers", "Match",
    "MediaRange", "MethodNotAllowed", "NotAcceptable", "NotFound", "PatternError", "QueryParams",
    "Request", "Response", "Route", "RouteGroup", "Router", "SetCookie", "WayfinderError", "parse_cookies",
]
