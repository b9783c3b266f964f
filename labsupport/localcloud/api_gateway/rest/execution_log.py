"""The execution log of a REST API: what API Gateway did with one request, line by line.

With INFO all lines are written, with ERROR those that tell of an error. Requests and responses in full are
there with data tracing only.

https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-logging.html
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

MOST_CHARACTERS = 1024  # of a logged event; AWS cuts what is longer
GROUP = "API-Gateway-Execution-Logs_{api_id}/{stage}"
NO_ROLE = "CloudWatch Logs role ARN must be set in account settings to enable logging"


@dataclass(frozen=True)
class _Line:
    text: str
    is_error: bool
    is_data: bool


@dataclass
class ExecutionLog:
    """The lines of one request."""

    lines: list[_Line] = field(default_factory=list)

    def say(self, text: str, *, is_error: bool = False, is_data: bool = False) -> None:
        """Add a line. Data is what the request or the response holds."""
        self.lines.append(_Line(text, is_error, is_data))

    def data(self, what: str, value: Mapping[str, Any] | bytes | str) -> None:
        """Add a line of data."""
        if isinstance(value, Mapping):
            text = "{" + ", ".join(f"{name}={shown}" for name, shown in value.items()) + "}"
        else:
            text = value.decode("utf-8", "replace") if isinstance(value, bytes) else value
        shortened = f"{text[:MOST_CHARACTERS]} [TRUNCATED]" if len(text) > MOST_CHARACTERS else text
        self.say(f"{what}: {shortened}", is_data=True)

    def messages(self, request_id: str, *, level: str, data_trace: bool) -> list[str]:
        """Return what is written to CloudWatch Logs at a level: OFF, ERROR or INFO."""
        return [
            f"({request_id}) {line.text}"
            for line in self.lines
            if (level == "INFO" and (data_trace or not line.is_data)) or (level == "ERROR" and line.is_error)
        ]

    def test_text(self, request_id: str, now: float) -> str:
        """Return the log as TestInvokeMethod does, with the time before each line."""
        stamp = time.strftime("%a %b %d %H:%M:%S UTC %Y", time.gmtime(now))
        return "\n".join(
            [f"Execution log for request {request_id}", *(f"{stamp} : {line}" for line in self._texts())]
        )

    def _texts(self) -> Iterator[str]:
        return (line.text for line in self.lines)
