"""The images that taskfit built, and which of them go when room is made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

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
LAYERS = ("root", "base", "dockerfile", "environment", "workspace")
"""From the ground up: an image can only go once what stands on it is gone."""


def own_images(engine: Engine) -> list[OwnImage]:
    """Every image that taskfit built, those that stand on others first, and of each kind the oldest first."""
    with translated():
        found = engine.api.images(filters={"label": "taskfit.kind"})
    sizes = {image["Id"]: int(image["Size"]) for image in found}
    shown = [
        OwnImage(
            reference=(image.get("RepoTags") or [image["Id"]])[0],
            kind=image["Labels"]["taskfit.kind"],
            own_bytes=int(image["Size"]) - sizes.get(image.get("ParentId") or "", 0),
            created=image["Created"],
        )
        for image in found
    ]
    return sorted(shown, key=lambda image: (-LAYERS.index(image.kind) if image.kind in LAYERS else 0, image.created))


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
