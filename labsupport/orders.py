"""The orders service (functions/orders) in one call, for the notebooks that put something in front of it.

Notebook 06_orders_api builds it step by step. functions/orders/openapi.json describes its API.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Literal

from labsupport.building import Building
from labsupport.resources.function import FunctionDescription
from labsupport.resources.table import TableDescription

THING = "orders"
LAYER = "pydantic"
KEYS = ["pk"]
INDEXES = {"by-customer": ["customer", "created_at"]}
TTL_ATTRIBUTE = "expires_at"
MEMORY_MB = 512
TIMEOUT_SECONDS = 10


@dataclass(frozen=True)
class OrdersService:
    """A function and the table behind it."""

    function: FunctionDescription
    table: TableDescription


def deploy_orders(lab: Building) -> OrdersService:
    """Create or update the table, the layer, the role and the function, and return when it can be invoked."""
    table = deploy_orders_table(lab)
    function = lab.deploy_function(
        THING,
        layers=[lab.deploy_layer(LAYER)],
        environment={"TABLE": table.name},
        values={"table": table.name},
        memory_mb=MEMORY_MB,
        timeout_seconds=TIMEOUT_SECONDS,
    )
    return OrdersService(function, table)


def deploy_orders_table(lab: Building) -> TableDescription:
    """Create the table if it isn't there. functions/orders/store.py says why it has these keys."""
    return lab.deploy_table(THING, keys=KEYS, indexes=INDEXES, ttl_attribute=TTL_ATTRIBUTE)


def orders_openapi(
    lab: Building, function_arn: str, *, kind: Literal["REST", "HTTP"], title: str = THING
) -> dict[str, Any]:
    """Return the OpenAPI 3.0.1 document of the orders API, for PutRestApi or for ImportApi.

    Each method is a Lambda proxy integration. A REST API sends its event in format 1.0 and knows no other;
    an HTTP API gets 2.0.
    https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-swagger-extensions-integration.html

    Args:
        lab: the notebook's lab.
        function_arn: of the function, or of one of its versions or aliases.
        kind: of API.
        title: short name of the API that is made from it.
    """
    path = lab.settings.project / "functions" / THING / "openapi.json"
    document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    document["info"]["title"] = lab.name(title)
    uri = f"arn:aws:apigateway:{lab.region}:lambda:path/2015-03-31/functions/{function_arn}/invocations"
    for path_item in document["paths"].values():
        for operation in path_item.values():
            integration = operation["x-amazon-apigateway-integration"]
            integration["uri"] = uri
            if kind == "HTTP":
                integration["payloadFormatVersion"] = "2.0"
    return document
