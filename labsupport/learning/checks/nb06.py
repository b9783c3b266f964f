"""The checks of 06_orders_api."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from labsupport.learning.checks import Cloud, Point
from labsupport.learning.checks.statements import (
    condition_of,
    decision,
    invoke_statements,
    principal_of,
    service_of,
)
from labsupport.waiting import tolerate

STATEMENT_ID = "orders-api"
PLACING = "POST /orders"
READING = ("GET /orders", "GET /orders/{order_id}", "PATCH /orders/{order_id}")
SLOT = "slot#12:15"
SCOPE = "aws.cognito.signin.user.admin"
QUERY = "ListOrdersOfACustomer"
"""The Sid of the course's statement. The learner's own has none, or this one."""


def permission(cloud: Cloud) -> Iterator[Point]:
    """Read in the function's resource-based policy which requests may invoke it."""
    api_id = _api(cloud).get("ApiId", "")
    yield Point("the API is there", ok=bool(api_id), wrong="There is none.", look="Step 2 creates it.")
    statements = invoke_statements(cloud, "orders")
    for_api = [each for each in statements if service_of(each) == "apigateway.amazonaws.com"]
    sources = [condition_of(each, "aws:sourcearn") for each in for_api]
    found = ", ".join(source or "any request" for source in sources) or "nothing yet"
    yield Point(
        "API Gateway may invoke the function",
        ok=bool(for_api),
        wrong=f"Who may: {', '.join(map(principal_of, statements)) or 'nobody'}.",
        look='The Principal of API Gateway is "apigateway.amazonaws.com".',
    )
    missing = [
        key
        for key in (PLACING, *READING)
        if not any(_covers(source, _request_arn(cloud, api_id, key)) for source in sources)
    ]
    yield Point(
        "for each route of this API",
        ok=not missing,
        wrong=f"Not for {', '.join(missing)}. The statement is for: {found}.",
        look="arn:aws:execute-api:region:account:api-id/stage/method/path, with an asterisk for any.",
    )
    others = [source for source in sources if _covers(source, _request_arn(cloud, "another1id", PLACING))]
    yield Point(
        "for no other API",
        ok=bool(for_api) and not others,
        wrong=f"The statement is for: {found}.",
        look="The id of this API stands in api_id.",
    )
    strangers = [each for each in statements if each not in for_api]
    yield Point(
        "nobody else may",
        ok=not strangers,
        wrong=f"So may: {', '.join(map(principal_of, strangers))}.",
        look="Remove the statements that you don't need: RemovePermission.",
    )


def condition(cloud: Cloud) -> Iterator[Point]:
    """Read who has the slot, and who was told so."""
    told = _item(cloud, f"{SLOT}-told").get("writers", {}).get("NS", [])
    holder = _item(cloud, SLOT).get("writer", {}).get("N")
    yield Point(
        "somebody has the slot",
        ok=holder is not None,
        wrong="Nobody has it. Either nobody has tried, or every writer was refused.",
        look="The first writer finds no item. The condition has to be true for it.",
    )
    yield Point(
        "exactly one writer was told that the slot is theirs",
        ok=len(told) == 1,
        wrong=f"{len(told)} were.",
        look="The condition has to be false as soon as an item is there. Which attribute has every item?",
    )
    yield Point(
        "and it is the one that has it",
        ok=told == [holder],
        wrong=f"Told: {', '.join(sorted(told, key=int)[:5]) or 'nobody'}. In the item: {holder or 'nobody'}.",
        look="Who writes later must not write over who was first.",
    )


def policy(cloud: Cloud) -> Iterator[Point]:
    """Ask IAM what the execution role's policies would decide."""
    may = "Effect Allow, Action dynamodb:Query, Resource the index: the table's ARN and /index/by-customer."
    kept = "Keep the statements that were there."
    yield _decides(cloud, "dynamodb:Query", "/index/by-customer", allowed=True, look=may)
    for action in ("dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"):
        yield _decides(cloud, action, "", allowed=True, look=kept)
    less = "The role has more than it needs. Narrow the Action or the Resource."
    for action, part in (
        ("dynamodb:Query", ""),
        ("dynamodb:Query", "/index/by-price"),
        ("dynamodb:Scan", "/index/by-customer"),
        ("dynamodb:DeleteItem", ""),
    ):
        yield _decides(cloud, action, part, allowed=False, look=less)


