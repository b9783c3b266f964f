"""Ask a function's resource-based policy whether API Gateway may invoke it."""

from __future__ import annotations

from typing import Any


def api_gateway_may_invoke(function_arn: str, source_arn: str, *, region: str) -> bool:
    """Tell whether `apigateway.amazonaws.com` may invoke a function for a method or an authorizer.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-control-access-using-iam-policies-to-invoke-api.html
    """
    from ministack.core import iam_evaluator
    from ministack.services import lambda_svc

    iam: Any = iam_evaluator
    found = lambda_svc.function_policy_for_arn(function_arn)
    if found is None:
        return False
    policy, account = found
    context = iam.EvalContext(
        principal_arn="*",
        principal_type="Service",
        principal_account="",
        action="lambda:InvokeFunction",
        resource_arn=function_arn,
        region=region,
        # Condition keys have no case; MiniStack looks them up in lower case.
        service_context={"aws:sourcearn": source_arn, "aws:sourceaccount": account},
    )
    result = iam.evaluate_resource_policy(policy, context, service="apigateway.amazonaws.com")
    return bool(result.decision == "Allow")
