"""What limits a function and what is kept ready for it: reserved and provisioned concurrency.

https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html
https://docs.aws.amazon.com/lambda/latest/dg/provisioned-concurrency.html
"""

from __future__ import annotations

from collections.abc import Iterator

from labsupport.target import Target
from labsupport.waiting import tolerate


def provisioned_concurrency(target: Target, function: str) -> Iterator[tuple[str, int]]:
    """Yield each version or alias that has provisioned concurrency, and how many environments."""
    pages = target.client("lambda").get_paginator("list_provisioned_concurrency_configs")
    for page in pages.paginate(FunctionName=function):
        for config in page["ProvisionedConcurrencyConfigs"]:
            qualifier = config["FunctionArn"].rpartition(":")[2]
            yield qualifier, config["RequestedProvisionedConcurrentExecutions"]


def clear_concurrency(target: Target, function: str) -> None:
    """Take a function's reserved and provisioned concurrency away, as far as it has any.

    Args:
        target: where.
        function: full name of the function.
    """
    aws_lambda = target.client("lambda")
    with target.tape.plumbing():
        for qualifier, _ in list(provisioned_concurrency(target, function)):
            with tolerate("ResourceNotFoundException"):
                aws_lambda.delete_provisioned_concurrency_config(FunctionName=function, Qualifier=qualifier)
        aws_lambda.delete_function_concurrency(FunctionName=function)
