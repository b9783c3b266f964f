"""A denial says who asked, for which action, on which resource, and why it was refused.

https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
"""

from __future__ import annotations


def message(principal_arn: str, action: str, resource_arn: str, *, is_explicit: bool) -> str:
    """Return AWS's sentence. A request that names no resource has "*"."""
    # S3 puts its ARNs between quotation marks.
    resource = f'"{resource_arn}"' if action.startswith("s3:") else resource_arn
    reason = (
        "with an explicit deny in an identity-based policy"
        if is_explicit
        else f"because no identity-based policy allows the {action} action"
    )
    return f"User: {principal_arn} is not authorized to perform: {action} on resource: {resource} {reason}"
