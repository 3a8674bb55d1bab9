"""The sandbox exchange for one client in another process."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from zenotc.models.market import BUY, SELL, Book, PublicTrade, Side
from zenotc.models.orders import Fill, Report, Request
from zenotc.venues.remote.frames import BookChange, Levels, Update
from zenotc.venues.remote.link import Link
from zenotc.venues.sandbox.exchange import SandboxExchange

__all__ = ["Credentials", "HostedExchange"]


@dataclass(frozen=True, slots=True)
class Credentials:
    """What the account's client logs in with."""

    key: str
    secret: str = field(repr=False)


class HostedExchange:
    """Tells whoever is logged in what happens at an exchange; it is the exchange's sink.

    Parameters
    ----------
    exchange
        The exchange.
    credentials
        Of its account.
    save
        Makes fills durable, before anybody hears of them.
    """

    def __init__(
        self, exchange: SandboxExchange, credentials: Credentials, save: Callable[[Sequence[Fill]], None]
    ) -> None:
        self.exchange = exchange
        self.credentials = credentials
        self._save = save
        self._saved = len(exchange.account.fills)
        self._link: Link | None = None
        self._assets: frozenset[str] = frozenset()
        self._books: dict[str, Book] = {}
        self._told: dict[str, dict[Side, dict[int, int]]] = {}
        self._changed: dict[str, None] = {}
        self._reports: list[Report] = []
        self._trades: list[PublicTrade] = []
        self._heartbeat = False
        exchange.subscribe(exchange.instruments, self)

    # The client ----------------------------------------------------------------------------------------------------

    def log_in(self, link: Link) -> Link | None:
        """Let a client take the account over, and return the connection of the one that had it.

        What that one has asked and the exchange has not handled is dropped.
        """
        displaced, self._link = self._link, link
        self._assets = frozenset()
        self.exchange.drop_requests()
        return displaced

    def log_out(self, link: Link) -> None:
        """Note that a connection has ended; what it has asked still arrives."""
        if self._link is link:
            self._link = None

    def subscribe(self, link: Link, assets: Sequence[str]) -> None:
        """Tell the client of these markets, beginning with their whole books."""
        if self._link is link:
            self._assets = frozenset(assets)
            self._told.clear()
            self._changed.update(dict.fromkeys(self._books))
            self.flush()

    def ask(self, link: Link, request: Request, now_ns: int) -> None:
        """Pass a request on, unless its client has been displaced."""
        if self._link is link:
            self.exchange.send(request, now_ns)

    def flush(self) -> None:
        """Save what was filled, then tell the client what has happened since the last time."""
        fills = self.exchange.account.fills
        if len(fills) > self._saved:
            self._save(fills[self._saved :])
            self._saved = len(fills)
        if self._link is not None:
            books = tuple(self._change(self._books[asset]) for asset in self._changed if asset in self._assets)
            trades = tuple(trade for trade in self._trades if trade.asset in self._assets)
            if books or trades or self._reports or self._heartbeat:
                self._link.send(Update(books, tuple(self._reports), trades, self._heartbeat))
        self._changed.clear()
        self._reports.clear()
        self._trades.clear()
        self._heartbeat = False

    def _change(self, book: Book) -> BookChange:
        """Return what the client does not know of a book yet."""
        asset = book.instrument.asset
        whole = asset not in self._told
        told = self._told.setdefault(asset, {BUY: {}, SELL: {}})
        return BookChange(asset, whole, _difference(told[BUY], book.bids), _difference(told[SELL], book.asks))

    # The exchange --------------------------------------------------------------------------------------------------

    def on_book(self, book: Book, now_ns: int) -> None:
        """Take a changed book."""
        self._books[book.instrument.asset] = book
        self._changed[book.instrument.asset] = None

    def on_trade(self, trade: PublicTrade, now_ns: int) -> None:
        """Take a public trade."""
        self._trades.append(trade)

    def on_heartbeat(self, venue: str, now_ns: int) -> None:
        """Take a sign of life."""
        self._heartbeat = True

    def on_feed_ended(self, venue: str, asset: str, reason: str, now_ns: int) -> None:
        """The sandbox's feeds do not end."""

    def on_link(self, venue: str, up: bool, now_ns: int) -> None:
        """An exchange in this process has no connection."""

    def on_report(self, report: Report, now_ns: int) -> None:
        """Take a report."""
        self._reports.append(report)


def _difference(told: dict[int, int], levels: dict[int, int]) -> Levels:
    """Return the levels that are not as they were told, and make them so."""
    changed = [(price, lots) for price, lots in levels.items() if told.get(price) != lots]
    changed += [(price, 0) for price in told.keys() - levels.keys()]
    for price, lots in changed:
        if lots:
            told[price] = lots
        else:
            del told[price]
    return tuple(changed)
