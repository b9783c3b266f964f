"""The lab's inventory as a table: what is there, and what it costs when it is forgotten."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Protocol

from labsupport.views.dollars import dollars
from labsupport.views.table import Table

NOTHING = "Nothing is left: 0 resources."


class Listed(Protocol):
    """What a resource of the inventory has."""

    @property
    def kind(self) -> str:
        """Such as "log group"."""

    @property
    def name(self) -> str:
        """Full name."""

    @property
    def created(self) -> datetime | None:
        """When it was made."""

    @property
    def note(self) -> str:
        """What is in it."""


def inventory_table(resources: Iterable[Listed], monthly_dollars: Mapping[str, float] | None = None) -> Table:
    """Show resources in their order.

    Args:
        resources: of `lab.inventory()`.
        monthly_dollars: by name, what keeping it costs a month; where a name is missing, the cell is empty.
            None leaves the column out.
    """
    shown = list(resources)
    headers = ["Kind", "Name", "What is in it"]
    rows: list[list[object]] = [[resource.kind, resource.name, resource.note] for resource in shown]
    if monthly_dollars is not None:
        headers.append("Dollars a month")
        for row, resource in zip(rows, shown, strict=True):
            monthly = monthly_dollars.get(resource.name)
            row.append(None if monthly is None else dollars(monthly))
    count = f"{len(shown)} resource{'' if len(shown) == 1 else 's'}."
    return Table(headers, rows, caption=count if shown else NOTHING, right=["Dollars a month"])
