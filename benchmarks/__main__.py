"""Run benchmarks and print their figures as a table."""

from __future__ import annotations

import argparse
import platform
import sys

from benchmarks import (
    bedrock,
    cold,
    course,
    cpu_share,
    environments,
    http_api,
    idle,
    invoke,
    memory_limit,
    neighbour,
    photo,
    ready,
    setup,
    soak,
)

BENCHMARKS = {
    "ready": ready.measure,
    "invoke": invoke.measure,
    "photo": photo.measure,
    "course": course.measure,
    "setup": setup.measure,
    "cold": cold.measure,
    "neighbour": neighbour.measure,
    "cpu_share": cpu_share.measure,
    "idle": idle.measure,
    "memory_limit": memory_limit.measure,
    "environments": environments.measure,
    "soak": soak.measure,
    "http_api": http_api.measure,
    "bedrock": bedrock.measure,
}
BY_DEFAULT = ["ready", "invoke", "photo", "course"]
GROUPS = {
    "lambda": [
        "cold", "invoke", "neighbour", "cpu_share", "idle", "memory_limit", "environments", "soak",
    ],
}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    names = [*BENCHMARKS, *GROUPS]
    parser.add_argument("name", nargs="*", choices=[*names, []], help=f"default: {' '.join(BY_DEFAULT)}")
    asked = parser.parse_args().name or BY_DEFAULT
    chosen = [name for each in asked for name in GROUPS.get(each, [each])]
    print(f"Python {platform.python_version()}, {platform.system()}, {platform.machine()}\n")
    print("| What | Figure | Against | Ratio | Goal |\n|---|---|---|---|---|")
    for name in chosen:
        for figure in BENCHMARKS[name]():
            print(figure, flush=True)


if __name__ == "__main__":
    sys.exit(main())
