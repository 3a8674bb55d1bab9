"""How many book updates the engine takes in a second, alone: no venue, no journal, no parsing, on one core.

The updates are the touches of the recorded BTC spot session, made before the clock starts; where the recordings are
absent, a seeded random walk. What is timed for each: the touch is set in the book, the engine takes the book, every
request that it answers with is acknowledged to it at once by a venue that accepts everything and fills nothing, and
its timers run when they are due. The actions are read and dropped. The strategy holds a position from the beginning,
which every change of the mid marks.
"""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from tests.benchmarks.replay_alone import Deaf
from tests.benchmarks.report import RECORDED_BTC, Target, pin_to_one_core, progress, publish
from zenotc.engine.actions import Action, Send
from zenotc.engine.engine import Engine
from zenotc.engine.working_order import WorkingOrder
from zenotc.models.commands import CreateStrategy
from zenotc.models.configuration import StrategyConfig
from zenotc.models.market import Book, Instrument
from zenotc.models.orders import (
    Amend,
    Balances,
    Cancel,
    Fill,
    OrderAccepted,
    OrderAmended,
    OrderCancelled,
    OrderFilled,
    Place,
    Report,
    Request,
)
from zenotc.models.settings import EngineSettings
from zenotc.venues.replay import ReplayVenue

RUNS = 7
BASE_SPREADS_BPS = (2, 10)
SYNTHETIC_UPDATES = 100_000
INSTRUMENT = Instrument("venue", "BTC", "BTCUSDT", Decimal("0.01"), Decimal("0.00001"))

