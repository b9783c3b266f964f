"""Usage plans and API keys: who calls a REST API, how fast and how often. They are no authentication.

https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-api-usage-plans.html
"""

from __future__ import annotations

from labsupport.target import Target
from labsupport.waiting import tolerate

GONE = "NotFoundException"


def delete_usage_plan(target: Target, plan_id: str) -> None:
    """Take the API's stages from the plan, and delete it. It may be gone already."""
    client = target.client("apigateway")
    with target.tape.plumbing(), tolerate(GONE):
        for stage in client.get_usage_plan(usagePlanId=plan_id).get("apiStages", []):
            # API Gateway refuses to delete a plan that has some. One call each: a call that names one which
            # is gone would be refused for all.
            place = f"{stage['apiId']}:{stage['stage']}"
            removal = {"op": "remove", "path": "/apiStages", "value": place}
            with tolerate(GONE):
                client.update_usage_plan(usagePlanId=plan_id, patchOperations=[removal])
        client.delete_usage_plan(usagePlanId=plan_id)


def delete_api_key(target: Target, key_id: str) -> None:
    """Delete the key. It may be gone already."""
    with target.tape.plumbing(), tolerate(GONE):
        target.client("apigateway").delete_api_key(apiKey=key_id)
