"""Cancels everything at a venue without an engine, and has the venue prove it."""

from __future__ import annotations

import asyncio
from itertools import count

from zenotc.exceptions import ZenOTCError
from zenotc.models.market import Book, PublicTrade
from zenotc.models.orders import CancelAll, CancelledAll, OpenOrders, OrderCancelled, QueryOpenOrders, Report
from zenotc.runtime.venues_file import VenueAddress
from zenotc.venues.remote import RemoteVenue

__all__ = ["cancel_everything"]


async def cancel_everything(name: str, address: VenueAddress, timeout: float) -> int:
    """Cancel all orders of the account until the venue says that none is open; returns how many it has cancelled.

    Parameters
    ----------
    name
        The venue's.
    address
        Where it is, and the account's key; whoever is logged in with it is sent away.
    timeout
        Seconds that letting us in may take, and then the proof.

    Raises
    ------
    ZenOTCError
        If the venue cannot be reached or refuses the key, or has not proved it in time: orders may be open.
    """
    venue = await RemoteVenue.connect(name, address.url, address.key, address.secret, timeout=timeout)
    canceller = _Canceller(venue)
    venue.subscribe((), canceller)
    running = asyncio.create_task(venue.run())
    await asyncio.wait({running, canceller.proved}, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
    running.cancel()
    (end,) = await asyncio.gather(running, return_exceptions=True)
    if not canceller.proved.done():
        why = str(end) if isinstance(end, ZenOTCError) else canceller.state
        raise ZenOTCError(f"not confirmed after {timeout:g} s: {why}", code="not_confirmed")
    return canceller.cancelled


class _Canceller:
    """The venue's sink: asks it to cancel, then what is open, until that is nothing."""

    def __init__(self, venue: RemoteVenue) -> None:
        self.proved: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.cancelled = 0
        self.state = "it has not let us in"
        self._venue = venue
        self._ids = count(1)
        self._asked = ""

    def on_link(self, venue: str, up: bool, now_ns: int) -> None:
        """Begin, and begin again on a new connection."""
        if up:
            self._cancel(now_ns)
        else:
            self.state = "the connection is lost"

    def on_report(self, report: Report, now_ns: int) -> None:
        """Go on from what the venue has done."""
        if isinstance(report, OrderCancelled):
            self.cancelled += 1
        elif isinstance(report, CancelledAll) and report.request_id == self._asked:
            self._asked, self.state = self._next_id(), "it has cancelled, and has not said what is open"
            self._venue.send(QueryOpenOrders(self._venue.name, self._asked), now_ns)
        elif isinstance(report, OpenOrders) and report.request_id == self._asked:
            if report.orders:
                self._cancel(now_ns)
                self.state = f"{len(report.orders)} orders are open"
            elif not self.proved.done():
                self.proved.set_result(None)

    def _cancel(self, now_ns: int) -> None:
        self._asked, self.state = self._next_id(), "it has not cancelled"
        self._venue.send(CancelAll(self._venue.name, self._asked), now_ns)

    def _next_id(self) -> str:
        return f"emergency-{next(self._ids)}"

    def on_book(self, book: Book, now_ns: int) -> None:
        """Prices do not matter here."""

    def on_trade(self, trade: PublicTrade, now_ns: int) -> None:
        """Nor do trades."""

    def on_heartbeat(self, venue: str, now_ns: int) -> None:
        """Nor does that it is alive."""

    def on_feed_ended(self, venue: str, asset: str, reason: str, now_ns: int) -> None:
        """Nor that a feed has ended."""
