"""Patterns of JSON events: `{ $.user.id = 1 && ($.tags[0] != "x*" || $.note IS NULL) }`.

A message that is no JSON object matches none of them. A selector that points to nothing, to an array, an
object, a boolean or null fulfils no comparison, not even "!="; IS and NOT EXISTS ask for those.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html#matching-terms-json-log-events
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from typing import Any, NoReturn

from labsupport.localcloud.filter_patterns import comparison
from labsupport.localcloud.filter_patterns.grammar import Condition, Tokens, alternatives
from labsupport.localcloud.filter_patterns.problem import InvalidPattern

STEP = re.compile(r"\['(?P<quoted>[^']+)'\]|\[(?P<index>\d+|\*)\]|\.(?P<name>[A-Za-z0-9_-]+|\*)")
WILDCARDS = 3
CONSTANTS = {"NULL": None, "TRUE": True, "FALSE": False}

# The name of a field, the number of an element, or "any" for both.
ANY = object()
Step = str | int | object


def read(pattern: str) -> Callable[[str], bool]:
    """Return what tells whether a message matches a pattern of fields.

    Raises:
        InvalidPattern: it is none.
    """
    if not pattern.endswith("}"):
        raise InvalidPattern("A pattern for JSON events ends with }.")
    tokens, selectors = Tokens(pattern[1:-1]), list[list[Step]]()
    holds = alternatives(tokens, lambda: _condition(tokens, selectors))
    tokens.expect("&& or ||", "end")
    if sum(ANY in steps for steps in selectors) > WILDCARDS:
        raise InvalidPattern(f"A pattern has at most {WILDCARDS} selectors with a wildcard.")
    return lambda message: (event := _event(message)) is not None and holds(event)


def value(selector: str, message: str) -> str | None:
    """Return the first text or number that a selector points to in a message, or None."""
    event = _event(message) or {}
    return next((each for each in _values([event], _steps(selector)) if isinstance(each, str)), None)


def _event(message: str) -> dict[str, Any] | None:
    """Return the object that a message is, with the numbers as they are written."""
    try:
        event = json.loads(message, parse_int=str, parse_float=str, parse_constant=_no_json)
    except (ValueError, RecursionError):
        return None
    return event if isinstance(event, dict) else None


def _no_json(constant: str) -> NoReturn:
    raise ValueError(constant)  # Python reads NaN, which JSON doesn't have


def _condition(tokens: Tokens, selectors: list[list[Step]]) -> Condition[Any]:
    if tokens.take("("):
        inside = alternatives(tokens, lambda: _condition(tokens, selectors))
        if not tokens.take(")"):
            raise tokens.missing("a closing parenthesis")
        return inside
    steps = _steps(tokens.expect("a selector such as $.level", "selector"))
    selectors.append(steps)
    if tokens.take("NOT"):
        return _not_exists(tokens, steps)
    if tokens.take("IS"):
        return _is(tokens, steps)
    compared = tokens.take(*comparison.OPERATORS)
    if compared is None:
        raise InvalidPattern(
            f"After a selector stands IS, NOT EXISTS or one of {' '.join(comparison.OPERATORS)}."
        )
    operand = tokens.expect("a value", "text", "expression", "word")
    holds = comparison.read(compared, operand)
    return lambda event: any(isinstance(each, str) and holds(each) for each in _values([event], steps))


def _not_exists(tokens: Tokens, steps: list[Step]) -> Condition[Any]:
    if not tokens.take("EXISTS"):
        raise InvalidPattern("NOT is followed by EXISTS.")
    return lambda event: not any(True for _ in _values([event], steps))


def _is(tokens: Tokens, steps: list[Step]) -> Condition[Any]:
    constant = tokens.take(*CONSTANTS)
    if constant is None:
        raise InvalidPattern(f"IS is followed by {', '.join(CONSTANTS)}. AWS has no IS NOT.")
    wanted = CONSTANTS[constant]
    return lambda event: any(each is wanted for each in _values([event], steps))


def _steps(selector: str) -> list[Step]:
    steps: list[Step] = []
    for match in STEP.finditer(selector):
        if "*" in (match["index"], match["name"]):
            steps.append(ANY)
        else:
            steps.append(int(match["index"]) if match["index"] else match["quoted"] or match["name"])
    if steps.count(ANY) > 1:
        raise InvalidPattern(f"{selector} has more than one wildcard.")
    return steps


def _values(nodes: Iterable[Any], steps: list[Step]) -> Iterable[Any]:
    """Return what a selector points to: nothing, one value, or several through a wildcard."""
    for step in steps:
        nodes = [below for node in nodes for below in _below(node, step)]
    return nodes


def _below(node: Any, step: Step) -> list[Any]:
    if isinstance(node, dict):
        if step is ANY:
            return list(node.values())
        return [node[step]] if isinstance(step, str) and step in node else []
    if isinstance(node, list):
        if step is ANY:
            return node
        return [node[step]] if isinstance(step, int) and step < len(node) else []
    return []
