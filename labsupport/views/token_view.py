"""A JSON web token taken apart: what anybody can read in it (notebook 06_orders_api).

Nothing is verified here. That is the authorizer's part, and it is why claims may be trusted behind it.
https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-the-access-token.html
"""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from typing import Any

from labsupport.views.table import Table

MEANINGS = {
    "kid": "which of the issuer's keys signed it",
    "alg": "how it was signed",
    "iss": "issuer: who made it. The authorizer trusts one",
    "client_id": "for which app client. The authorizer compares it with its audience",
    "aud": "audience: for which app client",
    "scope": "what it may be used for. A route can ask for a scope",
    "sub": "subject: who the user is, for ever",
    "username": "the user's name in the pool",
    "token_use": "access: what one may do; id: who one is",
    "auth_time": "when the user signed in",
    "iat": "issued at",
    "exp": "expires: from then on it is worth nothing",
    "jti": "the token's own id",
    "origin_jti": "id of the sign-in",
    "event_id": "id of the sign-in's event",
    "version": "of the token's format",
}
TIMES = {"auth_time", "iat", "exp"}
PARTS = ("header", "claims")


def token_table(token: str) -> Table:
    """Show the header and the claims of a token, but not its signature."""
    rows = [
        (part, name, _shown(name, value), MEANINGS.get(name, ""))
        for part, text in zip(PARTS, token.split("."), strict=False)
        for name, value in _decoded(text).items()
    ]
    return Table(["Part", "Name", "Value", "What it says"], rows)


def _decoded(part: str) -> dict[str, Any]:
    data: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return data


def _shown(name: str, value: Any) -> str:
    if name in TIMES:
        return f"{value}, which is {datetime.fromtimestamp(value, UTC):%H:%M:%S} UTC"
    return str(value)
