"""What happens to asynchronous events that a function fails on.

https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
"""

from __future__ import annotations

from labsupport.lost_answers import survives_lost_answers
from labsupport.target import Target
from labsupport.waiting import retry_while

PERMISSION_SETTLES_SECONDS = 15


@survives_lost_answers
def on_failure(target: Target, function: str, destination_arn: str, *, retries: int = 0) -> None:
    """Send asynchronous events that failed, after the retries, to an on-failure destination.

    Args:
        target: where.
        function: full name of the function.
        destination_arn: a queue, topic, bucket or function. The execution role must be allowed to send there.
        retries: how often Lambda tries again, 0 to 2.
    """
    with target.tape.plumbing():
        # A permission that the role just got may not be known to Lambda yet.
        retry_while(
            lambda error: "does not have permissions" in str(error),
            lambda: target.client("lambda").put_function_event_invoke_config(
                FunctionName=function,
                MaximumRetryAttempts=retries,
                DestinationConfig={"OnFailure": {"Destination": destination_arn}},
            ),
            timeout_seconds=PERMISSION_SETTLES_SECONDS,
            doing="waiting until Lambda knows the new permission of the role",
        )
