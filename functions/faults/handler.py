"""Go wrong on request: be slow, raise an exception, answer without a statusCode (07_api_gateway_choices)."""

import time

SLOW_SECONDS = 2


def handler(event: dict, context: object) -> dict:
    """Do what the parameter `kind` says. REST APIs and HTTP APIs give it in the same field."""
    kind = (event.get("queryStringParameters") or {}).get("kind", "none")
    if kind == "slow":
        time.sleep(SLOW_SECONDS)
    if kind == "exception":
        raise RuntimeError("the password of the database is wrong")
    if kind == "bare":
        return {"kind": kind}
    return {"statusCode": 200, "body": kind}
