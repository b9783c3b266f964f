"""Be busy: wait as for a database, and say which execution environment did it."""

import os
import time

# Stands for what real functions do in their Init phase: load libraries, open connections.
time.sleep(float(os.environ.get("INIT_SECONDS", "0")))


def handler(event: dict, context: object) -> dict:
    """Keep this environment busy for the seconds that the event asks for."""
    time.sleep(event["seconds"])
    # Each execution environment writes a log stream of its own, so the stream's name tells them apart.
    return {
        "environment": context.log_stream_name,
        "initialized": os.environ["AWS_LAMBDA_INITIALIZATION_TYPE"],
    }
