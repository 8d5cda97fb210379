"""Content negotiation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class MediaRange:
    """One element of an Accept header."""

    type: str
    subtype: str
    params: frozenset[tuple[str, str]] = frozenset()
    quality: float = 1.0

    @classmethod
    def parse(cls, text: str) -> MediaRange | None:
        """A range with its parameters; None if it is malformed."""
        name, *parts = (part.strip() for part in text.split(";"))
        kind, slash, subtype = name.lower().partition("/")
        if not (kind and slash and subtype) or (kind == "*" and subtype != "*"):
            return None
        params, quality = set(), 1.0
        for part in parts:
            key, _, value = (piece.strip() for piece in part.partition("="))
            if key.lower() == "q":
                try:
                    quality = min(max(float(value), 0.0), 1.0)
                except ValueError:
                    return None
                break
            params.add((key.lower(), value.strip('"').lower()))
        return cls(kind, subtype, frozenset(params), quality)

    @property
    def specificity(self) -> tuple[bool, bool, int]:
        """Greater for ranges that match less."""
        return (self.type != "*", self.subtype != "*", len(self.params))

    def matches(self, offer: MediaRange) -> bool:
        """Whether an offer falls within the range."""
        return (
            self.type in ("*", offer.type)
            and self.subtype in ("*", offer.subtype)
            and self.params <= offer.params
        )


class Accept:
    """What a client would like to get."""

    def __init__(self, ranges: Sequence[MediaRange]) -> None:
        self._ranges = sorted(ranges, key=lambda item: item.specificity, reverse=True)

    @classmethod
    def parse(cls, header: str | None) -> Accept:
        """An Accept header; malformed elements are skipped."""
        if header is None or not header.strip():
            return cls([MediaRange("*", "*")])
        ranges = (MediaRange.parse(element) for element in header.split(","))
        return cls([item for item in ranges if item is not None])

    def quality(self, offer: str) -> float:
        """How welcome a media type is, from 0 to 1."""
        wanted = MediaRange.parse(offer)
        if wanted is None:
            raise ValueError(f"not a media type: {offer!r}")
        return next((item.quality for item in self._ranges if item.matches(wanted)), 0.0)

    def best(self, offers: Sequence[str]) -> str | None:
        """The most welcome of the offers; None if none is acceptable."""
        best, best_quality = None, 0.0
        for offer in offers:
            quality = self.quality(offer)
            if quality > best_quality:
                best, best_quality = offer, quality
        return best
