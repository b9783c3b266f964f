"""A parameter keeps to the constraints of AWS's service model: length, range, pattern, values, presence.

AWS checks a request against the model of its API before anything else, and names all that is wrong in one
sentence: "2 validation errors detected: Value '0' at 'timeout' failed to satisfy constraint: Member must
have value greater than or equal to 1; ...". The error is a ValidationException with status 400.

A value of another type than the model's is refused before that, with a SerializationException.

https://docs.aws.amazon.com/lambda/latest/api/CommonErrors.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from labsupport.localcloud.rules.refusal import Refusal

if TYPE_CHECKING:
    from botocore.model import Shape

# Python's names of JSON's types, and AWS's names of what it read and of what it wanted.
READ = {str: "STRING_VALUE", int: "NUMBER_VALUE", float: "NUMBER_VALUE"}
WANTED: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "long": (int,),
    "boolean": (bool,),
    "float": (int, float),
    "double": (int, float),
    "list": (list,),
    "map": (dict,),
    "structure": (dict,),
}
NAMED = {"string": "a String", "integer": "an Integer", "long": "a Long", "boolean": "a Boolean"}
# Python's patterns know no Unicode categories.
CATEGORIES = ((r"\p{L}", r"\w"), (r"\p{N}", r"\d"), (r"\p{Z}", r"\s"))

Constraint = tuple[str, Callable[[Any], bool]]


def refusal(shape: Shape, parameters: Mapping[str, Any]) -> Refusal | None:
    """Return AWS's refusal of an operation's parameters, or None.

    Args:
        shape: botocore's model of the operation's input.
        parameters: {parameter: value}, as JSON has them.
    """
    mistyped = next(_mistyped(shape, parameters), None)
    if mistyped:
        return Refusal("SerializationException", mistyped)
    problems = list(_problems(shape, parameters, ""))
    if not problems:
        return None
    errors = "error" if len(problems) == 1 else "errors"
    return Refusal(
        "ValidationException", f"{len(problems)} validation {errors} detected: {'; '.join(problems)}"
    )


def _problems(shape: Any, value: Any, path: str) -> Iterator[str]:
    """Yield what AWS says of each value that breaks a constraint."""
    if shape.metadata.get("document"):  # any JSON
        return
    for text, holds in _constraints(shape):
        if not holds(value):
            yield _sentence(shape, value, path, text)
    if shape.type_name == "structure":
        for name in shape.required_members:
            if value.get(name) is None:
                null = f"Value null at '{_join(path, name)}'"
                yield f"{null} failed to satisfy constraint: Member must not be null"
        for name, member in shape.members.items():
            if value.get(name) is not None:
                yield from _problems(member, value[name], _join(path, name))
    elif shape.type_name == "list" and shape.member.type_name == "structure":
        for number, each in enumerate(value, 1):
            yield from _problems(shape.member, each, f"{path}.{number}.member")
    elif shape.type_name == "list":
        yield from _of_elements(shape, value, path, shape.member, value, "Member")
    elif shape.type_name == "map":
        yield from _of_elements(shape, value, path, shape.key, value, "Map keys")
        if shape.value.type_name not in ("structure", "list", "map"):
            yield from _of_elements(shape, value, path, shape.value, value.values(), "Map values")


def _of_elements(
    shape: Shape, value: Any, path: str, element: Shape, elements: Any, who: str
) -> Iterator[str]:
    """Yield one sentence when any element of a list or map breaks a constraint. AWS names them all then."""
    constraints = _constraints(element)
    if not all(holds(each) for each in elements for _, holds in constraints):
        texts = ", ".join(text for text, _ in constraints)
        yield _sentence(shape, value, path, f"{who} must satisfy constraint: [{texts}]")


def _constraints(shape: Shape) -> list[Constraint]:
    """Return the constraints of a shape, in the order in which AWS names them."""
    limits = shape.metadata
    most, least, pattern, values = (limits.get(name) for name in ("max", "min", "pattern", "enum"))
    found: list[Constraint] = []
    if shape.type_name in ("string", "list", "map"):
        if most is not None:
            found.append((f"Member must have length less than or equal to {most}", lambda v: len(v) <= most))
        if least:
            text = f"Member must have length greater than or equal to {least}"
            found.append((text, lambda v: len(v) >= least))
    elif shape.type_name in ("integer", "long", "float", "double"):
        if most is not None:
            found.append((f"Member must have value less than or equal to {most}", lambda v: v <= most))
        if least is not None:
            found.append((f"Member must have value greater than or equal to {least}", lambda v: v >= least))
    if pattern is not None:
        text = f"Member must satisfy regular expression pattern: {pattern}"
        found.append((text, lambda v: re.fullmatch(_as_python(pattern), v) is not None))
    if values:
        found.append((f"Member must satisfy enum value set: [{', '.join(values)}]", lambda v: v in values))
    return found


def _mistyped(shape: Any, value: Any) -> Iterator[str]:
    """Yield what AWS says of each value that has another type than the model's."""
    wanted: Any = WANTED.get(shape.type_name)
    if wanted is None or shape.metadata.get("document"):  # blobs and timestamps; any JSON
        return
    if not isinstance(value, wanted) or (isinstance(value, bool) and bool not in wanted):
        yield _other_type(shape, value)
    elif shape.type_name == "structure":
        for name, member in shape.members.items():
            if value.get(name) is not None:
                yield from _mistyped(member, value[name])
    elif shape.type_name == "list":
        for each in value:
            yield from _mistyped(shape.member, each)
    elif shape.type_name == "map":
        for each in value.values():
            yield from _mistyped(shape.value, each)


def _other_type(shape: Shape, value: Any) -> str:
    if isinstance(value, dict):
        return "Start of structure or map found where not expected."
    if isinstance(value, list):
        return "Start of list found where not expected"
    read = str(value).upper() + "_VALUE" if isinstance(value, bool) else READ.get(type(value), "NULL_VALUE")
    return f"{read} can not be converted to {NAMED.get(shape.type_name, 'a ' + shape.type_name.capitalize())}"


def _sentence(shape: Shape, value: Any, path: str, text: str) -> str:
    shown = "" if shape.metadata.get("sensitive") else f" '{_shown(value)}'"
    return f"Value{shown} at '{path}' failed to satisfy constraint: {text}"


def _shown(value: Any) -> str:
    """Return a value as AWS prints it: [a, b] and {key=value}."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return f"[{', '.join(map(_shown, value))}]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}={_shown(each)}" for key, each in value.items()) + "}"
    return str(value)


def _join(path: str, name: str) -> str:
    member = name[0].lower() + name[1:]
    return f"{path}.{member}" if path else member


def _as_python(pattern: str) -> str:
    for theirs, ours in CATEGORIES:
        pattern = pattern.replace(theirs, ours)
    return pattern
