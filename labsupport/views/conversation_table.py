"""A conversation with a model, block by block: who says what to whom (notebook 10_rag_and_agents)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from labsupport.views.table import Table

SENDERS = {"user": "program → model", "assistant": "model → program"}
LONGEST = 600
"""Characters of a block that are shown."""


def conversation_table(messages: Sequence[Mapping[str, Any]]) -> Table:
    """Show Converse's messages, one row for each block of content.

    Args:
        messages: as Converse takes them: role and content.
    """
    rows = [
        (number, SENDERS[message["role"]], message["role"], *_block(block))
        for number, message in enumerate(messages, 1)
        for block in message["content"]
    ]
    return Table(["Message", "Direction", "role", "Block", "Content"], rows)


def _block(block: Mapping[str, Any]) -> tuple[str, str]:
    """Return the kind of a block, and what is in it."""
    kind, content = next(iter(block.items()))
    if kind == "toolUse":
        return kind, _short(f"{content['name']} {_json(content['input'])}")
    if kind == "toolResult":
        told = " ".join(str(part.get("text", "")) or _json(part.get("json")) for part in content["content"])
        return f"{kind}: {content.get('status', 'success')}", _short(told)
    return kind, _short(content if isinstance(content, str) else _json(content))


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
