"""A desk with strategies in memory and a journal in a list, for tests of what stands before a desk."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from tempfile import TemporaryFile
from typing import Any, BinaryIO, Literal

from zenotc.exceptions import CircuitBreakerError, NotFoundError, StrategyError, ValidationError, ZenOTCError
from zenotc.models import commands
from zenotc.models.configuration import StrategyConfig
from zenotc.models.events import JournalledEvent
from zenotc.models.metrics import QuoteStats, StrategyMetrics
from zenotc.models.quotes import OrderBook, Preview, QuoteInstrument, Quotes
from zenotc.models.status import EmergencyState, EngineStatus, HistoryPoint, VenueStatus
from zenotc.models.strategy import CancelQuotesResult, CommandResult, EmergencyStopResult, Strategy
from zenotc.models.wire import encode
from zenotc.runtime.keys import ApiKey, KeyStore
from zenotc.runtime.vitals import Vitals

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
LOT = Decimal("0.001")
SECRET = "a-secret-that-nobody-may-see"
KEYS = KeyStore(
    [
        ApiKey("trader", SECRET.encode(), "desk", "MARKET_MAKING"),
        ApiKey("reader", b"reader-secret", "screen", "READ"),
        ApiKey("switch", b"switch-secret", "wall", "STOP"),
    ]
)


class DeskDouble:
    """Carries commands out at once; `delay_seconds` holds them up, `failure` makes them fail."""

    def __init__(self, epoch: str = "e1") -> None:
        self.epoch = epoch
        self.journal: list[JournalledEvent] = []
        self.commands: list[commands.Command] = []
        self.past: list[commands.PastCommand] = []
        self.refused: list[tuple[commands.RefusedRequest, ZenOTCError]] = []
        self.held: dict[str, Strategy] = {}
        self.delay_seconds = 0.0
        self.failure: Exception | None = None
        self.emergency = False
        self.mid = Decimal("50000.25")
        self.vitals = Vitals()
        self.journal_lag_seconds = 0.0
        self._listeners: list[Callable[[Sequence[JournalledEvent]], None]] = []

    @property
    def last_seq(self) -> int:
        return len(self.journal)

    def commit(self, *types: str, strategy_id: str | None = "mm_1") -> None:
        """Journal events of these types and tell the listeners."""
        added = []
        for kind in types:
            seq = len(self.journal) + 1
            body = {"type": kind, "seq": seq, "timestamp": NOW, "strategyId": strategy_id, "asset": "BTC"}
            body |= {"reason": f"r{seq}", "operator": None}
            added.append(JournalledEvent(seq, strategy_id, encode(body)))
            self.journal.append(added[-1])
        for listener in list(self._listeners):
            listener(added)

    async def execute(self, command: commands.Command) -> Any:
        if self.delay_seconds:
            await asyncio.sleep(self.delay_seconds)
        if self.failure is not None:
            raise self.failure
        self.commands.append(command)
        match command:
            case commands.CreateStrategy():
                values = command.config.model_dump()
                created = Strategy(id=command.strategy_id, status="stopped", created_at=NOW, updated_at=NOW, **values)
                self.held[created.id] = created
                return created
            case commands.UpdateStrategy():
                before = self.strategy(command.strategy_id)
                config = before.config.updated(command.changes, lot_size=LOT)
                return self._put(before.model_copy(update=config.model_dump()))
            case commands.DeleteStrategy():
                del self.held[self.strategy(command.strategy_id).id]
                return None
            case commands.StartStrategy() | commands.ResumeStrategy():
                if self.emergency:
                    raise CircuitBreakerError("no", details={"reason": "emergency_stop"})
                return self._become(command.strategy_id, "active")
            case commands.PauseStrategy():
                if self.strategy(command.strategy_id).status == "stopped":
                    raise StrategyError("it is stopped")
                return self._become(command.strategy_id, "paused")
            case commands.StopStrategy():
                return self._become(command.strategy_id, "stopped")
            case commands.AcceptPosition():
                return CommandResult(strategy=self.strategy(command.strategy_id))
            case commands.CancelQuotes():
                return CancelQuotesResult(cancelled=4, strategies=list(self.held))
            case commands.EmergencyStopAll():
                self.emergency = True
                return EmergencyStopResult(confirmed=True, elapsed_ms=1.5, venues={"sandbox": True}, strategies=[])
            case commands.ClearEmergencyStop():
                self.emergency = False
                return EmergencyState(active=False)

    def note_refusal(self, refused: commands.RefusedRequest, refusal: ZenOTCError) -> None:
        self.refused.append((refused, refusal))

    def past_commands(self, *, since_ns: int, limit: int) -> list[commands.PastCommand]:
        return [command for command in self.past if command.received_ns >= since_ns][-limit:]

    def _put(self, strategy: Strategy) -> Strategy:
        self.held[strategy.id] = strategy
        return strategy

    def _become(self, strategy_id: str, status: Literal["active", "paused", "stopped"]) -> CommandResult:
        return CommandResult(strategy=self._put(self.strategy(strategy_id).model_copy(update={"status": status})))

    def change(self, strategy_id: str, **fields: Any) -> None:
        """Change what a strategy shows."""
        self._put(self.strategy(strategy_id).model_copy(update=fields))

    def strategies(self, *, asset: str | None = None, status: str | None = None) -> list[Strategy]:
        return [s for s in self.held.values() if asset in (None, s.asset) and status in (None, s.status)]

    def strategy(self, strategy_id: str) -> Strategy:
        if strategy_id not in self.held:
            raise NotFoundError(f"no strategy {strategy_id!r}")
        return self.held[strategy_id]

    def metrics(self, strategy_id: str) -> StrategyMetrics:
        self.strategy(strategy_id)
        zero = Decimal(0)
        return StrategyMetrics(
            strategy_id=strategy_id, total_pnl=Decimal("1.10"), daily_pnl=zero, realized_pnl=zero, unrealized_pnl=zero,
            fees=zero, total_volume=zero, trade_count=0, spread_capture=zero, inventory_move=zero, hedge_cost=zero,
        )  # fmt: skip

    def quote_stats(self, strategy_id: str) -> QuoteStats:
        self.strategy(strategy_id)
        return QuoteStats(strategy_id=strategy_id, quotes_sent=3, quotes_filled=0, fill_rate=0.0)

    def quotes(self, strategy_id: str) -> Quotes:
        self.strategy(strategy_id)
        instrument = QuoteInstrument(tick_size=Decimal("0.5"), lot_size=LOT)
        sides: dict[Any, Any] = {"buy": "stopped", "sell": "stopped"}
        return Quotes(strategy_id=strategy_id, quotes=[], sides=sides, reference=None, instrument=instrument)

    def preview(self, strategy_id: str, changes: Mapping[str, Any]) -> Preview:
        self.strategy(strategy_id).config.updated(changes, lot_size=LOT)
        return Preview(
            strategy_id=strategy_id, targets=[], kept=[], amended=[], cancelled=[], placed=[], sides={},
            reference=None, worst_case_long=Decimal("1.5"), worst_case_short=Decimal("-1.5"),
        )  # fmt: skip

    def preview_new(self, config: StrategyConfig) -> Preview:
        return Preview(
            strategy_id="", targets=[], kept=[], amended=[], cancelled=[], placed=[], sides={},
            reference=None, worst_case_long=config.quote_size, worst_case_short=-config.quote_size,
        )  # fmt: skip

    def order_book(self, asset: str, depth: int) -> OrderBook:
        if asset != "BTC":
            raise NotFoundError(f"no asset {asset!r}")
        return OrderBook(
            asset=asset, venue="sandbox", bids=[], asks=[], mid=self.mid, tick_size=Decimal("0.5"), lot_size=LOT,
            usable=True, reason=None, data_age_seconds=0.1, timestamp=datetime.now(UTC),
        )  # fmt: skip

    def lot_size(self, asset: str) -> Decimal:
        if asset not in ("BTC", "ETH"):
            raise ValidationError.of_fields([{"field": "asset", "reason": "unknown asset"}])
        return LOT

    def status(self) -> EngineStatus:
        return EngineStatus(
            environment="sandbox", epoch=self.epoch, version="0", started_at=NOW, uptime_seconds=1.5, trading_time=NOW,
            ready=True, emergency_stop=EmergencyState(active=self.emergency),
            venues=[VenueStatus(name="sandbox", data_age_seconds=0.25, open_orders=0, unknown_orders=0)],
            assets=["BTC", "ETH"], last_seq=self.last_seq, daily_pnl=Decimal("1.25"), total_pnl=Decimal("2.50"),
            open_orders=0, feed="simulated",
        )  # fmt: skip

    async def history(
        self, strategy_id: str, *, start: datetime | None, end: datetime | None, resolution_seconds: float | None
    ) -> list[HistoryPoint]:
        self.strategy(strategy_id)
        return [
            HistoryPoint(
                timestamp=NOW, equity=Decimal("100.10"), position=Decimal(0), daily_pnl=Decimal(0),
                total_pnl=Decimal(0), spread_bps=None, sigma=None,
            )
        ]  # fmt: skip

    async def events(self, *, after_seq: int, limit: int, strategy_id: str | None = None) -> list[JournalledEvent]:
        await asyncio.sleep(0)
        wanted = (event for event in self.journal[after_seq:] if strategy_id in (None, event.strategy_id))
        return [event for event, _ in zip(wanted, range(limit), strict=False)]

    async def copy_journal(self) -> BinaryIO:
        file = TemporaryFile()  # noqa: SIM115 - who asks for it closes it
        file.writelines(event.body for event in self.journal)
        file.seek(0)
        return file

    def listen(self, callback: Callable[[Sequence[JournalledEvent]], None]) -> Callable[[], None]:
        self._listeners.append(callback)
        return lambda: self._listeners.remove(callback)
