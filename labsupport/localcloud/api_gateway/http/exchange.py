"""One request to an HTTP API, from its arrival to its answer."""

from __future__ import annotations

import base64
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Headers = list[tuple[str, str]]

DEFAULT_STAGE = "$default"


@dataclass
class HttpAnswer:
    """What the client gets. A header may be there several times."""

    status: int
    headers: Headers = field(default_factory=list)
    body: bytes = b""


@dataclass
class HttpExchange:
    """A request, and what has been found out about it so far.

    Attributes:
        account, region: of the API.
        api_id, stage: what was asked for.
        method: of the request.
        path: decoded as API Gateway decodes it, without the stage's name.
        raw_query: the query string as it was sent.
        headers: in the order of arrival, names in lower case.
        query: in the order of arrival, decoded.
        body: as it was sent.
        is_cut: whether the body was longer than API Gateway takes, and is not here.
        source_ip, protocol, domain_name: of the connection.
        stage_variables: of the stage.
        route_key: of the route, or "" as long as there is none.
        path_parameters: of the route's path.
        authorizer: what `requestContext.authorizer` says of the caller, in the words of payload format 2.0.
        request_id: API Gateway's id of the request.
        epoch_ms: when it arrived.
        integration_ms, integration_status: of the integration, or None where none was asked.
        error: for the access log, what API Gateway says to the client instead of an answer.
        integration_error: for the access log only, why.
    """

    account: str
    region: str
    api_id: str
    stage: str
    method: str
    path: str
    raw_query: str
    headers: Headers
    query: Sequence[tuple[str, str]]
    body: bytes
    is_cut: bool = False
    source_ip: str = "127.0.0.1"
    protocol: str = "HTTP/1.1"
    domain_name: str = ""
    stage_variables: Mapping[str, str] = field(default_factory=dict)
    route_key: str = ""
    path_parameters: Mapping[str, str] = field(default_factory=dict)
    authorizer: dict[str, Any] = field(default_factory=dict)
    request_id: str = field(default_factory=lambda: base64.b64encode(os.urandom(11)).decode())
    epoch_ms: int = field(default_factory=lambda: int(time.time() * 1000))
    integration_ms: float | None = None
    integration_status: int | None = None
    error: str = ""
    integration_error: str = ""

    @property
    def raw_path(self) -> str:
        """Return the path with the stage's name, but for `$default`, which no URL names."""
        return self.path if self.stage == DEFAULT_STAGE else f"/{self.stage}{self.path}"

    @property
    def time(self) -> str:
        """Return when the request arrived, as a common log format has it."""
        return time.strftime("%d/%b/%Y:%H:%M:%S +0000", time.gmtime(self.epoch_ms / 1000))

    def header(self, name: str) -> str:
        """Return a header, its values joined with commas; "" when it isn't there."""
        return ",".join(value for key, value in self.headers if key == name)
