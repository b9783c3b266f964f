"""Checks of the machine: folders, disk, ports, namespaces, browser."""

from __future__ import annotations

import os
import shutil
import socket
import tempfile
import webbrowser
from pathlib import Path

from labsupport.commands.doctor.finding import Finding, failed, passed, warned
from labsupport.settings import Settings

FREE_BYTES_NEEDED, FREE_BYTES_WISHED = 200_000_000, 1_000_000_000
JUPYTER_PORT = 8888


def folders(settings: Settings) -> Finding:
    """Check that the project and the lab's home can be written."""
    for folder in (settings.project, settings.home):
        existing = next(path for path in (folder, *folder.parents) if path.exists())
        if not os.access(existing, os.W_OK | os.X_OK):
            return failed(
                f"{folder} can't be written", "Fix its permissions, or name another home in LAB_HOME."
            )
    return passed(f"{settings.project} and {settings.home} can be written")


def disk(settings: Settings) -> Finding:
    """Check that there is room for layers, state and logs."""
    existing = next(path for path in (settings.home, *settings.home.parents) if path.exists())
    free = shutil.disk_usage(existing).free
    text = f"{free / 1e9:.1f} GB free for {settings.home}"
    if free < FREE_BYTES_NEEDED:
        return failed(text, "Free some space: layers and logs need at least 200 MB.")
    if free < FREE_BYTES_WISHED:
        return warned(text, "Free some space before you build many layers.")
    return passed(text)


def ports(settings: Settings) -> Finding:
    """Check that this machine's own address has ports for us."""
    try:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
    except OSError as error:
        return failed(
            f"no port can be opened on 127.0.0.1: {error.strerror}", "Ask whoever runs this machine."
        )
    with socket.socket() as probe:
        if probe.connect_ex(("127.0.0.1", JUPYTER_PORT)) == 0:
            return passed(f"ports are free; {JUPYTER_PORT} is in use, so JupyterLab takes the next one")
    return passed("ports are free on 127.0.0.1")


def namespaces(settings: Settings) -> Finding:
    """Try whether functions can be closed off by user namespaces, as the local cloud does at its start."""
    from labsupport.localcloud.lambda_service.sandbox import Sandbox

    with tempfile.TemporaryDirectory() as directory:
        sandbox = Sandbox(Path(directory))
    if sandbox.hides_processes:
        return passed(f"{sandbox.walls.value} close each function off from this machine")
    if sandbox.namespaces:
        return passed("user namespaces close each function off from this machine, but for its processes")
    return warned(
        "this machine allows no user namespaces",
        "Nothing to do. Functions run in plain folders: their tracebacks name other paths than AWS's, and "
        "their /tmp has no limit.",
    )


def browser(settings: Settings) -> Finding:
    """Check for a browser that `./lab open` can open."""
    try:
        return passed(f"`./lab open` opens {_name(webbrowser.get())}")
    except webbrowser.Error:
        return warned(
            "no browser found", "Run `./lab open --no-browser`, and open the address that it prints."
        )


def _name(controller: webbrowser.BaseBrowser) -> str:
    return Path(getattr(controller, "name", "") or "the browser").name
