"""A sink that writes down what it hears."""

from __future__ import annotations

from typing import TypeVar

from zenotc.models.market import BUY, SELL, Book, PublicTrade
from zenotc.models.orders import Report

T = TypeVar("T")


class Listener:
    """Everything that was heard as `(time, what)`, books as a copy of their levels from the touch outwards."""

    def __init__(self) -> None:
        self.heard: list[tuple[int, object]] = []

    def on_book(self, book: Book, now_ns: int) -> None:
        assert book.best_bid is None or book.best_ask is None or book.best_bid < book.best_ask
        self.heard.append((now_ns, (book.instrument.asset, tuple(book.levels(BUY)), tuple(book.levels(SELL)))))

    def on_trade(self, trade: PublicTrade, now_ns: int) -> None:
        self.heard.append((now_ns, trade))

    def on_heartbeat(self, venue: str, now_ns: int) -> None:
        self.heard.append((now_ns, f"heartbeat {venue}"))

    def on_feed_ended(self, venue: str, asset: str, reason: str, now_ns: int) -> None:
        self.heard.append((now_ns, reason))

    def on_link(self, venue: str, up: bool, now_ns: int) -> None:
        self.heard.append((now_ns, f"{venue} {'up' if up else 'down'}"))

    def on_report(self, report: Report, now_ns: int) -> None:
        self.heard.append((now_ns, report))

    def of(self, kind: type[T]) -> list[T]:
        """Return what was heard of one kind, in order."""
        return [what for _, what in self.heard if isinstance(what, kind)]
