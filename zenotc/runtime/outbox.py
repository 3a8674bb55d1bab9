"""Orders that wait for the journal before they leave."""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

from zenotc.models.orders import Amend, Cancel, CancelAll, OrderCancelled, Place, QueryOrder, Report, Request

__all__ = ["Outbox", "Waiting"]


class Waiting(NamedTuple):
    """A request that leaves once the journal has committed `ticket`; `decided_ns` is its trading time."""

    request: Place | Amend
    ticket: int
    decided_ns: int


class Outbox:
    """The queue between the decision to send an order and its commit.

    What is cancelled while it waits never leaves: the venue need not be asked to undo what it has not heard of.
    """

    def __init__(self) -> None:
        self._waiting: deque[Waiting] = deque()

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def put(self, request: Place | Amend, ticket: int, decided_ns: int) -> None:
        """Queue an order."""
        self._waiting.append(Waiting(request, ticket, decided_ns))

    def due(self, ticket: int) -> bool:
        """Return whether the next order waits for this ticket or an earlier one."""
        return bool(self._waiting) and self._waiting[0].ticket <= ticket

    def take(self) -> Waiting:
        """Take out the next order."""
        return self._waiting.popleft()

    def precedes(self, request: Request) -> bool:
        """Return whether this asks about an order, or a change of one, that has not left: the answer would be wrong."""
        return isinstance(request, QueryOrder) and any(
            waiting.request.client_order_id == request.client_order_id for waiting in self._waiting
        )

    def withdraw_for(self, request: Request) -> list[Report]:
        """Take out what a cancel makes pointless; returns the reports of orders that will never leave."""
        reports: list[Report] = []
        if not isinstance(request, Cancel | CancelAll) or not self._waiting:
            return reports
        kept: deque[Waiting] = deque()
        for waiting in self._waiting:
            order = waiting.request
            named = isinstance(request, CancelAll) or request.client_order_id == order.client_order_id
            if order.venue != request.venue or not named:
                kept.append(waiting)
            elif isinstance(order, Place):
                reports.append(
                    OrderCancelled(order.venue, order.asset, order.client_order_id, order.quantity_lots, "requested")
                )
        self._waiting = kept
        return reports
