"""End the execution environments of a server that was killed.

A small process beside the server. It reads "+PID" and "-PID" lines, one per process group that starts and
ends. When the pipe closes, the server is gone: whatever is left is killed, frozen or not. Without it, a
`kill -9` of the server would leave functions running for ever.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys


class Guard:
    """The server's end of the pipe."""

    def __init__(self) -> None:
        """Start the guard process. It is a group of its own, so that Ctrl-C doesn't end it too early."""
        self._process = subprocess.Popen(
            [sys.executable, "-S", "-s", __file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            start_new_session=True,
        )

    def watch(self, process_group: int) -> None:
        """Kill this group when the server dies."""
        self._tell(f"+{process_group}\n")

    def forget(self, process_group: int) -> None:
        """Say that this group has ended: its number may be given to somebody else."""
        self._tell(f"-{process_group}\n")

    def close(self) -> None:
        """Let the guard finish; it kills what is still watched."""
        with contextlib.suppress(OSError):
            self._process.stdin and self._process.stdin.close()
        self._process.wait()

    def _tell(self, line: str) -> None:
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):  # a guard that was killed can't be told; the server goes on
            self._process.stdin.write(line.encode())
            self._process.stdin.flush()


def main() -> None:
    """Watch until the pipe closes, then kill."""
    groups: set[int] = set()
    for line in sys.stdin:
        if not line.endswith("\n"):
            break  # cut short by the server's end: "+1" of "+1234" would be every process there is
        (groups.add if line[0] == "+" else groups.discard)(int(line[1:]))
    for group in groups:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(group, signal.SIGKILL)


if __name__ == "__main__":
    main()