def authorizer(cloud: Cloud) -> Iterator[Point]:
    """Ask the API's routes who may use them."""
    api_id = _api(cloud).get("ApiId", "")
    routes = {route["RouteKey"]: route for route in _items(cloud, "get_routes", api_id)}
    placing = routes.get(PLACING, {})
    kind = placing.get("AuthorizationType", "NONE")
    yield Point(
        f"{PLACING} asks for a token",
        ok=kind == "JWT",
        wrong=f"Its AuthorizationType is {kind}.",
        look='The AuthorizationType of a JWT authorizer is "JWT".',
    )
    trusted = {each["AuthorizerId"]: each for each in _items(cloud, "get_authorizers", api_id)}
    issuer = (
        trusted.get(placing.get("AuthorizerId", ""), {}).get("JwtConfiguration", {}).get("Issuer", "none")
    )
    yield Point(
        "of the customers' user pool",
        ok=issuer.rpartition("/")[2] == _pool_id(cloud, "customers"),
        wrong=f"The issuer that it trusts is {issuer}.",
        look="signed_in is what CreateAuthorizer has answered. Its AuthorizerId goes to the route.",
    )
    scopes = placing.get("AuthorizationScopes", [])
    yield Point(
        f"with the scope {SCOPE}",
        ok=scopes == [SCOPE],
        wrong=f"Its scopes are: {', '.join(scopes) or 'none'}.",
        look="AuthorizationScopes is a list. The table above has the token's scope.",
    )
    closed = [key for key in READING if routes.get(key, {}).get("AuthorizationType", "NONE") != "NONE"]
    yield Point(
        "the other routes are as open as they were",
        ok=bool(routes) and not closed,
        wrong=f"Not any more: {', '.join(closed) or 'there are no routes'}.",
        look="Protect one route only. The cell opens the others, if `protected` doesn't name them.",
    )


def api(cloud: Cloud) -> Iterator[Point]:
    """Ask every part how it is configured, and the table whether each key has one order."""
    yield from permission(cloud)
    yield from policy(cloud)
    yield from authorizer(cloud)
    origins = _api(cloud).get("CorsConfiguration", {}).get("AllowOrigins", [])
    yield Point(
        "web pages of the shop may call it, and no others",
        ok=len(origins) == 1 and "*" not in origins,
        wrong=f"Origins: {', '.join(origins) or 'none'}.",
        look="Step 9 configures it.",
    )
    yield from condition(cloud)
    orders = _orders_of_keys(cloud)
    yield Point(
        "each idempotency key has one order",
        ok=bool(orders) and len(set(orders)) == len(orders),
        wrong=f"{len(orders)} keys, {len(set(orders))} orders.",
        look="Steps 4 and 6 place orders.",
    )


def without_permission(cloud: Cloud) -> None:
    """Take the statement of the exercise away."""
    with tolerate("ResourceNotFoundException"):
        cloud.client("lambda").remove_permission(FunctionName=cloud.name("orders"), StatementId=STATEMENT_ID)


def without_slot(cloud: Cloud) -> None:
    """Delete who has the slot, and who was told so."""
    for key in (SLOT, f"{SLOT}-told"):
        cloud.client("dynamodb").delete_item(TableName=cloud.name("orders"), Key={"pk": {"S": key}})


def without_query(cloud: Cloud) -> None:
    """Take dynamodb:Query out of the role's policy."""
    iam, role = cloud.client("iam"), {"RoleName": cloud.name("orders"), "PolicyName": "least-privilege"}
    document = iam.get_role_policy(**role)["PolicyDocument"]
    kept = [each for each in document["Statement"] if each.get("Sid", QUERY) != QUERY]
    iam.put_role_policy(**role, PolicyDocument=json.dumps({**document, "Statement": kept}))


