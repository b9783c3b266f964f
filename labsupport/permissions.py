"""Policies as files: `functions/<name>/policy.json` with placeholders such as ${source_bucket}."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from labsupport.errors import LabError

PLACEHOLDER = re.compile(
    r"\$\{([a-z_]+)\}"
)  # lower case only: IAM's own policy variables have a colon in them


def read_policy(path: Path, values: Mapping[str, str | Sequence[str]]) -> dict[str, Any]:
    """Read a policy document and fill its placeholders.

    A value may be a list where its placeholder is the whole text.

    Raises:
        LabError: there is no such file, it is not JSON, a placeholder has no value, or a list
            for a part of a text.
    """
    doing = f"reading the policy {path.parent.name}/{path.name}"
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise LabError(
            doing=doing,
            cause=f"there is no file {path}.",
            next_step="Write one that allows just what the function does, or pass policy=... yourself.",
        ) from error
    missing = sorted(set(PLACEHOLDER.findall(text)) - values.keys())
    if missing:
        raise LabError(
            doing=doing,
            cause=f"it has placeholders without a value: {', '.join(f'${{{name}}}' for name in missing)}.",
            next_step=f"Pass them as values={{{missing[0]!r}: ...}}.",
        )
    try:
        document = json.loads(text)
    except ValueError as error:
        raise LabError(
            doing=doing,
            cause=f"it is not JSON: {error}.",
            next_step=f"Correct {path} and run the cell again.",
        ) from error
    policy: dict[str, Any] = _filled(document, values)
    return policy


def _filled(part: Any, values: Mapping[str, str | Sequence[str]]) -> Any:
    """Fill what was read, not its text: no character of a value can change the document."""
    if isinstance(part, dict):
        return {_text(key, values): _filled(inner, values) for key, inner in part.items()}
    if isinstance(part, list):
        return [_filled(inner, values) for inner in part]
    if not isinstance(part, str):
        return part
    whole = PLACEHOLDER.fullmatch(part)
    if whole and not isinstance(values[whole[1]], str):
        return list(values[whole[1]])
    return _text(part, values)


def _text(part: str, values: Mapping[str, str | Sequence[str]]) -> str:
    def value_of(match: re.Match[str]) -> str:
        value = values[match[1]]
        if isinstance(value, str):
            return value
        raise LabError(
            doing=f"filling {match[0]} in a policy's {part!r}",
            cause="its value is a list, and only a placeholder that is the whole text may have one.",
            next_step=f"Pass a text as {match[1]}, or let the placeholder stand alone in its quotes.",
        )

    return PLACEHOLDER.sub(value_of, part)
