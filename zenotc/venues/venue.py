"""What every venue does, and what a simulated one adds."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Protocol, runtime_checkable

from zenotc.models.market import Book, Instrument, PublicTrade
from zenotc.models.orders import Fill, Report, Request

__all__ = ["ConnectedVenue", "SimulatedVenue", "Venue", "VenueSink"]


class VenueSink(Protocol):
    """Who hears a venue; every call comes in the order in which the venue sent it, `now_ns` never falls."""

    def on_book(self, book: Book, now_ns: int) -> None:
        """The book has changed; it is already up to date."""

    def on_trade(self, trade: PublicTrade, now_ns: int) -> None:
        """Somebody traded."""

    def on_heartbeat(self, venue: str, now_ns: int) -> None:
        """The venue's feed is alive, even where nothing changes."""

    def on_feed_ended(self, venue: str, asset: str, reason: str, now_ns: int) -> None:
        """No more market data will come for the asset, and why (`replay_finished`)."""

    def on_link(self, venue: str, up: bool, now_ns: int) -> None:
        """The connection has been lost, or is there again and everything must be asked anew.

        A venue in the engine's own process has none and never calls it.
        """

    def on_report(self, report: Report, now_ns: int) -> None:
        """The venue has answered a request or executed an order."""


class Venue(Protocol):
    """One account at one venue.

    Requests return at once; what becomes of them arrives at the sink as reports.
    """

    @property
    def name(self) -> str:
        """The venue's name, which instruments, requests and reports carry."""

    @property
    def instruments(self) -> Mapping[str, Instrument]:
        """The markets by asset."""

    def subscribe(self, assets: Collection[str], sink: VenueSink) -> None:
        """Send market data of these assets, and all reports, to the sink from now on."""

    def send(self, request: Request, now_ns: int) -> None:
        """Send a request.

        Parameters
        ----------
        request
            What to do.
        now_ns
            The time at which it leaves, nanoseconds since the Unix epoch.
        """


@runtime_checkable
class ConnectedVenue(Venue, Protocol):
    """A venue behind a connection; it calls its sink on the event loop that runs it, with the wall clock's time."""

    async def run(self) -> None:
        """Connect, and connect again when the connection is lost, until it is cancelled."""


class SimulatedVenue(Venue, Protocol):
    """A venue in the engine's own process, which lives in its own time and only moves when it is told to."""

    def restore(self, fills: Iterable[Fill]) -> None:
        """Take up an account that lived and died with an earlier process, by its fills, before anything happens."""

    def next_time(self) -> int | None:
        """Return when the next thing happens or is delivered, ns since the Unix epoch; `None` for never."""

    def advance(self, now_ns: int) -> None:
        """Let everything happen up to and including this time, in order, and deliver it to the sink."""
