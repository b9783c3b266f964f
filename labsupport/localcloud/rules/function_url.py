"""Who may ask a function URL: two permissions are needed, and with AuthType NONE everybody needs them.

Since October 2025 a new function URL asks for `lambda:InvokeFunctionUrl` and for `lambda:InvokeFunction`.
With AuthType NONE nobody is authenticated, but the function's resource-based policy is asked nevertheless: it
must grant both to everybody ("*"). With AWS_IAM the request must be signed, and the caller may have them by a
policy of their own or by the function's.

Lambda's console and AWS SAM write both statements for AuthType NONE by themselves; AddPermission adds one.

https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, NamedTuple

PAGE = "https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html"
FORBIDDEN = json.dumps(
    {"Message": f"Forbidden. For troubleshooting Function URL authorization issues, see: {PAGE}"}
).encode()
FORBIDDEN_HEADERS = {"Content-Type": "application/json", "x-amzn-ErrorType": "AccessDeniedException"}


class Needed(NamedTuple):
    """A permission that is needed: the action, and the condition keys that its statements see."""

    action: str
    context: dict[str, Any]


def needed(auth_type: str) -> tuple[Needed, Needed]:
    """Return the two permissions that a request to a function URL needs."""
    return (
        Needed("lambda:InvokeFunctionUrl", {"lambda:FunctionUrlAuthType": auth_type}),
        Needed("lambda:InvokeFunction", {"lambda:InvokedViaFunctionUrl": "true"}),
    )


def is_public(auth_type: str) -> bool:
    """Tell whether the request's signature is of no importance: only what everybody may counts."""
    return auth_type == "NONE"


def may_ask(auth_type: str, allows: Callable[[Needed], bool]) -> bool:
    """Tell whether a caller has both permissions."""
    return all(allows(each) for each in needed(auth_type))
