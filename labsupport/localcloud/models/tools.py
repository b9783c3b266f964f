"""Choose a tool for a request, fill in what the request says, and put a tool's result into a sentence.

The rules are simple on purpose. A tool counts by the words that its name, its description and its properties
share with the request. A property takes a value of its enum that the request names, a date, an address, an
id, a number, a text in quotes or a name, whichever its schema asks for. What the request doesn't say is asked
for, and never made up.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from labsupport.localcloud.models import content
from labsupport.localcloud.models.chat import Tool, ToolResult

NAME_PARTS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")
NAME_WEIGHT, TEXT_WEIGHT, TOLD_WEIGHT = 2.0, 1.0, 0.5
ENOUGH = 1.0
QUOTED = re.compile(r"[\"“«]([^\"”»]+)[\"”»]|(?<!\w)['\u2018]([^'’]+)['’](?!\w)")
DATE = re.compile(r"\b\d{4}-\d{2}-\d{2}\b")
EMAIL = re.compile(r"\b[\w.+-]+@[\w-]+\.[\w.-]*\w\b")
ID = re.compile(r"\b(?=[\w-]*\d)[A-Za-z]*[A-Z]?[\w-]*\d[\w-]*\b")
NUMBER = re.compile(r"(?<![\w.-])-?\d+(?:\.\d+)?(?![\w-])")
CAPITALISED = re.compile(r"(?<!^)(?<![.!?] )\b[A-ZĐÀ-Ỹ][\wÀ-ỹ]+(?: [A-ZĐÀ-Ỹ][\wÀ-ỹ]+)*")
IS_ID = re.compile(r"(^|_)(id|code|number|no|reference|key|sku)$|(Id|Code|Number|Reference|Key)$")


def choose(request: str, tools: Sequence[Tool], *, must: bool = False) -> Tool | None:
    """Return the tool that fits a request best, or None when none does and none must."""
    scores = [_score(request, tool) for tool in tools]
    best = max(range(len(tools)), key=lambda place: scores[place])
    return tools[best] if must or scores[best] >= ENOUGH else None


def arguments(request: str, tool: Tool) -> dict[str, Any]:
    """Return what the request says of a tool's properties. What it doesn't say is not there."""
    found: dict[str, Any] = {}
    taken: set[str] = set()
    properties = tool.schema.get("properties", {})
    # The strictest first: an id with digits must not become an amount.
    for name, schema in sorted(properties.items(), key=lambda item: _looseness(*item)):
        for text, value in _values(request, name, schema):
            if text not in taken:
                found[name] = value
                taken.add(text)
                break
    return {name: found[name] for name in properties if name in found}


def missing(tool: Tool, found: Mapping[str, Any]) -> list[str]:
    """Return the required properties without a value."""
    return [name for name in tool.schema.get("required", []) if name not in found]


def ask_for(tool: Tool, names: Sequence[str]) -> str:
    """Return the sentence that asks for what is missing."""
    return f"To use {tool.name} I need {' and '.join(names)}. Your request doesn't say it."


def report(results: Sequence[ToolResult], names: Mapping[str, str]) -> str:
    """Return sentences made of results' fields. `names` has the tool of each tool use id."""
    return " ".join(_sentence(result, names.get(result.id, "the tool")) for result in results)


def _sentence(result: ToolResult, name: str) -> str:
    said = "; ".join(part for value in result.content for part in _fields(value)) or "nothing"
    verb = "failed" if result.failed else "answered"
    return f"The tool {name} {verb}: {said.rstrip('.')}."


def _fields(value: Any, path: str = "") -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, each in value.items():
            yield from _fields(each, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list):
        simple = all(not isinstance(each, Mapping | list) for each in value)
        if simple:
            yield f"{path or 'values'}: {', '.join(map(_shown, value)) or 'none'}"
        else:
            for number, each in enumerate(value, 1):
                yield from _fields(each, f"{path} {number}".strip())
    else:
        yield f"{path}: {_shown(value)}" if path else _shown(value)


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "nothing" if value is None else str(value)


def _score(request: str, tool: Tool) -> float:
    asked = set(content.words(request))
    in_name = set(content.words(" ".join(NAME_PARTS.findall(tool.name))))
    properties = tool.schema.get("properties", {})
    texts = [tool.description]
    for name, schema in properties.items():
        texts += [" ".join(NAME_PARTS.findall(name)), str(schema.get("description", ""))]
        texts += map(str, schema.get("enum", []))
    in_texts = set(content.words(" ".join(texts))) - in_name
    told = bool(tool.schema.get("required")) and not missing(tool, arguments(request, tool))
    return (
        TOLD_WEIGHT * (told and bool(asked & in_name))
        + NAME_WEIGHT * len(asked & in_name) / max(1, len(in_name))
        + TEXT_WEIGHT * min(2.0, 0.5 * len(asked & in_texts))
    )


def _looseness(name: str, schema: Mapping[str, Any]) -> int:
    if "enum" in schema or schema.get("format") in ("date", "email"):
        return 0
    if schema.get("type") in ("integer", "number", "boolean"):
        return 2
    return 1 if IS_ID.search(name) or "pattern" in schema else 3


def _values(request: str, name: str, schema: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield (text in the request, value) of what a property may take, the best first."""
    kind, form = schema.get("type", "string"), schema.get("format", "")
    if "enum" in schema:
        for value in schema["enum"]:
            spoken = re.escape(str(value).replace("_", " "))
            if re.search(rf"\b({re.escape(str(value))}|{spoken})\b", request, re.IGNORECASE):
                yield f"enum {name}", value
    elif kind in ("integer", "number"):
        for text in _near(NUMBER, request, name):
            if kind == "number" or "." not in text:
                yield text, float(text) if "." in text else int(text)
    elif kind == "boolean":
        return
    elif kind == "string":
        for text in _texts(request, name, schema, form):
            if re.search(schema.get("pattern", ""), text):
                yield text, text


def _texts(request: str, name: str, schema: Mapping[str, Any], form: str) -> Iterator[str]:
    description = f"{name} {schema.get('description', '')}".lower()
    if form in ("date", "date-time") or "date" in name.lower():
        yield from DATE.findall(request)
        return
    if form == "email" or "email" in description:
        yield from EMAIL.findall(request)
        return
    yield from (first or second for first, second in QUOTED.findall(request))
    if IS_ID.search(name) or "pattern" in schema:
        yield from _near(ID, request, name)
        return
    yield from CAPITALISED.findall(request)


def _near(pattern: re.Pattern[str], request: str, name: str) -> list[str]:
    """Return what matches, what stands after a word of the property's name first."""
    parts = "|".join(re.escape(part) for part in NAME_PARTS.findall(name) if len(part) > 2) or r"(?!)"
    found = list(pattern.finditer(request))
    named = [m.start() for m in re.finditer(rf"\b(?:{parts})s?\b", request, re.IGNORECASE)]

    def distance(match: re.Match[str]) -> int:
        return min((abs(match.start() - place) for place in named), default=0)

    return [match[0] for match in sorted(found, key=distance)]
