"""Where Amazon Bedrock's control plane is asked twice with one clientToken. boto3 puts one into each call.

"If this token matches a previous request, Amazon Bedrock ignores the request, but does not return an error."

https://docs.aws.amazon.com/bedrock/latest/APIReference/API_agent_CreateKnowledgeBase.html
"""

from __future__ import annotations

import asyncio
import json
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from labsupport.localcloud.ministack.seams import replace

Answer = Any
KEPT_ANSWERS = 200


class IdempotencyTokenSeam:
    """Give a request that comes again the answer of the first one, if that was a success."""

    def __init__(self, service: Any) -> None:
        """Take MiniStack's module of the service."""
        self._service = service
        self._answers: OrderedDict[tuple[str, str, str], Answer] = OrderedDict()
        self._one_at_a_time = asyncio.Lock()

    def attach(self) -> None:
        """Stand before all that asks and does."""
        replace(self._service, "handle_request", self._remembering)

    def _remembering(self, original: Callable[..., Answer]) -> Callable[..., Answer]:
        async def handle(method: str, path: str, headers: Any, body: bytes, query_params: Any) -> Answer:
            token = _token(body)
            if not token:
                return await original(method, path, headers, body, query_params)
            key = (method, path, token)
            async with self._one_at_a_time:  # the first request may still be under way
                if key not in self._answers:
                    answer = await original(method, path, headers, body, query_params)
                    if answer[0] >= 300:
                        return answer
                    self._answers[key] = answer
                    while len(self._answers) > KEPT_ANSWERS:
                        self._answers.popitem(last=False)
                return self._answers[key]

        return handle


def _token(body: bytes) -> str:
    try:
        request = json.loads(body or b"{}")
    except ValueError:
        return ""
    token = request.get("clientToken") if isinstance(request, dict) else None
    return token if isinstance(token, str) else ""
