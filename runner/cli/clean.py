"""`taskfit clean`."""

from __future__ import annotations

from typing import Annotated

import typer


def clean(
    images: Annotated[
        bool, typer.Option("--images", help="Remove the images too; they are built again when needed.")
    ] = False,
    older_than: Annotated[
        float | None, typer.Option("--older-than", min=0, metavar="DAYS", help="With --images: only those, base kept.")
    ] = None,
    keep: Annotated[
        float | None,
        typer.Option("--keep", min=0, metavar="GB", help="With --images: only the oldest, until so much is left."),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be removed.")] = False,
) -> None:
    """Remove what dead runs left: containers, and with --images what was built, all of it or by age and size."""
    import time

    from sandboxes.client import connect
    from sandboxes.inventory import outdated, own_images, remove_image
    from sandboxes.reaper import containers, reap

    engine = connect()
    verb = "would remove" if dry_run else "removed"
    dead = [each for each in containers(engine) if not each.alive] if dry_run else reap(engine)
    for container in dead:
        print(f"{verb} container {container.name} ({container.kind} of run {container.run or '-'})")
    alive = sum(each.alive for each in containers(engine))
    gone, freed = 0, 0
    if images:
        limit = None if keep is None else int(keep * 1e9)
        for image in outdated(own_images(engine), older_than, limit, time.time()):
            if dry_run or remove_image(engine, image.reference):
                gone, freed = gone + 1, freed + image.own_bytes
                print(f"{verb} image {image.reference} ({image.own_bytes / 1e6:.1f} MB)")
            else:
                print(f"kept image {image.reference}: in use")
    elif older_than is not None or keep is not None:
        raise typer.BadParameter("--older-than and --keep choose among images; add --images")
    size = f" ({freed / 1e6:.0f} MB)" if gone else ""
    print(f"{verb} {len(dead)} containers and {gone} images{size}; {alive} containers belong to live runs")
