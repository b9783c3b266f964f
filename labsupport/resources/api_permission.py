"""The permission without which an API can't invoke its function: a statement of the function's policy.

https://docs.aws.amazon.com/lambda/latest/dg/services-apigateway.html
"""

from __future__ import annotations

from labsupport.resources.function_policy import allow_invoke
from labsupport.target import Target


def allow_api(target: Target, function_arn: str, api_name: str, execute_arn: str) -> None:
    """Let every route and stage of one API, and of no other, invoke a function.

    The statement is called after the API's name: an API that was deleted and built again has another id,
    and its new statement replaces the old one.
    """
    allow_invoke(
        target,
        function_arn,
        service="apigateway.amazonaws.com",
        source_arn=f"{execute_arn}/*",
        statement_id=f"api-{api_name}",
    )
