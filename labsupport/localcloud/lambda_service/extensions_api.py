"""The Lambda Extensions API, and what `inside/launcher.py` says of the processes that it has started.

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-extensions-api.html
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Awaitable, Callable
from typing import Protocol

from labsupport.localcloud.lambda_service.extensions import ExtensionRefused, Extensions
from labsupport.localcloud.lambda_service.function import Function
from labsupport.localcloud.lambda_service.loopback_http import Request, Response, Route, answer_json, problem

PREFIX = "/2020-01-01/extension"
LAUNCHER = "/lab/launcher"
NAME, IDENTIFIER = "lambda-extension-name", "lambda-extension-identifier"
ERROR_TYPE = "lambda-extension-function-error-type"
ACCOUNT_FEATURE = "lambda-extension-accept-feature"


class RuntimeWatcher(Protocol):
    """Who wants to know of the runtime's process when it isn't the leader of the group."""

    def runtime_started(self, pid: int) -> None:
        """Take the runtime's process number."""

    def runtime_ended(self, return_code: int) -> None:
        """Take the runtime's end."""


class ExtensionsApi:
    """The Extensions API's routes for one environment."""

    def __init__(
        self, function: Function, extensions: Callable[[], Extensions], watcher: RuntimeWatcher
    ) -> None:
        """Serve what `extensions` returns: a reset makes a new one."""
        self._function, self._extensions, self._watcher = function, extensions, watcher
        self.routes = [
            Route("POST", re.compile(f"{PREFIX}/register"), _guarded(self._register)),
            Route("GET", re.compile(f"{PREFIX}/event/next"), _guarded(self._next)),
            Route("POST", re.compile(f"{PREFIX}/(init|exit)/error"), _guarded(self._error)),
            Route("POST", re.compile(f"{LAUNCHER}/extensions"), self._launched),
            Route("GET", re.compile(f"{LAUNCHER}/registered"), self._registered),
            Route("POST", re.compile(f"{LAUNCHER}/runtime/(\\d+)"), self._runtime_started),
            Route("POST", re.compile(f"{LAUNCHER}/ended"), self._ended),
        ]

    async def _register(self, request: Request) -> Response:
        try:
            events = json.loads(request.body or b"{}").get("events", [])
        except (ValueError, AttributeError) as error:
            raise ExtensionRefused("InvalidRequestFormat", "The body must be a JSON object.") from error
        if not request.headers.get(NAME):
            raise ExtensionRefused(
                "Extension.InvalidExtensionName", "The header Lambda-Extension-Name is empty."
            )
        extension = self._extensions().register(request.headers[NAME], events)
        answer = {
            "functionName": self._function.name,
            "functionVersion": self._function.version,
            "handler": self._function.handler,
        }
        if "accountId" in request.headers.get(ACCOUNT_FEATURE, ""):
            answer["accountId"] = self._function.arn.split(":")[4]
        return answer_json(200, answer, {"Lambda-Extension-Identifier": extension.identifier})

    async def _next(self, request: Request) -> Response:
        return answer_json(200, await self._extensions().next_event(request.headers.get(IDENTIFIER, "")))

    async def _error(self, request: Request, _phase: str) -> Response:
        error_type = request.headers.get(ERROR_TYPE, "Extension.Unknown")
        message = request.body.decode("utf-8", "replace") or error_type
        self._extensions().failed(request.headers.get(IDENTIFIER, ""), error_type, message)
        return answer_json(202, {"status": "OK"})

    # The launcher

    async def _launched(self, request: Request) -> Response:
        self._extensions().started(json.loads(request.body))
        return answer_json(202, {})

    async def _registered(self, _request: Request) -> Response:
        await self._extensions().all_registered()
        return answer_json(200, {})

    async def _runtime_started(self, _request: Request, pid: str) -> Response:
        self._watcher.runtime_started(int(pid))
        return answer_json(202, {})

    async def _ended(self, request: Request) -> Response:
        ended = json.loads(request.body)
        if ended["name"] is None:
            self._watcher.runtime_ended(ended["return_code"])
        else:
            self._extensions().ended(ended["name"], ended["reason"])
        return answer_json(202, {})


def _guarded(answer: Callable[..., Awaitable[Response]]) -> Callable[..., Awaitable[Response]]:
    """Turn a refusal into the API's answer."""

    @functools.wraps(answer)
    async def guarded(request: Request, *groups: str) -> Response:
        try:
            return await answer(request, *groups)
        except ExtensionRefused as refused:
            return problem(refused.status, refused.error_type, refused.message)

    return guarded
