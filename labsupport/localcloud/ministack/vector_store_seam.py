"""Where a request of S3 Vectors arrives: MiniStack, which has none, says who asks and whether they may.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/s3-vectors-access-management.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from labsupport.localcloud.ministack.seams import replace
from labsupport.localcloud.rules import model_constraints
from labsupport.localcloud.rules.refusal import Refusal
from labsupport.localcloud.service_api import ApiCall, ServiceApi
from labsupport.localcloud.vector_store import api, permissions
from labsupport.localcloud.vector_store.store import Refused, Scope, VectorStore

Answer = Any
SERVICE = "s3vectors"
SIGNED_FOR = re.compile(r"Credential=[^/]+/[^/]+/[^/]+/s3vectors/")
VECTORS_API = ServiceApi(SERVICE, label=".+")  # ARNs stand in paths, and have slashes


class VectorStoreSeam:
    """S3 Vectors, behind MiniStack's authentication."""

    def __init__(self, store: VectorStore) -> None:
        """Take MiniStack's modules."""
        import ministack.app
        from ministack.core import responses

        self._app: Any = ministack.app
        self._responses: Any = responses
        self._store = store

    def attach(self) -> None:
        """Have MiniStack know the service, and stand behind it."""
        replace(self._app, "detect_service", self._detecting)
        self._app.SERVICE_HANDLERS[SERVICE] = self._handle

    def scope(self) -> Scope:
        """Return the account and Region of the request that is being served."""
        return Scope(self._responses.get_account_id(), self._responses.get_region())

    def _detecting(self, original: Callable[..., str]) -> Callable[..., str]:
        def detect(method: str, path: str, headers: Any, query_params: Any) -> str:
            if SIGNED_FOR.search(headers.get("authorization", "")):
                return SERVICE
            return original(method, path, headers, query_params)

        return detect

    async def _handle(self, method: str, path: str, headers: Any, body: bytes, query_params: Any) -> Answer:
        try:
            call = VECTORS_API.read(method, path, headers, query_params, body)
        except ValueError as error:
            return _refused(Refusal("ValidationException", f"The request is not valid JSON: {error}"))
        if call is None:
            return _refused(Refusal("ValidationException", f"There is no operation {method} {path}."))
        if refusal := model_constraints.refusal(call.operation.input_shape, call.parameters):
            return _refused(refusal)
        if denied := self._denial(call, headers, query_params):
            return denied
        try:
            found = api.answer(self._store, self.scope(), call.name, call.parameters)
        except Refused as error:
            return _refused(error.refusal)
        return 200, {"Content-Type": "application/json"}, json.dumps(found).encode()

    def _denial(self, call: ApiCall, headers: Any, query_params: Any) -> Answer | None:
        arn = permissions.resource(call.name, call.parameters, self.scope())
        for action in permissions.actions(call.name, call.parameters):
            denied = self._app._enforce_data_plane(
                SERVICE, action, headers, query_params, "", resource_arn=arn, named_resource=arn
            )
            if denied:
                return denied
        return None


def _refused(refusal: Refusal) -> Answer:
    headers = {"Content-Type": "application/json", "x-amzn-errortype": refusal.code}
    return refusal.status, headers, json.dumps({"message": refusal.message}).encode()
