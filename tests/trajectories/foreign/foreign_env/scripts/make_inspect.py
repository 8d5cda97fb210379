"""Runs an evaluation with Inspect's own mock model, an approver and a tool that fails; prints where the log is."""

import os
import sys

os.environ["INSPECT_LOG_DIR"] = sys.argv[1]

from inspect_ai import Task, eval
from inspect_ai.dataset import Sample
from inspect_ai.model import ModelOutput, ModelUsage, get_model
from inspect_ai.scorer import includes
from inspect_ai.solver import basic_agent
from inspect_ai.tool import ToolError, tool


@tool
def bash():
    async def execute(command: str) -> str:
        """Run a command.

        Args:
            command: The command.
        """
        if command == "false":
            raise ToolError("it failed")
        return f"ran {command}" + " and said much" * 200

    return execute


def call(name, **arguments):
    output = ModelOutput.for_tool_call("mockllm/model", name, arguments)
    output.usage = ModelUsage(input_tokens=10, output_tokens=5, total_tokens=15, total_cost=0.25)
    return output


turns = [
    call("bash", command="python -m pytest"),
    call("bash", cmd=1),
    call("bash", command="false"),
    call("submit", answer="3"),
]
log = eval(
    Task(
        dataset=[
            Sample(input="what is 1+2", target="3", id="sum"),
            Sample(input="what is 2+2", target="4", id="other"),
        ],
        solver=basic_agent(tools=[bash()], max_attempts=1),
        scorer=includes(),
    ),
    model=get_model("mockllm/model", custom_outputs=turns * 2),
    display="none",
    max_samples=1,
    approval=None if len(sys.argv) < 3 else sys.argv[2],
)[0]
assert log.status == "success", log.error
print(log.location.removeprefix("file://"))
