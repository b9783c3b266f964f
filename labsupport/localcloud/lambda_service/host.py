"""What differs between operating systems."""

from __future__ import annotations

import platform
import re

import psutil

IS_LINUX = platform.system() == "Linux"
_PEAK = re.compile(rb"VmHWM:\s+(\d+) kB")


def peak_memory_mb(pid: int) -> int:
    """Return the most resident memory a process has had, in MB; 0 when it has gone.

    Linux keeps the peak itself. Elsewhere it is what the process has now.
    """
    try:
        if IS_LINUX:
            with open(f"/proc/{pid}/status", "rb") as file:
                found = _PEAK.search(file.read())
            peak_kb = int(found[1]) if found else 0
            return -(-peak_kb // 1024)
        return -(-int(psutil.Process(pid).memory_info().rss) // (1 << 20))
    except (OSError, psutil.Error):
        return 0
