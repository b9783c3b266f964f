"""A WebSocket client for notebooks: connect, send, wait for what the test needs, keep what was said.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-how-to-call-websocket-api.html
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any
from urllib.parse import urlencode

from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from labsupport.errors import LabError

OPEN_SECONDS = 35  # longer than a $connect route may take


@dataclass(frozen=True)
class Said:
    """One message of a conversation.

    Attributes:
        seconds: since the connection was opened.
        who: "client" or "server".
        text: the message as it was sent.
    """

    seconds: float
    who: str
    text: str

    def json(self) -> Any:
        """Return the message as data, or the text itself where it is no JSON."""
        return _read(self.text)

    def __str__(self) -> str:
        arrow = "→" if self.who == "client" else "←"
        return f"{self.seconds:7.3f} s {arrow} {self.text}"


class Transcript(list[Said]):
    """What was said, one line each."""

    def __repr__(self) -> str:
        return "\n".join(map(str, self)) or "Nothing was said."


class WebSocket:
    """A client's connection: `with lab.websocket(api) as socket: ...`.

    Attributes:
        transcript: what was said so far, both ways.
    """

    def __init__(
        self, url: str, *, headers: Mapping[str, str] | None = None, query: Mapping[str, str] | None = None
    ) -> None:
        self.url = url + (f"?{urlencode(query)}" if query else "")
        self.transcript = Transcript()
        self._headers = dict(headers or {})
        self._socket: ClientConnection | None = None
        self._opened = 0.0

    def __enter__(self) -> WebSocket:
        """Open the connection.

        Raises:
            LabError: it was refused (status and body stand in the message), or nobody answers.
        """
        try:
            # API Gateway's quotas count what is sent, so nothing is compressed.
            opening = connect(
                self.url,
                additional_headers=self._headers,
                compression=None,
                open_timeout=OPEN_SECONDS,
                proxy=None,
            )
            self._socket = opening.__enter__()
        except InvalidStatus as error:
            response = error.response
            body = bytes(response.body or b"").decode("utf-8", "replace")
            raise LabError(
                doing=f"connecting to {self.url}",
                cause=f"API Gateway refused the handshake with {response.status_code}: {body or 'no body'}.",
                next_step="401 and 403 come from the authorizer, the stage or $connect. For 500, read the "
                "log of the function behind $connect, and look whether the API may invoke it.",
            ) from error
        except (OSError, InvalidHandshake, TimeoutError) as error:
            raise LabError(
                doing=f"connecting to {self.url}",
                cause=f"there is no WebSocket server that answers: {error}.",
                next_step="Look at the address. `./lab status` tells whether the local cloud runs.",
            ) from error
        self._opened = time.monotonic()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close the connection, if it is still open."""
        self.close()

    def send(self, message: Any) -> None:
        """Send a text as it is, anything else as JSON.

        Raises:
            LabError: the connection is closed.
        """
        text = message if isinstance(message, str) else json.dumps(message)
        try:
            self._open("sending a message").send(text)
        except ConnectionClosed as closed:
            raise self._was_closed("sending a message", closed) from closed
        self._note("client", text)

    def receive(self, *, until: Callable[[Any], bool] | None = None, timeout_seconds: float = 10) -> Any:
        """Return the next message as data (as text where it is no JSON).

        Args:
            until: take messages until this says yes to one; the others are in the transcript.
            timeout_seconds: how long to wait altogether.

        Raises:
            LabError: none came within the time, or the connection was closed.
        """
        deadline = time.monotonic() + timeout_seconds
        socket = self._open("waiting for a message")
        while True:
            try:
                text = socket.recv(timeout=max(0.0, deadline - time.monotonic()))
            except TimeoutError as error:
                raise LabError(
                    doing="waiting for a message",
                    cause=f"none {'that fits ' if until else ''}came within {timeout_seconds:g} s.",
                    next_step="A function's answer is sent only where the route has a route response. "
                    "Read the function's log, and the transcript.",
                    detail=repr(self.transcript),
                ) from error
            except ConnectionClosed as closed:
                raise self._was_closed("waiting for a message", closed) from closed
            self._note("server", str(text))
            message = _read(str(text))
            if until is None or until(message):
                return message

    def close(self, code: int = 1000, reason: str = "") -> None:
        """Say good-bye with a close code. Closing twice is nothing."""
        if self._socket is not None:
            self._socket.close(code, reason)

    def _open(self, doing: str) -> ClientConnection:
        if self._socket is None:
            raise LabError(
                doing=doing,
                cause="the connection was not opened.",
                next_step="Use it in a with statement: `with lab.websocket(api) as socket:`.",
            )
        return self._socket

    def _note(self, who: str, text: str) -> None:
        self.transcript.append(Said(time.monotonic() - self._opened, who, text))

    def _was_closed(self, doing: str, closed: ConnectionClosed) -> LabError:
        frame = closed.rcvd or closed.sent
        code = f"with the code {frame.code} {frame.reason}".strip() if frame else "without a close frame"
        return LabError(
            doing=doing,
            cause=f"the connection is closed, {code}.",
            next_step="1001 is a connection that was idle or too old, 1009 a message or a frame that was too "
            "big. Connect again.",
            detail=repr(self.transcript),
        )


def _read(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text
