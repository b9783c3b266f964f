"""Policies as files: `functions/<name>/policy.json` with placeholders such as ${source_bucket}."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from labsupport.errors import LabError

PLACEHOLDER = re.compile(
    r"\$\{([a-z_]+)\}"
)  # lower case only: IAM's own policy variables have a colon in them


def read_policy(path: Path, values: Mapping[str, str]) -> dict[str, Any]:
    """Read a policy document and fill its placeholders.

    Raises:
        LabError: there is no such file, it is not JSON, or a placeholder has no value.
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
        # A value is put in as JSON would write it, so that no character of it can change the document.
        filled = PLACEHOLDER.sub(lambda match: json.dumps(values[match[1]])[1:-1], text)
        policy: dict[str, Any] = json.loads(filled)
    except ValueError as error:
        raise LabError(
            doing=doing,
            cause=f"it is not JSON: {error}.",
            next_step=f"Correct {path} and run the cell again.",
        ) from error
    return policy
