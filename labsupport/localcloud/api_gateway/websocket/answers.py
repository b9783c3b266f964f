"""Read what a function answered: a proxy response, or nothing that API Gateway understands.

https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html
"""

from __future__ import annotations

import base64
import json
from typing import Any

from labsupport.localcloud.api_gateway.websocket.exchange import Answer, IntegrationFailed

MALFORMED = "Execution failed due to configuration error: Malformed Lambda proxy response"


def proxy_answer(payload: Any) -> Answer:
    """Return the status and the body of a handler's answer.

    Raises:
        IntegrationFailed: it has no status code, as when a handler returns nothing.
    """
    status = payload.get("statusCode") if isinstance(payload, dict) else None
    if isinstance(status, str) and status.isdigit():
        status = int(status)
    if not isinstance(status, int) or isinstance(status, bool):
        raise IntegrationFailed(MALFORMED)
    body = payload.get("body")
    if body is None:
        return Answer(status)
    text = body if isinstance(body, str) else json.dumps(body)
    if payload.get("isBase64Encoded") is True:
        text = base64.b64decode(text).decode("utf-8", "replace")
    return Answer(status, text)
