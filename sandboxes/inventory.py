"""The images that taskfit built, and which of them go when room is made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from docker.errors import ImageNotFound

from sandboxes.client import Engine, translated


@dataclass(frozen=True)
class OwnImage:
    """An image that taskfit built."""

    reference: str
    kind: str
    own_bytes: int
    """Its size less that of the image of ours that it stands on."""
    created: float
    """Seconds since 1970."""


DAY = 86_400.0
OURS = "taskfit/"
"""How the names of our images begin; some engines put their own machine's before it."""
UNNAMED = "<none>:<none>"
"""What some engines call an image without a name."""
LAYERS = ("root", "base", "dockerfile", "environment", "workspace")
"""From the ground up: an image can only go once what stands on it is gone."""


def own_images(engine: Engine) -> list[OwnImage]:
    """Every image that taskfit built, those that stand on others first, and of each kind the oldest first.

    An image that people named and built on one of ours inherits its labels, and is theirs. One without a name is taken
    for what a build that failed left.
    """
    with translated():
        found = engine.api.images(filters={"label": "taskfit.kind"})
    sizes = {image["Id"]: int(image["Size"]) for image in found}
    shown = [
        OwnImage(
            reference=reference,
            kind=image["Labels"]["taskfit.kind"],
            own_bytes=int(image["Size"]) - sizes.get(image.get("ParentId") or "", 0),
            created=image["Created"],
        )
        for image in found
        if (reference := _reference(image))
    ]
    return sorted(shown, key=lambda image: (-LAYERS.index(image.kind) if image.kind in LAYERS else 0, image.created))


def _reference(image: dict[str, Any]) -> str:
    """By what an image is removed: its name of ours, its id where it has no name; empty where all names are others'."""
    names = [name for name in image.get("RepoTags") or () if name != UNNAMED]
    ours = [name for name in names if name.removeprefix("localhost/").startswith(OURS)]
    return ours[0] if ours else "" if names else image["Id"]


def outdated(images: Sequence[OwnImage], days: float | None, keep_bytes: int | None, now: float) -> list[OwnImage]:
    """The images to remove: those older than `days`, and the oldest until at most `keep_bytes` are left.

    All of them where neither is given; the base goes only then, since building it again takes longest.
    """
    if days is None and keep_bytes is None:
        return list(images)
    removable = [image for image in images if image.kind not in ("root", "base")]
    chosen = [image for image in removable if days is not None and now - image.created > days * DAY]
    left = sum(image.own_bytes for image in images if image not in chosen)
    for image in removable:
        if keep_bytes is not None and left > keep_bytes and image not in chosen:
            chosen.append(image)
            left -= image.own_bytes
    return [image for image in images if image in chosen]


def remove_image(engine: Engine, reference: str) -> bool:
    """Remove an image; False when something still uses it or it is gone."""
    try:
        engine.api.remove_image(reference)
    except ImageNotFound:
        return False
    except Exception as error:
        if getattr(error, "status_code", None) == 409:
            return False
        raise
    return True
