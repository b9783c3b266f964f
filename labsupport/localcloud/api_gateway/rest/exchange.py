"""One request to a REST API and what became of it: logs, metrics and the answer's headers are made of it."""

from __future__ import annotations

import base64
import secrets
import time
import uuid
from dataclasses import dataclass, field
from typing import Any

from labsupport.localcloud.api_gateway.rest.execution_log import ExecutionLog

TEST_STAGE = "test-invoke-stage"


@dataclass
class Exchange:
    """A request under way.

    Attributes:
        request: what MiniStack found out about it: resource path, path parameters, stage.
        integration_seconds: how long the integration took, None when it wasn't asked.
        cache_hit: whether the cache answered, None when it wasn't asked.
        error: (gateway response type, message) when API Gateway itself answers.
    """

    account: str
    region: str
    api_id: str
    stage_name: str
    method: str
    path: str
    headers: dict[str, Any]
    query: dict[str, list[str]]
    body: bytes
    request_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    extended_request_id: str = field(
        default_factory=lambda: base64.b64encode(secrets.token_bytes(11)).decode()
    )
    started: float = field(default_factory=time.time)
    started_clock: float = field(default_factory=time.monotonic)
    request: dict[str, Any] = field(default_factory=dict)
    method_record: dict[str, Any] = field(default_factory=dict)
    integration_seconds: float | None = None
    integration_status: int | None = None
    cache_hit: bool | None = None
    error: tuple[str, str | None] | None = None
    context: dict[str, Any] = field(default_factory=dict)
    log: ExecutionLog = field(default_factory=ExecutionLog)

    @property
    def resource_path(self) -> str:
        """Return the path of the resource that matched, or ""."""
        return str(self.request.get("resource_path", ""))

    @property
    def stage(self) -> dict[str, Any]:
        """Return the stage's record, or {} when there is no such stage."""
        return self.request.get("stage") or {}

    @property
    def trace_id(self) -> str:
        """Return the trace id, of AWS's form."""
        digits = self.request_id.replace("-", "")
        return f"Root=1-{int(self.started):08x}-{digits[:24]}"

    @property
    def is_test(self) -> bool:
        """Tell whether TestInvokeMethod asks."""
        return self.stage_name == TEST_STAGE

    def seconds(self) -> float:
        """Return how long it has taken so far."""
        return time.monotonic() - self.started_clock

    def source_arn(self) -> str:
        """Return the ARN that the function's resource-based policy is asked about."""
        api = f"arn:aws:execute-api:{self.region}:{self.account}:{self.api_id}"
        return f"{api}/{self.stage_name}/{self.method}{self.resource_path}"

    def setting(self, name: str, default: Any = None) -> Any:
        """Return a method setting of the stage: the method's own, or that of all methods.

        https://docs.aws.amazon.com/apigateway/latest/api/API_MethodSetting.html
        """
        settings = self.stage.get("methodSettings") or {}
        stripped = self.resource_path.lstrip("/")
        for method in (self.method, self.method_record.get("httpMethod", self.method)):
            for key in (f"{stripped}/{method}", f"/{stripped}/{method}"):
                if name in settings.get(key, {}):
                    return settings[key][name]
        return settings.get("*/*", {}).get(name, default)
