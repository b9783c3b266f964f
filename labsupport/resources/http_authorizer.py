"""JWT authorizers: an HTTP API lets in who brings a token of an issuer that it trusts.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-jwt-authorizer.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from labsupport.lost_answers import ONCE
from labsupport.target import Target

TOKEN_SOURCE = "$request.header.Authorization"  # where the token stands, not a token


@dataclass(frozen=True)
class JwtAuthorizer:
    """Say whose tokens are taken.

    Attributes:
        issuer: what a token's `iss` has to be, such as a user pool's address.
        audience: one of them has to be the token's `aud`, or its `client_id`.
    """

    issuer: str
    audience: tuple[str, ...]


def sync_authorizers(target: Target, api_id: str, wanted: Mapping[str, JwtAuthorizer]) -> dict[str, str]:
    """Create or update an API's JWT authorizers, and return their ids by name. Others are left alone."""
    if not wanted:
        return {}
    client = target.client("apigatewayv2")
    pages = client.get_paginator("get_authorizers").paginate(ApiId=api_id)
    existing = {each["Name"]: each for page in pages for each in page["Items"]}
    found = {}
    for name, authorizer in wanted.items():
        settings = _settings(authorizer)
        current = existing.get(name)
        if current is None:
            current = target.client("apigatewayv2", **ONCE).create_authorizer(
                ApiId=api_id, Name=name, **settings
            )
        elif any(current.get(key) != value for key, value in settings.items()):
            client.update_authorizer(ApiId=api_id, AuthorizerId=current["AuthorizerId"], **settings)
        found[name] = current["AuthorizerId"]
    return found


def _settings(authorizer: JwtAuthorizer) -> dict[str, Any]:
    return {
        "AuthorizerType": "JWT",
        "IdentitySource": [TOKEN_SOURCE],
        "JwtConfiguration": {"Issuer": authorizer.issuer, "Audience": list(authorizer.audience)},
    }
