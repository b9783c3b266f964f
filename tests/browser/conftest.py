"""JupyterLab as `./lab open` starts it, and a real browser in front of it."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import nbformat
import psutil
import pytest
from playwright.sync_api import Browser, Page, Playwright, sync_playwright

from labsupport.learning.solutions import solve
from labsupport.localcloud import supervisor
from tests.checkout import ROOT, Checkout
from tests.course import add_course

PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
START_SECONDS = 120
THIS_MACHINE = {"127.0.0.1", "localhost"}


@dataclass
class Visit:
    """A page and what happened in it.

    Attributes:
        url: the address that `lab open` printed.
        checkout: what JupyterLab serves.
        errors: of the browser's console, and exceptions that no script caught.
        outside: addresses that were asked, but for this machine's.
    """

    page: Page
    url: str
    checkout: Checkout
    errors: list[str] = field(default_factory=list)
    outside: list[str] = field(default_factory=list)

    def note_address(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("data", "blob") and parts.hostname not in THIS_MACHINE:
            self.outside.append(url)


def find_browser(playwright: Playwright) -> str:
    """Return the machine's Chromium, or else Playwright's own."""
    return next(filter(None, map(shutil.which, PROGRAMS)), playwright.chromium.executable_path)


@contextlib.contextmanager
def open_browser(*flags: str) -> Iterator[Browser]:
    """Start the machine's Chromium or else Playwright's own. In CI it must be there.

    Playwright runs an event loop in this thread as long as it is open, and another test could run none.
    """
    with sync_playwright() as playwright:
        found = find_browser(playwright)
        if not Path(found).exists():
            message = "NO BROWSER: install chromium, or run `.venv/bin/playwright install chromium`"
            if os.environ.get("CI") == "true":
                pytest.fail(message)
            pytest.skip(message)
        browser = playwright.chromium.launch(executable_path=found, args=[*FLAGS, *flags])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Return a browser for the tests of one module."""
    with open_browser() as browser:
        yield browser


@contextlib.contextmanager
def served_course(checkout: Checkout, *, solved: bool = False) -> Iterator[str]:
    """Open the course as a learner with a Jupyter configuration of their own; yield the printed address.

    `solved`: the exercises' cells hold the course's solutions.
    """
    add_course(checkout)
    for path in checkout.notebooks.glob("*.ipynb") if solved else ():
        notebook = nbformat.read(path, as_version=4)
        solve(notebook, ROOT, path.name[:2])
        nbformat.write(notebook, path)
    folder = checkout.home.parent
    own = {name: str(folder / name.lower()) for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR")}
    with checkout.start("open", "--no-browser", "--port", str(free_port()), **own) as process:
        try:
            assert process.stdout is not None
            process.stdout.readline()
            url = process.stdout.readline().strip()
            wait_until_served(url, process)
            yield url
            kernels = kernels_of(psutil.Process(process.pid))
            process.terminate()
            process.wait(timeout=30)
            assert psutil.wait_procs(kernels, timeout=10)[1] == [], "JupyterLab leaves kernels running"
        finally:
            process.kill()
            supervisor.stop(checkout.home)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, layer_cache: Path) -> Iterator[tuple[Checkout, str]]:
    """Open the course, its exercises solved, as somebody who has never used Jupyter."""
    checkout = Checkout(tmp_path_factory.mktemp("browser"))
    checkout.home.mkdir()
    (checkout.home / "cache").symlink_to(layer_cache)
    with served_course(checkout, solved=True) as url:
        yield checkout, url


@pytest.fixture
def visit(browser: Browser, served: tuple[Checkout, str]) -> Iterator[Visit]:
    """Return a new browser profile's page, not yet at any address."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    checkout, url = served
    visit = Visit(context.new_page(), url, checkout)
    visit.page.on("console", lambda message: message.type == "error" and visit.errors.append(message.text))
    visit.page.on("pageerror", lambda error: visit.errors.append(str(error)))
    visit.page.on("websocket", lambda socket: visit.note_address(socket.url))
    context.on("request", lambda request: visit.note_address(request.url))
    yield visit
    context.close()


def kernels_of(server: psutil.Process) -> list[psutil.Process]:
    return [child for child in server.children() if "ipykernel_launcher" in child.cmdline()]


def free_port() -> int:
    """Return a port far from those that `lab open` takes by itself, in tests that run at the same time."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def wait_until_served(url: str, process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            urllib.request.urlopen(url, timeout=10).close()
            return
        except urllib.error.URLError:
            assert process.poll() is None and time.monotonic() < deadline, "JupyterLab did not start"
        time.sleep(0.1)
