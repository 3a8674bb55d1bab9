"""Small recordings written by hand, the real ones where they are, and a replay that is driven to its end."""

from __future__ import annotations

import gzip
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import orjson
import pytest

from zenotc.models.market import Book, PublicTrade
from zenotc.models.orders import OrderFilled, Report, Request
from zenotc.venues.replay import ReplayVenue

SECOND = 1_000_000_000
MS = 1_000_000
START = 1_700_000_000 * SECOND
Levels = dict[str, str]


def recorded(*names: str) -> list[Path]:
    """Return real recordings, or skip the test where they are absent."""
    default = Path(__file__).parents[2].parent / "shared" / "data"
    folder = Path(os.environ.get("ZENOTC_DATA", default)) / "binance-raw-2024-08"
    paths = [folder / name for name in names]
    for path in paths:
        if not path.exists():
            pytest.skip(f"no recorded data at {path}")
    return paths


class Tape:
    """Writes a spot recording of one symbol, numbering the updates as Binance does.

    Times are ms after `START`; the recorder's clock is right.
    """

    def __init__(self, symbol: str = "BTCUSDT") -> None:
        self.symbol = symbol
        self.last_id = 100
        self.lines: list[tuple[int, dict[str, Any]]] = []

    def _add(self, at_ms: float, stream: str, data: dict[str, Any]) -> None:
        message = {"stream": f"{self.symbol.lower()}@{stream}", "data": {"s": self.symbol, **data}}
        self.lines.append((START + int(at_ms * MS), message))

    def snapshot(self, at_ms: float, bids: Levels, asks: Levels, last_id: int | None = None) -> None:
        levels = {"bids": list(bids.items()), "asks": list(asks.items())}
        self.lines.append((START + int(at_ms * MS), {"lastUpdateId": last_id or self.last_id, **levels}))

    def diff(self, at_ms: float, bids: Levels | None = None, asks: Levels | None = None, *, skip: int = 0) -> None:
        first_id = self.last_id + 1 + skip
        self.last_id = first_id + 1
        ids = {"U": first_id, "u": self.last_id, "E": _ms(at_ms)}
        levels = {"b": list((bids or {}).items()), "a": list((asks or {}).items())}
        self._add(at_ms, "depth@100ms", {"e": "depthUpdate", **ids, **levels})

    def touch(self, at_ms: float, bid: tuple[str, str], ask: tuple[str, str], *, ahead: int = 1) -> None:
        values = {"u": self.last_id + ahead, "b": bid[0], "B": bid[1], "a": ask[0], "A": ask[1]}
        self._add(at_ms, "bookTicker", values)

    def trade(self, at_ms: float, price: str, quantity: str, *, taker: str, executed_ms: float | None = None) -> None:
        executed = _ms(at_ms if executed_ms is None else executed_ms)
        values = {"p": price, "q": quantity, "T": executed, "m": taker == "sell"}
        self._add(at_ms, "trade", {"e": "trade", "E": executed, "t": len(self.lines), **values})

    def write(self, path: Path) -> Path:
        """Write the file."""
        write_lines(path, (b"%d %s" % (at_ns, orjson.dumps(message)) for at_ns, message in self.lines))
        return path


def write_lines(path: Path, lines: Iterable[bytes]) -> None:
    """Write a gzip file of these lines."""
    with gzip.open(path, "wb") as file:
        file.writelines(line + b"\n" for line in lines)


def _ms(at_ms: float) -> int:
    return (START + int(at_ms * MS)) // MS


class Trader:
    """Drives a replay, sends requests at given times and writes down what it hears."""

    def __init__(self, venue: ReplayVenue) -> None:
        self.venue = venue
        self.reports: list[tuple[int, Report]] = []
        self.books: list[tuple[int, str, int | None, int | None]] = []
        self.trades: list[tuple[int, PublicTrade]] = []
        self.heartbeats: list[int] = []
        self.ended: list[tuple[int, str, str]] = []
        self.times: list[int] = []
        self.watch: Callable[[Book, int], None] | None = None
        venue.subscribe(venue.instruments, self)

    def at(self, at_ms: float, request: Request) -> None:
        """Send a request at a time, after everything before it has happened."""
        now_ns = START + int(at_ms * MS)
        self.venue.advance(now_ns)
        self.venue.send(request, now_ns)

    def until(self, at_ms: float) -> None:
        """Let time pass."""
        self.venue.advance(START + int(at_ms * MS))

    def finish(self) -> None:
        """Go on until nothing more happens."""
        while (next_ns := self.venue.next_time()) is not None:
            self.venue.advance(next_ns)

    @property
    def fills(self) -> list[tuple[str, int, int]]:
        """What was filled: order, price in ticks, lots."""
        executions = [report.fill for _, report in self.reports if isinstance(report, OrderFilled)]
        return [(fill.client_order_id, fill.price_ticks, fill.quantity_lots) for fill in executions]

    def on_book(self, book: Book, now_ns: int) -> None:
        self.times.append(now_ns)
        self.books.append((now_ns, book.instrument.asset, book.best_bid, book.best_ask))
        if self.watch is not None:
            self.watch(book, now_ns)

    def on_trade(self, trade: PublicTrade, now_ns: int) -> None:
        self.times.append(now_ns)
        self.trades.append((now_ns, trade))

    def on_heartbeat(self, venue: str, now_ns: int) -> None:
        self.times.append(now_ns)
        self.heartbeats.append(now_ns)

    def on_feed_ended(self, venue: str, asset: str, reason: str, now_ns: int) -> None:
        self.times.append(now_ns)
        self.ended.append((now_ns, asset, reason))

    def on_report(self, report: Report, now_ns: int) -> None:
        self.times.append(now_ns)
        self.reports.append((now_ns, report))
