"""Run benchmarks and print their figures as a table."""

from __future__ import annotations

import argparse
import platform
import sys

from benchmarks import course, invoke, photo, ready, setup

BENCHMARKS = {
    "ready": ready.measure,
    "invoke": invoke.measure,
    "photo": photo.measure,
    "course": course.measure,
    "setup": setup.measure,
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("name", nargs="*", choices=[*BENCHMARKS, []], help="default: all but setup")
    chosen = parser.parse_args().name or [name for name in BENCHMARKS if name != "setup"]
    print(f"Python {platform.python_version()}, {platform.system()}, {platform.machine()}\n")
    print("| What | Figure | Against | Ratio |\n|---|---|---|---|")
    for name in chosen:
        for figure in BENCHMARKS[name]():
            print(figure, flush=True)


if __name__ == "__main__":
    sys.exit(main())
