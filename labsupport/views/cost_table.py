"""The meter's reading as a small table: what a cell, the notebook and the learner would have cost on AWS."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from labsupport.cost import price
from labsupport.usage import Costs, Usage
from labsupport.views.dollars import dollars
from labsupport.views.look import PALE, block, fold, paragraph
from labsupport.views.table import Table

MILLION = 1_000_000
SMALLEST_NAMED = 0.01  # dollars a month
TABLE_PRICES = ("dynamodb-read", "dynamodb-write")
SMALLEST_ITEMS = (
    "A call to DynamoDB counts with the units that it reports (ReturnConsumedCapacity), without that as if "
    "its items had at most 4 KB read or 1 KB written."
)
UNSEEN = (
    "Not seen, so not counted: what functions call themselves (such as a table or a model), requests to an "
    "API without lab.http, connection minutes, data transfer. "
    "The free tier is that of an account in which nothing else runs."
)


@dataclass(frozen=True)
class CostTable:
    """Show a reading: HTML in a notebook, text everywhere else."""

    costs: Costs

    @property
    def table(self) -> Table:
        """The amounts."""
        costs, rows = self.costs, list[list[object]]()
        if costs.cell_number is not None:
            name = f"Cell [{costs.cell_number}]" if costs.cell_number else "The newest call"
            rows += [_row(name, costs.cell), _row("… a million times a month", costs.cell.times(MILLION))]
        rows.append(_row("This notebook so far", costs.notebook))
        if costs.learner is not None:
            rows.append(_row("All your notebooks", *costs.learner.values()))
        amounts = ["On AWS", "With the free tier"]
        return Table(["", *amounts], rows, right=amounts)

    @property
    def notes(self) -> list[str]:
        """What must not be overlooked, in sentences."""
        costs, notes = self.costs, list[str]()
        if named := [thing for thing in costs.standing if thing.dollars_a_month >= SMALLEST_NAMED]:
            things = [f"{thing.name}, ${dollars(thing.dollars_a_month)} a month" for thing in named]
            notes.append(f"Costs while it stands, used or not: {'; '.join(things)}.")
        if costs.notebook.unpriced:
            calls = ", ".join(
                f"{name} × {number}" for name, number in sorted(costs.notebook.unpriced.items())
            )
            notes.append(f"Not in the lab's price book, so not counted: {calls}.")
        if costs.unlogged:
            notes.append(
                f"{_count(costs.unlogged, 'invocation')} without a REPORT line, so not counted: "
                "the log isn't there yet, or the execution role may not write it."
            )
        if costs.silent:
            runs = ", ".join(f"{name} × {number}" for name, number in sorted(costs.silent.items()))
            notes.append(
                f"Runs that CloudWatch counts and no log tells of, so not counted: {runs}. The log isn't "
                "there yet, or the execution role may not write it."
            )
        return notes

    @property
    def breakdown(self) -> Table:
        """What was used, price by price."""
        rows: list[list[object]] = []
        for name, amount in self.costs.notebook.units.items():
            used_in_cell, each = self.costs.cell.units.get(name, 0), price(name).tiers[0][1]
            rows.append(
                [price(name).unit, _amount(used_in_cell), _amount(amount), f"${each:.10f}".rstrip("0")]
            )
        columns = ["Cell", "Notebook", "For one"]
        return Table(["What is paid for", *columns], rows, right=columns)

    @property
    def footnotes(self) -> list[str]:
        """Where the figures come from, in sentences."""
        costs = self.costs
        as_of = sorted({price(name).as_of for name in costs.notebook.units})
        dates = f" ({' to '.join(dict.fromkeys([as_of[0], as_of[-1]]))})" if as_of else ""
        small = sum(
            thing.dollars_a_month for thing in costs.standing if thing.dollars_a_month < SMALLEST_NAMED
        )
        own = [f"{_amount(amount)} × {price(name).unit}" for name, amount in costs.plumbing.units.items()]
        return [
            "A run of a function is billed with its Init phase. "
            f"{_count(costs.notebook.free, 'call')} of yours cost nothing.",
            f"The lab's own calls are in no sum. They would add ${_dollars(costs.plumbing)}"
            + (f": {', '.join(own)}." if own else "."),
            *([SMALLEST_ITEMS] if any(name in costs.notebook.units for name in TABLE_PRICES) else []),
            f"What is stored in S3, in tables and in log groups costs ${_written(small)} a month "
            "while it stands.",
            UNSEEN,
            f"Prices of us-east-1{dates}, as transcribed by third parties. "
            "AWS's pricing pages are what counts.",
        ]

    def _repr_html_(self) -> str:
        notes = "".join(paragraph(note) for note in self.notes)
        footnotes = "".join(paragraph(note, style=PALE) for note in self.footnotes)
        details = fold("How it adds up", self.breakdown._repr_html_() + footnotes)
        return block(f"{self.table._repr_html_()}{notes}{details}")

    def __repr__(self) -> str:
        return "\n".join([repr(self.table), *self.notes])


def _row(name: str, *usages: Usage) -> list[object]:
    """Return a row for the sum of usages of different months."""
    return [name, f"${_dollars(*usages)}", f"${_dollars(*usages, free_tier=True)}"]


def _dollars(*usages: Usage, free_tier: bool = False) -> str:
    return _written(sum(usage.dollars(free_tier=free_tier) for usage in usages))


def _written(amount: float) -> str:
    return dollars(amount) if amount else "0"


def _amount(amount: float) -> str:
    return f"{amount:,.0f}" if amount == int(amount) else f"{Decimal(f'{amount:.3g}'):,f}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
