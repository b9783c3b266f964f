"""Lambda stops a function that its own events invoke again and again, after about 16 invocations in a chain.

The X-Ray trace header carries the count, whether tracing is on or not: the SDK in a function sends it on with
each request, and Lambda, SQS, S3 and SNS hand it to what they invoke. Other services don't, so that a loop
through DynamoDB goes on. A function may allow it (PutFunctionRecursionConfig).

Whoever waits for the invocation gets a RecursiveInvocationException, status 400. An event source mapping gets
it too, and leaves the message to the queue. An event that nobody waits for goes to the function's on-failure
destination or dead-letter queue.

AWS documents that the header carries the count, but not how. Here it is `Lineage=1f2e3d4c:16|5a6b7c8d:2`: for
each function of the chain a hash of its ARN, and how often it was invoked.

https://docs.aws.amazon.com/lambda/latest/dg/invocation-recursion.html
"""

from __future__ import annotations

import hashlib

from labsupport.localcloud.rules.refusal import Refusal

MOST_INVOCATIONS = 16
SERVICES = frozenset({"lambda", "sqs", "s3", "sns"})


def count(trace_header: str | None, function_arn: str) -> int:
    """Return how often a function was invoked in a chain."""
    return _lineage(trace_header).get(_hash(function_arn), 0)


def stops(trace_header: str | None, function_arn: str) -> bool:
    """Tell whether the next invocation of a function in a chain must not happen."""
    return count(trace_header, function_arn) >= MOST_INVOCATIONS


def refusal(function_arn: str) -> Refusal:
    """Return what Lambda answers then."""
    message = (
        "Lambda has detected your function being invoked in a recursive loop with other AWS resources and "
        f"stopped your function's invocation: {function_arn}"
    )
    return Refusal("RecursiveInvocationException", message)


def invoked(trace_header: str, inbound: str | None, function_arn: str) -> str:
    """Return the trace header of an invocation: it continues the inbound one, and is counted.

    Args:
        trace_header: a new one, "Root=...;Parent=...;Sampled=0".
        inbound: the header that came with the event, or None for the first one of a chain.
        function_arn: the invoked function's, without a qualifier.
    """
    lineage = {**_lineage(inbound), _hash(function_arn): count(inbound, function_arn) + 1}
    fields = {**_fields(trace_header), "Lineage": "|".join(f"{key}:{n}" for key, n in lineage.items())}
    root = _fields(inbound).get("Root")
    return ";".join(f"{name}={value}" for name, value in (fields | ({"Root": root} if root else {})).items())


def _lineage(trace_header: str | None) -> dict[str, int]:
    entries = (entry.partition(":") for entry in _fields(trace_header).get("Lineage", "").split("|"))
    return {key: int(count) for key, _, count in entries if count.isdigit()}


def _fields(trace_header: str | None) -> dict[str, str]:
    parts = (part.strip().partition("=") for part in (trace_header or "").split(";"))
    return {name: value for name, _, value in parts if value}


def _hash(function_arn: str) -> str:
    return hashlib.sha256(function_arn.encode()).hexdigest()[:8]
