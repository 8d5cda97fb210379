"""`taskfit clean`."""

from __future__ import annotations

from typing import Annotated

import typer


def clean(
    images: Annotated[
        bool, typer.Option("--images", help="Remove the images too; they are built again when needed.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be removed.")] = False,
) -> None:
    """Remove what dead runs left: containers, and with --images everything that was built."""
    from sandboxes.client import connect
    from sandboxes.images import own_images, remove_image
    from sandboxes.reaper import containers, reap

    engine = connect()
    verb = "would remove" if dry_run else "removed"
    dead = [each for each in containers(engine) if not each.alive] if dry_run else reap(engine)
    for container in dead:
        print(f"{verb} container {container.name} ({container.kind} of run {container.run or '-'})")
    alive = sum(each.alive for each in containers(engine))
    gone = 0
    if images:
        order = {"workspace": 0, "environment": 1, "base": 2}
        for image in sorted(own_images(engine), key=lambda image: order.get(image["kind"], 0)):
            if dry_run or remove_image(engine, image["reference"]):
                gone += 1
                print(f"{verb} image {image['reference']}")
            else:
                print(f"kept image {image['reference']}: in use")
    print(f"{verb} {len(dead)} containers and {gone} images; {alive} containers belong to live runs")
