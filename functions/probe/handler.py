"""Report on the execution environment that an invocation runs in."""

import tempfile
import time
import uuid
from pathlib import Path

# The Init phase runs this once for each execution environment.
environment = uuid.uuid4().hex[:8]
calls = 0
diary = Path(tempfile.gettempdir(), "diary.txt")  # a file in /tmp


def handler(event: dict, context: object) -> dict:
    """Count this call in memory and in /tmp, and work as long as the event says."""
    global calls
    calls += 1
    with diary.open("a") as file:
        file.write(f"{context.aws_request_id}\n")
    time.sleep(event.get("work_seconds", 0))
    return {
        "environment": environment,
        "calls in memory": calls,
        "calls in /tmp": len(diary.read_text().splitlines()),
    }
