"""Which images go when room is made, decided on what the engine told."""

from __future__ import annotations

import pytest

from sandboxes.inventory import DAY, OwnImage, outdated

NOW = 100 * DAY
IMAGES = [
    OwnImage("old", "workspace", 10, NOW - 30 * DAY),
    OwnImage("new", "workspace", 20, NOW - 1 * DAY),
    OwnImage("packages", "environment", 300, NOW - 20 * DAY),
    OwnImage("root", "base", 1000, NOW - 90 * DAY),
]


@pytest.mark.parametrize(
    ("days", "keep", "gone"),
    [
        (None, None, {"old", "new", "packages", "root"}),
        (25, None, {"old"}),
        (10, None, {"old", "packages"}),
        (0.5, None, {"old", "new", "packages"}),
        (None, 5000, set()),
        (None, 1325, {"old"}),
        (None, 1000, {"old", "new", "packages"}),
        (None, 0, {"old", "new", "packages"}),
        (25, 1310, {"old", "new"}),
    ],
)
def test_images_go_by_age_and_size_and_the_base_last(days: float | None, keep: int | None, gone: set[str]) -> None:
    assert {image.reference for image in outdated(IMAGES, days, keep, NOW)} == gone
