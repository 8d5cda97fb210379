"""Reads a log with Inspect's own reader, each sample too, and prints what it found as JSON."""

import json
import sys

from inspect_ai.log import read_eval_log, read_eval_log_sample, read_eval_log_sample_summaries

found = []
for file in sys.argv[1:]:
    log = read_eval_log(file, resolve_attachments=True)
    header = read_eval_log(file, header_only=True)
    assert header.eval == log.eval
    summaries = read_eval_log_sample_summaries(file)
    samples = []
    for summary in summaries:
        sample = read_eval_log_sample(file, summary.id, summary.epoch)
        samples.append(
            {
                "id": sample.id,
                "epoch": sample.epoch,
                "messages": [[message.role, message.text] for message in sample.messages],
                "events": [event.event for event in sample.events],
                "inputs": [len(event.input) for event in sample.events if event.event == "model"],
                "score": {name: score.value for name, score in (sample.scores or {}).items()},
                "limit": sample.limit.type if sample.limit else None,
                "error": sample.error.message if sample.error else None,
                "output_tokens": sum(usage.output_tokens for usage in sample.model_usage.values()),
            }
        )
    metrics = log.results.scores[0].metrics if log.results and log.results.scores else {}
    found.append(
        {
            "status": log.status,
            "model": log.eval.model,
            "samples": samples,
            "metrics": {name: metric.value for name, metric in metrics.items()},
        }
    )
print(json.dumps(found))
