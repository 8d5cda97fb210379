"""Reads lines of OTLP/JSON with the protocol's own messages and prints names, kinds and attributes of the spans."""

import base64
import json
import sys
from pathlib import Path

from google.protobuf.json_format import Parse
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


def ids(value):
    """OTLP's JSON has ids in hexadecimal where protobuf's own has base64."""
    if isinstance(value, dict):
        return {
            name: base64.b64encode(bytes.fromhex(each)).decode()
            if name in ("traceId", "spanId", "parentSpanId")
            else ids(each)
            for name, each in value.items()
        }
    return [ids(each) for each in value] if isinstance(value, list) else value


found = []
for line in Path(sys.argv[1]).read_text().splitlines():
    request = Parse(json.dumps(ids(json.loads(line))), ExportTraceServiceRequest())
    for resource in request.resource_spans:
        for scope in resource.scope_spans:
            for span in scope.spans:
                assert len(span.trace_id) == 16 and len(span.span_id) == 8
                found.append(
                    {
                        "name": span.name,
                        "kind": span.kind,
                        "root": not span.parent_span_id,
                        "status": span.status.code,
                        "seconds": (span.end_time_unix_nano - span.start_time_unix_nano) / 1e9,
                        "attributes": sorted(attribute.key for attribute in span.attributes),
                        "events": [event.name for event in span.events],
                    }
                )
print(json.dumps(found))
