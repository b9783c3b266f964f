"""The lab's inventory as a table: what is there, and what it costs when it is forgotten."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Protocol

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
            row.append(_dollars(monthly_dollars.get(resource.name)))
    count = f"{len(shown)} resource{'' if len(shown) == 1 else 's'}."
    return Table(headers, rows, caption=count if shown else NOTHING, right=["Dollars a month"])


def _dollars(amount: float | None) -> str | None:
    """Write an amount in cents, or a smaller one with two digits that say something: 0.000067."""
    if amount is None:
        return None
    return f"{amount:.2f}" if amount >= 0.01 or not amount else f"{Decimal(f'{amount:.1e}'):f}"
