"""A trajectory made with Harbor's own models, with what ours never have: subagents, images, reasoning."""

import json
import sys
from pathlib import Path

from harbor.models.trajectories import (
    Agent,
    ContentPart,
    ImageSource,
    Metrics,
    Observation,
    ObservationResult,
    Step,
    ToolCall,
    Trajectory,
)

picture = ContentPart(type="image", source=ImageSource(media_type="image/png", path="a.png"))
steps = [
    Step(step_id=1, source="user", message="fix it", timestamp="2026-01-01T00:00:00Z"),
    Step(step_id=2, source="user", message="old words", is_copied_context=True),
    Step(
        step_id=3,
        source="agent",
        message=[ContentPart(type="text", text="I look"), picture],
        reasoning_content="hm",
        tool_calls=[ToolCall(tool_call_id="c", function_name="bash", arguments={"command": "ls"})],
        observation=Observation(results=[ObservationResult(source_call_id="c", content="a.py")]),
        metrics=Metrics(prompt_tokens=10, cached_tokens=4, completion_tokens=3, cost_usd=0.5),
    ),
]
whole = Trajectory(agent=Agent(name="terminus", version="2", model_name="acme/m"), steps=steps, extra={"reward": 1.0})
Path(sys.argv[1]).write_text(json.dumps(whole.to_json_dict()))
