"""Building although an answer got lost: AWS has done what was asked, and nobody was told.

boto3 sends a request again where no answer came. If AWS had done it the first time, then what has a name of
its own is refused as "already there", and what has none is made twice. So:

* A build begins by looking what is there, and makes what is missing. It can be begun again at any time, and
  it is, where it is refused like that or no answer came: this time it finds what it has made.
* What AWS would make twice is asked for by a client that sends each request once (`ONCE`). Then the build
  looks for it before it asks again.

https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html
"""

from __future__ import annotations

import functools
import time
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any, ParamSpec, TypeVar

from botocore.exceptions import BotoCoreError, ClientError, ConnectionError, HTTPClientError

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
THROTTLED = ("Throttl", "TooManyRequests", "SlowDown", "RequestLimitExceeded")
_building: ContextVar[bool] = ContextVar("building", default=False)


def survives_lost_answers(build: Callable[Parameters, Answer]) -> Callable[Parameters, Answer]:
    """Let a build begin again where an answer may have been lost. What it calls begins again with it.

    The build has to look what is there before it makes anything, and to refuse what isn't ours.

    Raises:
        botocore.exceptions.ClientError: AWS still refuses it at the end of the time.
        botocore.exceptions.BotoCoreError: AWS still doesn't answer.
    """

    @functools.wraps(build)
    def build_to_the_end(*args: Parameters.args, **kwargs: Parameters.kwargs) -> Answer:
        if _building.get():
            return build(*args, **kwargs)
        token = _building.set(True)
        deadline = time.monotonic() + BEGINS_AGAIN_WITHIN_SECONDS
        try:
            for pause_seconds in pauses():
                try:
                    return build(*args, **kwargs)
                except (BotoCoreError, ClientError) as error:
                    if not may_be_done(error) or time.monotonic() + pause_seconds > deadline:
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
