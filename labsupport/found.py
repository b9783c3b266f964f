"""What an inventory consists of, and how it is looked for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from labsupport import naming
from labsupport.target import Target


@dataclass(frozen=True)
class Resource:
    """One thing on the cloud.

    Attributes:
        kind: a key of `inventory.KINDS`.
        name: full name; of a layer version with its number, of what API Gateway and Cognito know by
            an id with that ("name:id"), of an event source mapping its UUID.
        arn: or "" where AWS gives none.
        created: when it was made, or last changed where AWS tells only that.
        note: what a learner wants to know about it, or "".
    """

    kind: str
    name: str
    arn: str
    created: datetime | None = None
    note: str = ""

    def __str__(self) -> str:
        return f"{self.kind:<20} {self.name}" + (f"  ({self.note})" if self.note else "")


class Resources(list[Resource]):
    """Resources that show themselves as a table, one line each."""

    def __repr__(self) -> str:
        return (
            "\n".join(map(str, self)) or "Nothing: the lab has built nothing here, or all of it is deleted."
        )


@dataclass(frozen=True)
class Search:
    """What is looked for: the owner's names, but for things of functions that somebody else made."""

    target: Target
    owner: str
    others_functions: frozenset[str]

    def is_ours(self, name: str) -> bool:
        """Tell whether the name is the owner's."""
        return naming.is_ours(name, self.owner)

    def is_ours_by_function(self, function_name: str) -> bool:
        """Tell whether what belongs to this function is the owner's."""
        return self.is_ours(function_name) and function_name not in self.others_functions

    def has_our_tags(self, tags: dict[str, str]) -> bool:
        """Tell whether the tags say that the lab built it for the owner."""
        return naming.has_our_tags(tags, self.owner)

    def pages(self, service: str, operation: str, key: str, **parameters: Any) -> Iterator[Any]:
        """Yield all that an operation lists under `key`, page by page."""
        for page in self.target.client(service).get_paginator(operation).paginate(**parameters):
            yield from page.get(key, [])
