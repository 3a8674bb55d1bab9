"""What the gateway asks of the desk that it stands before."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, BinaryIO, Protocol

from zenotc.exceptions import ZenOTCError
from zenotc.models.commands import Command, PastCommand, RefusedRequest
from zenotc.models.configuration import StrategyConfig
from zenotc.models.events import JournalledEvent
from zenotc.models.metrics import QuoteStats, StrategyMetrics
from zenotc.models.quotes import OrderBook, Preview, Quotes
from zenotc.models.status import EngineStatus, HistoryPoint
from zenotc.models.strategy import Strategy
from zenotc.runtime.vitals import Vitals

__all__ = ["Desk"]


class Desk(Protocol):
    """The runtime's facade: one way in for commands, views of the present, and the journal's events."""

    @property
    def epoch(self) -> str:
        """Names the numbering that `last_seq` belongs to."""

    @property
    def last_seq(self) -> int:
        """Number of the newest committed event."""

    @property
    def vitals(self) -> Vitals:
        """What the engine counts and times of itself; whoever lets a client in tells it that one was heard."""

    @property
    def journal_lag_seconds(self) -> float:
        """Age of the oldest append that is not on disk yet."""

    async def execute(self, command: Command) -> Any:
        """Carry out a command and return its result, as the command's class says."""

    def note_refusal(self, refused: RefusedRequest, refusal: ZenOTCError) -> None:
        """Write down a request that was refused before it became a command."""

    def past_commands(self, *, since_ns: int, limit: int) -> list[PastCommand]:
        """Return the newest commands of clients that the journal holds, the oldest first."""

    def strategies(self, *, asset: str | None = None, status: str | None = None) -> list[Strategy]:
        """Return the strategies, filtered."""

    def strategy(self, strategy_id: str) -> Strategy:
        """Return one strategy."""

    def metrics(self, strategy_id: str) -> StrategyMetrics:
        """Return a strategy's performance."""

    def quote_stats(self, strategy_id: str) -> QuoteStats:
        """Return a strategy's quote statistics."""

    def quotes(self, strategy_id: str) -> Quotes:
        """Return what a strategy quotes."""

    def preview(self, strategy_id: str, changes: Mapping[str, Any]) -> Preview:
        """Return what a strategy would quote with changed parameters."""

    def preview_new(self, config: StrategyConfig) -> Preview:
        """Return what a strategy that there is not yet would quote."""

    def order_book(self, asset: str, depth: int) -> OrderBook:
        """Return the quoting venue's book."""

    def lot_size(self, asset: str) -> Decimal:
        """Return an asset's lot, base units."""

    def status(self) -> EngineStatus:
        """Return the state of the engine."""

    async def history(
        self, strategy_id: str, *, start: datetime | None, end: datetime | None, resolution_seconds: float | None
    ) -> list[HistoryPoint]:
        """Return a strategy over time."""

    async def events(self, *, after_seq: int, limit: int, strategy_id: str | None = None) -> list[JournalledEvent]:
        """Return the journalled events after a number, oldest first."""

    async def copy_journal(self) -> BinaryIO:
        """Return a copy of the journal's file as it is now, open for reading; it is gone when it is closed."""

    def listen(self, callback: Callable[[Sequence[JournalledEvent]], None]) -> Callable[[], None]:
        """Call back with the events of each commit; returns the unsubscriber."""
