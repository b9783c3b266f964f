"""Ask a function's resource-based policy whether a service may invoke it.

https://docs.aws.amazon.com/lambda/latest/dg/permissions-function-services.html
"""

from __future__ import annotations

from typing import Any


def may_invoke(service: str, function_arn: str, source_arn: str, *, region: str) -> bool:
    """Tell whether a service principal may invoke a function on behalf of a source.

    Args:
        service: such as "s3.amazonaws.com".
        function_arn: with a qualifier, if the source names one.
        source_arn: the bucket, topic, rule, method or authorizer; it belongs to the function's account.
        region: of the function.
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
    return bool(iam.evaluate_resource_policy(policy, context, service=service).decision == "Allow")


def api_gateway_may_invoke(function_arn: str, source_arn: str, *, region: str) -> bool:
    """Tell whether `apigateway.amazonaws.com` may invoke a function for a method or an authorizer.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-control-access-using-iam-policies-to-invoke-api.html
    """
    return may_invoke("apigateway.amazonaws.com", function_arn, source_arn, region=region)
