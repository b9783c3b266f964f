"""The oracle: AWS's runtime client alone, in a clean process, behind the smallest Runtime API that will do.

It shares no code with the lab, and does only what AWS documents. What the lab's Lambda service answers and
logs is compared with what the oracle sees.

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

RUNTIME = "/2018-06-01/runtime"
# How the runtime client marks a record on the telemetry descriptor: a kind, a length, microseconds.
FRAME = re.compile(rb"\xa5\x5a\x00.(....)........", re.DOTALL)


@dataclass
class Observed:
    """What a runtime client did.

    Attributes:
        answers: ("response", bytes), ("error", object), ("init error", object), and where the process
            ended by itself ("exit", status), or ("init exit", status) before it asked for an event.
        records: what it logged: a record of the runtime client's, or a line of plain output.
    """

    answers: list[tuple[str, Any]] = field(default_factory=list)
    records: list[str] = field(default_factory=list)


class RuntimeApi(ThreadingHTTPServer):
    """Hand out events, take answers, and end the runtime when there is no event left."""

    def __init__(self, events: Sequence[tuple[str, bytes]], headers: Mapping[str, str]) -> None:
        super().__init__(("127.0.0.1", 0), Conversation)
        self.events, self.headers = list(events), headers
        self.answers: list[tuple[str, Any]] = []
        self.process: subprocess.Popen[bytes] | None = None
        self.asked = self.over = False
        threading.Thread(target=self.serve_forever, args=(0.01,)).start()


class Conversation(BaseHTTPRequestHandler):
    """One connection of the runtime client."""

    protocol_version = "HTTP/1.1"
    server: RuntimeApi

    def do_GET(self) -> None:
        assert self.path == f"{RUNTIME}/invocation/next"
        self.server.asked = True
        if not self.server.events:
            assert self.server.process is not None
            self.server.over = True
            self.server.process.kill()
            return
        request_id, event = self.server.events.pop(0)
        headers = {**self.server.headers, "Lambda-Runtime-Aws-Request-Id": request_id}
        self.answer(200, event, headers)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"] or 0))
        kind = self.path.removeprefix(RUNTIME).rpartition("/")[2]
        if self.path == f"{RUNTIME}/init/error":
            error_type = self.headers["Lambda-Runtime-Function-Error-Type"]
            self.server.answers.append(("init error", {**json.loads(body), "errorType": error_type}))
        else:
            self.server.answers.append((kind, body if kind == "response" else json.loads(body)))
        self.answer(202, b'{"status": "OK"}', {})

    def answer(self, status: int, body: bytes, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        for name, value in {
            **headers,
            "Content-Type": "application/json",
            "Content-Length": str(len(body)),
        }.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: Any) -> None:
        """Say nothing on stderr."""


def run(
    folder: Path,
    handler: str,
    events: Sequence[tuple[str, bytes]],
    *,
    variables: Mapping[str, str],
    function_arn: str,
    timeout_seconds: float,
) -> Observed:
    """Give events, as (request id, payload), to the function in a folder."""
    api = RuntimeApi(
        events,
        {
            "Lambda-Runtime-Deadline-Ms": str(int((time.time() + timeout_seconds) * 1000)),
            "Lambda-Runtime-Invoked-Function-Arn": function_arn,
            "Lambda-Runtime-Trace-Id": f"Root=1-5bef4de7-{'ab' * 12};Parent={'cd' * 8};Sampled=0",
        },
    )
    output, log = os.pipe()
    try:
        api.process = subprocess.Popen(
            [sys.executable, "-m", "awslambdaric", handler],
            cwd=folder,
            env={
                **variables,
                "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{api.server_port}",
                "LAMBDA_TASK_ROOT": str(folder),
                "_HANDLER": handler,
                "_LAMBDA_TELEMETRY_LOG_FD": str(log),
            },
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            pass_fds=(log,),
        )
    finally:
        os.close(log)
    with os.fdopen(output, "rb") as pipe:
        written = pipe.read()
    status = api.process.wait()
    api.shutdown()
    api.server_close()
    if not api.over and not any(kind == "init error" for kind, _ in api.answers):
        api.answers.append(("exit" if api.asked else "init exit", status))
    return Observed(api.answers, records(written))


def records(written: bytes) -> list[str]:
    """Cut what was written into log records: frames, and the lines of what stands between them."""
    found: list[str] = []
    while written:
        frame = FRAME.match(written)
        if frame:
            end = frame.end() + int.from_bytes(frame[1], "big")
            found.append(written[frame.end() : end].decode().removesuffix("\n"))
        else:
            following = FRAME.search(written)
            end = following.start() if following else len(written)
            found += written[:end].decode().removesuffix("\n").split("\n")
        written = written[end:]
    return found
