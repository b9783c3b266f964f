"""An HTTP request on the tape, beside the calls of boto3. It shows itself as curl, without secrets."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx

from labsupport.cli_equivalent import Command

SECRET_HEADERS = re.compile(r"authorization|x-api-key|x-amz-security-token|cookie", re.IGNORECASE)
SECRET_PARAMETERS = re.compile(r"(?<=[?&])((?:[\w-]*token|x-amz-signature|api_?key)=)[^&]*", re.IGNORECASE)
LEFT_TO_CURL = {"host", "accept", "accept-encoding", "connection", "user-agent", "content-length"}
LONGEST_BODY = 2_000


@dataclass
class HttpCall:
    """Describe one request to an API. It has what `labsupport.tape.Call` has, as far as that makes sense.

    Attributes:
        cell: number of the cell run that sent it.
        service: "http".
        operation: method and path, such as "POST /orders".
        parameters: method, url, headers and body as sent; secrets are "***".
        api_kind: "http" or "rest": which API it is for; "" where neither the client nor the answer tells.
        sent_bytes, received_bytes: sizes of the bodies.
        request_id: API Gateway's.
        count: how often it was sent, for a load.
        plumbing, time, seconds, http_status, error_code, attempts, model: see `labsupport.tape.Call`.
    """

    cell: int
    operation: str
    parameters: dict[str, Any]
    sent_bytes: int = 0
    received_bytes: int = 0
    api_kind: str = ""
    service: str = "http"
    plumbing: bool = False
    time: datetime = field(default_factory=lambda: datetime.now(UTC))
    seconds: float | None = None
    http_status: int | None = None
    error_code: str | None = None
    request_id: str | None = None
    attempts: int = 1
    count: int = 1
    endpoint_url: str | None = None
    model: Any = field(default=None, repr=False, compare=False)

    @classmethod
    def of(cls, request: httpx.Request, *, cell: int) -> HttpCall:
        """Return what the tape keeps of a request."""
        headers = {name: value for name, value in request.headers.items() if name not in LEFT_TO_CURL}
        shown = {name: "***" if SECRET_HEADERS.search(name) else value for name, value in headers.items()}
        parameters = {
            "method": request.method,
            "url": SECRET_PARAMETERS.sub(r"\1***", str(request.url)),
            "headers": shown,
            "body": _body(request.content),
        }
        operation = f"{request.method} {request.url.path}"
        return cls(cell, operation, parameters, sent_bytes=len(request.content))

    def note(self, response: httpx.Response) -> None:
        """Fill in the answer."""
        self.http_status = response.status_code
        self.received_bytes = len(response.content)
        self.api_kind = self.api_kind or api_kind(response)
        self.request_id = response.headers.get("apigw-requestid") or response.headers.get("x-amzn-requestid")

    def command(self) -> Command:
        """Return the curl equivalent. Where it says ***, you have to put in your own."""
        parts = ["curl", "--include"]
        if self.parameters["method"] != "GET":
            parts += ["--request", self.parameters["method"]]
        for name, value in self.parameters["headers"].items():
            parts += ["--header", f"{name}: {value}"]
        if self.parameters["body"]:
            parts += ["--data-raw", self.parameters["body"]]
        return Command(shlex.join([*parts, self.parameters["url"]]))

    def cli(self) -> str:
        """Return the curl equivalent, ready for a shell."""
        return self.command().line

    def __str__(self) -> str:
        answer = self.error_code or self.http_status or "no answer yet"
        took = f"{self.seconds * 1000:.0f} ms" if self.seconds is not None else ""
        return f"{self.service} {self.operation}: {answer}, {took}\n    {self.cli()}"


def api_kind(response: httpx.Response) -> str:
    """Return which kind of API answered: an HTTP API sends apigw-requestid, a REST API x-amz-apigw-id."""
    if "x-amz-apigw-id" in response.headers:
        return "rest"
    return "http" if "apigw-requestid" in response.headers else ""


def _body(content: bytes) -> str:
    if len(content) > LONGEST_BODY:
        return f"({len(content):,} bytes)"
    try:
        return content.decode()
    except UnicodeDecodeError:
        return f"({len(content):,} bytes)"
