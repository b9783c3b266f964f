"""The gate in front of MiniStack: loopback names only, administration shut, and the lab's own health page."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
Page = Callable[[Any], dict[str, object]]

# MiniStack's own endpoints need no authentication, even where IAM is enforced: reset would wipe a
# learner's work. Downloads of function code and layers stay open: GetFunction hands out their addresses,
# as AWS hands out presigned ones.
SHUT_PREFIXES = ("/_ministack/", "/_localstack/", "/_aws/")
OPEN_PREFIXES = (
    "/_ministack/lambda-code/",
    "/_ministack/lambda-layers/",
    "/_aws/execute-api/",
)
LOOPBACK_NAMES = ("127.0.0.1", "localhost", "[::1]")


class Gate:
    """Stand before an ASGI application and let through what a client of AWS would send.

    `health` gives the body of the health page. `on_change` is called after each request that may have
    changed something, so that the state is saved. `pages` are what a lesson may set, by path: each takes the
    JSON of a PUT, returns what is set now, and raises ValueError. A web page of another origin can't PUT.
    """

    def __init__(
        self,
        app: App,
        *,
        health: Callable[[], dict[str, object]],
        on_change: Callable[[], None],
        pages: Mapping[str, Page] | None = None,
    ) -> None:
        """Keep the application behind the gate and the callables."""
        self._app, self._health, self._on_change = app, health, on_change
        self._pages = pages or {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI connection."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        path = scope["path"]
        if not is_loopback_name(_header(scope, b"host")):
            # A web page of another origin can point its own name at 127.0.0.1 (DNS rebinding).
            await _refuse(scope, send, 403, "Only loopback host names are served here.")
        elif scope["type"] == "websocket" and not is_loopback_origin(_header(scope, b"origin")):
            # Browsers let every page open a WebSocket to this machine, and only say which page it is.
            await _refuse(scope, send, 403, "Only pages of this machine may connect.")
        elif path == "/_lab/health":
            await _answer(send, 200, self._health())
        elif scope.get("method") == "PUT" and path in self._pages:
            await self._set(self._pages[path], receive, send)
        elif path.startswith(SHUT_PREFIXES) and not path.startswith(OPEN_PREFIXES):
            await _refuse(scope, send, 403, "Administration endpoints are shut in the lab.")
        else:
            await self._app(scope, receive, send)
            if scope.get("method") not in ("GET", "HEAD"):
                self._on_change()

    async def _set(self, page: Page, receive: Receive, send: Send) -> None:
        body, more = b"", True
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        try:
            await _answer(send, 200, page(json.loads(body)))
        except (ValueError, TypeError) as error:
            await _answer(send, 400, {"message": str(error)})


def is_loopback_name(host: str) -> bool:
    """Tell whether a Host header names this machine (`bucket.localhost:4566` counts)."""
    name = host.rsplit(":", 1)[0] if not host.endswith("]") else host
    return name in LOOPBACK_NAMES or name.endswith(".localhost")


def is_loopback_origin(origin: str) -> bool:
    """Tell whether an Origin header names a page of this machine, none ("null"), or isn't there.

    JupyterLab's own page is such a one, on whatever port.
    """
    return origin in ("", "null") or is_loopback_name(origin.partition("://")[2])


def _header(scope: Scope, name: bytes) -> str:
    return next((value.decode("latin-1").lower() for key, value in scope["headers"] if key == name), "")


async def _refuse(scope: Scope, send: Send, status: int, message: str) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008})
    else:
        await _answer(send, status, {"__type": "AccessDenied", "message": message})


async def _answer(send: Send, status: int, body: dict[str, object]) -> None:
    data = json.dumps(body).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(data)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": data})
