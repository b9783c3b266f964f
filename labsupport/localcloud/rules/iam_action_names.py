"""The IAM action that a request needs is called like its operation, but for these.

Each service's list of actions says so. What MiniStack asks for otherwise is corrected here: whoever writes a
least-privilege policy with AWS's names must find them.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_awslambda.html
https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsqs.html
https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsns.html
"""

from __future__ import annotations

OTHER_NAMES = {
    ("lambda", "GetLayerVersionByArn"): "GetLayerVersion",
    ("lambda", "Invoke"): "InvokeFunction",
    ("lambda", "InvokeAsync"): "InvokeFunction",
    ("lambda", "InvokeWithResponseStream"): "InvokeFunction",
    ("sns", "PublishBatch"): "Publish",
    ("sqs", "ChangeMessageVisibilityBatch"): "ChangeMessageVisibility",
    ("sqs", "DeleteMessageBatch"): "DeleteMessage",
    ("sqs", "SendMessageBatch"): "SendMessage",
}


def action(service: str, operation: str) -> str:
    """Return what IAM is asked for, such as "lambda:InvokeFunction"."""
    return f"{service}:{OTHER_NAMES.get((service, operation), operation)}"
