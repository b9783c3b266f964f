"""The fields that Insights finds in a log event: its own, those of Lambda's lines, and those of JSON.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_AnalyzeLogData-discoverable-fields.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from labsupport.localcloud.logs_insights.values import Row, Time

LAMBDA = "/aws/lambda/"
KIND = re.compile(r"(START|END|REPORT) RequestId: (\S+)")
REQUEST_ID = re.compile(r"\t([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\t")
# Memory is in bytes, of 1,000 by 1,000 to a megabyte: AWS's sample queries divide so.
REPORT = {
    "@duration": (re.compile(r"\tDuration: ([\d.]+) ms"), 1.0),
    "@billedDuration": (re.compile(r"\tBilled Duration: ([\d.]+) ms"), 1.0),
    "@initDuration": (re.compile(r"\tInit Duration: ([\d.]+) ms"), 1.0),
    "@memorySize": (re.compile(r"\tMemory Size: (\d+) MB"), 1e6),
    "@maxMemoryUsed": (re.compile(r"\tMax Memory Used: (\d+) MB"), 1e6),
}

KNOWN = {"@timestamp", "@message", "@logStream", "@log", "@ptr", "@type", "@requestId", *REPORT}
"""Fields that begin with @. AWS has more of them."""


def row(message: str, *, timestamp_ms: int, stream: str, group: str, account: str, pointer: str) -> Row:
    """Return the fields of a log event."""
    own = {
        "@timestamp": Time(timestamp_ms),
        "@message": message,
        "@logStream": stream,
        "@log": f"{account}:{group}",
        "@ptr": pointer,
    }
    is_lambdas = group.startswith(LAMBDA)
    begin = message.find("{") if is_lambdas else 0
    found = dict(_json_fields(message, begin)) if begin >= 0 else {}
    return found | (_lambda_fields(message) if is_lambdas else {}) | own


def _lambda_fields(message: str) -> Row:
    line = KIND.match(message)
    if line is None:
        request = REQUEST_ID.search(message)
        return {"@requestId": request[1]} if request else {}
    found: Row = {"@type": line[1], "@requestId": line[2]}
    if line[1] == "REPORT":
        matches = {name: (pattern.search(message), unit) for name, (pattern, unit) in REPORT.items()}
        found |= {name: float(match[1]) * unit for name, (match, unit) in matches.items() if match}
    return found


def _json_fields(message: str, begin: int) -> Iterator[tuple[str, Any]]:
    """Yield the fields of the JSON object that begins somewhere: {"a": {"b": [1]}} has a.b.0."""
    try:
        found, _ = json.JSONDecoder().raw_decode(message, begin)
        yield from _flat(found, "") if isinstance(found, dict) else ()
    except (ValueError, RecursionError):
        return


def _flat(node: Any, path: str) -> Iterator[tuple[str, Any]]:
    if isinstance(node, dict | list):
        for name, below in node.items() if isinstance(node, dict) else enumerate(node):
            yield from _flat(below, f"{path}.{name}" if path else str(name))
    elif node is not None:
        yield path, node
