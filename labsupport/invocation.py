"""Invoking a function and reading what came back. A failing handler is a result here, not an exception."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from html import escape
from typing import Any

from labsupport.error_cards import failure_of_function, recognise
from labsupport.logs import Report, parse_report, parse_tail
from labsupport.target import Target
from labsupport.views.error_card import recognised_card
from labsupport.views.look import block, fold


@dataclass(frozen=True)
class Invocation:
    """What one synchronous invocation returned.

    Attributes:
        result: what the handler returned, decoded from JSON; None where it failed.
        error_type: of a function error, such as "KeyError" or "Runtime.ImportModuleError"; else None.
        error_message: of a function error; else None.
        stack_trace: the handler's own frames; [] without an error.
        log_lines: the last 4 KB of the invocation's log.
        report: its REPORT line or platform.report event; None where the log has none or was cut.
        request_id: as in the log.
    """

    result: Any
    error_type: str | None
    error_message: str | None
    stack_trace: list[str] = field(repr=False)
    log_lines: list[str] = field(repr=False)
    report: Report | None
    request_id: str

    @property
    def failed(self) -> bool:
        """Whether the function ended with an error."""
        return self.error_type is not None

    @property
    def cold(self) -> bool | None:
        """Whether a new execution environment was made for it; None where the REPORT line is missing."""
        return None if self.report is None else self.report.init_ms is not None

    def __repr__(self) -> str:
        start = {True: "cold start", False: "warm start", None: "start unknown"}[self.cold]
        took = f", {self.report.duration_ms:g} ms, billed {self.report.billed_ms} ms" if self.report else ""
        outcome = f"{self.error_type}: {self.error_message}" if self.failed else repr(self.result)
        return f"Invocation({start}{took})\n{outcome}"

    def _repr_html_(self) -> str | None:
        """Add what the lab knows of the error, folded: the learner reads the evidence first."""
        card = (
            recognise(failure_of_function(self.error_type, self.error_message)) if self.error_type else None
        )
        if card is None:
            return None
        explained = fold("What does this error mean?", recognised_card(card)._repr_html_())
        text = f'<pre style="white-space: pre-wrap; margin: 0; padding: 0">{escape(repr(self))}</pre>'
        return block(text + explained)


def invoke_function(target: Target, name: str, payload: Any = None, *, client: Any = None) -> Invocation:
    """Invoke a function and wait for its answer, with the end of its log.

    Args:
        target: where.
        name: full name or ARN of the function, with a qualifier if need be.
        payload: the event, anything that JSON can hold; None is sent as {}.
        client: a boto3 client with other settings than the target's own.

    Raises:
        botocore.exceptions.ClientError: Lambda did not run it: TooManyRequestsException, AccessDenied ...
    """
    answer = (client or target.client("lambda")).invoke(
        FunctionName=name,
        InvocationType="RequestResponse",
        LogType="Tail",
        Payload=json.dumps({} if payload is None else payload, ensure_ascii=False).encode(),
    )
    result = _decoded(answer["Payload"].read())
    error = result if "FunctionError" in answer and isinstance(result, dict) else {}
    log_lines = parse_tail(answer.get("LogResult", ""))
    reports = [report for line in log_lines if (report := parse_report(line))]
    return Invocation(
        result=None if "FunctionError" in answer else result,
        error_type=error.get("errorType", answer.get("FunctionError")),
        error_message=error.get("errorMessage"),
        stack_trace=error.get("stackTrace", []),
        log_lines=log_lines,
        report=reports[-1] if reports else None,
        request_id=reports[-1].request_id if reports else answer["ResponseMetadata"]["RequestId"],
    )


def _decoded(body: bytes) -> Any:
    return json.loads(body) if body else None
