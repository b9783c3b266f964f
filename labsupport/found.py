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
        owner: whose it is.
        expires: when an instructor may delete it, by its tag; None where it has none.
    """

    kind: str
    name: str
    arn: str
    created: datetime | None = None
    note: str = ""
    owner: str = ""
    expires: datetime | None = None

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
    """What is looked for: one owner's things or everybody's, but for things of functions that are no lab's.

    Attributes:
        target: where.
        owner: whose things; None means: of every owner that the names tell.
        others_functions: functions with names like ours that somebody else made.
    """

    target: Target
    owner: str | None
    others_functions: frozenset[str]

    @property
    def prefix(self) -> str:
        """What the names begin with."""
        return naming.name_prefix(self.owner) if self.owner else naming.ANYBODYS_PREFIX

    def is_ours(self, name: str) -> bool:
        """Tell whether the name is one that is looked for."""
        owner = naming.owner_in(name)
        return owner is not None and self.owner in (None, owner)

    def is_ours_by_function(self, function_name: str) -> bool:
        """Tell whether what belongs to this function is looked for."""
        return self.is_ours(function_name) and function_name not in self.others_functions

    def has_our_tags(self, name: str, tags: dict[str, str]) -> bool:
        """Tell whether the name is looked for, and the tags say that the lab built it for that owner."""
        return self.is_ours(name) and naming.has_our_tags(tags, str(naming.owner_in(name)))

    def found(
        self,
        kind: str,
        name: str,
        arn: str,
        created: datetime | None = None,
        note: str = "",
        *,
        tags: dict[str, str] | None = None,
        of: str | None = None,
    ) -> Resource:
        """Return a resource. `of` is the name that says whose it is, where its own doesn't."""
        owner = naming.owner_in(of or name) or ""
        return Resource(kind, name, arn, created, note, owner, naming.expires(tags or {}))

    def pages(self, service: str, operation: str, key: str, **parameters: Any) -> Iterator[Any]:
        """Yield all that an operation lists under `key`, page by page."""
        for page in self.target.client(service).get_paginator(operation).paginate(**parameters):
            yield from page.get(key, [])
