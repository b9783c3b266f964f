"""The checks of 07_api_gateway_choices. They read what is live: a stage's export, not the API's draft."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from labsupport.learning.checks import Cloud, Point
from labsupport.learning.checks.statements import decision
from labsupport.resources.rest_api import find_rest_api
from labsupport.resources.websocket_api import find_websocket_api

REST_API, WEBSOCKET_API, FUNCTION = "orders-rest", "orders-live", "order-status"
PARAMETERS = ("customer", "limit", "next")
NAMES = {f"method.request.querystring.{name}" for name in PARAMETERS}
NOT_THERE = "The REST API is not there."
STEP_1 = "Run Step 1."
LIMITS = {"rateLimit": 10.0, "burstLimit": 5}
"""What the plan has before the exercise."""


def rollback(cloud: Cloud) -> Iterator[Point]:
    """Read what the stages show, and to which deployments they point."""
    prod, test = _live(cloud, "prod"), _live(cloud, "test")
    faults = [path for path in prod if path.startswith("/faults")]
    yield Point(
        "prod shows no test routes",
        ok=bool(prod) and not faults,
        wrong=f"It shows {', '.join(faults) or 'nothing at all'}.",
        look="Point prod to a deployment that was made before them.",
    )
    validated = "x-amazon-apigateway-request-validator" in prod.get("/orders", {}).get("post", {})
    yield Point(
        "prod still validates new orders",
        ok=validated,
        wrong="Its POST /orders has no validator.",
        look="The first deployment was before the validator. Go back one step, not two.",
    )
    yield Point(
        "test still shows its routes",
        ok="/faults" in test,
        wrong="They are gone from test.",
        look="stageName says which stage is moved. Point test to the newest deployment again.",
    )


def plan(cloud: Cloud) -> Iterator[Point]:
    """Read the limits of the usage plan."""
    found = _plan(cloud)
    throttle, quota = found.get("throttle", {}), found.get("quota", {})
    rate, burst = throttle.get("rateLimit", 0), throttle.get("burstLimit", 0)
    yield Point(
        "8 requests a second pass all day, and not many more",
        ok=8 <= rate <= 9,
        wrong=f"The rate is {rate:g} a second.",
        look="In the long run the rate decides, whatever the burst is.",
    )
    yield Point(
        "12 at once pass, and not many more",
        ok=12 <= burst <= 15,
        wrong=f"The burst is {burst}.",
        look="The bucket must hold as many tokens as requests come at once.",
    )
    yield Point(
        "50,000 a day, as the contract says",
        ok=(quota.get("limit"), quota.get("period")) == (50_000, "DAY"),
        wrong=f"The quota is {quota.get('limit', 'none')} {quota.get('period', '')}".rstrip() + ".",
        look='A quota has a limit, a number, and a period: "DAY", "WEEK" or "MONTH".',
    )


def cachekey(cloud: Cloud) -> Iterator[Point]:
    """Read the cache key in what is live on prod."""
    method = _live(cloud, "prod").get("/orders", {}).get("get", {})
    keys = set(method.get("x-amazon-apigateway-integration", {}).get("cacheKeyParameters", []))
    for name in sorted(NAMES):
        yield Point(
            f"live on prod, {name.rpartition('.')[2]} is a part of the key",
            ok=name in keys,
            wrong=f"The key is the path and {', '.join(sorted(keys)) or 'nothing else'}.",
            look="Name it in `parameters`, and deploy: a change that isn't deployed isn't live.",
        )
    yield Point(
        "nothing else is",
        ok=keys <= NAMES,
        wrong=f"So is {', '.join(sorted(keys - NAMES))}.",
        look="What the answer doesn't depend on makes more entries and fewer hits.",
    )


def choices(cloud: Cloud) -> Iterator[Point]:
    """Ask the stage, the usage plan, the WebSocket API and IAM."""
    if find_rest_api(cloud.target, cloud.name(REST_API)) is None:
        yield Point("the REST API is there", ok=False, wrong=NOT_THERE, look=STEP_1)
        return
    paths = _live(cloud, "prod")
    methods = paths.get("/orders", {})
    yield Point(
        "prod validates new orders, and shows no test routes",
        ok="x-amazon-apigateway-request-validator" in methods.get("post", {}) and "/faults" not in paths,
        wrong=f"It shows {', '.join(paths) or 'nothing'}.",
        look="Step 2 and Step 3.",
    )
    keyed = [verb for verb in ("get", "post") if methods.get(verb, {}).get("security")]
    yield Point(
        "GET and POST /orders ask for a key",
        ok=keyed == ["get", "post"],
        wrong=f"Only these do: {', '.join(keyed) or 'none'}.",
        look="Step 4, and its deployment.",
    )
    yield from plan(cloud)
    yield from cachekey(cloud)
    stages = _stages(cloud)
    cached = [stage["stageName"] for stage in stages if stage.get("cacheClusterEnabled")]
    yield Point(
        "no cache is on, so nothing is charged by the hour",
        ok=not cached,
        wrong=f"It is on for {', '.join(cached)}.",
        look="The last cell of Step 5 switches it off.",
    )
    api = find_websocket_api(cloud.target, cloud.name(WEBSOCKET_API))
    yield Point(
        "the WebSocket API is there",
        ok=api is not None,
        wrong="It isn't.",
        look="Step 6 makes it.",
    )
    for api_id, allowed in (((api or {}).get("ApiId", "none"), True), ("another", False)):
        yield _may_send(cloud, api_id, allowed=allowed)


def back_on_prod(cloud: Cloud) -> None:
    """Point prod to what test shows."""
    client, api_id = cloud.client("apigateway"), _api_id(cloud)
    shown = client.get_stage(restApiId=api_id, stageName="test")["deploymentId"]
    patch = [{"op": "replace", "path": "/deploymentId", "value": shown}]
    client.update_stage(restApiId=api_id, stageName="prod", patchOperations=patch)


def first_limits(cloud: Cloud) -> None:
    """Give the plan the limits of the step, and no quota."""
    found = _plan(cloud)
    patches = [
        {"op": "replace", "path": f"/throttle/{name}", "value": f"{value:g}"}
        for name, value in LIMITS.items()
    ]
    if found.get("quota"):
        patches.append({"op": "remove", "path": "/quota"})
    cloud.client("apigateway").update_usage_plan(usagePlanId=found["id"], patchOperations=patches)


def without_cache_key(cloud: Cloud) -> None:
    """Take the cache key parameters of GET /orders away, and deploy."""
    client, api_id = cloud.client("apigateway"), _api_id(cloud)
    pages = client.get_paginator("get_resources").paginate(restApiId=api_id)
    orders = next(each["id"] for page in pages for each in page["items"] if each["path"] == "/orders")
    place = {"restApiId": api_id, "resourceId": orders, "httpMethod": "GET"}
    now = client.get_integration(**place)
    client.put_integration(
        **place,
        type=now["type"],
        uri=now["uri"],
        timeoutInMillis=now["timeoutInMillis"],
        integrationHttpMethod="POST",
        cacheKeyParameters=[],
    )
    client.create_deployment(restApiId=api_id, stageName="prod")


def _may_send(cloud: Cloud, api_id: str, *, allowed: bool) -> Point:
    place = f"{api_id}/live/POST/@connections/abc="
    arn = f"arn:aws:execute-api:{cloud.target.region}:{cloud.target.account}:{place}"
    decided = decision(cloud, FUNCTION, "execute-api:ManageConnections", arn)
    return Point(
        "the function may send to this API's connections" if allowed else "and to those of no other API",
        ok=(decided == "allowed") == allowed,
        wrong=f"IAM decides: {decided}.",
        look="Step 6 deploys the function with its policy.",
    )


def _api_id(cloud: Cloud) -> str:
    return str((find_rest_api(cloud.target, cloud.name(REST_API)) or {}).get("id", "none"))


def _stages(cloud: Cloud) -> list[dict[str, Any]]:
    return list(cloud.client("apigateway").get_stages(restApiId=_api_id(cloud))["item"])


def _live(cloud: Cloud, stage: str) -> dict[str, Any]:
    """Return the paths of a stage's OpenAPI document, by path and method."""
    exported = cloud.client("apigateway").get_export(
        restApiId=_api_id(cloud), stageName=stage, exportType="oas30", parameters={"extensions": "apigateway"}
    )
    document: dict[str, Any] = json.loads(exported["body"].read())
    return dict(document.get("paths", {}))


def _plan(cloud: Cloud) -> dict[str, Any]:
    pages = cloud.client("apigateway").get_paginator("get_usage_plans").paginate()
    plans = (plan for page in pages for plan in page["items"])
    return next((dict(plan) for plan in plans if plan["name"] == cloud.name(REST_API)), {})


CHECKS = {"rollback": rollback, "plan": plan, "cachekey": cachekey, "choices": choices}
RESETS = {"rollback": back_on_prod, "plan": first_limits, "cachekey": without_cache_key}
