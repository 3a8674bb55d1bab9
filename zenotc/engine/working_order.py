"""Our orders as far as we know them.

An order is what the venue has said of it plus what has been asked and not answered. Every transition stands in
`_NEXT`; a fill is booked in any state, also after the end.

    pending ──accepted──▶ resting ◀──amended / refused── amending
       │                     │                              │
       └──────────── asked to cancel ──▶ cancelling ◀───────┘
    any live state ──no answer in time──▶ unknown ──query──▶ resting or an end
    ends: filled, cancelled, rejected
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

from zenotc.models.market import Side
from zenotc.models.quotes import OrderState

__all__ = ["OrderSignal", "Purpose", "WorkingOrder"]

Purpose = Literal["quote", "hedge", "flatten", "adjustment"]


class OrderSignal(StrEnum):
    """What can happen to an order."""

    ACCEPTED = "accepted"
    AMEND_SENT = "amend_sent"
    AMEND_ANSWERED = "amend_answered"
    CANCEL_SENT = "cancel_sent"
    LOST = "lost"
    FILLED = "filled"
    CANCELLED = "cancelled"
    REJECTED = "rejected"


_LIVE: tuple[OrderState, ...] = ("pending", "resting", "amending", "cancelling", "unknown")
_NEXT: dict[tuple[OrderState, OrderSignal], OrderState] = {
    ("pending", OrderSignal.ACCEPTED): "resting",
    ("unknown", OrderSignal.ACCEPTED): "resting",
    ("resting", OrderSignal.AMEND_SENT): "amending",
    ("amending", OrderSignal.AMEND_ANSWERED): "resting",
    ("unknown", OrderSignal.AMEND_ANSWERED): "resting",
    **{(state, OrderSignal.CANCEL_SENT): "cancelling" for state in _LIVE},
    **{(state, OrderSignal.LOST): "unknown" for state in _LIVE},
    **{(state, OrderSignal.FILLED): "filled" for state in _LIVE},
    **{(state, OrderSignal.CANCELLED): "cancelled" for state in _LIVE},
    **{(state, OrderSignal.REJECTED): "rejected" for state in _LIVE},
}


@dataclass(slots=True, eq=False)
class WorkingOrder:
    """One order of ours; prices in ticks, sizes in lots, times in ns.

    Parameters
    ----------
    quantity_lots
        The total that the venue has, filled part included.
    pending_price_ticks, pending_quantity_lots
        What an amend that is not answered has asked for.
    accepted
        Whether the venue has ever shown it: only then it is part of the book.
    asked_ns
        When the request that is not answered left; `None` where nothing is open.
    cancel_reason
        Why it is to go; `None` while it is wanted.
    queries, queries_outdated
        How often the venue has been asked about it, and how many of these questions left before the last request:
        their answers say how it was before that.
    fills_told
        Whether the venue has listed all its fills, and has not shown it open after that.
    shown_price_ticks, shown_lots
        What of it is counted into the venue's book.
    """

    client_order_id: str
    strategy_id: str
    venue: str
    asset: str
    side: Side
    purpose: Purpose
    layer: int | None
    price_ticks: int
    quantity_lots: int
    placed_ns: int
    state: OrderState = "pending"
    filled_lots: int = 0
    venue_order_id: str | None = None
    accepted: bool = False
    accepted_ns: int | None = None
    asked_ns: int | None = None
    queried_ns: int | None = None
    cancel_reason: str | None = None
    queries: int = 0
    queries_outdated: int = 0
    fills_told: bool = False
    shown_price_ticks: int = 0
    shown_lots: int = 0
    pending_price_ticks: int | None = None
    pending_quantity_lots: int | None = None
    trades: set[str] = field(default_factory=set)

    def signal(self, signal: OrderSignal) -> bool:
        """Go to the next state and return whether it is another one; a signal without a transition changes nothing."""
        following = _NEXT.get((self.state, signal), self.state)
        changed = following != self.state
        self.state = following
        return changed

    def next_query(self) -> str:
        """Return the id of another question about it."""
        self.queries += 1
        return f"q{self.queries}-{self.client_order_id}"

    def is_answered_by(self, request_id: str) -> bool:
        """Return whether an answer is to a question that left after the last request."""
        asked = range(self.queries_outdated + 1, self.queries + 1)
        return any(request_id == f"q{number}-{self.client_order_id}" for number in asked)

    @property
    def live(self) -> bool:
        """Whether it rests, or may rest, at the venue."""
        return self.state in _LIVE

    @property
    def prices_ticks(self) -> tuple[int, ...]:
        """Every price at which it may rest now: an amend that is not answered makes two."""
        asked = self.pending_price_ticks
        return (self.price_ticks,) if asked is None else (self.price_ticks, asked)

    @property
    def remaining_lots(self) -> int:
        """What the venue may still fill of the size that it has confirmed."""
        return max(self.quantity_lots - self.filled_lots, 0)

    @property
    def exposure_lots(self) -> int:
        """What may still fill at the most, the larger size of an amend that is under way included."""
        asked = self.pending_quantity_lots
        total = self.quantity_lots if asked is None else max(self.quantity_lots, asked)
        return max(total - self.filled_lots, 0)
