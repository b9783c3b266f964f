"""What costs while it stands, used or not: provisioned concurrency, stored objects, stored logs.

Things are found by the owner's prefix, as the inventory does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from labsupport import naming
from labsupport.cost import BYTES_PER_GB
from labsupport.server_comparison import SECONDS_PER_MONTH
from labsupport.target import Target
from labsupport.usage import Standing
from labsupport.waiting import tolerate


def standing(target: Target) -> list[Standing]:
    """Ask the cloud what costs while it stands; what costs nothing is left out."""
    with target.tape.plumbing():
        found = [thing for find in FINDERS for thing in find(target)]
    return [thing for thing in found if thing.dollars_a_month]


def architectures(target: Target) -> dict[str, str]:
    """Return the architecture of each of the owner's functions, by the function's name."""
    with target.tape.plumbing():
        return {name: function["Architectures"][0] for name, function in _functions(target)}


def _functions(target: Target) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for page in target.client("lambda").get_paginator("list_functions").paginate():
        for function in page["Functions"]:
            if naming.is_ours(function["FunctionName"], target.owner):
                yield function["FunctionName"], function


def _provisioned_concurrency(target: Target) -> Iterator[Standing]:
    aws_lambda = target.client("lambda")
    for name, function in _functions(target):
        with tolerate("ResourceNotFoundException"):  # deleted meanwhile
            pages = aws_lambda.get_paginator("list_provisioned_concurrency_configs").paginate(
                FunctionName=name
            )
            for config in (config for page in pages for config in page["ProvisionedConcurrencyConfigs"]):
                count = config["RequestedProvisionedConcurrentExecutions"]
                qualifier = config["FunctionArn"].rsplit(":", 1)[-1]
                # A version keeps the memory that it was published with.
                memory_mb = aws_lambda.get_function_configuration(FunctionName=config["FunctionArn"])[
                    "MemorySize"
                ]
                price = f"lambda-provisioned-standing-gb-second-{function['Architectures'][0]}"
                gb_seconds = count * memory_mb / 1024 * SECONDS_PER_MONTH
                yield Standing(
                    f"provisioned concurrency of {count} on {name}:{qualifier}", {price: gb_seconds}
                )


def _objects(target: Target) -> Iterator[Standing]:
    s3 = target.client("s3")
    for bucket in s3.list_buckets()["Buckets"]:
        name = bucket["Name"]
        if naming.is_ours(name, target.owner):
            with tolerate("NoSuchBucket"):
                # One page of 1,000 versions: each more is a request that is paid for.
                page = s3.list_object_versions(Bucket=name)
                size_bytes = sum(version["Size"] for version in page.get("Versions", []))
                more = " (and more)" if page["IsTruncated"] else ""
                yield Standing(f"objects in {name}{more}", {"s3-storage": size_bytes / BYTES_PER_GB})


def _logs(target: Target) -> Iterator[Standing]:
    prefix = naming.log_group_name(naming.name_prefix(target.owner))
    pages = target.client("logs").get_paginator("describe_log_groups").paginate(logGroupNamePrefix=prefix)
    stored = sum(group.get("storedBytes", 0) for page in pages for group in page["logGroups"])
    yield Standing("stored logs", {"logs-storage": stored / BYTES_PER_GB})


def _tables(target: Target) -> Iterator[Standing]:
    client = target.client("dynamodb")
    for page in client.get_paginator("list_tables").paginate():
        for name in page["TableNames"]:
            if naming.is_ours(name, target.owner):
                with tolerate("ResourceNotFoundException"):  # deleted meanwhile
                    size_bytes = client.describe_table(TableName=name)["Table"].get("TableSizeBytes", 0)
                    yield Standing(f"items in {name}", {"dynamodb-storage": size_bytes / BYTES_PER_GB})


def _caches(target: Target) -> Iterator[Standing]:
    """Yield the caches of REST APIs whose size has a price in the book; the inventory names all."""
    client = target.client("apigateway")
    for page in client.get_paginator("get_rest_apis").paginate():
        for api in page["items"]:
            if naming.is_ours(api["name"], target.owner):
                with tolerate("NotFoundException"):  # deleted meanwhile
                    for stage in client.get_stages(restApiId=api["id"])["item"]:
                        if stage.get("cacheClusterEnabled") and stage.get("cacheClusterSize") == "1.6":
                            hours = SECONDS_PER_MONTH / 3600
                            name = f"cache of 1.6 GB of {api['name']}, stage {stage['stageName']}"
                            yield Standing(name, {"apigateway-cache-hour-1.6-gb": hours})


FINDERS: list[Callable[[Target], Iterator[Standing]]] = [
    _provisioned_concurrency,
    _objects,
    _logs,
    _tables,
    _caches,
]
"""Who looks for what costs while it stands."""
