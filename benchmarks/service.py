"""The Lambda service alone, without the control plane and without HTTP before it."""

from __future__ import annotations

import contextlib
import io
import json
import sys
import tempfile
import uuid
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from labsupport.localcloud.lambda_service.function import Function
from labsupport.localcloud.lambda_service.sandbox import Walls
from labsupport.localcloud.lambda_service.service import LambdaService

TRIVIAL = "def handler(event, context):\n    return 1\n"
# Uses the CPU for as many seconds as the event says; returns the share of one core that it got.
BUSY = """
import time
def handler(event, context):
    wall, cpu = time.perf_counter(), time.process_time()
    while time.perf_counter() - wall < event:
        sum(range(1000))
    return (time.process_time() - cpu) / (time.perf_counter() - wall)
"""


@contextlib.contextmanager
def lambda_service(walls: Walls | None = None) -> Iterator[LambdaService]:
    """Start the service in this process; it forgets all logs. `walls`: None is as high as the host allows."""
    with tempfile.TemporaryDirectory() as directory:
        service = LambdaService(Path(directory) / "work", write_log=lambda *_: None, walls=walls)
        try:
            yield service
        finally:
            service.close()


def make_function(source: str, *, memory_mb: int = 128) -> Function:
    """Describe a function that nobody has used yet."""
    name = f"f-{uuid.uuid4().hex[:8]}"
    arn = f"arn:aws:lambda:us-east-1:123456789012:function:{name}"
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("app.py", source)
    return Function(
        arn=arn,
        invoked_arn=arn,
        name=name,
        version="$LATEST",
        revision="1",
        region="us-east-1",
        runtime=f"python{sys.version_info.major}.{sys.version_info.minor}",
        handler="app.handler",
        memory_mb=memory_mb,
        timeout_seconds=120,
        code=code.getvalue(),
    )


def invoke(service: LambdaService, function: Function, event: Any = None) -> Any:
    """Invoke and return the answer.

    Raises:
        RuntimeError: the function failed.
    """
    result = service.invoke(function, json.dumps(event).encode(), str(uuid.uuid4()))
    if result.error is not None:
        raise RuntimeError(result.error)
    return json.loads(result.payload)