Levels = list[tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Update:
    """A changed touch: the levels that go and come on each side, `(price_ticks, quantity_lots)`."""

    time_ns: int
    bids: Levels
    asks: Levels


class Touches(Deaf):
    """A sink that remembers each changed book's touch: time, bid, bid lots, ask, ask lots."""

    def __init__(self) -> None:
        self.seen: list[tuple[int, int, int, int, int]] = []

    def on_book(self, book: Book, now_ns: int) -> None:
        """Remember it."""
        bid, ask = book.best_bid, book.best_ask
        if bid is not None and ask is not None:
            self.seen.append((now_ns, bid, book.bids[bid], ask, book.asks[ask]))


def _recorded() -> list[tuple[int, int, int, int, int]]:
    venue = ReplayVenue(RECORDED_BTC)
    touches = Touches()
    venue.subscribe(venue.instruments, touches)
    while (next_ns := venue.next_time()) is not None:
        venue.advance(next_ns)
    return touches.seen


def _synthetic() -> Iterator[tuple[int, int, int, int, int]]:
    """A mid that moves by a tick with one update in five, 20 ms apart."""
    chance = random.Random(1)
    bid = 6_000_000
    for number in range(SYNTHETIC_UPDATES):
        bid += chance.choice((-1, 1)) if chance.random() < 0.2 else 0
        yield number * 20_000_000, bid, chance.randrange(1, 10**6), bid + 1, chance.randrange(1, 10**6)


def _updates(touches: Sequence[tuple[int, int, int, int, int]]) -> list[Update]:
    updates = []
    last_bid = last_ask = 0
    for time_ns, bid, bid_lots, ask, ask_lots in touches:
        bids: Levels = [(bid, bid_lots)] if bid == last_bid else [(last_bid, 0), (bid, bid_lots)]
        asks: Levels = [(ask, ask_lots)] if ask == last_ask else [(last_ask, 0), (ask, ask_lots)]
        updates.append(Update(time_ns, bids, asks))
        last_bid, last_ask = bid, ask
    return updates


class Bench:
    """The engine with one strategy of three layers, and a venue that accepts everything."""

    def __init__(self, base_spread_bps: float, first: Update) -> None:
        settings = EngineSettings(quoting_venue=INSTRUMENT.venue, hedge_venue=None)
        self.engine = Engine(settings, [INSTRUMENT], id_prefix="b", start_ns=first.time_ns)
        self.book = Book(INSTRUMENT, includes_own_orders=False)
        self.requests = 0
        config = StrategyConfig.build(
            {
                "name": "alone", "asset": "BTC", "enabled": True, "base_spread_bps": base_spread_bps,
                "quote_size": "0.05", "quote_layers": 3, "max_position": 2, "skew_factor": 1.0,
            }
        )  # fmt: skip
        now_ns = first.time_ns
        self.engine.on_report(Balances(INSTRUMENT.venue, "balances", Decimal(10**6)), now_ns)
        self.book.update(first.bids, first.asks)
        self.engine.on_book(self.book, now_ns)
        command = CreateStrategy(command_id="create", operator="benchmark", strategy_id="s", config=config)
        self._acknowledge(self.engine.on_command(command, now_ns), now_ns)
        assert len(self.engine.state.orders) == 6, "the strategy does not quote"
        self._fill(next(iter(self.engine.state.orders.values())), now_ns)

    def run(self, updates: Sequence[Update]) -> None:
        """Take the updates."""
        engine, book = self.engine, self.book
        for update in updates:
            now_ns = update.time_ns
            while engine.next_timer <= now_ns:
                due_ns = engine.next_timer
                self._acknowledge(engine.on_timer(due_ns), due_ns)
            book.update(update.bids, update.asks)
            actions = engine.on_book(book, now_ns)
            if actions:
                self._acknowledge(actions, now_ns)

    def _fill(self, order: WorkingOrder, now_ns: int) -> None:
        """Fill an order whole."""
        fill = Fill(
            order.venue, order.asset, order.client_order_id, "fill", order.side, order.price_ticks,
            order.quantity_lots, Decimal(0), maker=True, time_ns=now_ns,
        )  # fmt: skip
        self._acknowledge(self.engine.on_report(OrderFilled(fill, 0), now_ns), now_ns)
        assert self.engine.state.strategy("s").position_lots, "the fill was not booked"

    def _acknowledge(self, actions: Sequence[Action], now_ns: int) -> None:
        for action in actions:
            if isinstance(action, Send):
                self.requests += 1
                self._acknowledge(self.engine.on_report(_accepted(action.request), now_ns), now_ns)


def _accepted(request: Request) -> Report:
    match request:
        case Place(venue, asset, client_order_id):
            return OrderAccepted(venue, asset, client_order_id, client_order_id)
        case Amend(venue, asset, client_order_id, price_ticks, quantity_lots):
            return OrderAmended(venue, asset, client_order_id, price_ticks, quantity_lots)
        case Cancel(venue, asset, client_order_id):
            return OrderCancelled(venue, asset, client_order_id, 0, "requested")
    raise AssertionError(f"the engine was not expected to send {request}")


def _measure(base_spread_bps: float, updates: Sequence[Update]) -> dict[str, Any]:
    rates = []
    for run in range(RUNS):
        bench = Bench(base_spread_bps, updates[0])
        started = time.process_time()
        bench.run(updates)
        rates.append(len(updates) / (time.process_time() - started))
        progress(f"  {base_spread_bps} bps, run {run + 1} of {RUNS}: {rates[-1]:,.0f} updates a second")
    return {
        "updates_per_cpu_second": {"best": round(max(rates)), "median": round(statistics.median(rates))},
        "updates": len(updates),
        "requests": bench.requests,
    }


def main() -> None:
    """Print how many updates the engine takes in a second of processor time."""
    pin_to_one_core()
    recorded = len(RECORDED_BTC) == 2
    updates = _updates(_recorded() if recorded else list(_synthetic()))
    figures: dict[str, Any] = {f"base_spread_{bps}_bps": _measure(bps, updates) for bps in BASE_SPREADS_BPS}
    targets = [
        Target(f"{name}: updates a second", figure["updates_per_cpu_second"]["best"], "at least", 100_000)
        for name, figure in figures.items()
    ]
    publish("engine", {"market": "recorded" if recorded else "synthetic", **figures}, targets)


if __name__ == "__main__":
    main()
