"""The condition key iam:PermissionsBoundary: which boundary a request is about.

A request that sets a boundary names it. Any other one that changes what somebody may do is about the boundary
that is there already. So a policy can let people create roles and give them permissions, but only behind a
boundary, and nobody can take it off.

https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html
https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagement.html
"""

from __future__ import annotations

KEY = "iam:PermissionsBoundary"
OF_THE_REQUEST = {
    f"iam:{verb}"
    for verb in ("CreateRole", "CreateUser", "PutRolePermissionsBoundary", "PutUserPermissionsBoundary")
}
OF_THE_PRINCIPAL = {
    f"iam:{verb.format(kind)}"
    for kind in ("Role", "User")
    for verb in (
        "Attach{}Policy",
        "Detach{}Policy",
        "Put{}Policy",
        "Delete{}Policy",
        "Delete{}PermissionsBoundary",
    )
}


def context(action: str, *, named: str, attached: str) -> dict[str, str]:
    """Return the condition key with its value; {} where it isn't there.

    Args:
        action: such as "iam:CreateRole".
        named: the boundary in the request, "" without one.
        attached: the boundary that the role or the user has, "" without one.
    """
    if action in OF_THE_REQUEST:
        value = named
    elif action in OF_THE_PRINCIPAL:
        value = attached
    else:
        value = ""
    return {KEY: value} if value else {}
