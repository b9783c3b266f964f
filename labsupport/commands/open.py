"""Open the course in JupyterLab, on this machine only.

The local cloud starts at the same time; a notebook's Setup cell waits for it. Ctrl-C ends JupyterLab and its
kernels. The cloud goes on running until `./lab stop`.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import secrets
import socket
import sys
from pathlib import Path

from labsupport.errors import LabError
from labsupport.localcloud import supervisor
from labsupport.settings import Settings

FIRST_PAGE = "/lab/tree/notebooks/00_start_here.ipynb"
FIRST_PORT, PORTS_TO_TRY = 8888, 50  # JupyterLab's own


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--no-browser", action="store_true", help="print the address and open no browser")
    parser.add_argument(
        "--port", type=_port, metavar="N", help="JupyterLab's port (default: 8888 or the next free one)"
    )


def run(arguments: argparse.Namespace) -> int:
    """Start the cloud, then become JupyterLab. Returns only when that is impossible."""
    settings = Settings.from_environment()
    port = _required_port(arguments.port) if arguments.port else _next_free_port()
    if settings.target == "local":
        supervisor.start(settings.home, wait=False)
    token = os.environ.get("JUPYTER_TOKEN") or secrets.token_hex(24)
    print("Opening the course in JupyterLab. Pressing Ctrl-C here twice ends it.")
    print(f"http://127.0.0.1:{port}{FIRST_PAGE}?token={token}", flush=True)
    command = jupyterlab_command(settings.project, port=port, browser=not arguments.no_browser)
    # The token stays out of the command line, which every user of the machine can read. A kernel of the same
    # name elsewhere on the machine must not run our notebooks.
    os.environ.update(JUPYTER_TOKEN=token, JUPYTER_PREFER_ENV_PATH="1")
    os.chdir(settings.project)
    os.execv(command[0], command)


def jupyterlab_command(project: Path, *, port: int, browser: bool) -> list[str]:
    """Return the command that serves the project on loopback, opened at the first notebook.

    The settings that keep JupyterLab from asking outside hosts are shipped in `jupyter/`; they are repeated
    here for an environment in which the project is not installed.
    """
    options = [
        "--ServerApp.ip=127.0.0.1",
        f"--ServerApp.port={port}",
        "--ServerApp.port_retries=0",
        f"--ServerApp.root_dir={project}",
        f"--FileContentsManager.preferred_dir={project / 'notebooks'}",
        f"--LabApp.default_url={FIRST_PAGE}",
        "--LabApp.news_url=None",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
        "--LabApp.extension_manager=readonly",
        "--ServerApp.log_level=ERROR",
        "--LabApp.log_level=ERROR",
    ]
    if not browser:
        options.append("--no-browser")
    if os.geteuid() == 0:
        options.append("--allow-root")  # in a container; nothing but this machine can reach the server
    return [sys.executable, "-m", "jupyterlab", *options]


def _port(text: str) -> int:
    if not (text.isdigit() and 1 <= int(text) <= 65535):
        raise argparse.ArgumentTypeError(f"{text!r} is no port: name a number from 1 to 65535")
    return int(text)


def _required_port(port: int) -> int:
    try:
        _try(port)
    except OSError as error:
        taken = not isinstance(error, PermissionError)
        raise LabError(
            doing=f"opening JupyterLab on port {port}",
            cause="another program uses that port." if taken else "this user may not use ports below 1024.",
            next_step="Name another port, or leave --port out: JupyterLab then takes the next free one.",
        ) from error
    return port


def _next_free_port() -> int:
    for port in range(FIRST_PORT, FIRST_PORT + PORTS_TO_TRY):
        with contextlib.suppress(OSError):
            _try(port)
            return port
    raise LabError(
        doing="opening JupyterLab",
        cause=f"other programs use all ports from {FIRST_PORT} to {FIRST_PORT + PORTS_TO_TRY - 1}.",
        next_step="Name a free port with --port.",
    )


def _try(port: int) -> None:
    """Raise OSError if a server can't listen on this port of the loopback address."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(("127.0.0.1", port))
