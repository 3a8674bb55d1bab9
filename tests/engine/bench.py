"""An engine on a test bench: time, books and a venue's answers by hand."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from itertools import count
from typing import Any, TypeVar

from zenotc.engine.actions import Action, Emit, Reply, Send, TellQuote
from zenotc.engine.engine import Engine
from zenotc.engine.strategy import StrategyState
from zenotc.exceptions import ZenOTCError
from zenotc.models.commands import (
    CancelQuotes,
    ClearEmergencyStop,
    Command,
    CreateStrategy,
    DeleteStrategy,
    EmergencyStopAll,
    PauseStrategy,
    ResumeStrategy,
    StartStrategy,
    StopStrategy,
    UpdateStrategy,
)
from zenotc.models.configuration import StrategyConfig
from zenotc.models.events import StrategyEvent
from zenotc.models.market import BUY, SELL, Book, Instrument, Side
from zenotc.models.orders import (
    Amend,
    Balances,
    Cancel,
    CancelAll,
    CancelledAll,
    Fill,
    OpenOrders,
    OrderAccepted,
    OrderAmended,
    OrderCancelled,
    OrderFilled,
    OrderRejected,
    Place,
    QueryOpenOrders,
    RejectCode,
    Report,
    Request,
)
from zenotc.models.settings import EngineSettings

SECOND = 1_000_000_000
START_NS = 1_723_075_200 * SECOND  # 2024-08-08 00:00 UTC

QUOTING = Instrument("sandbox", "BTC", "BTC-USD", Decimal("0.5"), Decimal("0.001"), Decimal("0.0001"))
HEDGE = Instrument("sandbox-hedge", "BTC", "BTC-USD", Decimal("0.5"), Decimal("0.001"), Decimal(0), Decimal("0.0003"))

BASIC: dict[str, Any] = {
    "name": "maker",
    "asset": "BTC",
    "base_spread_bps": 10,
    "quote_size": Decimal(1),
    "max_position": Decimal(10),
}

R = TypeVar("R", bound=Request)
E = TypeVar("E", bound=StrategyEvent)


def config_of(**changes: Any) -> StrategyConfig:
    """Return a valid configuration with some parameters given."""
    return StrategyConfig.build({**BASIC, **changes}, lot_size=QUOTING.lot_size)


class Bench:
    """Feeds an engine and keeps what it answers.

    `requests` holds what has been sent and not yet been answered; `accept` and its like answer it.
    """

    def __init__(
        self, instruments: Iterable[Instrument] = (QUOTING, HEDGE), *, start_ns: int = START_NS, **settings: Any
    ) -> None:
        instruments = list(instruments)
        self.now_ns = start_ns
        self.engine = Engine(EngineSettings(**settings), instruments, id_prefix="t", start_ns=start_ns)
        self.books = {i.venue: Book(i, includes_own_orders=False) for i in instruments}
        self.requests: list[Request] = []
        self.events: list[StrategyEvent] = []
        self.replies: dict[str, ZenOTCError | None] = {}
        self._numbers = count(1)
        for instrument in instruments:
            self.take(self.engine.on_report(Balances(instrument.venue, "b", Decimal(10_000_000)), self.now_ns))

    def take(self, actions: Sequence[Action]) -> Sequence[Action]:
        for action in actions:
            if isinstance(action, Send):
                self.requests.append(action.request)
            elif isinstance(action, Emit | TellQuote):
                self.events.append(action.event)
            elif isinstance(action, Reply):
                assert action.command_id not in self.replies, "a command is answered once"
                self.replies[action.command_id] = action.error
        return actions

    # Inputs

    def book(self, bid: int, ask: int, *, lots: int = 100_000, venue: str = "sandbox", depth: int = 1) -> None:
        """Let a venue's book have these best prices, ticks, and `depth` levels of `lots` on each side."""
        book = self.books[venue]
        book.clear()
        for level in range(depth):
            book.set_bid(bid - level, lots)
            book.set_ask(ask + level, lots)
        self.take(self.engine.on_book(book, self.now_ns))

    def mid(self, usd: int) -> None:
        """Let both venues quote one dollar around a price."""
        for venue in self.books:
            self.book(2 * usd - 1, 2 * usd + 1, venue=venue)

    def wait(self, seconds: float, *, alive: bool = True) -> None:
        """Let time pass, with timers when they are due and a heartbeat each second where the feed is alive."""
        until = self.now_ns + round(seconds * SECOND)
        beat = self.now_ns + SECOND
        while (due := min(self.engine.next_timer, beat)) <= until:
            self.now_ns = due
            if due == beat:
                beat += SECOND
                for venue in self.books if alive else ():
                    self.take(self.engine.on_heartbeat(venue, due))
            if self.engine.next_timer <= due:
                self.take(self.engine.on_timer(due))
                assert self.engine.next_timer > due, "a timer must not stand still"
        self.now_ns = until

    def report(self, report: Report) -> None:
        self.take(self.engine.on_report(report, self.now_ns))

    def command(self, kind: type[Command], **fields: Any) -> str:
        """Give a command and return its id."""
        command_id = f"c{next(self._numbers)}"
        self.take(self.engine.on_command(kind(command_id=command_id, operator="ann", **fields), self.now_ns))
        return command_id

    def create(self, strategy_id: str = "s", **config: Any) -> str:
        return self.command(CreateStrategy, strategy_id=strategy_id, config=StrategyConfig.build({**BASIC, **config}))

    def start(self, strategy_id: str = "s") -> str:
        return self.command(StartStrategy, strategy_id=strategy_id)

    def pause(self, strategy_id: str = "s") -> str:
        return self.command(PauseStrategy, strategy_id=strategy_id)

    def resume(self, strategy_id: str = "s") -> str:
        return self.command(ResumeStrategy, strategy_id=strategy_id)

    def stop(self, strategy_id: str = "s", *, flatten: bool = False) -> str:
        return self.command(StopStrategy, strategy_id=strategy_id, flatten_position=flatten)

    def update(self, strategy_id: str = "s", **changes: Any) -> str:
        return self.command(UpdateStrategy, strategy_id=strategy_id, changes=changes)

    def delete(self, strategy_id: str = "s") -> str:
        return self.command(DeleteStrategy, strategy_id=strategy_id)

    def cancel_quotes(self, asset: str = "BTC") -> str:
        return self.command(CancelQuotes, asset=asset)

    def emergency(self, *, flatten: bool = False) -> str:
        return self.command(EmergencyStopAll, flatten_positions=flatten)

    def clear(self) -> str:
        return self.command(ClearEmergencyStop)

    def error(self, command_id: str) -> ZenOTCError:
        """Return the refusal of a command."""
        error = self.replies[command_id]
        assert error is not None
        return error

    def done(self, command_id: str) -> bool:
        """Return whether a command was answered, without an error."""
        return command_id in self.replies and self.replies[command_id] is None

    # The venue's answers

    def sent(self, kind: type[R]) -> list[R]:
        """Return the requests of one kind that have not been answered."""
        return [request for request in self.requests if isinstance(request, kind)]

    def pop(self, kind: type[R]) -> R:
        """Take the oldest request of one kind out."""
        request = self.sent(kind)[0]
        self.requests.remove(request)
        return request

    def answer_all(self) -> None:
        """Let the venues do everything that has been asked for; immediate orders find nobody and are cancelled."""
        while self.requests:
            request = self.requests.pop(0)
            match request:
                case Place():
                    self._accept(request)
                    if request.time_in_force == "IOC":
                        self._cancelled(request.venue, request.client_order_id, "ioc")
                case Amend():
                    self.report(
                        OrderAmended(
                            request.venue, "BTC", request.client_order_id, request.price_ticks, request.quantity_lots
                        )
                    )
                case Cancel():
                    self._cancelled(request.venue, request.client_order_id, "requested")
                case CancelAll():
                    for order in [o for o in self.engine.state.orders.values() if o.venue == request.venue]:
                        self._cancelled(order.venue, order.client_order_id, "requested")
                    self.report(CancelledAll(request.venue, request.request_id))
                case QueryOpenOrders():
                    self.report(OpenOrders(request.venue, request.request_id, ()))

    def _accept(self, request: Place) -> None:
        self.report(OrderAccepted(request.venue, "BTC", request.client_order_id, f"v{request.client_order_id}"))

    def _cancelled(self, venue: str, order_id: str, reason: str) -> None:
        order = self.engine.state.orders.get(order_id)
        if order is not None:
            self.report(OrderCancelled(venue, "BTC", order_id, order.remaining_lots, reason))

    def accept(self, request: Place) -> None:
        """Let the venue accept one order."""
        self.requests.remove(request)
        self._accept(request)

    def reject(self, request: Place, code: RejectCode = "INVALID_PRICE") -> None:
        """Let the venue refuse one order."""
        self.requests.remove(request)
        self.report(OrderRejected(request.venue, "BTC", request.client_order_id, code, "no"))

    def fill(self, order_id: str, lots: int | None = None, *, price: int | None = None, fee: str = "0") -> Fill:
        """Let an order trade: all of it, at its own price, where nothing else is said."""
        order = self.engine.state.find_order(order_id)
        assert order is not None
        fill = Fill(
            order.venue, "BTC", order_id, f"x{next(self._numbers)}", order.side,
            order.price_ticks if price is None else price,
            order.remaining_lots if lots is None else lots,
            Decimal(fee), order.purpose == "quote", self.now_ns,
        )  # fmt: skip
        self.report(OrderFilled(fill, max(order.remaining_lots - fill.quantity_lots, 0)))
        return fill

    def fill_children(self) -> None:
        """Let every immediate order trade in full."""
        for request in self.sent(Place):
            if request.time_in_force == "IOC":
                self.requests.remove(request)
                self._accept(request)
                self.fill(request.client_order_id)

    def hold(self, lots: int, *, strategy_id: str = "s", price: int | None = None) -> None:
        """Give a strategy that quotes a position, by fills of its quotes; what it asks for meanwhile is answered."""
        strategy = self.strategy(strategy_id)
        side: Side = BUY if lots > 0 else SELL
        while strategy.position_lots != lots:
            self.answer_all()
            order = next(strategy.live_quotes(side))
            self.fill(order.client_order_id, min(order.remaining_lots, abs(lots - strategy.position_lots)), price=price)

    # What came of it

    def strategy(self, strategy_id: str = "s") -> StrategyState:
        return self.engine.state.strategies[strategy_id]

    def of(self, kind: type[E]) -> list[E]:
        """Return the events of one kind."""
        return [event for event in self.events if isinstance(event, kind)]

    def quotes(self, strategy_id: str = "s") -> list[tuple[Side, int, int]]:
        """Return the live quotes as (side, price in ticks, remaining lots), bids first and from the inside out."""
        orders = sorted(self.strategy(strategy_id).live_quotes(), key=lambda o: (o.side, o.layer or 0))
        return [(o.side, o.price_ticks, o.remaining_lots) for o in orders]