def all_open(cloud: Cloud) -> None:
    """Let everybody use the routes of orders."""
    client, api_id = cloud.client("apigatewayv2"), _api(cloud)["ApiId"]
    for route in _items(cloud, "get_routes", api_id):
        if route["RouteKey"] in (PLACING, *READING):
            client.update_route(
                ApiId=api_id, RouteId=route["RouteId"], AuthorizationType="NONE", AuthorizationScopes=[]
            )


def _api(cloud: Cloud) -> dict[str, Any]:
    """Return API Gateway's description of the API, or an empty one."""
    pages = cloud.client("apigatewayv2").get_paginator("get_apis").paginate()
    found: dict[str, Any] = next(
        (api for page in pages for api in page["Items"] if api["Name"] == cloud.name("orders")), {}
    )
    return found


def _items(cloud: Cloud, operation: str, api_id: str) -> list[dict[str, Any]]:
    if not api_id:
        return []
    pages = cloud.client("apigatewayv2").get_paginator(operation).paginate(ApiId=api_id)
    return [item for page in pages for item in page["Items"]]


def _request_arn(cloud: Cloud, api_id: str, route_key: str) -> str:
    """Return the ARN that API Gateway invokes the function with, for a request to a route."""
    method, _, path = route_key.partition(" ")
    where = f"arn:aws:execute-api:{cloud.target.region}:{cloud.target.account}:{api_id}"
    return f"{where}/$default/{method}{path}"


def _covers(source: str, arn: str) -> bool:
    """Tell whether a statement's SourceArn covers an ARN; one without a SourceArn covers any."""
    pattern = "".join({"*": ".*", "?": "."}.get(letter, re.escape(letter)) for letter in source or "*")
    return re.fullmatch(pattern, arn) is not None


def _decides(cloud: Cloud, action: str, part: str, *, allowed: bool, look: str) -> Point:
    table = f"arn:aws:dynamodb:{cloud.target.region}:{cloud.target.account}:table/{cloud.name('orders')}"
    decided = decision(cloud, "orders", action, table + part)
    where = f"the {part.removeprefix('/').replace('/', ' ')}" if part else "the table itself"
    return Point(
        f"the role {'may' if allowed else 'may not'} {action} on {where}",
        ok=(decided == "allowed") == allowed,
        wrong=f"IAM decides: {decided}.",
        look=look,
    )


def _pool_id(cloud: Cloud, thing: str) -> str | None:
    """Return the id of a user pool, or None."""
    pages = cloud.client("cognito-idp").get_paginator("list_user_pools").paginate(MaxResults=60)
    pools = (pool for page in pages for pool in page["UserPools"])
    return next((pool["Id"] for pool in pools if pool["Name"] == cloud.name(thing)), None)


def _item(cloud: Cloud, key: str) -> dict[str, Any]:
    """Return an item with DynamoDB's types, or an empty one."""
    found: dict[str, Any] = cloud.client("dynamodb").get_item(
        TableName=cloud.name("orders"), Key={"pk": {"S": key}}, ConsistentRead=True
    )
    item: dict[str, Any] = found.get("Item", {})
    return item


def _orders_of_keys(cloud: Cloud) -> list[str]:
    """Return the order id that each idempotency key stands for."""
    pages = cloud.client("dynamodb").get_paginator("scan")
    begins = {
        "FilterExpression": "begins_with(pk, :key)",
        "ExpressionAttributeValues": {":key": {"S": "key#"}},
    }
    found = pages.paginate(TableName=cloud.name("orders"), ConsistentRead=True, **begins)
    return [item["answer"]["M"]["order_id"]["S"] for page in found for item in page["Items"]]


CHECKS = {
    "permission": permission,
    "condition": condition,
    "policy": policy,
    "authorizer": authorizer,
    "api": api,
}
RESETS = {
    "permission": without_permission,
    "condition": without_slot,
    "policy": without_query,
    "authorizer": all_open,
}
