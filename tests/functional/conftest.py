"""What several functional tests share: the orders service behind an HTTP API and a REST API."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from labsupport.lab import Lab
from labsupport.localcloud.record import CloudRecord
from labsupport.orders import OrdersService, deploy_orders, orders_openapi
from labsupport.resources.api_permission import allow_api
from labsupport.settings import Settings
from labsupport.teardown import teardown


@dataclass(frozen=True)
class Orders:
    """The service, and clients of both APIs in front of it."""

    lab: Lab
    service: OrdersService
    http: httpx.Client
    rest: httpx.Client
    rest_api_id: str

    def place(self, client: httpx.Client | None = None, **changes: Any) -> httpx.Response:
        """Place an order with a key of its own."""
        return (client or self.http).post(
            "/orders", json=a_basket(**changes), headers={"Idempotency-Key": uuid.uuid4().hex}
        )

    def items(self) -> list[dict[str, Any]]:
        """Return everything in the table."""
        pages = self.lab.client("dynamodb").get_paginator("scan")
        found = pages.paginate(TableName=self.service.table.name, ConsistentRead=True)
        return [item for page in found for item in page["Items"]]


def a_basket(**changes: Any) -> dict[str, Any]:
    """Return an order as a client sends it."""
    items = [{"sku": "mug-blue", "quantity": 3, "unit_price": 0.1}]
    return {"customer": f"c-{uuid.uuid4().hex}", "currency": "EUR", "items": items, **changes}


@pytest.fixture(scope="session")
def orders(cloud: CloudRecord, cloud_home: Path) -> Iterator[Orders]:
    settings = replace(Settings.from_environment({}), home=cloud_home, owner=f"t{uuid.uuid4().hex[:8]}")
    lab = Lab("06", settings=settings)
    service = deploy_orders(lab)
    arn = service.function.arn
    http_api = lab.deploy_http_api("orders", routes={"$default": arn})
    client = lab.client("apigateway")
    document = orders_openapi(lab, arn, kind="REST")
    rest_api_id = client.import_rest_api(body=json.dumps(document), failOnWarnings=True)["id"]
    execute_arn = f"arn:aws:execute-api:{lab.region}:{lab.account}:{rest_api_id}"
    allow_api(lab.target, arn, "rest", execute_arn)
    client.create_deployment(restApiId=rest_api_id, stageName="test")
    with (
        httpx.Client(base_url=http_api.url, timeout=30) as http,
        httpx.Client(base_url=lab.target.api_url(rest_api_id, "test"), timeout=30) as rest,
    ):
        yield Orders(lab, service, http, rest, rest_api_id)
    client.delete_rest_api(restApiId=rest_api_id)
    teardown(lab.target, late_log_seconds=0)
