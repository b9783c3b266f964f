"""The tape: the AWS calls that a notebook cell made, in order.

botocore announces each call to whoever listens to a session's events; the tape listens. It keeps what a
learner would want to see and nothing that should not be seen twice: no secrets, and of bytes only how many
they were. `labsupport.cli_equivalent` writes the calls as AWS CLI commands.
"""

from __future__ import annotations

import contextlib
import io
import re
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from labsupport.cli_equivalent import Blob, Command, command_for
from labsupport.model_usage import HeardStream, ModelTokens, tokens_of_answer

KEPT_CALLS = 10_000
CONTEXT_KEY = "labsupport-call"
SECRET_NAMES = re.compile(
    r"(secret(?!_?(id|arn|name))|password|credential|(api|customer)_?key|(access|session|auth)_?token)",
    re.IGNORECASE,
)
ADDED_BY_BOTOCORE = {"ChecksumMode", "EncodingType"}
_inside_plumbing: ContextVar[bool] = ContextVar("inside_plumbing", default=False)


@dataclass
class Call:
    """Describe one AWS call. What AWS answered is filled in when the answer is there.

    Attributes:
        cell: number of the cell run that made it, as it stands in the cell's prompt.
        service: boto3's name of the service, such as "lambda".
        operation: AWS's name of the operation, such as "CreateFunction".
        parameters: as sent; secrets are "***", bytes are `Blob`.
        plumbing: made by labsupport on the learner's behalf, not by the cell itself.
        time: when it was sent, in UTC.
        seconds: from the call to the answer, retries included; None until then.
        http_status, error_code, request_id: of the answer; None without one.
        attempts: how often the request was sent.
        endpoint_url: of the local cloud; None on AWS.
        capacity_units: that DynamoDB says the call consumed; None where it wasn't asked.
        tokens: that Bedrock says the model read and wrote; None where it said nothing (yet).
        model: botocore's model of the operation.
    """

    cell: int
    service: str
    operation: str
    parameters: dict[str, Any]
    plumbing: bool
    time: datetime = field(default_factory=lambda: datetime.now(UTC))
    seconds: float | None = None
    http_status: int | None = None
    error_code: str | None = None
    request_id: str | None = None
    attempts: int = 1
    endpoint_url: str | None = None
    capacity_units: float | None = None
    tokens: ModelTokens | None = None
    model: Any = field(default=None, repr=False, compare=False)

    def command(self) -> Command:
        """Return the AWS CLI equivalent with the files that it needs."""
        return command_for(self.model, self.parameters, self.endpoint_url)

    def cli(self) -> str:
        """Return the AWS CLI equivalent, ready for a shell."""
        return self.command().line

    def __str__(self) -> str:
        answer = self.error_code or self.http_status or "no answer yet"
        took = f"{self.seconds * 1000:.0f} ms" if self.seconds is not None else ""
        lines = [f"{self.service} {self.operation}: {answer}, {took}", f"    {self.cli()}"]
        return "\n".join(lines + [f"    ({file})" for file in self.command().files])


