"""Amounts of money: in cents, or a smaller one with two digits that say something."""

from __future__ import annotations

from decimal import Decimal


def dollars(amount: float) -> str:
    """Write an amount, such as 2.10 or 0.000067."""
    return f"{amount:.2f}" if amount >= 0.01 or not amount else f"{Decimal(f'{amount:.1e}'):f}"
