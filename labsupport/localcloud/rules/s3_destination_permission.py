"""S3 accepts a notification only when it may invoke the function that the notification names.

PutBucketNotificationConfiguration checks, for each function, that its resource-based policy lets
`s3.amazonaws.com` call `lambda:InvokeFunction` for this bucket, and refuses the whole configuration
otherwise. The function's existence is not told apart from the missing permission.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-how-to-event-types-and-destinations.html
"""

from __future__ import annotations

from collections.abc import Callable, Sequence


def problem(function_arns: Sequence[str], s3_may_invoke: Callable[[str], bool]) -> str | None:
    """Return the message of AWS's InvalidArgument error, or None when S3 may invoke every function."""
    if all(s3_may_invoke(arn) for arn in function_arns):
        return None
    return "Unable to validate the following destination configurations"
