"""Usage: what would be paid for on AWS, as amounts by the names of their prices."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from labsupport.cost import dollars_of


@dataclass(frozen=True)
class Usage:
    """What was used.

    Attributes:
        units: amounts by the names of their prices.
        free: how many calls cost nothing.
        unpriced: how many calls have no price in the book, by service and operation.
    """

    units: Mapping[str, float] = field(default_factory=dict)
    free: int = 0
    unpriced: Mapping[str, int] = field(default_factory=dict)

    def __add__(self, other: Usage) -> Usage:
        names = self.units.keys() | other.units.keys()
        units = {name: self.units.get(name, 0) + other.units.get(name, 0) for name in sorted(names)}
        unpriced = Counter(self.unpriced) + Counter(other.unpriced)
        return Usage(units, self.free + other.free, dict(unpriced))

    def times(self, number: float) -> Usage:
        """Return the amounts of so many repetitions."""
        return Usage({name: amount * number for name, amount in self.units.items()})

    def dollars(self, *, free_tier: bool = False) -> float:
        """Return what it costs, if it is all that is used in one month."""
        return sum(dollars_of(self.units, free_tier=free_tier).values())


@dataclass(frozen=True)
class Standing:
    """A thing that costs while it stands, used or not.

    Attributes:
        name: what it is.
        units: amounts of one month by the names of their prices.
    """

    name: str
    units: Mapping[str, float]

    @property
    def dollars_a_month(self) -> float:
        """What it costs if it stands for a month."""
        return sum(dollars_of(self.units).values())


@dataclass(frozen=True)
class Costs:
    """What the meter has read.

    Attributes:
        cell: the newest cell that called AWS itself, and what has happened since.
        cell_number: as in the cell's prompt; None where no cell has called AWS yet.
        notebook: since the notebook's Setup cell.
        learner: all notebooks, month by month; None where nobody keeps a record.
        plumbing: the lab's own calls in this notebook. They are in none of the others.
        unlogged: invocations of this notebook that have no REPORT line (yet), so that they aren't counted.
        silent: functions that have no log though they ran, started by an API for instance, and how often.
        standing: what costs while it stands.
    """

    cell: Usage
    cell_number: int | None
    notebook: Usage
    learner: Mapping[str, Usage] | None = None
    plumbing: Usage = field(default_factory=Usage)
    unlogged: int = 0
    silent: Mapping[str, int] = field(default_factory=dict)
    standing: Sequence[Standing] = ()
