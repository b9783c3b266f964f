"""Building although an answer got lost: AWS has done what was asked, and nobody was told.

boto3 sends a request again where no answer came. If AWS had done it the first time, then what has a name of
its own is refused as "already there", and what has none is made twice. So:

* A build begins by looking what is there, and makes what is missing. It can be begun again at any time, and
  it is, where it is refused like that or no answer came: this time it finds what it has made.
* Where it has made something and is told that it isn't there, it begins again too: not all of AWS knows yet.
* What AWS would make twice is asked for by a client that sends each request once (`ONCE`). Then the build
  looks for it before it asks again.

https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html
"""

from __future__ import annotations

import functools
import time
from collections.abc import Callable
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any, ParamSpec, TypeVar

from botocore.exceptions import BotoCoreError, ClientError, ConnectionError, HTTPClientError

from labsupport.target import Target
from labsupport.waiting import error_code, pauses

Parameters = ParamSpec("Parameters")
Answer = TypeVar("Answer")
ONCE: dict[str, Any] = {"retries": {"mode": "standard", "total_max_attempts": 1}}
"""Options of a client that sends each request once: for what AWS would make twice."""
BEGINS_AGAIN_WITHIN_SECONDS = 20
THERE_ALREADY = frozenset(
    {
        "BucketAlreadyOwnedByYou",
        "ConflictException",
        "EntityAlreadyExists",
        "OperationAborted",  # S3: the bucket is still being created
        "ResourceAlreadyExistsException",
        "ResourceConflictException",
        "ResourceInUseException",
    }
)
MISSING = ("NotFound", "NoSuch", "NonExistent", "DoesNotExist")
MAKES = ("Create", "Put", "Add")
THROTTLED = ("Throttl", "TooManyRequests", "SlowDown", "RequestLimitExceeded")
_building: ContextVar[bool] = ContextVar("building", default=False)


def survives_lost_answers(build: Callable[Parameters, Answer]) -> Callable[Parameters, Answer]:
    """Let a build begin again where an answer may have been lost. What it calls begins again with it.

    Its first parameter is the target. It has to look what is there before it makes anything, and to refuse
    what isn't ours.

    Raises:
        botocore.exceptions.ClientError: AWS still refuses it at the end of the time.
        botocore.exceptions.BotoCoreError: AWS still doesn't answer.
    """

    @functools.wraps(build)
    def build_to_the_end(*args: Parameters.args, **kwargs: Parameters.kwargs) -> Answer:
        if _building.get():
            return build(*args, **kwargs)
        token, began = _building.set(True), datetime.now(UTC)
        deadline = time.monotonic() + BEGINS_AGAIN_WITHIN_SECONDS
        try:
            for pause_seconds in pauses():
                try:
                    return build(*args, **kwargs)
                except (BotoCoreError, ClientError) as error:
                    passes = may_be_done(error) or (is_missing(error) and _has_made(args, began))
                    if not passes or time.monotonic() + pause_seconds > deadline:
                        raise
                time.sleep(pause_seconds)
            raise AssertionError("the pauses never end")
        finally:
            _building.reset(token)

    return build_to_the_end


def may_be_done(error: Exception) -> bool:
    """Tell whether AWS may have done what was asked, now or by an earlier request, or will if asked again."""
    if not isinstance(error, ClientError):
        return isinstance(error, ConnectionError | HTTPClientError)
    code, status = error_code(error), error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return code in THERE_ALREADY or status >= 500 or any(word in code for word in THROTTLED)


def is_missing(error: Exception) -> bool:
    """Tell whether AWS says that something isn't there."""
    if not isinstance(error, ClientError):
        return False
    code, status = error_code(error), error.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
    return status == 404 or any(word in code for word in MISSING)


def _has_made(args: tuple[Any, ...], since: datetime) -> bool:
    """Tell by the target's tape whether the build has made something: no answer may be an answer too."""
    target = args[0] if args else None
    return isinstance(target, Target) and any(
        call.operation.startswith(MAKES) and call.time >= since and (call.http_status or 200) < 300
        for call in target.tape.calls()
    )
