"""A process of eight trials that spend under one cap, without containers: agents, ledger and provider are real."""

from __future__ import annotations

import contextlib
import sys
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path

from runner.approvers.policy import PolicyApprover, load_policy
from runner.errors import BudgetExhausted, ModelFault
from runner.messages import SystemMessage, UserMessage
from runner.models.base import Opening
from runner.models.provider.endpoints import Endpoint, Price
from runner.models.provider.model import Service
from runner.results import TrialKey
from runner.runs.budget import Cap
from runner.runs.ledger import Ledger
from runner.scenarios.scenario import Limits, Scope
from runner.tools import toolbox
from runner.tools.base import Workbench
from runner.transcript import Transcript
from runner.trials.agent import Agent, Tally
from runner.trials.gate import Gate
from sandboxes.memory import MemorySandbox


def main(url: str, ledger_file: Path, cap: float) -> None:
    ledger = Ledger(ledger_file)
    ledger.plan([TrialKey(scenario="s", model="m", repeat=number) for number in range(1, 9)])
    endpoint = Endpoint(base_url=url, model="m", price=Price(input=0.2, output=10.0), max_output_tokens=50)
    made = Service.of("test/m", endpoint, "")
    service = Service(made.name, made.endpoint, "", made.pricing, made.price, first_pause=0.01)
    policy = load_policy()

    def trial(position: int) -> None:
        def reserve(usd: float, tokens: int) -> Callable[[float, int], None]:
            return partial(ledger.settle, ledger.reserve(position, usd, tokens, Cap.of(cap)))

        with (
            Transcript(ledger_file.with_name(f"{position}.jsonl")) as transcript,
            contextlib.suppress(ModelFault, BudgetExhausted),
        ):
            agent = Agent(
                model=service(Opening(scenario="s", seed=1, reference=dict)),
                tools=toolbox(),
                gate=Gate(policy, PolicyApprover(policy), transcript),
                bench=Workbench(MemorySandbox({}), Scope()),
                transcript=transcript,
                limits=Limits(turns=500),
                reserve=reserve,
                stop=threading.Event(),
                tally=Tally(),
            )
            agent.run([SystemMessage(text="system"), UserMessage(text="go")])

    threads = [threading.Thread(target=trial, args=(row.position,)) for row in ledger.rows()]
    print("ready", flush=True)
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), float(sys.argv[3]))
