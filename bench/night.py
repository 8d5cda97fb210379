"""`python -m bench.night`: a run left alone for an hour, with an engine that dies and a provider that misbehaves.

All of it is drawn by a seed. A run of two priced models over the built-in Python scenarios goes on in a process of its
own, on an engine of its own; nobody helps it. In the end each trial's verdict must be the one that its model was bound
to get, the cap must hold, and nothing must be left on the engine.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import docker

from bench.daemon import Daemon
from bench.provider import Outage, Provider, fixes, script
from runner.runs.ledger import Ledger
from runner.runs.runlog import LOG, read_log
from runner.scenarios.catalog import ScenarioFolder, builtin_root, load_scenario
from sandboxes.host import ensure_engine
from sandboxes.images import ImageStore

MODELS = ("steady", "flaky")
REPEATS = 4
AT_A_TIME = 6
CAP = 12.0
"""US dollars: what the trials need, and what broken answers may take with them."""
EVERY_SECONDS = 480.0
"""Mean time between two troubles of the engine."""

Trouble = Literal["engine killed", "engine restarted", "containers removed", "container frozen"]
TROUBLES: tuple[Trouble, ...] = ("engine killed", "containers removed", "container frozen", "engine restarted")


@dataclass
class Saboteur:
    """Troubles an engine, one kind after the other, at drawn times."""

    daemon: Daemon
    seed: int
    met: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)
        self._next = time.monotonic() + self._pause()

    def _pause(self) -> float:
        return EVERY_SECONDS * self._random.uniform(0.5, 1.5)

    def look(self) -> Trouble | None:
        """Do what is due; what it was."""
        if time.monotonic() < self._next:
            return None
        what = TROUBLES[self.met.total() % len(TROUBLES)]
        self.met[what] += 1
        if what.startswith("engine"):
            self.daemon.end(signal.SIGKILL if what == "engine killed" else signal.SIGTERM)
            time.sleep(self._random.uniform(2, 60))
            self.daemon.start().close()
        else:
            self._containers(what)
        self._next = time.monotonic() + self._pause()
        return what

    def _containers(self, what: Trouble) -> None:
        with contextlib.closing(docker.APIClient(base_url=self.daemon.host, version="auto")) as api:
            found = [each["Id"] for each in api.containers()]
            few = self._random.sample(found, min(len(found), 3 if what == "containers removed" else 1))
            for each in few:
                with contextlib.suppress(docker.errors.APIError):
                    api.pause(each) if what == "container frozen" else api.remove_container(each, force=True)


def scenarios() -> list[ScenarioFolder]:
    """The built-in ones in Python."""
    found = [load_scenario(each.parent) for each in sorted((builtin_root() / "scenarios").glob("*/scenario.toml"))]
    return [each for each in found if each.repo.repo.environment.node is None and not each.id.startswith("retention")]


def main() -> int:
    asked = argparse.ArgumentParser(prog="python -m bench.night", description=__doc__)
    asked.add_argument("--minutes", type=float, default=60.0, help="of waiting, at least; what goes wrong adds to it")
    asked.add_argument("--seed", type=int, default=8)
    asked.add_argument("--out", type=Path, required=True, help="a new folder for the run")
    given = asked.parse_args()
    found = scenarios()
    turns = sum(len(script(each, fixes(model, each.id))) for each in found for model in MODELS) * REPEATS
    pace = given.minutes * 60 * AT_A_TIME / turns
    whole = given.minutes * 60
    outages = [
        Outage("flaky", 0.20 * whole, 0.27 * whole),
        Outage("steady", 0.45 * whole, 0.50 * whole),
        Outage("flaky", 0.70 * whole, 0.75 * whole),
    ]
    with tempfile.TemporaryDirectory(prefix="taskfit-night-") as folder:
        daemon = own_engine(Path(folder, "engine"))
        try:
            with Provider(found, MODELS, pace, outages, given.seed) as provider:
                study = Path(folder, "night.toml")
                study.write_text(study_text(found, provider.url))
                saboteur = Saboteur(daemon, given.seed)
                seconds = left_alone(study, given.out.absolute(), saboteur, Path(folder))
                met = provider.met
            good, clean = told(given.out, found, met, saboteur.met, seconds), nothing_left(daemon)
        finally:
            daemon.remove()
    return 0 if good and clean else 1


def own_engine(folder: Path) -> Daemon:
    """A second engine that has the base image."""
    first = ensure_engine(print)
    base = ImageStore(first, print).base()
    folder.mkdir()
    daemon = Daemon(folder)
    daemon.start().load_image(first.api.get_image(base))  # type: ignore[no-untyped-call]
    return daemon


def study_text(found: list[ScenarioFolder], url: str) -> str:
    price = "[models.{0}.price]\ninput = 1.0\noutput = 5.0\n"
    table = '[models.{0}]\nbase_url = "' + url + '"\nmodel = "{0}"\nmax_output_tokens = 1000\n' + price
    ids = ", ".join(f'"{each.id}"' for each in found)
    return (
        f'schema = 1\nname = "night"\nselect = [{ids}]\nrepeats = {REPEATS}\nconcurrency = {AT_A_TIME}\n'
        f"[budget]\nusd = {CAP}\n" + "".join(table.format(model) for model in MODELS)
    )


def left_alone(study: Path, out: Path, saboteur: Saboteur, folder: Path) -> float:
    """Run it to its end while things go wrong; returns its seconds."""
    program = str(Path(sys.executable).with_name("taskfit"))
    environment = os.environ | {"DOCKER_HOST": saboteur.daemon.host, "XDG_CACHE_HOME": str(folder / "cache")}
    began = time.monotonic()
    said = out.with_name(f"{out.name}.said")
    with said.open("wb") as output:
        process = subprocess.Popen(
            [program, "run", str(study), "--out", str(out)], env=environment, stdout=output, stderr=output, cwd=folder
        )
        while process.poll() is None:
            if (what := saboteur.look()) is not None:
                print(f"{(time.monotonic() - began) / 60:5.1f} min: {what}", flush=True)
            time.sleep(1.0)
    print(f"ended with exit code {process.returncode}; what it said is in {said}")
    return time.monotonic() - began


def told(out: Path, found: list[ScenarioFolder], provider: Counter[str], engine: Counter[str], seconds: float) -> bool:
    """Print what went wrong, what healed, and whether every verdict is as it must be; whether all is well."""
    results = [json.loads(file.read_bytes()) for file in out.glob("trials/*/result.json")]
    verdicts = {(each["key"]["scenario"], each["key"]["model"], each["key"]["repeat"]): each for each in results}
    wanted = {
        (each.id, model, repeat): "resolved" if fixes(model, each.id) else "unresolved"
        for each in found
        for model in MODELS
        for repeat in range(1, REPEATS + 1)
    }
    wrong = {key: verdicts[key]["verdict"] if key in verdicts else "none" for key, due in wanted.items()
             if key not in verdicts or verdicts[key]["verdict"] != due}  # fmt: skip
    with contextlib.closing(Ledger(out / "ledger.sqlite")) as ledger:
        spent = ledger.committed()
    print(f"{len(results)} of {len(wanted)} trials in {seconds / 60:.1f} min, {spent:.2f} of {CAP:.2f} USD")
    print(f"verdicts: {dict(Counter(each['verdict'] for each in results))}; not as they must be: {wrong or 'none'}")
    print(f"the engine: {dict(engine)}")
    print(f"the provider: {dict(provider)}")
    print(f"the log: {dict(Counter(each.kind for each in read_log(out / LOG)))}")
    return not wrong and spent <= CAP


def nothing_left(daemon: Daemon) -> bool:
    """Whether the engine has no container left."""
    with contextlib.closing(docker.APIClient(base_url=daemon.host, version="auto")) as api:
        left = [each["Names"] for each in api.containers(all=True)]
    print(f"containers left: {left or 'none'}")
    return not left


if __name__ == "__main__":
    sys.exit(main())
