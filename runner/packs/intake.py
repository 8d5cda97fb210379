"""The way into a pack: leads are loaded, proved and kept, several at a time; how each one ends is noted at once."""

from __future__ import annotations

import contextlib
import threading
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from dataclasses import asdict, dataclass

from runner.canonical import digest
from runner.errors import Rejected, UserError, is_full
from runner.messages import shorten
from runner.packs.journal import OK, Journal, Outcome
from runner.packs.pack import Pack
from runner.packs.proving import Proved, Terms, prove
from runner.scenarios.proposal import Lead, Proposal
from sandboxes.errors import EngineUnavailable, SandboxError
from sandboxes.images import ImageStore
from sandboxes.reaper import remove_own

VERSION = 2
"""Part of every question put to the journal: raised when proving changes in a way that could change an outcome."""
LONGEST = 4000
"""Characters of a sentence that are kept."""
Filter = Callable[[Proposal], Proposal]
"""Looks at a proposal before it is proved; may change it, and raises Rejected."""


@dataclass(frozen=True)
class Watch:
    """Whoever wants to know how it goes; called from several threads."""

    begun: Callable[[Lead], None]
    ended: Callable[[Outcome], None]


@dataclass(frozen=True)
class Intake:
    """One pack's door."""

    pack: Pack
    images: ImageStore
    terms: Terms
    concurrency: int = 2
    question: str = ""
    """What else an outcome depends on, as text: settings of the search, files that were given."""
    look: Filter = lambda proposal: proposal

    def take(self, leads: Iterable[Lead], watch: Watch, *, again: bool, stop: threading.Event) -> list[Outcome]:
        """How each lead ended, in their order; those that the journal knows are not tried again but for `again`.

        A scenario that was kept and is there stays as it is; one that somebody removed is made again.
        Ends early, with what is done so far, when `stop` is set. Raises EngineUnavailable, and UserError where the
        pack cannot be written to; whatever else goes wrong with one lead is that lead's outcome.
        """
        journal = Journal(self.pack.root / "journal.jsonl")
        terms = self.digest
        known = journal.known(terms)

        def one(lead: Lead) -> Outcome | None:
            if stop.is_set():
                return None
            told = known.get(lead.key)
            if told is not None and (self.pack.has(told.id) if told.ok else not again):
                return told
            watch.begun(lead)
            try:
                outcome = self._one(lead, terms)
            except BaseException:
                stop.set()
                raise
            if stop.is_set() and not outcome.ok:
                return None
            journal.note(outcome)
            watch.ended(outcome)
            return outcome

        with ThreadPoolExecutor(self.concurrency, thread_name_prefix="intake") as pool:
            done = [pool.submit(one, lead) for lead in leads]
            try:
                wait(done, return_when=FIRST_EXCEPTION)
                for future in filter(Future.done, done):
                    future.result()
            except BaseException:
                stop.set()
                pool.shutdown(wait=False, cancel_futures=True)
                while running := [future for future in done if not future.done()]:
                    with contextlib.suppress(SandboxError, EngineUnavailable):
                        remove_own(self.images.engine)
                    wait(running, timeout=1.0)
                raise
        return [each for future in done if (each := future.result()) is not None]

    @property
    def digest(self) -> str:
        """What is asked of every lead."""
        return digest([VERSION, asdict(self.terms), self.question])[:16]

    def _one(self, lead: Lead, terms: str) -> Outcome:
        started = time.monotonic()
        said: dict[str, object] = {"code": OK}
        proposal: Proposal | None = None
        try:
            self.pack.refuse_known(lead.id)
            proposal = self.look(_loaded(lead))
            said |= _held(prove(proposal, self.pack, self.images, self.terms))
        except Rejected as error:
            said = {"code": error.code, "sentence": error.sentence}
        except (EngineUnavailable, UserError):
            raise
        except Exception as error:
            if isinstance(error, OSError) and is_full(error):
                raise UserError(f"the disk is full: {error}; make room, and the same command goes on") from None
            where = "" if isinstance(error, SandboxError) else traceback.format_exc()[-600:]
            said = {"code": "harness-failed", "sentence": f"{type(error).__name__}: {error} {where}".strip()}
        said["sentence"] = shorten(str(said.get("sentence", "")), LONGEST)
        said["leak"] = proposal.provenance.leak if proposal is not None else None
        said["seconds"] = round(time.monotonic() - started, 2)
        return Outcome.model_validate({"key": lead.key, "terms": terms, "id": lead.id, "label": lead.label} | said)


def _loaded(lead: Lead) -> Proposal:
    """A lead's proposal; what a user did wrong with this one is no reason to stop the others."""
    try:
        return lead.load()
    except UserError as error:
        raise Rejected("source-unavailable", str(error)) from error


def _held(proved: Proved) -> dict[str, object]:
    return {"fail_to_pass": proved.fail_to_pass, "pass_to_pass": proved.pass_to_pass, "notes": proved.notes}


def tally(outcomes: Iterable[Outcome]) -> list[tuple[str, int]]:
    """Code → how many: what was kept first, then the most frequent."""
    found = Counter(outcome.code for outcome in outcomes)
    return sorted(found.items(), key=lambda pair: (pair[0] != OK, -pair[1], pair[0]))
