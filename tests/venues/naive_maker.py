"""A maker who knows nothing: quotes at a fixed distance, looks once a second, never minds the position."""

from __future__ import annotations

from decimal import Decimal

from zenotc.models.market import BUY, SELL, Book, PublicTrade, Side, sign
from zenotc.models.orders import Amend, Fill, OrderAccepted, OrderCancelled, OrderFilled, OrderRejected, Place, Report
from zenotc.venues.sandbox import Market, SandboxExchange
from zenotc.venues.sandbox.fair_price import FairPrice

SECOND = 1_000_000_000


class NaiveMaker:
    """Keeps one order on each side of one market.

    Parameters
    ----------
    exchange
        The venue; the maker subscribes to it.
    asset
        The market.
    lots
        The size of each order.
    half_spread_bps
        Distance from the middle; `None` to join the touch.
    """

    def __init__(self, exchange: SandboxExchange, asset: str, lots: int, half_spread_bps: float | None) -> None:
        self.exchange, self.asset, self.lots = exchange, asset, lots
        self.half_spread_bps = half_spread_bps
        self.book: Book | None = None
        self.resting: dict[Side, str] = {}
        self.pending: set[Side] = set()
        self.filled_lots: dict[str, int] = {}
        self.sides: dict[str, Side] = {}
        self.fills: list[Fill] = []
        exchange.subscribe([asset], self)

    def on_book(self, book: Book, now_ns: int) -> None:
        self.book = book

    def on_trade(self, trade: PublicTrade, now_ns: int) -> None: ...

    def on_feed_ended(self, venue: str, asset: str, reason: str, now_ns: int) -> None: ...

    def on_heartbeat(self, venue: str, now_ns: int) -> None:
        if self.book is None or self.book.best_bid is None or self.book.best_ask is None:
            return
        bid, ask = self.book.best_bid, self.book.best_ask
        if self.half_spread_bps is not None:
            bid = int((bid + ask) / 2 * (1 - self.half_spread_bps / 1e4))
            ask = int((self.book.best_bid + ask) / 2 * (1 + self.half_spread_bps / 1e4)) + 1
        self.quote(BUY, bid, now_ns)
        self.quote(SELL, ask, now_ns)

    def quote(self, side: Side, price_ticks: int, now_ns: int) -> None:
        if side in self.pending:
            return
        name = self.resting.get(side)
        if name is None:
            name = f"{side}-{len(self.sides)}"
            self.sides[name], self.filled_lots[name] = side, 0
            self.pending.add(side)
            place = Place("sandbox", self.asset, name, side, price_ticks, self.lots, post_only=True)
            self.exchange.send(place, now_ns)
        else:
            total = self.filled_lots[name] + self.lots
            self.exchange.send(Amend("sandbox", self.asset, name, price_ticks, total), now_ns)

    def on_report(self, report: Report, now_ns: int) -> None:
        match report:
            case OrderAccepted(client_order_id=name):
                self.resting[self.sides[name]] = name
                self.pending.discard(self.sides[name])
            case OrderRejected(client_order_id=name) | OrderCancelled(client_order_id=name):
                self.resting.pop(self.sides[name], None)
                self.pending.discard(self.sides[name])
            case OrderFilled(fill, remaining):
                self.fills.append(fill)
                self.filled_lots[fill.client_order_id] += fill.quantity_lots
                if remaining == 0:
                    self.resting.pop(fill.side, None)
            case _:
                pass

    def markout_bps(self, fair: FairPrice, seconds: float) -> float:
        """Return `side * (fair price after so many seconds - price) / price`, weighted by quantity, bps."""
        instrument = self.exchange.instruments[self.asset]
        lots = sum(fill.quantity_lots for fill in self.fills)
        gain = 0.0
        for fill in self.fills:
            price = float(instrument.price(fill.price_ticks))
            later = fair.at(fill.time_ns + round(seconds * SECOND))
            gain += sign(fill.side) * (later / price - 1.0) * 1e4 * fill.quantity_lots
        return gain / lots

    def pnl(self, mark: Decimal) -> Decimal:
        """Return cash and position since the start, USD."""
        account = self.exchange.account
        return account.cash - 10_000_000 + account.positions[self.asset] * mark


def run_naive_maker(market: Market, seed: int, minutes: int, lots: int, half_spread_bps: float | None) -> NaiveMaker:
    """Let a naive maker quote in a market alone."""
    exchange = SandboxExchange(markets=[market], seed=seed)
    maker = NaiveMaker(exchange, market.asset, lots, half_spread_bps)
    exchange.advance(minutes * 60 * SECOND)
    return maker
