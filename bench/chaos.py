"""A night of 60 trials and 30 disasters: what becomes of a run that is killed, starved and robbed of its engine."""

from __future__ import annotations

import contextlib
import json
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import docker

from bench.daemon import NoSecondEngine, second_engine
from bench.disasters import CAP, KINDS, TRIALS, Auditor, Night, billed, committed, night_of, small_disk
from bench.rows import Row
from runner.runs.runlog import read_log
from sandboxes.client import Engine
from sandboxes.images import ImageStore


@dataclass(frozen=True)
class Morning:
    """What came of a night."""

    struck: dict[str, int]
    """Kind of disaster → how many."""
    seconds: float
    verdicts: dict[str, str]
    """Trial → its verdict."""
    wanted: dict[str, str]
    """Likewise of the same run, undisturbed."""
    lost: tuple[str, ...]
    """Disasters after which a finished trial was not done any more, or was done again."""
    looks: int
    most: float
    """US dollars that were ever spent or reserved, and how often that was looked at."""
    uncovered: float
    """US dollars by which calls ever went beyond what was on disk as spent or reserved."""
    billed: int
    """Calls that were made."""
    committed: float
    left: tuple[str, ...]
    """Containers, networks, images and files that nobody needs."""
    log: frozenset[str]
    """The kinds of lines in the run's log."""

    @property
    def changed(self) -> list[str]:
        """The trials that came to another verdict than undisturbed, or to none."""
        return [name for name, verdict in self.wanted.items() if self.verdicts.get(name) != verdict]


def disturbed(night: Night) -> Morning:
    """Both nights, the calm one and the other."""
    calm = Night(night.daemon, night.folder / "calm", night.folder, night.environment | {"BILL": os.devnull})
    calm.finish(calm.start())
    kinds = KINDS[:]
    night.drawn.shuffle(kinds)
    auditor = Auditor(night.out / "ledger.sqlite", night.folder / "bill")
    auditor.start()
    began = time.monotonic()
    process, lost = night.start(), list[str]()
    for what in kinds:
        process, gone = night.strikes(what, process)
        lost += [f"{what}: {', '.join(sorted(gone))}"] if gone else []
        print(f"{time.monotonic() - began:.0f} s, {len(night.done())} done: {what}", file=sys.stderr, flush=True)
    night.finish(process)
    auditor.over.set()
    return Morning(
        struck=dict(Counter(kinds)),
        seconds=time.monotonic() - began,
        verdicts=verdicts(night.out),
        wanted=verdicts(calm.out),
        lost=tuple(lost),
        looks=auditor.looks,
        most=auditor.most,
        uncovered=auditor.uncovered,
        billed=billed(night.folder / "bill"),
        committed=committed(night.out / "ledger.sqlite"),
        left=tuple(leftovers(night)),
        log=frozenset(each.kind for each in read_log(night.out / "log.jsonl")),
    )


def chaos(engine: Engine) -> list[Row]:
    """Nothing may be lost, changed, overspent or left behind. No rows where root is needed for it and missing."""
    image = ImageStore(engine, print).base()
    try:
        with (
            tempfile.TemporaryDirectory() as folder,
            tempfile.TemporaryDirectory() as place,
            second_engine(Path(place), engine, image) as daemon,
            small_disk(Path(folder, "disk")) as disk,
        ):
            morning = disturbed(night_of(daemon, disk, Path(folder)))
    except NoSecondEngine as error:
        print(f"no chaos: {error}", file=sys.stderr)
        return []
    struck = ", ".join(f"{count} {kind}" for kind, count in morning.struck.items())
    what = f"{TRIALS} trials and {sum(morning.struck.values())} disasters"
    return [
        Row(f"{what} ({struck}): trials without a verdict", TRIALS - len(morning.verdicts), "trials", None, 0),
        Row(f"{what}: verdicts unlike those of an undisturbed run", len(morning.changed), "trials", None, 0),
        Row(f"{what}: finished trials lost or repeated", len(morning.lost), "disasters", None, 0),
        Row(f"{what}: most spent or reserved, against the cap", max(morning.most, morning.committed), "USD", CAP, 1.0),
        Row(f"{what}: calls made beyond what was reserved", max(0.0, round(morning.uncovered, 9)), "USD", None, 0),
        Row(f"{what}: left behind", len(morning.left), "things", None, 0),
        Row(f"{what}: seconds", morning.seconds, "s", None, 600),
    ]


def verdicts(out: Path) -> dict[str, str]:
    """Scenario and repeat → verdict."""
    found = [json.loads(file.read_bytes()) for file in out.glob("trials/*/result.json")]
    return {f"{each['key']['scenario']}.{each['key']['repeat']}": each["verdict"] for each in found}


def leftovers(night: Night) -> Iterator[str]:
    """What should be gone."""
    with contextlib.closing(docker.APIClient(base_url=night.daemon.host, version="auto")) as api:
        yield from (found["Id"] for found in api.containers(all=True))
        yield from {found["Name"] for found in api.networks()} - {"none", "host", "bridge"}
        for found in api.images():
            if not [tag for tag in found["RepoTags"] or [] if "<none>" not in tag]:
                yield found["Id"]
    yield from map(str, (night.folder / "temporary").iterdir())
    yield from map(str, night.out.rglob("*.partial"))
