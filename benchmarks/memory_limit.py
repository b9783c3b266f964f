"""By how much a function exceeds its memory before it is killed, for several ways to fill it.

Each way has a service process of its own: the kernel tells a process the most memory that one of its
children has ever had. So the runtime has to be its child, and has no process that hides it.
`python -m benchmarks.memory_limit SOURCE` is such a process.
"""

from __future__ import annotations

import resource
import subprocess
import sys
from collections.abc import Iterator

from benchmarks.figure import Figure
from benchmarks.service import invoke, lambda_service, make_function
from labsupport.localcloud.lambda_service.sandbox import Walls

LIMIT_MB = 256
TIMES = 3
WAYS = {
    "one large block": "x = bytearray(900 << 20)",
    "blocks of 1 MB": "x = []\n    while True: x.append(bytearray(1 << 20))",
    "a text that doubles": "x = 'x' * 1024\n    while True: x += x",
    "many small objects": "x = []\n    while True: x.append([len(x)])",
    "a mapped file": "import mmap; x = mmap.mmap(-1, 900 << 20)\n    while True: x.write(bytes(1 << 16))",
    "slowly": "import time\n    x = []\n    while True: x.append(bytearray(1 << 18)); time.sleep(0.001)",
    "four threads": (
        "import threading\n    x = []\n    def fill():\n        while True: x.append(bytearray(1 << 22))\n"
        "    threads = [threading.Thread(target=fill) for _ in range(4)]\n"
        "    [thread.start() for thread in threads]\n    [thread.join() for thread in threads]"
    ),
}


def measure() -> Iterator[Figure]:
    for way, statements in WAYS.items():
        source = f"def handler(event, context):\n    {statements}\n"
        peaks_mb = [_peak_mb(source) for _ in range(TIMES)]
        yield Figure(f"Memory beyond the limit: {way}", max(peaks_mb) - LIMIT_MB, unit="MB", goal="≤ 5 MB")


def _peak_mb(source: str) -> float:
    command = [sys.executable, "-m", "benchmarks.memory_limit", source]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def main() -> None:
    with lambda_service(Walls.NONE) as service:
        try:
            invoke(service, make_function(sys.argv[1], memory_mb=LIMIT_MB))
        except RuntimeError as error:
            assert "signal: killed" in str(error), error
        else:
            raise AssertionError("nothing ended it")
    print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024)


if __name__ == "__main__":
    main()
