"""From paths to routes and back."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from wayfinder.errors import BuildError, MethodNotAllowed, NotFound, WayfinderError
from wayfinder.patterns import Pattern
from wayfinder.query import encode_query

Endpoint = Callable[..., Any]


@dataclass(frozen=True)
class Route:
    """A pattern, the methods it answers to, and what is called."""

    pattern: Pattern
    endpoint: Endpoint
    methods: frozenset[str]
    name: str
    defaults: Mapping[str, Any] = field(default_factory=dict)
    """Arguments for the endpoint that the pattern does not supply."""


@dataclass(frozen=True)
class Match:
    """A route with the arguments for its endpoint."""

    route: Route
    arguments: dict[str, Any]


class RouteGroup:
    """Routes that are collected in order, to be mounted somewhere."""

    def __init__(self) -> None:
        self._routes: list[Route] = []

    def add(
        self,
        pattern: str,
        endpoint: Endpoint,
        *,
        methods: Iterable[str] = ("GET",),
        name: str | None = None,
        defaults: Mapping[str, Any] | None = None,
    ) -> Route:
        """Add a route; its name is that of the endpoint unless given."""
        allowed = frozenset(method.upper() for method in methods)
        if "GET" in allowed:
            allowed |= {"HEAD"}
        route = Route(Pattern(pattern), endpoint, allowed, name or endpoint.__name__, dict(defaults or {}))
        self._routes.append(route)
        return route

    def route(self, pattern: str, **options: Any) -> Callable[[Endpoint], Endpoint]:
        """Decorator for `add`."""

        def register(endpoint: Endpoint) -> Endpoint:
            self.add(pattern, endpoint, **options)
            return endpoint

        return register

    def get(self, pattern: str, **options: Any) -> Callable[[Endpoint], Endpoint]:
        """Decorator for a route that answers to GET."""
        return self.route(pattern, methods=("GET",), **options)

    def post(self, pattern: str, **options: Any) -> Callable[[Endpoint], Endpoint]:
        """Decorator for a route that answers to POST."""
        return self.route(pattern, methods=("POST",), **options)

    def mount(self, prefix: str, group: RouteGroup, *, name: str = "") -> None:
        """Take over the routes of a group below a prefix; `name` goes before theirs, with a dot."""
        if group is self:
            raise WayfinderError("a group cannot be mounted in itself")
        for route in group:
            self.add(
                prefix.rstrip("/") + route.pattern.text,
                route.endpoint,
                methods=route.methods,
                name=f"{name}.{route.name}" if name else route.name,
                defaults=route.defaults,
            )

    def __iter__(self) -> Iterator[Route]:
        return iter(self._routes)


class Router(RouteGroup):
    """Finds the route of a request, and the URL of a route."""

    def match(self, method: str, path: str) -> Match:
        """The most specific route that matches, or the HTTP error for the lack of one."""
        best: Match | None = None
        allowed: set[str] = set()
        for route in self:
            values = route.pattern.match(path)
            if values is None:
                continue
            allowed |= route.methods
            if method not in route.methods:
                continue
            if best is None or route.pattern.specificity > best.route.pattern.specificity:
                best = Match(route, {**route.defaults, **values})
        if best is not None:
            return best
        raise MethodNotAllowed(allowed) if allowed else NotFound()

    def url_for(self, name: str, /, **values: Any) -> str:
        """The URL of the first route of that name whose placeholders all have values."""
        named = [route for route in self if route.name == name]
        if not named:
            raise BuildError(f"no route {name!r}")
        usable = [route for route in named if set(route.pattern.names) <= values.keys()]
        pattern = (usable or named)[0].pattern
        path = pattern.build(values)
        query = encode_query({key: value for key, value in values.items() if key not in pattern.names})
        return f"{path}?{query}" if query else path
