"""Usage plans and API keys: who calls a REST API, how fast and how often. They are no authentication.

https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-api-usage-plans.html
"""

from __future__ import annotations

from labsupport.target import Target
from labsupport.waiting import tolerate


def delete_usage_plan(target: Target, plan_id: str) -> None:
    """Take the API's stages from the plan, and delete it. It may be gone already."""
    client = target.client("apigateway")
    with target.tape.plumbing(), tolerate("NotFoundException"):
        stages = client.get_usage_plan(usagePlanId=plan_id).get("apiStages", [])
        if stages:  # API Gateway refuses to delete a plan that has some
            places = [f"{stage['apiId']}:{stage['stage']}" for stage in stages]
            removals = [{"op": "remove", "path": "/apiStages", "value": place} for place in places]
            client.update_usage_plan(usagePlanId=plan_id, patchOperations=removals)
        client.delete_usage_plan(usagePlanId=plan_id)


def delete_api_key(target: Target, key_id: str) -> None:
    """Delete the key. It may be gone already."""
    with target.tape.plumbing(), tolerate("NotFoundException"):
        target.client("apigateway").delete_api_key(apiKey=key_id)
