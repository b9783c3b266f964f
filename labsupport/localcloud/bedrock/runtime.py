"""The operations of Bedrock's runtime: Converse, ConverseStream, InvokeModel, its stream, and CountTokens.

https://docs.aws.amazon.com/bedrock/latest/APIReference/API_Operations_Amazon_Bedrock_Runtime.html
"""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from labsupport.localcloud.bedrock import claude, converse, event_stream, nova, titan
from labsupport.localcloud.bedrock.errors import BedrockError, from_the_model, invalid
from labsupport.localcloud.bedrock.invocation import Invocation, collect
from labsupport.localcloud.bedrock.metrics import BedrockMetrics
from labsupport.localcloud.bedrock.quotas import Quotas
from labsupport.localcloud.bedrock.resolution import Target, needs_profile, resolve
from labsupport.localcloud.models import catalogue
from labsupport.localcloud.models.catalogue import ModelCard
from labsupport.localcloud.models.chat import ChatModel, ChatRequest, End, Event
from labsupport.localcloud.models.stand_in import count_input
from labsupport.localcloud.rules import bedrock_inference, model_constraints
from labsupport.localcloud.service_api import ApiCall

NATIVE: dict[str, ModuleType] = {catalogue.NOVA: nova, catalogue.CLAUDE: claude}
NO_GUARDRAILS = (
    "Guardrails are not there in the local cloud. Leave guardrailConfig out, or use LAB_TARGET=aws."
)
# What a request may write that doesn't say how much, for the quota.
USUAL_MOST_TOKENS = 5_000
JSON = {"Content-Type": "application/json"}


@dataclass(frozen=True)
class Caller:
    """In whose account, and where."""

    account: str
    region: str


@dataclass(frozen=True)
class Reply:
    """An answer: a whole body, or pieces of one that come as the model writes."""

    headers: Mapping[str, str]
    body: bytes | Iterator[bytes]


