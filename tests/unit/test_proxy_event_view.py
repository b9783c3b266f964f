"""The views of notebook 06: the proxy event, and a token taken apart."""

from __future__ import annotations

import base64
import json
from pathlib import Path

from labsupport.views.proxy_event_view import MEANINGS, proxy_event_table
from labsupport.views.token_view import token_table

FUNCTION = Path(__file__).parents[2] / "functions" / "echo"
EVENT = json.loads((FUNCTION / "event.json").read_text(encoding="utf-8"))


def rows_of(event: object) -> dict[object, tuple[object, ...]]:
    return {row[0]: tuple(row[1:]) for row in proxy_event_table(event).rows}  # type: ignore[arg-type]


def test_every_field_of_the_sample_event_is_shown_and_explained() -> None:
    rows = rows_of(EVENT)
    assert rows["queryStringParameters"][0] == "size: S,M; note: two words"
    assert rows["requestContext.http.method"][0] == "GET"
    assert rows["cookies"][0] == "seen=yes"
    assert [name for name, (_, meaning) in rows.items() if not meaning] == []


def test_what_only_some_events_have_is_explained_too() -> None:
    claims = {"jwt": {"claims": {"sub": "1"}, "scopes": None}}
    event = {"body": "x" * 400, "stageVariables": None, "requestContext": {"authorizer": claims}}
    rows = rows_of(event)
    assert rows["body"][0] == "x" * 300 + " …"
    assert "'sub': '1'" in str(rows["requestContext.authorizer"][0])
    assert set(rows) <= set(MEANINGS)


def test_a_field_that_is_new_is_shown_without_a_meaning() -> None:
    assert rows_of({"requestContext": {"colour": "red"}}) == {"requestContext.colour": ("red", "")}


def part(data: dict[str, object]) -> str:
    return base64.urlsafe_b64encode(json.dumps(data).encode()).decode().rstrip("=")


def test_a_token_shows_its_header_and_its_claims_and_no_signature() -> None:
    token = ".".join([part({"alg": "RS256"}), part({"exp": 1795576231, "scope": "a b"}), "c2lnbmF0dXJl"])
    table = token_table(token)
    assert [row[:3] for row in table.rows] == [
        ("header", "alg", "RS256"),
        ("claims", "exp", "1795576231, which is 03:10:31 UTC"),
        ("claims", "scope", "a b"),
    ]
    assert all(row[3] for row in table.rows)
    assert "c2lnbmF0dXJl" not in repr(table)
