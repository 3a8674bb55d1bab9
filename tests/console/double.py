"""An engine in the same process, as the console sees it through the SDK: it replays what a test scripts."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

from zenotc.exceptions import ConnectionFailedError
from zenotc.models.quotes import BookLevel, OrderBook, OwnOrder
from zenotc.models.status import Asker, EmergencyState, EngineStatus, HistoryPoint, VenueStatus
from zenotc.models.strategy import (
    CommandResult,
    EmergencyStopResult,
    StopConfirmation,
    Strategy,
)
from zenotc.models.wire import decode, encode
from zenotc.sdk.stream import Link, LinkState
from zenotc.sdk.subscriptions import StrategiesChange

NOW = datetime(2026, 3, 2, 12, 41, 7, tzinfo=UTC)
HEARTBEAT_SECONDS = 1.0
Wire = dict[str, Any]


def strategy(strategy_id: str, name: str, asset: str, **fields: Any) -> Wire:
    """Return a strategy as it comes over the wire."""
    values: Wire = {
        "id": strategy_id, "name": name, "asset": asset, "base_spread_bps": 10, "quote_size": Decimal("0.500"),
        "max_position": Decimal(10), "status": "active", "open_orders": 4,
        "sides": {"buy": "quoting", "sell": "quoting"},
        "spread_bps": 10.0, "mid": Decimal("61843.25"), "created_at": NOW, "updated_at": NOW, "data_age_seconds": 0.2,
        "max_daily_loss": Decimal(500),
    }  # fmt: skip
    wire: Wire = decode(encode(Strategy.model_validate({**values, **fields})))
    return wire


def demo_strategies() -> list[Wire]:
    """Return strategies in different states."""
    return [
        strategy("s-btc", "BTC Market Maker", "BTC", current_position=Decimal("3.200"), daily_pnl=Decimal("812.44"),
                 total_pnl=Decimal("2104.02"), unrealized_pnl=Decimal("98.11"), soft_position_limit=Decimal(7),
                 trade_count=1284, fees=Decimal("412.07"), hedge={"purpose": "hedge", "side": "sell",
                 "quantity": Decimal("3.200"), "filled_quantity": Decimal("1.800"), "algo": "twap", "started_at": NOW}),
        strategy("s-eth", "ETH wide", "ETH", status="paused", pause_reason="operator",
                 current_position=Decimal("-1.000"), daily_pnl=Decimal("-12.10"),
                 total_pnl=Decimal("-40.00"), open_orders=0, trade_count=310,
                 sides={"buy": "paused", "sell": "paused"}),
        strategy("s-sol", "SOL inventory", "SOL", status="stopped", current_position=Decimal("0.0"), open_orders=0,
                 quote_size=Decimal("25.0"), max_position=Decimal(500), sides={"buy": "stopped", "sell": "stopped"},
                 warnings=["no_loss_limit"], max_daily_loss=None),
        strategy("s-tight", "BTC tight", "BTC", status="paused", pause_reason="daily_loss", open_orders=0,
                 current_position=Decimal("0.400"), daily_pnl=Decimal("-502.00"), total_pnl=Decimal("-502.00"),
                 base_spread_bps=4, sides={"buy": "risk_limit", "sell": "risk_limit"}),
    ]  # fmt: skip


def demo_book(asset: str = "BTC", mid: Decimal = Decimal("61843.25"), depth: int = 20) -> OrderBook:
    """Return a book with own orders in it."""
    tick, lot = Decimal("0.50"), Decimal("0.001")
    half = Decimal("2.75")

    def level(index: int, sign: int) -> BookLevel:
        price = mid + sign * (half + index * tick)
        quantity = lot * (300 + 911 * ((index * 7 + sign) % 5))
        own = Decimal("0.500") if index in (2, 15) else Decimal(0)
        orders = (
            [OwnOrder(order_id="o", strategy_id="s-btc", remaining=own, state="resting", placed_at=NOW)] if own else []
        )
        return BookLevel(price=price, quantity=quantity + own, own_quantity=own, own_orders=orders)

    return OrderBook(
        asset=asset, venue="sandbox",
        bids=[level(i, -1) for i in range(depth)], asks=[level(i, 1) for i in range(depth)],
        mid=mid, tick_size=tick, lot_size=lot, usable=True, reason=None, data_age_seconds=0.1, timestamp=NOW,
    )  # fmt: skip


def fill(seq: int, strategy_id: str = "s-btc", **fields: Any) -> Wire:
    """Return a fill as it comes over the wire."""
    return {
        "type": "quote_filled", "seq": seq, "timestamp": "2026-03-02T12:41:06.812Z",
        "strategyId": strategy_id, "asset": "BTC", "orderId": f"o-{seq}", "tradeId": f"t-{seq}", "side": "sell",
        "quantity": Decimal("0.250"), "price": Decimal("61842.10"), "fee": Decimal("1.24"), "venue": "sandbox",
        "remaining": Decimal("0.250"), **fields,
    }  # fmt: skip


async def _nothing() -> None:
    return None


class Engine:
    """The client's methods that the console calls, on a scripted desk.

    Attributes
    ----------
    calls
        Every command, as `(name, argument)`.
    answers
        Set by a test: an exception to raise, or a future to wait for before answering.
    silent
        Set by a test: it has no heartbeat.
    """

    def __init__(self, strategies: list[Wire] | None = None, environment: str = "sandbox") -> None:
        self.base_url = "http://127.0.0.1:8731"
        self.strategies = {wire["id"]: wire for wire in (demo_strategies() if strategies is None else strategies)}
        self.calls: list[tuple[str, object]] = []
        self.answers: dict[str, BaseException | asyncio.Future[None]] = {}
        self.reachable = True
        self.silent = False
        self.environment = environment
        self.emergency = EmergencyState(active=False)
        self.asker = Asker(scope="MARKET_MAKING", operator="desk/jo")
        self.mm_strategy = SimpleNamespace(
            start=self._lifecycle("start", "active"), pause=self._lifecycle("pause", "paused"),
            resume=self._lifecycle("resume", "active"), stop=self._stop, cancel_all_quotes=self._cancel,
            emergency_stop_all=self._emergency_stop, clear_emergency_stop=self._clear, history=self._history,
            status=self._status, watch_strategies=self._watch_strategies, watch_order_book=self._watch_book,
            watch_events=self._watch_events, order_book=self._order_book, get=self._get,
        )  # fmt: skip
        self._on_strategies: Callable[[StrategiesChange], Any] | None = None
        self._on_events: Callable[[Sequence[Wire]], None] | None = None
        self._published: list[Wire] = []

    async def _status(self) -> EngineStatus:
        self._require()
        return EngineStatus(
            environment=self.environment, epoch="e", version="0.1.0", started_at=NOW, uptime_seconds=10, ready=True,
            trading_time=NOW, emergency_stop=self.emergency, assets=["BTC", "ETH", "SOL"], last_seq=1, feed="sandbox",
            venues=[VenueStatus(name="sandbox", data_age_seconds=0.1, open_orders=18, unknown_orders=0)],
            daily_pnl=Decimal("1284.20"), total_pnl=Decimal("3902.77"), open_orders=18, asker=self.asker,
        )  # fmt: skip

    @property
    def link(self) -> Link:
        """The state of the connection."""
        state: LinkState = "connected" if self.reachable else "lost"
        return Link(state=state, reason="connection refused", round_trip_ms=0.6, silent_seconds=0.0, last_seq=4711)

    def watch_link(self, callback: Callable[[Link], None]) -> Callable[[], None]:
        """Call back on changes of the connection and on every heartbeat."""
        self._on_link = callback
        callback(self.link)
        beat = asyncio.create_task(self._beat())
        return beat.cancel

    async def _beat(self) -> None:
        """Be heard each second, as an engine is: a test that takes long is not blind."""
        while True:
            await asyncio.sleep(HEARTBEAT_SECONDS)
            if self.reachable and not self.silent:
                self._on_link(self.link)

    def lose(self) -> None:
        """Go away."""
        self.reachable = False
        self._on_link(self.link)

    def return_(self) -> None:
        """Come back, with a heartbeat."""
        self.reachable = True
        self._on_link(self.link)

    async def _watch_strategies(self, callback: Callable[[StrategiesChange], Any]) -> SimpleNamespace:
        self._on_strategies = callback
        await callback(StrategiesChange({key: dict(wire) for key, wire in self.strategies.items()}, (), True))
        return SimpleNamespace(close=_nothing)

    async def _watch_events(
        self, callback: Callable[[Sequence[Wire]], None], after_seq: int | None = None
    ) -> SimpleNamespace:
        self._on_events = callback
        callback(self._published)
        return SimpleNamespace(close=_nothing)

    async def _watch_book(self, asset: str, callback: Callable[[OrderBook], None]) -> SimpleNamespace:
        callback(demo_book(asset))
        return SimpleNamespace(close=_nothing)

    async def change(self, strategy_id: str, **fields: Any) -> None:
        """Change a strategy and tell the subscriber; fields by wire name."""
        self.strategies[strategy_id].update(fields)
        await self._tell(StrategiesChange({strategy_id: dict(self.strategies[strategy_id])}, (), False))

    async def remove(self, strategy_id: str) -> None:
        """Delete a strategy and tell the subscriber."""
        del self.strategies[strategy_id]
        await self._tell(StrategiesChange({}, (strategy_id,), False))

    async def _tell(self, change: StrategiesChange) -> None:
        if self._on_strategies is not None:
            await self._on_strategies(change)

    def publish(self, *events: Wire) -> None:
        """Send events to the subscriber."""
        self._published += events
        if self._on_events is not None:
            self._on_events(events)

    def _require(self) -> None:
        if not self.reachable:
            raise ConnectionFailedError("connection refused")

    async def _answer(self, name: str, argument: object) -> None:
        self.calls.append((name, argument))
        self._require()
        answer = self.answers.get(name)
        if isinstance(answer, BaseException):
            raise answer
        if answer is not None:
            await answer

    def _lifecycle(self, name: str, status: str) -> Callable[[str], Any]:
        async def call(strategy_id: str) -> CommandResult:
            await self._answer(name, strategy_id)
            await self.change(strategy_id, status=status)
            return CommandResult(strategy=Strategy.from_wire(self.strategies[strategy_id]))

        return call

    async def _stop(self, strategy_id: str, flatten_position: bool = False) -> CommandResult:
        await self._answer("flatten" if flatten_position else "stop", strategy_id)
        await self.change(strategy_id, status="stopped", openOrders=0)
        return CommandResult(strategy=Strategy.from_wire(self.strategies[strategy_id]))

    async def _cancel(self, asset: str) -> int:
        await self._answer("cancel_quotes", asset)
        return 4

    async def _emergency_stop(self) -> EmergencyStopResult:
        await self._answer("emergency_stop", None)
        self.emergency = EmergencyState(active=True, since=NOW, operator="desk")
        stopped = [StopConfirmation(strategy_id="s-btc", name="B", confirmed=True, remaining_position=Decimal(0))]
        return EmergencyStopResult(confirmed=True, elapsed_ms=12.0, venues={"sandbox": True}, strategies=stopped)

    async def _clear(self, operator: str) -> EmergencyState:
        await self._answer("clear_emergency_stop", operator)
        self.emergency = EmergencyState(active=False)
        return self.emergency

    async def _order_book(self, asset: str, depth: int = 20) -> OrderBook:
        self._require()
        return demo_book(asset)

    async def _get(self, strategy_id: str) -> Strategy:
        self._require()
        return Strategy.from_wire(self.strategies[strategy_id])

    async def _history(self, strategy_id: str, **_: Any) -> list[HistoryPoint]:
        return [
            HistoryPoint(
                timestamp=NOW - timedelta(seconds=5 * (240 - i)), equity=Decimal(0), position=Decimal(0),
                daily_pnl=Decimal(0),
                total_pnl=Decimal(round(2000 + 140 * math.sin(i / 17) + i / 2, 2)), spread_bps=None, sigma=None,
            )
            for i in range(240)
        ]  # fmt: skip
