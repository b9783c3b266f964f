"""Where requests of Bedrock arrive: MiniStack says who asks and whether they may, our service answers.

MiniStack's own models are canned text; nothing of them is left. What its control plane knows beside models
(guardrails and such) stays MiniStack's.

IAM knows no action for Converse: `bedrock:InvokeModel` and `bedrock:InvokeModelWithResponseStream` are asked
for, on the model's ARN, and on the inference profile's when there is one.

https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html
https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonbedrock.html
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from labsupport.localcloud.bedrock import catalogue_api
from labsupport.localcloud.bedrock.errors import BedrockError
from labsupport.localcloud.bedrock.resolution import Target
from labsupport.localcloud.bedrock.runtime import BedrockRuntime, Caller, Reply
from labsupport.localcloud.ministack.seams import replace
from labsupport.localcloud.service_api import ApiCall, ServiceApi

Answer = Any
Send = Callable[[dict[str, Any]], Any]
# Each of these waits for a model that is writing.
MOST_INVOCATIONS = 256

ACTIONS = {
    "Converse": "bedrock:InvokeModel",
    "InvokeModel": "bedrock:InvokeModel",
    "ConverseStream": "bedrock:InvokeModelWithResponseStream",
    "InvokeModelWithResponseStream": "bedrock:InvokeModelWithResponseStream",
    "CountTokens": "bedrock:CountTokens",
}
# ARNs stand in paths, and have slashes.
RUNTIME_API = ServiceApi("bedrock-runtime", label=".+")
CONTROL_API = ServiceApi("bedrock", label=".+")


class BedrockSeam:
    """Bedrock's requests, behind MiniStack's authentication."""

    def __init__(self, runtime: BedrockRuntime) -> None:
        """Take MiniStack's modules."""
        import ministack.app
        from ministack.core import iam_actions, responses
        from ministack.services import bedrock, bedrock_runtime

        self._app: Any = ministack.app
        self._actions: Any = iam_actions
        self._responses: Any = responses
        self._control: Any = bedrock
        self._module: Any = bedrock_runtime
        self._runtime = runtime
        self._threads = ThreadPoolExecutor(MOST_INVOCATIONS, thread_name_prefix="bedrock")

    def attach(self) -> None:
        """Stand before MiniStack's own functions."""
        replace(self._actions, "extract_iam_action", self._leaving_it_to_us)
        replace(self._module, "handle_request", lambda _original: self._handle)
        replace(self._control, "handle_request", self._controlling)

    def _leaving_it_to_us(self, original: Callable[..., str | None]) -> Callable[..., str | None]:
        """Have MiniStack check a request's credentials only. Which model is meant, it doesn't know."""

        def extract(
            service: str, method: str, path: str, headers: Any, body: bytes, query_params: Any
        ) -> str | None:
            if service == "bedrock-runtime":
                return None
            return original(service, method, path, headers, body, query_params)

        return extract

    async def _handle(self, method: str, path: str, headers: Any, body: bytes, query_params: Any) -> Answer:
        caller = self._caller()
        try:
            call = _read(RUNTIME_API, method, path, headers, query_params, body)
            if call is None:
                raise BedrockError("UnknownOperationException", f"There is no operation {method} {path}.")
            target = self._runtime.target(call, caller)
            if denied := self._denial(call, target, caller, headers, query_params):
                return denied
            loop = asyncio.get_running_loop()
            reply = await loop.run_in_executor(self._threads, self._runtime.answer, call, target, caller)
        except BedrockError as error:
            return _refused(error)
        return 200, dict(reply.headers), self._body(reply)

    def _controlling(self, original: Callable[..., Answer]) -> Callable[..., Answer]:
        async def handle(method: str, path: str, headers: Any, body: bytes, query_params: Any) -> Answer:
            try:
                call = _read(CONTROL_API, method, path, headers, query_params, b"")
                found = catalogue_api.answer(call, self._caller()) if call else None
            except BedrockError as error:
                return _refused(error)
            if found is None:
                return await original(method, path, headers, body, query_params)
            return 200, {"Content-Type": "application/json"}, json.dumps(found).encode()

        return handle

    def _caller(self) -> Caller:
        return Caller(self._responses.get_account_id(), self._responses.get_region())

    def _denial(
        self, call: ApiCall, target: Target, caller: Caller, headers: Any, query_params: Any
    ) -> Answer | None:
        """Ask IAM for each resource. Return AWS's answer to somebody who may not, or None."""
        context = {}
        if target.profile:
            context["bedrock:inferenceprofilearn"] = [target.profile.arn(caller.region, caller.account)]
        for arn in target.arns(caller.region, caller.account):
            denied = self._app._enforce_data_plane(
                "bedrock-runtime",
                ACTIONS[call.name],
                headers,
                query_params,
                "",
                resource_arn=arn,
                service_context=context,
                named_resource=arn,
            )
            if denied:
                return denied
        return None

    def _body(self, reply: Reply) -> Any:
        if isinstance(reply.body, bytes):
            return reply.body
        return self._responses.StreamingResponse(self._runner(reply.body))

    def _runner(self, pieces: Iterator[bytes]) -> Callable[[Send, Any], Any]:
        """Return what sends pieces as they come. A client that goes away ends the writing."""

        async def run(send: Send, receive: Callable[[], Any]) -> None:
            loop = asyncio.get_running_loop()
            gone = asyncio.ensure_future(_until_gone(receive))
            try:
                while not gone.done():
                    piece = await loop.run_in_executor(self._threads, next, pieces, None)
                    if piece is None:
                        break
                    await send({"type": "http.response.body", "body": piece, "more_body": True})
                await send({"type": "http.response.body", "body": b"", "more_body": False})
            finally:
                gone.cancel()
                with contextlib.suppress(ValueError):  # it is just being asked for its next piece
                    pieces.close()  # type: ignore[attr-defined]

        return run


async def _until_gone(receive: Callable[[], Any]) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _read(
    api: ServiceApi, method: str, path: str, headers: Mapping[str, str], query: Any, body: bytes
) -> ApiCall | None:
    try:
        return api.read(method, path, headers, query, body)
    except ValueError as error:
        raise BedrockError("ValidationException", f"The request is not valid JSON: {error}") from error


def _refused(error: BedrockError) -> Answer:
    headers = {"Content-Type": "application/json", "x-amzn-errortype": error.code}
    return error.status, headers, json.dumps({"message": error.message}, ensure_ascii=False).encode()
