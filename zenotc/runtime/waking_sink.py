"""Between a venue and the trading floor: whatever comes in may have led to something that is to leave now."""

from __future__ import annotations

from collections.abc import Callable

from zenotc.models.market import Book, PublicTrade
from zenotc.models.orders import Report
from zenotc.runtime.clock import TradingClock
from zenotc.venues.venue import VenueSink

__all__ = ["WakingSink"]


class WakingSink:
    """Passes on what connected venues say, in trading time, and wakes the driver.

    Parameters
    ----------
    sink
        Who hears it.
    clock
        Trading time.
    wake
        Lets the driver look again at what is next.
    """

    def __init__(self, sink: VenueSink, clock: TradingClock, wake: Callable[[], None]) -> None:
        self._sink = sink
        self._clock = clock
        self._wake = wake

    def on_book(self, book: Book, now_ns: int) -> None:
        """Pass a changed book on."""
        self._sink.on_book(book, self._clock.now_ns())
        self._wake()

    def on_trade(self, trade: PublicTrade, now_ns: int) -> None:
        """Pass a trade on; nothing is decided by one."""
        self._sink.on_trade(trade, self._clock.now_ns())

    def on_heartbeat(self, venue: str, now_ns: int) -> None:
        """Pass a sign of life on."""
        self._sink.on_heartbeat(venue, self._clock.now_ns())
        self._wake()

    def on_feed_ended(self, venue: str, asset: str, reason: str, now_ns: int) -> None:
        """Pass the end of a feed on."""
        self._sink.on_feed_ended(venue, asset, reason, self._clock.now_ns())
        self._wake()

    def on_link(self, venue: str, up: bool, now_ns: int) -> None:
        """Pass the loss or the return of a connection on."""
        self._sink.on_link(venue, up, self._clock.now_ns())
        self._wake()

    def on_report(self, report: Report, now_ns: int) -> None:
        """Pass on what a venue says of our orders."""
        self._sink.on_report(report, self._clock.now_ns())
        self._wake()
