"""What an engine is told of its past: its own actions, read back from the journal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from zenotc.engine.actions import EmergencyChanged, FillBooked, OffsetAccepted, StrategyChanged
from zenotc.engine.working_order import Purpose, WorkingOrder

__all__ = ["Past", "PastFill"]


@dataclass(frozen=True, slots=True)
class PastFill:
    """An execution as it was booked, and what its order was for."""

    booked: FillBooked
    purpose: Purpose


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """The past of an engine; times in ns, USD and base units.

    Parameters
    ----------
    strategies
        The newest version of each, deleted ones included, in the order of their creation.
    measures
        By strategy, what `Measured` told last.
    fills
        Everything that was booked, in order.
    orders
        What may still rest somewhere, and what has ended so recently that a late fill may come.
    totals
        By strategy, `(time, total PnL)` in order, of the last 60 minutes and the last one before.
    baselines
        By strategy, what the daily PnL of the present UTC day is counted from; an empty id stands for the desk.
    offsets
        What of the venues' positions is not ours.
    emergency
        How the emergency stop last changed; `None` where it never did.
    known_fills
        By venue, the trade up to which every fill is known.
    """

    strategies: Sequence[StrategyChanged] = ()
    measures: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    fills: Sequence[PastFill] = ()
    orders: Sequence[WorkingOrder] = ()
    totals: Mapping[str, Sequence[tuple[int, Decimal]]] = field(default_factory=dict)
    baselines: Mapping[str, Decimal] = field(default_factory=dict)
    offsets: Sequence[OffsetAccepted] = ()
    emergency: EmergencyChanged | None = None
    known_fills: Mapping[str, str] = field(default_factory=dict)
