"""The local cloud's APIs ask servers on this machine only: nothing that a learner tries leaves it."""

from __future__ import annotations

from urllib.parse import urlsplit

from labsupport.localcloud.gate import is_loopback_name


def problem(url: str) -> str | None:
    """Return why a server is not asked, for a log, or None for one on this machine."""
    server = urlsplit(url).netloc.rpartition("@")[2].lower()
    if is_loopback_name(server):
        return None
    return f"The local cloud asks servers on this machine only. {server or 'An empty address'} is none."