class Tape:
    """Record AWS calls, cell by cell.

    Attributes:
        guard: is told the operation of each call before it is sent, and may raise; None lets all pass.
    """

    def __init__(self) -> None:
        self.guard: Callable[[str], object] | None = None
        self._calls: deque[Call] = deque(maxlen=KEPT_CALLS)
        self._cell = 0
        self._endpoint_url: str | None = None
        self._lock = threading.Lock()

    def attach(self, events: Any, *, endpoint_url: str | None = None) -> None:
        """Listen to a session's events (`boto3.Session.events`). Clients made before are not heard.

        `endpoint_url` is that of the local cloud; None on AWS.
        """
        self._endpoint_url = endpoint_url
        events.register("provide-client-params", self._note_names, unique_id=f"tape-{id(self)}-names")
        events.register("before-parameter-build", self._note_parameters, unique_id=f"tape-{id(self)}-note")
        events.register("before-call", self._start_call, unique_id=f"tape-{id(self)}-start")
        events.register("after-call", self._end_call, unique_id=f"tape-{id(self)}-end")
        events.register("after-call-error", self._fail_call, unique_id=f"tape-{id(self)}-fail")

    def start_cell(self, number: int | None = None) -> None:
        """Begin a new cell, with the number that IPython gives it."""
        self._cell = self._cell + 1 if number is None else number

    @property
    def current_cell(self) -> int:
        """Number of the cell that runs."""
        return self._cell

    def add(self, call: Any) -> None:
        """Keep a call that botocore doesn't know, such as an HTTP request to an API. It is like a `Call`."""
        self._ask(call)
        call.plumbing = _inside_plumbing.get()
        with self._lock:
            self._calls.append(call)

    def calls(self) -> list[Call]:
        """Return all calls that are kept, oldest first."""
        with self._lock:
            return list(self._calls)

    def cell(self, *, plumbing: bool = True) -> list[Call]:
        """Return the calls of the newest cell that made any; without plumbing, only those of its own."""
        calls = [call for call in self.calls() if plumbing or not call.plumbing]
        return [call for call in calls if call.cell == calls[-1].cell]

    @contextlib.contextmanager
    def plumbing(self) -> Iterator[None]:
        """Mark the calls made inside as labsupport's own."""
        token = _inside_plumbing.set(True)
        try:
            yield
        finally:
            _inside_plumbing.reset(token)

    def _note_names(self, params: dict[str, Any], context: dict[str, Any], **_: Any) -> None:
        context[CONTEXT_KEY + "-names"] = set(params)

    def _note_parameters(self, params: dict[str, Any], model: Any, context: dict[str, Any], **_: Any) -> None:
        added = ADDED_BY_BOTOCORE - context.get(CONTEXT_KEY + "-names", set())
        shown = {name: value for name, value in params.items() if name not in added}
        context[CONTEXT_KEY] = Call(
            self._cell,
            model.service_model.service_name,
            model.name,
            shorten(shown),
            _inside_plumbing.get(),
            endpoint_url=self._endpoint_url,
            model=model,
        )
        context[CONTEXT_KEY + "-started"] = time.perf_counter()

    def _start_call(self, context: dict[str, Any], **_: Any) -> None:
        # Only now are the parameters known to be valid; a call that boto3 refuses is never sent.
        if CONTEXT_KEY in context:
            self._ask(context[CONTEXT_KEY])
            with self._lock:
                self._calls.append(context[CONTEXT_KEY])

    def _ask(self, call: Any) -> None:
        if self.guard:
            self.guard(call.operation)

    def _end_call(self, parsed: dict[str, Any], context: dict[str, Any], **_: Any) -> None:
        if call := self._timed(context):
            metadata = parsed.get("ResponseMetadata", {})
            call.http_status = metadata.get("HTTPStatusCode")
            call.request_id = metadata.get("RequestId")
            call.attempts = metadata.get("RetryAttempts", 0) + 1
            call.capacity_units = _capacity_units(parsed.get("ConsumedCapacity"))
            _note_tokens(call, parsed)
            if (call.http_status or 0) >= 300:
                call.error_code = parsed.get("Error", {}).get("Code")

    def _fail_call(self, exception: Exception, context: dict[str, Any], **_: Any) -> None:
        if call := self._timed(context):
            call.error_code = type(exception).__name__

    def _timed(self, context: dict[str, Any]) -> Call | None:
        call: Call | None = context.get(CONTEXT_KEY)
        if call:
            call.seconds = time.perf_counter() - context[CONTEXT_KEY + "-started"]
        return call


def shorten(value: Any, name: str = "") -> Any:
    """Return a copy of parameters without secrets and without bytes."""
    if isinstance(value, Mapping):
        return {key: shorten(item, str(key)) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [shorten(item, name) for item in value]
    if isinstance(value, str) and SECRET_NAMES.search(name):
        return "***"
    if isinstance(value, bytes | bytearray):
        return Blob(len(value), _short_text(bytes(value)))
    if isinstance(value, io.BytesIO):
        return Blob(value.getbuffer().nbytes, _short_text(value.getvalue()))
    return Blob(None) if hasattr(value, "read") else value


def _note_tokens(call: Call, parsed: dict[str, Any]) -> None:
    """Keep what Bedrock says of tokens. A stream says it at its end, when somebody has read so far."""
    if call.service != "bedrock-runtime":
        return
    call.tokens = tokens_of_answer(parsed)
    if call.operation == "ConverseStream" and "stream" in parsed:
        parsed["stream"] = HeardStream(parsed["stream"], lambda tokens: setattr(call, "tokens", tokens))


def _capacity_units(consumed: Any) -> float | None:
    """Return the sum of DynamoDB's ConsumedCapacity, of one table or of a list of them."""
    tables = consumed if isinstance(consumed, list) else [consumed]
    units = [
        table["CapacityUnits"] for table in tables if isinstance(table, dict) and "CapacityUnits" in table
    ]
    return sum(units) if units else None


def _short_text(data: bytes) -> str | None:
    if len(data) > 2_000:
        return None
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return None
    return text if text.isprintable() or "\n" in text else None
