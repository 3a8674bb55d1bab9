"""The columns of the strategies' table: what each shows, is sorted by and is asked for by in a filter."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import partial
from typing import Any, Literal

from console.attention import attention, pause_cause
from console.desk import Row
from console.filters import Facet, Language
from console.formatting import age, arrow, clean, fit, number, on_point
from console.ink import Ink, Span, signed_ink
from console.store import Store
from console.trends import SPARK_MINUTES
from zenotc.models.strategy import Strategy

__all__ = ["COLUMNS", "ENGINE", "NAME", "Column", "column_by_id", "language", "layout", "status_span", "usual_columns"]

Wire = Mapping[str, Any]
Cell = Callable[[Strategy, Store, int], Span]
Value = Callable[[Wire, Store], Any]

MARKS_WIDTH = 2
_NAME_LEAST = 8
_NAME_MIN = 16
_NAME_MAX = 30
_SHORT_AGE = 4
"""As `44 s`: with a longer one the status has no room for a long word."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the table.

    Parameters
    ----------
    id, aliases
        Its name in a filter, and others that are understood there.
    title, meaning
        In the head, and in the chooser.
    width
        In cells.
    cell
        Writes it.
    value
        What it is sorted by and asked for by, of the strategy as it came over the wire.
    kind
        Whether that is text, aligned to the left, or a number.
    total
        The field that is summed in the last line.
    rank
        The columns with the highest go first where there is no room; `None` is shown only to who chose it.
    priced
        Whether it is marked with the market, and can be trusted no longer than its data.
    """

    id: str
    title: str
    meaning: str
    width: int
    cell: Cell
    value: Value
    kind: Literal["text", "number"] = "number"
    total: str | None = None
    rank: int | None = None
    priced: bool = False
    aliases: tuple[str, ...] = ()

    @property
    def head(self) -> str:
        """The title as it stands above the cells."""
        if self.kind == "text":
            return fit(self.title, self.width)
        return f"{self.title} ".rjust(self.width) if self.id in _ARROWED else self.title.rjust(self.width)


_ARROWED = ("position", "pnl")
"""Columns whose numbers are followed by an arrow."""


def status_span(strategy: Strategy, store: Store) -> Span:
    """Return the status with its mark, or what a command is doing to it."""
    command = store.commands.news(strategy.id)
    if command is not None and command.outcome == "sent":
        return f"… {command.doing}", "accent"
    if command is not None and command.outcome in ("refused", "unknown"):
        return (f"✗ not {command.done}" if command.outcome == "refused" else f"? {command.doing}"), "alarm"
    if strategy.activity is not None:
        return f"… {strategy.activity}", "accent"
    if strategy.unknown_orders:
        return "? unknown", "alarm"
    if strategy.status == "active":
        # The stop is heard of before its strategies are: all of them are stopped at once.
        if store.emergency:
            return "… stopping", "accent"
        if store.prices_stale(strategy) and not store.stale:
            old = age(store.market_age_seconds(strategy))
            return f"○ {'stale' if len(old) <= _SHORT_AGE else 'old'} {old}", "alarm"
        return ("● active", "gain") if "quoting" in strategy.sides.values() else ("○ active", "caution")
    if strategy.status == "paused":
        cause = pause_cause(strategy.pause_reason)
        return (f"! {cause}", "alarm") if cause else ("‖ paused", "caution")
    if strategy.pause_reason == "emergency_stop":
        return "■ emergency", "alarm"
    return "■ stopped", "muted"


def _status(strategy: Strategy, store: Store, width: int) -> Span:
    text, ink = status_span(strategy, store)
    return fit(text, width), ink


def _position(strategy: Strategy, store: Store, width: int) -> Span:
    position = strategy.current_position
    text = number(position, store.position_decimals(strategy.asset), signed=True)
    moved = arrow(store.trends.moved(strategy.id))
    return on_point(text, width - 1, store.widest_position_decimals) + moved, signed_ink(position)


def _pnl_today(strategy: Strategy, store: Store, width: int) -> Span:
    value = strategy.daily_pnl
    moved = arrow(store.trends.minute(strategy.id, strategy.total_pnl) or 0)
    return f"{number(value, 2, signed=True):>{width - 1}}{moved}", signed_ink(value)


def _minute(strategy: Strategy, store: Store, width: int) -> Span:
    change = store.trends.minute(strategy.id, strategy.total_pnl)
    return number(change, 2, signed=True).rjust(width), "faint" if change is None else signed_ink(change)


def _trend(strategy: Strategy, store: Store, width: int) -> Span:
    bars, sign = store.trends.spark(strategy.id, width)
    return bars.rjust(width), signed_ink(sign)


def _usd(field: str) -> Cell:
    def cell(strategy: Strategy, _: Store, width: int) -> Span:
        value = getattr(strategy, field)
        return number(value, 2, signed=True).rjust(width), signed_ink(value)

    return cell


def _fees(strategy: Strategy, _: Store, width: int) -> Span:
    return number(strategy.fees, 2).rjust(width), "muted"


def _price(field: str) -> Cell:
    def cell(strategy: Strategy, store: Store, width: int) -> Span:
        price = getattr(strategy, field)
        return number(price, store.price_decimals(strategy.asset)).rjust(width), "plain" if price else "faint"

    return cell


def _bps(strategy: Strategy, _: Store, width: int) -> Span:
    shown = strategy.spread_bps if strategy.status == "active" else None
    return number(shown, 1).rjust(width), "plain" if shown is not None else "faint"


def _market_age(strategy: Strategy, store: Store, width: int) -> Span:
    seconds = store.market_age_seconds(strategy)
    return age(seconds).rjust(width), "alarm" if store.prices_stale(strategy) else "faint"


def _loss_limit(strategy: Strategy, _: Store, width: int) -> Span:
    if "no_loss_limit" in strategy.warnings:
        return "none".rjust(width), "caution"
    limit = strategy.max_daily_loss
    if limit is None or not strategy.circuit_breaker_enabled:
        return "–".rjust(width), "faint"
    used = max(0, round(-100 * strategy.daily_pnl / limit))
    ink: Ink = "alarm" if used >= 80 else "caution" if used >= 50 else "muted"
    return f"{used}%".rjust(width), ink


def _loss_share(fields: Wire, _: Store) -> Decimal | None:
    limit, pnl = fields.get("maxDailyLoss"), fields.get("dailyPnl")
    if not limit or pnl is None or not fields.get("circuitBreakerEnabled", True):
        return None
    return max(Decimal(0), Decimal(-100 * pnl) / Decimal(limit))


def _count(field: str) -> Cell:
    def cell(strategy: Strategy, _: Store, width: int) -> Span:
        value: int = getattr(strategy, field)
        return number(value).rjust(width), "plain" if value else "faint"

    return cell


def _attention(strategy: Strategy, store: Store, width: int) -> Span:
    grave, words = attention(store.wire[strategy.id], store.commands)
    return fit(words, width), "alarm" if grave > 1 else "caution"


def _engine(_: Strategy, store: Store, width: int) -> Span:
    return fit(clean(store.engine, 40), width), "muted"


def _text(field: str) -> Cell:
    def cell(strategy: Strategy, _: Store, width: int) -> Span:
        return fit(clean(getattr(strategy, field) or "–", 80), width), "muted"

    return cell


def _field(name: str) -> Value:
    return lambda fields, _: fields.get(name)


NAME = Column("name", "NAME", "its name", 0, _text("name"), _field("name"), "text", rank=0)

ENGINE = Column("engine", "ENGINE", "which one trades it", 10, _engine, lambda _, store: store.engine, "text", rank=0)
"""Stands before the others where there are several engines."""

COLUMNS = (
    Column("asset", "ASSET", "what it trades", 5, _text("asset"), _field("asset"), "text", rank=2),
    Column("status", "STATUS", "what it does, or what is done to it", 12, _status, _field("status"), "text", rank=0),
    Column("position", "POSITION", "base units; ▲ ▼ where it has just moved", 11, _position,
           _field("currentPosition"), rank=0),
    Column("pnl", "PNL TODAY", "USD since 00:00 UTC; ▲ ▼ over the last minute", 12, _pnl_today,
           _field("dailyPnl"), total="dailyPnl", rank=0, priced=True, aliases=("today",)),
    Column("minute", "1 MIN", "change of the PnL in the last minute, USD", 10, _minute,
           lambda fields, store: store.trends.minute(str(fields.get("id")), fields["totalPnl"]), rank=10, priced=True),
    Column("trend", f"{SPARK_MINUTES} MIN", "PnL while the console looked", 10, _trend,
           lambda fields, store: store.trends.spark(str(fields.get("id")), 10)[1], rank=6, priced=True),
    Column("total", "TOTAL", "PnL since it was created, USD", 11, _usd("total_pnl"), _field("totalPnl"),
           total="totalPnl", rank=4, priced=True),
    Column("unrealised", "UNREALISED", "PnL of the open position, USD", 11, _usd("unrealized_pnl"),
           _field("unrealizedPnl"), total="unrealizedPnl", rank=8, priced=True, aliases=("unrealized",)),
    Column("realised", "REALISED", "PnL of what was closed, USD", 11, _usd("realized_pnl"), _field("realizedPnl"),
           total="realizedPnl", aliases=("realized",)),
    Column("fees", "FEES", "paid so far, USD", 10, _fees, _field("fees"), total="fees"),
    Column("bps", "BPS", "width of its quotes", 5, _bps,
           lambda fields, _: fields.get("spreadBps") if fields.get("status") == "active" else None, rank=1,
           priced=True, aliases=("spread",)),
    Column("loss", "LOSS", "share of the daily loss limit that is used", 5, _loss_limit, _loss_share, rank=3),
    Column("age", "AGE", "of the market data", 6, _market_age, _field("dataAgeSeconds"), rank=7),
    Column("orders", "ORDERS", "open orders", 6, _count("open_orders"), _field("openOrders"), total="openOrders",
           rank=5),
    Column("fills", "FILLS", "trades so far", 8, _count("trade_count"), _field("tradeCount"), total="tradeCount",
           rank=9),
    Column("attention", "ATTENTION", "why it needs somebody", 16, _attention,
           lambda fields, store: attention(fields, store.commands)[1] or None, "text", rank=11),
    Column("reason", "REASON", "why it is paused or stopped", 18, _text("pause_reason"), _field("pauseReason"),
           "text"),
    Column("mid", "MID", "of the market that it quotes on, USD", 11, _price("mid"), _field("mid"), priced=True),
    Column("average", "AVERAGE", "price of the position, USD", 11, _price("average_price"), _field("averagePrice")),
)  # fmt: skip

_BY_ID = {column.id: column for column in (NAME, ENGINE, *COLUMNS)}


def column_by_id(column_id: str) -> Column:
    """Return a column; unknown ones are a `KeyError`."""
    return _BY_ID[column_id]


def usual_columns() -> list[str]:
    """Return the columns, by id, that are shown to who has chosen none."""
    return [column.id for column in COLUMNS if column.rank is not None]


def layout(chosen: Sequence[str] | None, width: int, *, engine: int = 0) -> tuple[list[Column], int]:
    """Return the columns that there is room for, and how wide the names are.

    Parameters
    ----------
    chosen
        Columns by id in their order, `None` for the usual ones. Where there is no room, the last go first.
    width
        In cells.
    engine
        How wide the engines' names are, which stand before them; 0 where none does.
    """
    wanted = [column_by_id(column_id) for column_id in chosen or usual_columns()]
    if engine:
        needed = MARKS_WIDTH + _NAME_LEAST + 1 + sum(column.width + 1 for column in wanted if column.rank == 0)
        wanted.insert(0, replace(ENGINE, width=max(len(ENGINE.title), min(engine, ENGINE.width, width - needed))))
    order = sorted(wanted, key=lambda column: (column.rank or 0) if chosen is None else column.rank != 0)
    room = width - MARKS_WIDTH - _NAME_MIN
    shown: set[str] = set()
    for column in order:
        room -= column.width + 1
        if room >= 0 or column.rank == 0:
            shown.add(column.id)
    columns = [column for column in wanted if column.id in shown]
    taken = sum(column.width + 1 for column in columns)
    return columns, min(_NAME_MAX, max(_NAME_LEAST, width - MARKS_WIDTH - taken))


_SEARCHED = ("name", "asset", "status", "activity", "pauseReason")


def language() -> Language[Row]:
    """Return what can be asked of a strategy: every column by its name, and words."""
    facets: list[Facet[Row]] = [
        Facet((column.id, *column.aliases), partial(_read, column), column.kind) for column in (NAME, *COLUMNS, ENGINE)
    ]
    return Language(facets, _text_of)


def _read(column: Column, row: Row) -> object:
    return column.value(row.fields, row.store)


def _text_of(row: Row) -> str:
    fields = row.fields
    return " ".join((row.store.engine, *(str(fields.get(name) or "") for name in _SEARCHED)))
