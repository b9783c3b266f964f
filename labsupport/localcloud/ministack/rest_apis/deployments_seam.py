"""What a stage serves: its deployment's snapshot, in the place of the records that are being edited.

MiniStack answers requests from the same stores that the control plane edits. Those stores are replaced by
views: while a request is served they show the snapshot of its stage, and otherwise what they always showed.
"""

from __future__ import annotations

import contextlib
import contextvars
import copy
import json
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from labsupport.localcloud.api_gateway.rest import deployments
from labsupport.localcloud.api_gateway.rest.deployments import ApiKey, Deployments, Snapshot
from labsupport.localcloud.ministack.seams import replace

Answer = Any

# What is served, by the names of MiniStack's stores. It keeps gateway responses with their deployment itself.
KINDS = ("_rest_apis", "_resources", "_authorizers_v1", "_request_validators", "_models")
# A test of a method has a stage of its own.
SERVED = (*KINDS, "_stages_v1")


class _Serving(NamedTuple):
    api: ApiKey
    records: Snapshot


_serving: contextvars.ContextVar[_Serving | None] = contextvars.ContextVar("serving", default=None)


class RestDeploymentsSeam:
    """Deployments of REST APIs, in front of MiniStack's."""

    def __init__(self) -> None:
        """Take MiniStack's modules."""
        from ministack.core import responses
        from ministack.services import apigateway_v1

        self._responses: Any = responses
        self._v1: Any = apigateway_v1
        self.deployments = Deployments()

    def attach(self) -> None:
        """Put views in the place of MiniStack's stores, and stand before its functions."""
        for kind in SERVED:
            setattr(self._v1, kind, _view(self._responses.AccountRegionScopedDict, kind))
        replace(self._v1, "_create_deployment", self._creating)
        replace(self._v1, "_delete_deployment", self._deleting)
        replace(self._v1, "_delete_rest_api", self._deleting_api)
        replace(self._v1, "_create_stage", self._pointing_new)
        replace(self._v1, "_update_stage", self._pointing)
        replace(self._v1, "method_authorization_type", self._of_the_stage)
        replace(self._v1, "_get_export", self._exporting)

    @contextlib.contextmanager
    def serving(self, api: ApiKey, stage_name: str) -> Iterator[None]:
        """Serve what a stage's deployment holds."""
        stage = self._v1._stages_v1.get_scoped(*api, {}).get(stage_name) or {}
        snapshot = self.deployments.find(api, stage.get("deploymentId", ""))
        with self.showing(api, snapshot or {}):
            yield

    @contextlib.contextmanager
    def showing(self, api: ApiKey, records: Snapshot) -> Iterator[None]:
        """Serve these records."""
        token = _serving.set(_Serving(api, records))
        try:
            yield
        finally:
            _serving.reset(token)

    def records(self, api_id: str) -> Snapshot:
        """Return an API's records as they are being edited."""
        return {kind: getattr(self._v1, kind).get(api_id, {}) for kind in KINDS}

    def api(self, api_id: str) -> ApiKey:
        """Return what names an API of the request's account and Region."""
        return self._responses.get_account_id(), self._responses.get_region(), api_id

    # What MiniStack's functions are wrapped in

    def _creating(self, original: Callable[..., Answer]) -> Callable[..., Answer]:
        def create(api_id: str, data: dict[str, Any]) -> Answer:
            known = api_id in self._v1._rest_apis
            problem = deployments.problem(self._v1._resources.get(api_id, {}).values()) if known else None
            if problem:
                return self._refused(problem)
            answer = original(api_id, data)
            if answer[0] == 201:
                self.deployments.take(self.api(api_id), json.loads(answer[2])["id"], self.records(api_id))
            return answer

        return create

    def _deleting(self, original: Callable[..., Answer]) -> Callable[..., Answer]:
        def delete(api_id: str, deployment_id: str) -> Answer:
            stages = self._v1._stages_v1.get(api_id, {}).values()
            if problem := deployments.deletion_problem(deployment_id, stages):
                return self._refused(problem)
            answer = original(api_id, deployment_id)
            self.deployments.delete(self.api(api_id), deployment_id)
            return answer

        return delete

    def _deleting_api(self, original: Callable[..., Answer]) -> Callable[..., Answer]:
        def delete(api_id: str) -> Answer:
            self.deployments.delete_api(self.api(api_id))
            self._v1._request_validators.pop(api_id, None)
            return original(api_id)

        return delete

    def _pointing_new(self, original: Callable[..., Answer]) -> Callable[..., Answer]:
        def create(api_id: str, data: dict[str, Any]) -> Answer:
            if data.get("stageName") in self._v1._stages_v1.get(api_id, {}):
                return self._v1._v1_error("ConflictException", "Stage already exists", 409)
            return self._unknown(api_id, data.get("deploymentId")) or original(api_id, data)

        return create

    def _pointing(self, original: Callable[..., Answer]) -> Callable[..., Answer]:
        def update(api_id: str, stage_name: str, data: dict[str, Any]) -> Answer:
            for patch in data.get("patchOperations", []):
                if patch.get("path") == "/deploymentId" and (
                    refused := self._unknown(api_id, patch.get("value"))
                ):
                    return refused
            return original(api_id, stage_name, data)

        return update

    def _unknown(self, api_id: str, deployment_id: str | None) -> Answer | None:
        if api_id not in self._v1._rest_apis or deployment_id in self._v1._deployments_v1.get(api_id, {}):
            return None
        return self._refused("Deployment id does not exist")

    def _of_the_stage(self, original: Callable[..., Answer]) -> Callable[..., Answer]:
        def ask(api_id: str, stage_name: str, method: str, path: str) -> Answer:
            scope = self._v1.find_api_scope(api_id)
            if scope is None:
                return original(api_id, stage_name, method, path)
            with self.serving((*scope, api_id), stage_name):
                return original(api_id, stage_name, method, path)

        return ask

    def _exporting(self, original: Callable[..., Answer]) -> Callable[..., Answer]:
        def export(api_id: str, stage_name: str, *arguments: Any) -> Answer:
            with self.serving(self.api(api_id), stage_name):
                return original(api_id, stage_name, *arguments)

        return export

    def _refused(self, message: str) -> Answer:
        return self._v1._v1_error("BadRequestException", message, 400)


def _view(scoped_dict: Any, kind: str) -> Any:
    class View(scoped_dict):  # type: ignore[misc]
        __slots__ = ()

        def get(self, key: str, default: Any = None) -> Any:
            return self._served(self._scoped(key), super().get(key, default))

        def get_scoped(self, account: str, region: str, key: str, default: Any = None) -> Any:
            return self._served((account, region, key), super().get_scoped(account, region, key, default))

        def _served(self, api: ApiKey, stored: Any) -> Any:
            serving = _serving.get()
            return serving.records.get(kind, stored) if serving and serving.api == api else stored

        def __deepcopy__(self, memo: dict[int, Any]) -> Any:
            # What is saved is MiniStack's own kind of store, so that it can be read without this module.
            return scoped_dict.from_dict(copy.deepcopy(self.to_dict(), memo))

    return View()
