"""What a run finds in its folder when it begins: what a dead process finished is adopted, the rest released."""

from __future__ import annotations

from runner.folder import RunFolder
from runner.ledger import Ledger


def recover(ledger: Ledger, folder: RunFolder, retries: int, retry_infra: bool) -> None:
    """Adopt what a dead process finished, release what it did not.

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
        elif retry_infra and row.verdict == "infra_error":
            ledger.reopen(row.position)
