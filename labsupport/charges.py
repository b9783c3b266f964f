"""What AWS charges for: one call on the tape, one run of a function, what a function wrote into its log.

`CHARGES` says for each service what its calls count as. A service that isn't there is unpriced, and so is an
operation that the price book has no price for. Functions are counted by their REPORT lines and not by the
calls that invoke them: S3 or a queue invokes without a call of ours.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from typing import Any

from labsupport.charges_of_apis import charge_of_message, charge_of_request, charge_of_table
from labsupport.charges_of_models import charge_of_model
from labsupport.cost import BYTES_PER_GB
from labsupport.http_call import HttpCall
from labsupport.logs import Report
from labsupport.tape import Call
from labsupport.usage import Usage

EVENT_CHUNK_BYTES = 64 * 1024
Charge = Mapping[str, float] | None
"""Units by price; {} for a call that costs nothing, None for one without a price in the book."""


def usage_of_call(call: Call | HttpCall) -> Usage:
    """Return what one call adds. One that AWS didn't answer, or answered with its own failure, adds nothing.

    A request to SQS or SNS counts as one, whatever its size. An API's 500 or 502 tells of a function that
    failed, and is paid for.
    """
    if call.http_status is None or (call.http_status >= 500 and call.service != "http"):
        return Usage()
    charge = CHARGES.get(call.service, _unpriced)(call)
    if charge is None:
        return Usage(unpriced={f"{call.service} {call.operation}": 1})
    return Usage(charge, free=0 if charge else 1)


def usage_of_report(report: Report, *, architecture: str = "x86_64", is_provisioned: bool = False) -> Usage:
    """Return what one run of a function adds: a request, and GB-seconds with Init.

    Args:
        report: its REPORT line.
        architecture: "x86_64" or "arm64".
        is_provisioned: whether an environment of provisioned concurrency served it.
    """
    gb_seconds = report.billed_ms / 1000 * report.memory_mb / 1024
    kind = "lambda-provisioned" if is_provisioned else "lambda"
    return Usage({f"{kind}-request": 1, f"{kind}-gb-second-{architecture}": gb_seconds})


def usage_of_log_text(text: str) -> Usage:
    """Return what text that is written into CloudWatch Logs adds."""
    return Usage({"logs-ingestion": len(text.encode()) / BYTES_PER_GB})


def _free(call: Call) -> Charge:
    return {}


def _unpriced(call: Call) -> Charge:
    return None


def _s3(call: Call) -> Charge:
    # S3 charges for most of its 4xx answers too:
    # https://docs.aws.amazon.com/AmazonS3/latest/userguide/ErrorCodeBilling.html
    if call.operation.startswith(("Delete", "Abort")):
        return None
    is_put = call.operation.startswith("List") or call.model.http["method"] in ("PUT", "POST")
    return {"s3-put" if is_put else "s3-get": 1}


def _sqs(call: Call) -> Charge:
    queue = str(call.parameters.get("QueueUrl") or call.parameters.get("QueueName", ""))
    return None if queue.endswith(".fifo") else {"sqs-request": 1}


def _sns(call: Call) -> Charge:
    topic = str(call.parameters.get("TopicArn") or call.parameters.get("Name", ""))
    messages = call.parameters.get("PublishBatchRequestEntries", [None])
    return None if topic.endswith(".fifo") else {"sns-request": len(messages)}


def _events(call: Call) -> Charge:
    if call.operation != "PutEvents":
        return None
    chunks = sum(math.ceil(_size(entry) / EVENT_CHUNK_BYTES) for entry in call.parameters["Entries"])
    return {"events-custom-event": chunks}


def _logs(call: Call) -> Charge:
    if call.operation.startswith("Start"):  # queries and live tails are paid by what they search
        return None
    if call.operation == "PutLogEvents":
        return usage_of_log_text("".join(event["message"] for event in call.parameters["logEvents"])).units
    return {}


def _size(entry: Mapping[str, Any]) -> int:
    return len(json.dumps(entry, default=str, ensure_ascii=False).encode())


CHARGES: dict[str, Callable[[Any], Charge]] = {
    "apigateway": _free,  # building an API
    "apigatewaymanagementapi": charge_of_message,
    "apigatewayv2": _free,
    "bedrock": _free,  # the catalogue of models
    "bedrock-runtime": charge_of_model,
    "dynamodb": charge_of_table,
    "events": _events,
    "http": charge_of_request,
    "iam": _free,
    "lambda": _free,  # a function's run is counted by its REPORT line
    "logs": _logs,
    "s3": _s3,
    "sns": _sns,
    "sqs": _sqs,
    "sts": _free,
}
"""What the calls of a service count as."""
