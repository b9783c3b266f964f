"""The one role with which API Gateway writes the logs of all APIs of an account and Region.

The account has room for one. Whose it is tells its name: only a role of ours is taken out again.
https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-logging.html
"""

from __future__ import annotations

from labsupport.target import Target


def api_logging_role(target: Target) -> str | None:
    """Return the ARN of the account's role, or None."""
    with target.tape.plumbing():
        return target.client("apigateway").get_account().get("cloudwatchRoleArn") or None


def clear_api_logging_role(target: Target, name: str) -> None:
    """Take the role of this name out of the account's settings; another one stays."""
    with target.tape.plumbing():
        arn = api_logging_role(target)
        if arn and arn.rsplit("/", 1)[-1] == name:
            nothing = [{"op": "replace", "path": "/cloudwatchRoleArn", "value": ""}]
            target.client("apigateway").update_account(patchOperations=nothing)
