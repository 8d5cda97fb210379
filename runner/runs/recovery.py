"""What a run finds in its folder when it begins: what a dead process finished is adopted, the rest released.

A ledger that is damaged, or gone, is made again out of the trials' results.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable
from pathlib import Path

from pydantic import ValidationError

from runner.errors import FileProblem, LedgerDamaged, UserError
from runner.events import Replied
from runner.results import TrialKey
from runner.runs.budget import Amounts, Budget
from runner.runs.folder import RunFolder, is_text
from runner.runs.ledger import Ledger, Row
from runner.runs.runlog import RunLog
from runner.trials.transcript import read


def recover(ledger: Ledger, folder: RunFolder, retries: int, retry_infra: bool) -> None:
    """Adopt what a dead process finished, release what it did not, and what is done without a result.

    A trial that ended in infra_error is tried again up to `retries` times; with `retry_infra` once more after that.
    """
    for row in ledger.rows():
        result = folder.result(row.key) if row.state == "running" else None
        if result is not None and result.verdict == "infra_error" and row.failures < retries:
            ledger.fail(row.position)
        elif result is not None:
            ledger.finish(row.position, result.verdict, seconds=result.times.busy)
        elif row.state == "running":
            ledger.release(row.position)
        elif row.state == "done" and ((retry_infra and row.verdict == "infra_error") or not folder.has_result(row.key)):
            ledger.reopen(row.position)


def sound_ledger(
    folder: RunFolder, keys: Callable[[], Iterable[TrialKey]], budget: Budget, renewed: bool, log: RunLog
) -> Ledger:
    """The run's ledger, made again where it is damaged, or names no trial.

    What calls under way took when it broke is known to nobody, so a cap on money or tokens has to be given anew
    (`renewed`). Raises UserError where it was not.
    """
    try:
        ledger = Ledger(folder.ledger_file)
        if ledger.rows():
            return ledger
        ledger.close()
        why = f"{folder.ledger_file}: names no trial"
    except (ValidationError, sqlite3.OperationalError) as error:
        ledger.close()
        if isinstance(error, sqlite3.OperationalError) and not is_text(error):
            raise
        why = f"{folder.ledger_file}: names what is no trial"
    except LedgerDamaged as error:
        why = str(error).partition("; `")[0]
    if not renewed and any(each.usd is not None or each.tokens is not None for each in _amounts(budget)):
        raise UserError(
            f"{why}. It can be made again out of the trials' results, but for what calls under way took. Say what the "
            f"run may take in all, as in: taskfit resume {folder.path} --budget … (or --tokens …)"
        )
    kept = folder.set_ledger_aside()
    ledger = Ledger(folder.ledger_file)
    ledger.plan(keys())
    adopted = sum(_adopted(ledger, folder, row) for row in ledger.rows())
    said = f"{why}; it was made again out of the results of {adopted} trials, the damaged one is {kept.name}"
    log.add("leftover", said)
    return ledger


def _adopted(ledger: Ledger, folder: RunFolder, row: Row) -> bool:
    """Write down what a trial's folder says of it; whether it is done."""
    try:
        result = folder.result(row.key)
    except FileProblem:
        result = None
    place = folder.trial(row.key)
    usd, tokens = 0.0, 0
    for file in [place / "events.jsonl", *sorted(place.glob("attempts/*/events*.jsonl"))]:
        paid, used = _took(file)
        usd, tokens = usd + paid, tokens + used
    if result is not None:
        usd = max(usd, result.cost_usd + result.approver_usd + result.earlier_usd)
    if usd or tokens:
        ledger.settle(ledger.reserve(row.position, usd, tokens), usd, tokens)
    if result is None:
        return False
    ledger.adopt(row.position, result.verdict, result.attempt, result.times.busy)
    return True


def _took(transcript: Path) -> tuple[float, int]:
    """Dollars and tokens of the model's answers, as far as a transcript can be read."""
    usd, tokens = 0.0, 0
    try:
        for event in read(transcript):
            if isinstance(event, Replied):
                usd, tokens = usd + event.reply.cost_usd, tokens + event.reply.usage.total
    except (OSError, FileProblem):
        pass
    return usd, tokens


def _amounts(budget: Budget) -> tuple[Amounts, ...]:
    return budget, *budget.models.values(), *budget.scenarios.values()
