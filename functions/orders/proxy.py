"""API Gateway's events and answers (Lambda proxy integration).

An HTTP API sends payload format 2.0, a REST API format 1.0. They say the same in other words.
https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
"""

import base64
import re
from dataclasses import dataclass

from decimal_json import read_json, write_json

MAX_BODY_BYTES = 64 * 1024
IDEMPOTENCY_KEY = re.compile(r"[!-~]{1,128}")  # ASCII that can be seen, and no space


class Refusal(Exception):
    """An answer with 4xx.

    `errors` names fields: [{"field": "items.0.quantity", "reason": "..."}].
    """

    def __init__(self, status: int, message: str, errors: list[dict] | None = None, **headers: str) -> None:
        super().__init__(message)
        self.status, self.message, self.errors, self.headers = status, message, errors, headers

    def answer(self) -> dict:
        """Return the refusal as API Gateway wants an answer."""
        body = {"message": self.message} | ({"errors": self.errors} if self.errors else {})
        return answer(self.status, body, **self.headers)


@dataclass(frozen=True)
class Request:
    """What a client asked, whichever API it came through.

    `path` is without the stage, `client_path` as the client wrote it. Headers' names are in lower case.
    """

    id: str
    method: str
    path: str
    client_path: str
    query: dict[str, str]
    headers: dict[str, str]
    raw_body: str
    is_base64: bool

    def json(self) -> object:
        """Return the body as data, with Decimal for each number that has a point.

        Raises:
            Refusal: 413 for more than 64 KB, 400 for what is not JSON in UTF-8.
        """
        if len(self.raw_body) > MAX_BODY_BYTES * 4 / 3:
            raise Refusal(413, f"The body may have {MAX_BODY_BYTES} bytes.")
        try:
            body = base64.b64decode(self.raw_body) if self.is_base64 else self.raw_body.encode()
        except ValueError:  # a lone half of a character, which UTF-8 can't express
            raise Refusal(400, "The body is not UTF-8.") from None
        if len(body) > MAX_BODY_BYTES:
            raise Refusal(413, f"The body may have {MAX_BODY_BYTES} bytes.")
        try:
            return read_json(body)
        except ValueError as error:
            raise Refusal(400, f"The body is not JSON: {error}.") from None

    def idempotency_key(self) -> str:
        """Return the header Idempotency-Key: the client's own name for this request.

        Raises:
            Refusal: 400 if it is not there, or not what a key may be.
        """
        key = self.headers.get("idempotency-key", "")
        if IDEMPOTENCY_KEY.fullmatch(key):
            return key
        reason = "1 to 128 ASCII characters without a space" if key else "Field required"
        errors = [{"field": "Idempotency-Key", "reason": reason}]
        raise Refusal(400, "The header Idempotency-Key is missing or wrong.", errors)


def read_request(event: dict) -> Request:
    """Read an event of either format."""
    context = event["requestContext"]
    if event.get("version") == "2.0":
        method = context["http"]["method"]
        # "$default" is not in the path, any other stage is.
        path, client_path = event["rawPath"].removeprefix(f"/{context['stage']}"), event["rawPath"]
    else:
        method = event["httpMethod"]
        path, client_path = event["path"], context.get("path") or event["path"]
    return Request(
        id=context.get("requestId", ""),
        method=method,
        path=path,
        client_path=client_path,
        query=event.get("queryStringParameters") or {},
        headers={name.lower(): value for name, value in (event.get("headers") or {}).items()},
        raw_body=event.get("body") or "",
        is_base64=bool(event.get("isBase64Encoded")),
    )


def answer(status: int, body: dict, **headers: str) -> dict:
    """Return an answer as both kinds of API want it."""
    return {
        "statusCode": status,
        "headers": {"Content-Type": "application/json", **headers},
        "body": write_json(body),
    }
