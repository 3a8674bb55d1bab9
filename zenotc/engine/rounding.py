"""From model arithmetic to whole ticks and lots."""

from __future__ import annotations

from decimal import Context, Decimal, DivisionByZero, Inexact, InvalidOperation
from math import ceil, floor

__all__ = ["EXACT", "TOLERANCE", "ceil_steps", "floor_steps", "lots_within"]

EXACT = Context(prec=60, traps=[Inexact, InvalidOperation, DivisionByZero])
"""Decimal arithmetic that raises instead of rounding."""

TOLERANCE = 1e-6
"""Steps within which a float counts as a whole step."""


def floor_steps(steps: float) -> int:
    """Round down to a whole number of steps, where 1e-6 below a whole one counts as it."""
    nearest = round(steps)
    return nearest if abs(steps - nearest) <= TOLERANCE else floor(steps)


def ceil_steps(steps: float) -> int:
    """Round up to a whole number of steps, where 1e-6 above a whole one counts as it."""
    nearest = round(steps)
    return nearest if abs(steps - nearest) <= TOLERANCE else ceil(steps)


def lots_within(quantity: Decimal, lot_size: Decimal) -> int:
    """Return how many whole lots an exact, positive quantity holds."""
    return int(EXACT.divide_int(quantity, lot_size))
