"""A function's states: Pending after its creation, an update in progress, and when they end.

MiniStack sets a timer, and makes a function Pending that is only updated. On AWS the work behind these states
takes seconds. The local cloud has no such work: a creation or an update is finished as soon as somebody asks
for it (GetFunction, GetFunctionConfiguration), so that AWS's waiters find it ready at their first look. Who
doesn't ask and goes on at once is refused for a while, as on AWS.

https://docs.aws.amazon.com/lambda/latest/dg/functions-states.html
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable, Iterator
from typing import Any

from labsupport.localcloud.ministack.seams import replace
from labsupport.localcloud.rules import lambda_update

# How long a creation or an update takes when nobody asks for it.
IN_PROGRESS_SECONDS = 5.0
ASKING = frozenset({"GetFunction", "GetFunctionConfiguration"})

Key = tuple[str, str, str]  # account, Region, function
Answer = Any


class FunctionStates:
    """The states of all functions, in MiniStack's records."""

    def __init__(self) -> None:
        """Take MiniStack's modules."""
        from ministack.core import responses
        from ministack.services import lambda_svc

        self._lambda: Any = lambda_svc
        self._responses: Any = responses
        self._finished_at: dict[Key, float] = {}

    def attach(self) -> None:
        """Stand before MiniStack's handlers, and in the place of its timer."""
        replace(self._lambda, "_schedule_state_transition", lambda _original: self._begin)
        replace(self._lambda, "_create_function", self._marking(lambda_update.created))
        replace(self._lambda, "_update_code", self._marking(lambda_update.updating))
        replace(self._lambda, "_update_config", self._marking(lambda_update.updating))

    def note_request(self, operation: str, name: str | None) -> None:
        """Finish what is over by now, or what this request asks for."""
        for each in [name] if name else list(self._lambda._functions):
            if operation in ASKING or time.monotonic() >= self._finished_at.get(self._key(each), 0):
                self._finish(each)

    def _begin(self, name: str, _delay: float) -> None:
        self._finished_at[self._key(name)] = time.monotonic() + IN_PROGRESS_SECONDS

    def _finish(self, name: str) -> None:
        func = self._lambda._functions.get(name)
        for config in self._unfinished(func) if func else ():
            lambda_update.finish(config)
            if config is func["config"]:
                config["RevisionId"] = str(uuid.uuid4())

    def _marking(self, mark: Callable[[dict[str, Any]], None]) -> Callable[..., Any]:
        """Return what a handler is wrapped in: `mark` what MiniStack has marked otherwise."""

        def wrap(original: Callable[..., Answer]) -> Callable[..., Answer]:
            def handle(*arguments: Any) -> Answer:
                status, headers, body = original(*arguments)
                if status not in (200, 201):
                    return status, headers, body
                shown = json.loads(body)
                func = self._lambda._functions[shown["FunctionName"]]
                for config in self._unfinished(func):
                    (mark if config is func["config"] else lambda_update.created)(config)
                mark(shown)
                return status, headers, json.dumps(shown).encode()

            return handle

        return wrap

    def _unfinished(self, func: dict[str, Any]) -> Iterator[dict[str, Any]]:
        for config in [func["config"], *(version["config"] for version in func["versions"].values())]:
            snapshot = (config.get("SnapStart") or {}).get("OptimizationStatus") == "On"
            if lambda_update.in_progress(config) and not snapshot:  # a snapshot finishes itself
                yield config

    def _key(self, name: str) -> Key:
        return self._responses.get_account_id(), self._responses.get_region(), name
