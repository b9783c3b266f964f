"""An event is JSON. It has at most 6 MB when the caller waits for the answer, and 1 MB when it doesn't.

What is larger is refused with status 413. An answer of more than 6 MB, for which somebody waits, is an error
of the function.

https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
"""

from __future__ import annotations

import json
from typing import Any, NoReturn

from labsupport.localcloud.rules.refusal import Refusal

MOST_BYTES = 6 * 1024**2
MOST_ASYNCHRONOUS_BYTES = 1024**2
MOST_RESPONSE_BYTES = MOST_BYTES + 100  # as AWS's message has it
TOO_LARGE = "RequestTooLargeException"


def request_problem(payload: bytes, invocation_type: str) -> Refusal | None:
    """Return AWS's refusal of an event, or None.

    Args:
        payload: as it was sent; nothing at all is allowed.
        invocation_type: "RequestResponse", "Event" or "DryRun".
    """
    size = len(payload)
    if size > MOST_BYTES:
        message = f"Request must be smaller than {MOST_BYTES} bytes for the InvokeFunction operation"
        return Refusal(TOO_LARGE, message, 413)
    if invocation_type == "Event" and size > MOST_ASYNCHRONOUS_BYTES:
        message = (
            f"{size} byte payload is too large for the Event invocation type "
            f"(limit {MOST_ASYNCHRONOUS_BYTES} bytes)"
        )
        return Refusal(TOO_LARGE, message, 413)
    try:
        json.loads(payload or b"{}", parse_constant=_refuse)
    except ValueError as error:
        message = f"Could not parse request body into json: {error}"
        return Refusal("InvalidRequestContentException", message)
    return None


def response_error(payload: bytes) -> dict[str, Any] | None:
    """Return the function error that stands in the place of an answer that is too large, or None."""
    if len(payload) <= MOST_RESPONSE_BYTES:
        return None
    message = f"Response payload size exceeded maximum allowed payload size ({MOST_RESPONSE_BYTES} bytes)."
    return {"errorMessage": message, "errorType": "Function.ResponseSizeTooLarge"}


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON")  # Python reads NaN and Infinity
