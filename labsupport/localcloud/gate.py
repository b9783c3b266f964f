"""The gate in front of MiniStack: this machine's names and pages only, no administration, a health page."""

from __future__ import annotations

import hmac
import json
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any

from labsupport.localcloud.download_links import DownloadLinks

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
Page = Callable[[Any], dict[str, object]]

# MiniStack's own endpoints need no authentication, even where IAM is enforced: reset would wipe a
# learner's work. Downloads of function code and layers are open to who has a link, which GetFunction gives.
SHUT_PREFIXES = ("/_ministack/", "/_localstack/", "/_aws/")
DOWNLOAD_PREFIXES = ("/_ministack/lambda-code/", "/_ministack/lambda-layers/")
LOOPBACK_NAMES = ("127.0.0.1", "localhost", "[::1]")
# What an API or a function URL answers to other origins is its own configuration's to say, as on AWS.
PUBLIC_PREFIXES = ("/_aws/execute-api/",)
PUBLIC_HOSTS = (".execute-api.", ".lambda-url.")
SIGNED_IN_THE_QUERY = (b"X-Amz-Signature=", b"Signature=")


class Gate:
    """Stand before an ASGI application and let through what a client of AWS would send.

    `health` gives the body of the health page. `on_change` is called after each request that may have
    changed something, so that the state is saved. `pages` are what a lesson may set, by path: each takes the
    JSON of a PUT from somebody who knows `secret`, returns what is set now, and raises ValueError. `links`
    tells which downloads were asked for with a link that the cloud has signed.
    """

    def __init__(
        self,
        app: App,
        *,
        health: Callable[[], dict[str, object]],
        on_change: Callable[[], None],
        links: DownloadLinks,
        secret: str,
        pages: Mapping[str, Page] | None = None,
    ) -> None:
        """Keep the application behind the gate and the callables."""
        self._app, self._health, self._on_change = app, health, on_change
        self._links, self._bearer, self._pages = links, f"Bearer {secret}", pages or {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI connection."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        path = scope["path"]
        if problem := self._problem(scope):
            await _refuse(scope, send, 403, problem)
        elif path == "/_lab/health":
            await _answer(send, 200, self._health())
        elif scope.get("method") == "PUT" and path in self._pages:
            await self._set(self._pages[path], receive, send)
        else:
            await self._app(scope, receive, send)
            if scope.get("method") not in ("GET", "HEAD"):
                self._on_change()

    def _problem(self, scope: Scope) -> str | None:
        """Return why a request is refused, or None."""
        path = scope["path"]
        if not is_loopback_name(_header(scope, b"host").lower()):
            # A web page of another origin can point its own name at 127.0.0.1 (DNS rebinding).
            return "Only loopback host names are served here."
        if is_of_another_site(scope):
            # Browsers let every page send requests to this machine, and only say which page it is.
            return "Only pages of this machine may ask."
        if path in self._pages and not hmac.compare_digest(
            _header(scope, b"authorization").encode(), self._bearer.encode()
        ):
            return "Only who holds the lab's root key may set this."
        if path.startswith(DOWNLOAD_PREFIXES):
            query = scope.get("query_string", b"").decode("latin-1")
            return None if self._links.fits(path, query) else "This link is not signed, or it has expired."
        if path.startswith(SHUT_PREFIXES) and not path.startswith(PUBLIC_PREFIXES):
            return "Administration endpoints are shut in the lab."
        return None

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


def is_of_another_site(scope: Scope) -> bool:
    """Tell whether a page that is not of this machine sends a request that only this machine's may send.

    A browser names the page in Origin, or says "cross-site" where there is no such header. JupyterLab's own
    page is of this machine, on whatever port. Any page may call an API, as on AWS, and follow a presigned
    link, whose signature is checked. But no WebSocket: no CORS configuration says who may read from it.
    """
    origin = _header(scope, b"origin").lower()
    if origin and is_loopback_name(origin.partition("://")[2]):
        return False
    if not origin and _header(scope, b"sec-fetch-site") != "cross-site":
        return False
    if scope["type"] == "websocket":
        return True
    host = _header(scope, b"host").lower()
    is_public = scope["path"].startswith(PUBLIC_PREFIXES) or any(name in host for name in PUBLIC_HOSTS)
    return not is_public and not any(name in scope.get("query_string", b"") for name in SIGNED_IN_THE_QUERY)


def _header(scope: Scope, name: bytes) -> str:
    return next((value.decode("latin-1") for key, value in scope["headers"] if key == name), "")


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
