"""A part of a cache that has keys and tags to itself."""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable
from typing import Any

from .cache import UNSET, Cache, Ttl


class Namespace:
    """A view of a cache under a prefix; all entries also carry the prefix as a tag."""

    def __init__(self, cache: Cache[Hashable, Any], prefix: str) -> None:
        if not prefix:
            raise ValueError("the prefix must not be empty")
        self._cache = cache
        self.prefix = prefix

    def get(self, key: Hashable, default: Any = None) -> Any:
        """The value of a key, or the default."""
        return self._cache.get(self._key(key), default)

    def put(self, key: Hashable, value: Any, *, ttl: Ttl = UNSET, tags: Collection[str] = ()) -> bool:
        """Store a value; tells whether it was kept."""
        return self._cache.put(self._key(key), value, ttl=ttl, tags=self._tags(tags))

    def get_or_load(
        self, key: Hashable, loader: Callable[[], Any], *, ttl: Ttl = UNSET, tags: Collection[str] = ()
    ) -> Any:
        """The value of a key, loaded if it is missing."""
        return self._cache.get_or_load(self._key(key), loader, ttl=ttl, tags=self._tags(tags))

    def invalidate(self, key: Hashable) -> bool:
        """Drop an entry; tells whether there was one."""
        return self._cache.invalidate(self._key(key))

    def invalidate_tag(self, tag: str) -> int:
        """Drop this namespace's entries that carry the tag."""
        return self._cache.invalidate_tag(self._tag(tag))

    def clear(self) -> int:
        """Drop all entries of this namespace and no others."""
        return self._cache.invalidate_tag(self.prefix)

    def _key(self, key: Hashable) -> Hashable:
        return (self.prefix, key)

    def _tag(self, tag: str) -> str:
        return f"{self.prefix}:{tag}"

    def _tags(self, tags: Collection[str]) -> Collection[str]:
        return [self.prefix, *(self._tag(tag) for tag in tags)]
