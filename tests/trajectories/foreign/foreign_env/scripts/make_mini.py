"""mini-swe-agent's own agent with its deterministic models; writes a trajectory a model into the folder."""

import json
import sys
from pathlib import Path

from minisweagent.agents.default import DefaultAgent
from minisweagent.environments.local import LocalEnvironment
from minisweagent.models.test_models import (
    DeterministicModel,
    DeterministicResponseAPIToolcallModel,
    DeterministicToolcallModel,
    make_output,
    make_response_api_output,
    make_toolcall_output,
)

DONE = "echo COMPLETE_TASK_AND_SUBMIT_FINAL_OUTPUT && echo a-patch"
folder = Path(sys.argv[1])


def call(number, command):
    function = {"name": "bash", "arguments": json.dumps({"command": command})}
    return {"id": f"call_{number}", "type": "function", "function": function}


commands = ["echo hello", "exit 3", DONE]
text = [make_output(f"I do\n```bash\n{each}\n```", [{"command": each}]) for each in commands]
tools = [
    make_toolcall_output(f"step {at}", [call(at, each)], [{"command": each, "tool_call_id": f"call_{at}"}])
    for at, each in enumerate(commands)
]
responses = [
    make_response_api_output(f"step {at}", [{"command": each, "tool_call_id": f"call_{at}"}])
    for at, each in enumerate(commands)
]
models = {
    "text": DeterministicModel(outputs=text),
    "tools": DeterministicToolcallModel(outputs=tools),
    "responses": DeterministicResponseAPIToolcallModel(outputs=responses),
}
for name, model in models.items():
    agent = DefaultAgent(
        model,
        LocalEnvironment(cwd=str(folder)),
        system_template="You are helpful.",
        instance_template="Fix: {{task}}",
        output_path=folder / f"{name}.traj.json",
        cost_limit=0,
    )
    agent.run("the bug")
