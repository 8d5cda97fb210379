"""Which entries carry which tags. Not thread-safe; the cache holds its lock around it."""

from __future__ import annotations

from collections.abc import Collection, Hashable
from typing import Generic, TypeVar

from .errors import ConfigurationError

K = TypeVar("K", bound=Hashable)


class TagIndex(Generic[K]):
    """Finds keys by tag and tags by key."""

    def __init__(self) -> None:
        self._tags: dict[K, Collection[str]] = {}
        self._keys: dict[str, set[K]] = {}

    def __len__(self) -> int:
        """The number of tags in use."""
        return len(self._keys)

    def assign(self, key: K, tags: Collection[str]) -> None:
        """Make these the tags of the key, in place of those it had."""
        self.discard(key)
        tags = frozenset(tags)
        if not tags:
            return
        self._tags[key] = tags
        for tag in tags:
            self._keys.setdefault(tag, set()).add(key)

    def discard(self, key: K) -> None:
        """Forget the key and the tags that only it had."""
        for tag in self._tags.pop(key, ()):
            keys = self._keys[tag]
            keys.discard(key)
            if not keys:
                del self._keys[tag]

    def keys_of(self, tag: str) -> list[K]:
        """The keys that carry the tag."""
        return list(self._keys.get(tag, ()))

    def tags_of(self, key: K) -> Collection[str]:
        """The tags of the key."""
        return self._tags.get(key, frozenset())


def check_tags(tags: Collection[str]) -> Collection[str]:
    """Refuse what is no collection of tags, above all a single text."""
    if isinstance(tags, str):
        raise ConfigurationError(f"tags must be a collection of texts, not the text {tags!r}")
    for tag in tags:
        if not isinstance(tag, str) or not tag:
            raise ConfigurationError(f"{tag!r} cannot be a tag")
    return tags
