"""Caching the results of a function."""

from __future__ import annotations

import functools
from collections.abc import Callable, Collection, Hashable
from typing import Any, Generic, ParamSpec, TypeVar

from .cache import UNSET, Cache, Ttl
from .keys import KeyMaker
from .tags import check_tags

P = ParamSpec("P")
R = TypeVar("R")


class Memoized(Generic[P, R]):
    """A function whose results are kept in a cache."""

    def __init__(
        self,
        function: Callable[P, R],
        cache: Cache[Hashable, R],
        *,
        ttl: Ttl,
        tags: Collection[str],
        tags_for: Callable[P, Collection[str]] | None,
        name: str | None,
    ) -> None:
        functools.update_wrapper(self, function)
        self.cache = cache
        self._function = function
        self._ttl = ttl
        self._tags = frozenset(check_tags(tags))
        self._tags_for = tags_for
        self._make_key = KeyMaker(function, name)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        return self.cache.get_or_load(
            self._make_key(args, kwargs),
            lambda: self._function(*args, **kwargs),
            ttl=self._ttl,
            tags=self._collect_tags(*args, **kwargs),
        )

    def key_for(self, *args: P.args, **kwargs: P.kwargs) -> Hashable:
        """The key under which the result of a call is kept."""
        return self._make_key(args, kwargs)

    def forget(self, *args: P.args, **kwargs: P.kwargs) -> bool:
        """Drop the result of a call; tells whether there was one."""
        return self.cache.invalidate(self._make_key(args, kwargs))

    def refresh(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """Call the function whatever the cache holds, and keep the new result."""
        value = self._function(*args, **kwargs)
        tags = self._collect_tags(*args, **kwargs)
        self.cache.put(self._make_key(args, kwargs), value, ttl=self._ttl, tags=tags)
        return value

    def _collect_tags(self, *args: P.args, **kwargs: P.kwargs) -> Collection[str]:
        if self._tags_for is None:
            return self._tags
        return self._tags.union(check_tags(self._tags_for(*args, **kwargs)))


def memoize(
    cache: Cache[Hashable, Any],
    *,
    ttl: Ttl = UNSET,
    tags: Collection[str] = (),
    tags_for: Callable[..., Collection[str]] | None = None,
    name: str | None = None,
) -> Callable[[Callable[P, R]], Memoized[P, R]]:
    """Keep a function's results in the cache, apart by their arguments.

    Meant for plain functions. `tags` are those of all results, `tags_for` is called with the arguments
    and gives those of one.
    """

    def decorate(function: Callable[P, R]) -> Memoized[P, R]:
        return Memoized(function, cache, ttl=ttl, tags=tags, tags_for=tags_for, name=name)

    return decorate