class BedrockRuntime:
    """The service. Its methods may be called from any thread; they wait for the model."""

    def __init__(
        self,
        model_for: Callable[[ModelCard], ChatModel],
        *,
        metrics: BedrockMetrics,
        quotas: Quotas,
        embed: titan.Embed = titan.local_embedding,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take who answers for each model, and what keeps count."""
        self._model_for, self._embed, self._clock = model_for, embed, clock
        self._metrics, self.quotas = metrics, quotas
        self._operations: dict[str, Callable[[ApiCall, Target, Caller], Reply]] = {
            "Converse": self._converse,
            "ConverseStream": self._converse_stream,
            "InvokeModel": self._invoke,
            "InvokeModelWithResponseStream": self._invoke_stream,
            "CountTokens": self._count_tokens,
        }

    def target(self, call: ApiCall, caller: Caller) -> Target:
        """Return the model that a call is for.

        Raises:
            BedrockError: there is none, or the operation isn't there.
        """
        if call.name not in self._operations:
            raise BedrockError(
                "UnknownOperationException", f"The local cloud has no {call.name}. Use LAB_TARGET=aws for it."
            )
        return resolve(str(call.parameters["modelId"]), region=caller.region, account=caller.account)

    def answer(self, call: ApiCall, target: Target, caller: Caller) -> Reply:
        """Answer a call of somebody who may make it.

        Raises:
            BedrockError: the request is refused, or the model failed before it wrote anything.
        """
        try:
            if refusal := model_constraints.refusal(call.operation.input_shape, call.parameters):
                raise invalid(refusal.message)
            return self._operations[call.name](call, target, caller)
        except BedrockError as error:
            if call.name != "CountTokens":
                self._metrics.failed(caller.account, caller.region, target.model_id, error.status)
            raise

    def _converse(self, call: ApiCall, target: Target, caller: Caller) -> Reply:
        invocation = self._begin(self._read_converse(call, target), target, caller)
        whole = collect(invocation)
        return Reply(JSON, _json(converse.answer(whole, invocation.latency_ms)))

    def _converse_stream(self, call: ApiCall, target: Target, caller: Caller) -> Reply:
        invocation = self._begin(self._read_converse(call, target), target, caller)

        def pieces() -> Iterator[bytes]:
            for kind, content in converse.stream(invocation):
                yield event_stream.event(kind, content)
            usage, metrics = converse.usage(invocation.end), {"latencyMs": invocation.latency_ms}
            yield event_stream.event("metadata", {"usage": usage, "metrics": metrics})

        return Reply({"Content-Type": event_stream.CONTENT_TYPE}, self._with_errors(pieces(), target, caller))

    def _invoke(self, call: ApiCall, target: Target, caller: Caller) -> Reply:
        body = _read_json(call.parameters.get("body") or b"")
        if not target.card.is_chat:
            return self._embedding(body, target, caller)
        invocation = self._begin(self._read_native(call, body, target), target, caller)
        whole = collect(invocation)
        headers = {
            **JSON,
            "X-Amzn-Bedrock-Input-Token-Count": str(whole.end.input_tokens),
            "X-Amzn-Bedrock-Output-Token-Count": str(whole.end.output_tokens),
            "X-Amzn-Bedrock-Invocation-Latency": str(invocation.latency_ms),
        }
        return Reply(headers, _json(NATIVE[target.card.family].answer(target.card, whole)))

    def _invoke_stream(self, call: ApiCall, target: Target, caller: Caller) -> Reply:
        if not target.card.is_chat:
            raise invalid("The model is unsupported for streaming.")
        body = _read_json(call.parameters.get("body") or b"")
        invocation = self._begin(self._read_native(call, body, target), target, caller)
        native = NATIVE[target.card.family]

        def pieces() -> Iterator[bytes]:
            last: dict[str, Any] | None = None
            for content in native.stream(target.card, invocation):
                if last is not None:
                    yield _chunk(last)
                last = content
            yield _chunk({**(last or {}), "amazon-bedrock-invocationMetrics": invocation.native_metrics()})

        headers = {
            "Content-Type": event_stream.CONTENT_TYPE,
            "X-Amzn-Bedrock-Content-Type": "application/json",
        }
        return Reply(headers, self._with_errors(pieces(), target, caller))

    def _count_tokens(self, call: ApiCall, target: Target, caller: Caller) -> Reply:
        if not target.card.counts_tokens or target.profile:
            raise invalid("The provided model doesn't support counting tokens.")
        asked = call.parameters["input"]
        if "converse" in asked:
            request = converse.read(asked["converse"])
        else:
            request = NATIVE[target.card.family].read(
                _read_json(base64.b64decode(asked["invokeModel"]["body"]))
            )
        return Reply(JSON, _json({"inputTokens": count_input(request)}))

    def _embedding(self, body: Mapping[str, Any], target: Target, caller: Caller) -> Reply:
        began = self._clock()
        found, tokens = titan.answer(target.card, body, self._embed)
        self.quotas.reserve(caller.account, caller.region, target.model_id, tokens)
        self._count(target, caller, round((self._clock() - began) * 1000), tokens, 0)
        headers = {**JSON, "X-Amzn-Bedrock-Input-Token-Count": str(tokens)}
        return Reply(headers, _json(found))

    def _read_converse(self, call: ApiCall, target: Target) -> ChatRequest:
        if not target.card.is_chat:
            raise invalid(
                "This action doesn't support the model that you provided. Try again with a supported text or "
                "chat model."
            )
        if call.parameters.get("guardrailConfig"):
            raise invalid(NO_GUARDRAILS)
        request = converse.read(call.parameters)
        additional = call.parameters.get("additionalModelRequestFields") or {}
        return self._checked(request, target, additional)

    def _read_native(self, call: ApiCall, body: Mapping[str, Any], target: Target) -> ChatRequest:
        if call.parameters.get("guardrailIdentifier"):
            raise invalid(NO_GUARDRAILS)
        return self._checked(NATIVE[target.card.family].read(body), target, body)

    def _checked(self, request: ChatRequest, target: Target, additional: Mapping[str, Any]) -> ChatRequest:
        if refusal := needs_profile(target):
            raise refusal
        if problem := bedrock_inference.problem(target.card, request, additional):
            is_limit = problem.startswith("The maximum tokens")
            raise invalid(problem) if is_limit else from_the_model(problem)
        return request

    def _begin(self, request: ChatRequest, target: Target, caller: Caller) -> Invocation:
        """Let a request in and wait for the first event, so that a failure is still an HTTP error."""
        card, asked = target.card, count_input(request)
        if asked > card.context_tokens:
            raise from_the_model(
                "Input is too long for requested model. "
                f"It has about {asked} tokens, the model takes {card.context_tokens}."
            )
        most = request.max_tokens or card.most_tokens or USUAL_MOST_TOKENS
        reservation = self.quotas.reserve(caller.account, caller.region, target.model_id, asked + most)

        def done(end: End, latency_ms: int) -> None:
            self.quotas.settle(reservation, end.input_tokens + end.output_tokens)
            self._count(target, caller, latency_ms, end.input_tokens, end.output_tokens)

        events: Iterator[Event] = self._model_for(card).answer(request)
        try:
            return Invocation.begin(events, clock=self._clock, done=done)
        except BedrockError:
            self.quotas.settle(reservation, asked)
            raise

    def _with_errors(self, pieces: Iterator[bytes], target: Target, caller: Caller) -> Iterator[bytes]:
        """Yield the pieces, and what breaks them off as the stream's own error."""
        try:
            yield from pieces
        except BedrockError as error:
            self._metrics.failed(caller.account, caller.region, target.model_id, error.status)
            name = error.code[0].lower() + error.code[1:]
            yield event_stream.exception(name, {"message": error.message})

    def _count(self, target: Target, caller: Caller, latency_ms: int, read: int, written: int) -> None:
        self._metrics.invoked(
            caller.account,
            caller.region,
            target.model_id,
            latency_ms=latency_ms,
            input_tokens=read,
            output_tokens=written,
        )


def _chunk(content: Mapping[str, Any]) -> bytes:
    return event_stream.event("chunk", {"bytes": base64.b64encode(_json(content)).decode()})


def _read_json(body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise invalid("Malformed input request, please reformat your input and try again.")
    return found


def _json(content: Mapping[str, Any]) -> bytes:
    return json.dumps(content, ensure_ascii=False).encode(errors="replace")
