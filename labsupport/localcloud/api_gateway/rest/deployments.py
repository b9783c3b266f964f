"""Deployments of REST APIs: what a stage serves is a snapshot, and not the API as it is being edited.

CreateDeployment takes a copy of everything that answers a request. A stage points to one of these copies;
pointing it to an older one is the way back. What is edited later is not live before the next deployment.

https://docs.aws.amazon.com/apigateway/latest/developerguide/how-to-deploy-api.html
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from typing import Any

ApiKey = tuple[str, str, str]  # account, Region, REST API
# {kind: {id: record}}: resources with their methods and integrations, authorizers, validators, models
Snapshot = dict[str, Any]

NO_METHODS = "The REST API doesn't contain any methods"
NO_INTEGRATION = "No integration defined for method"
IN_USE = "Active stages pointing to this deployment must be moved or deleted"


class Deployments:
    """The snapshots of all REST APIs."""

    def __init__(self) -> None:
        """Begin with none."""
        self._snapshots: dict[ApiKey, dict[str, Snapshot]] = {}

    def take(self, api: ApiKey, deployment_id: str, records: Snapshot) -> None:
        """Keep a copy of an API's records."""
        self._snapshots.setdefault(api, {})[deployment_id] = copy.deepcopy(records)

    def find(self, api: ApiKey, deployment_id: str) -> Snapshot | None:
        """Return a snapshot, or None when there is none."""
        return self._snapshots.get(api, {}).get(deployment_id)

    def delete(self, api: ApiKey, deployment_id: str) -> None:
        """Forget a deployment."""
        self._snapshots.get(api, {}).pop(deployment_id, None)

    def delete_api(self, api: ApiKey) -> None:
        """Forget all deployments of an API."""
        self._snapshots.pop(api, None)

    def state(self) -> dict[ApiKey, dict[str, Snapshot]]:
        """Return all snapshots, to be saved. Snapshots never change, so they are not copied."""
        return {api: dict(snapshots) for api, snapshots in self._snapshots.items()}

    def restore(self, state: Mapping[ApiKey, dict[str, Snapshot]]) -> None:
        """Take back what `state` returned in an earlier life."""
        self._snapshots.update(state)


def problem(resources: Iterable[Mapping[str, Any]]) -> str | None:
    """Return why CreateDeployment refuses an API with these resources, or None."""
    all_methods = (resource.get("resourceMethods") or {} for resource in resources)
    methods = [method for of_resource in all_methods for method in of_resource.values()]
    if not methods:
        return NO_METHODS
    return None if all(method.get("methodIntegration") for method in methods) else NO_INTEGRATION


def deletion_problem(deployment_id: str, stages: Iterable[Mapping[str, Any]]) -> str | None:
    """Return why DeleteDeployment is refused while a stage points to the deployment, or None."""
    return IN_USE if any(stage.get("deploymentId") == deployment_id for stage in stages) else None
