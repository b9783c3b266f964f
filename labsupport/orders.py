"""The orders service (functions/orders) in one call, for the notebooks that put something in front of it.

Notebook 06_orders_api builds it step by step.
"""

from __future__ import annotations

from dataclasses import dataclass

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
