"""The strategies, one line each. The selection is a strategy, not a line: it never moves under the hand."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from textual import events
from textual.message import Message

from console.formatting import age, arrow, clean, fit, number, on_point
from console.ink import Ink, Line, Span, signed_ink
from console.store import Store
from console.widgets.sheet import Sheet
from console.widgets.titled import Titled
from zenotc.models.strategy import Strategy

__all__ = ["StrategyTable", "status_span"]


@dataclass(frozen=True, slots=True)
class Column:
    """A column: title, width in cells, what it shows, and its rank: the highest goes first where there is no room.

    What is `priced` is marked with the market, and can be trusted no longer than its data.
    """

    title: str
    width: int
    cell: Callable[[Strategy, Store, int], Span]
    left: bool = False
    total: str | None = None
    rank: int = 0
    priced: bool = False


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
            return "○ stale data", "alarm"
        return ("● active", "gain") if "quoting" in strategy.sides.values() else ("○ active", "caution")
    if strategy.status == "paused":
        cause = (strategy.pause_reason or "").partition(":")[0]
        by_hand = cause in ("", "operator", "cancel_all_quotes")
        return ("‖ paused", "caution") if by_hand else (f"! {_AUTOMATIC.get(cause, 'breaker')}", "alarm")
    if strategy.pause_reason == "emergency_stop":
        return "■ emergency", "alarm"
    return "■ stopped", "muted"


_AUTOMATIC = {"error": "error", "throttled": "throttled"}
"""What pauses a strategy other than an operator and a breaker, in a word."""


def _position(strategy: Strategy, store: Store, width: int) -> Span:
    position = strategy.current_position
    text = number(position, store.position_decimals(strategy.asset), signed=True)
    return on_point(text, width - 2, store.widest_position_decimals) + f" {arrow(position)}", signed_ink(position)


def _usd(field: str) -> Callable[[Strategy, Store, int], Span]:
    def cell(strategy: Strategy, _: Store, width: int) -> Span:
        value = getattr(strategy, field)
        return number(value, 2, signed=True).rjust(width), signed_ink(value)

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


def _count(field: str) -> Callable[[Strategy, Store, int], Span]:
    def cell(strategy: Strategy, _: Store, width: int) -> Span:
        value: int = getattr(strategy, field)
        return f"{value:,}".rjust(width), "plain" if value else "faint"

    return cell


COLUMNS = (
    Column("ASSET", 5, lambda s, _, width: (fit(clean(s.asset, 20), width), "muted"), left=True, rank=2),
    Column(
        "STATUS", 12, lambda s, store, width: (fit(status_span(s, store)[0], width), status_span(s, store)[1]), True
    ),
    Column("POSITION", 12, _position),
    Column("PNL TODAY", 11, _usd("daily_pnl"), total="dailyPnl", priced=True),
    Column("TOTAL", 11, _usd("total_pnl"), total="totalPnl", rank=4, priced=True),
    Column("UNREALISED", 11, _usd("unrealized_pnl"), total="unrealizedPnl", rank=6, priced=True),
    Column("BPS", 5, _bps, rank=1, priced=True),
    Column("LOSS", 5, _loss_limit, rank=3),
    Column("AGE", 6, _market_age, rank=7),
    Column("ORDERS", 6, _count("open_orders"), total="openOrders", rank=5),
    Column("FILLS", 8, _count("trade_count"), total="tradeCount", rank=8),
)
_NAME_MIN = 16
_NAME_MAX = 30


def _columns_for(width: int) -> list[Column]:
    """Return the columns that there is room for, those with the lowest rank first."""
    room = width - 2 - _NAME_MIN
    chosen: set[str] = set()
    for column in sorted(COLUMNS, key=lambda column: column.rank):
        room -= column.width + 1
        if room >= 0 or column.rank == 0:
            chosen.add(column.title)
    return [column for column in COLUMNS if column.title in chosen]


def _layout(width: int) -> tuple[list[Column], int]:
    """Return the columns and how wide the names are."""
    columns = _columns_for(width)
    return columns, min(_NAME_MAX, max(8, width - 2 - sum(column.width + 1 for column in columns)))


class StrategyTable(Sheet, Titled, can_focus=True):
    """All strategies that the filter lets through.

    Parameters
    ----------
    store
        What is known of the engine.
    """

    class Selected(Message):
        """Another strategy was chosen by the hand."""

    def __init__(self, store: Store) -> None:
        super().__init__(classes="pane")
        self.selected_id: str | None = None
        self.filter = ""
        self._marked: set[str] = set()
        self._store = store
        self._top = 0
        self._rows: dict[str, tuple[object, Line]] = {}
        self._shown: list[str] = []

    @property
    def ids(self) -> list[str]:
        """The strategies that the filter lets through."""
        words = self.filter.lower().split()
        wire = self._store.wire
        return [key for key, fields in wire.items() if _matches(fields, words)] if words else list(wire)

    @property
    def marked_in_view(self) -> list[str]:
        """The marked strategies that the filter lets through: keys act on what can be seen."""
        return [key for key in self.ids if key in self._marked] if self._marked else []

    def mark(self) -> None:
        """Mark the selected strategy, or take its mark away."""
        if self.selected_id is not None:
            self._marked ^= {self.selected_id}
            self.draw()

    def mark_all(self) -> None:
        """Mark all strategies that the filter lets through; where they are, unmark them."""
        ids = set(self.ids)
        self._marked = self._marked - ids if ids <= self._marked else self._marked | ids
        self.draw()

    def unmark(self) -> None:
        """Take all marks away."""
        self._marked.clear()
        self.draw()

    def select(self, strategy_id: str | None) -> None:
        """Select a strategy and bring its line into view."""
        former, self.selected_id = self.selected_id, strategy_id
        ids, room, top = self.ids, self._room, self._top
        if strategy_id in ids and room > 0:
            index = ids.index(strategy_id)
            self._top = min(max(self._top, index - room + 1), index)
        if self._top == top and strategy_id in self._shown:
            self._draw_rows(former, strategy_id)
        else:
            self.draw()
        self.post_message(self.Selected())

    def _draw_rows(self, *strategy_ids: str | None) -> None:
        """Draw single rows: what a key has moved is painted before all else that may have changed."""
        width = self.content_size.width
        columns, name_width = _layout(width)
        for strategy_id in strategy_ids:
            if strategy_id is not None and strategy_id in self._shown and strategy_id in self._store.wire:
                y = 1 + self._shown.index(strategy_id)
                self.draw_line(y, self._row(strategy_id, columns, name_width, width))

    def select_shown(self) -> None:
        """Leave a strategy that the filter hides for the first one in view: keys act on what can be seen."""
        ids = self.ids
        if ids and self.selected_id not in ids:
            self.select(ids[0])

    def move(self, by: int) -> None:
        """Move the selection by lines; from a strategy that is filtered away to the first one shown."""
        ids = self.ids
        if not ids:
            return
        if self.selected_id not in ids:
            self.select(ids[0])
            return
        self.select(ids[min(max(ids.index(self.selected_id) + by, 0), len(ids) - 1)])

    @property
    def page(self) -> int:
        """How many lines a page has."""
        return max(1, self._room - 1)

    @property
    def _room(self) -> int:
        return self.content_size.height - 2

    def lines(self, width: int, height: int) -> list[Line]:
        """Return the head, the strategies in view, and the totals at the bottom."""
        store, ids = self._store, self.ids
        self._marked &= store.wire.keys()
        if self.selected_id is None and ids:
            self.selected_id = ids[0]
            self.post_message(self.Selected())
        room = max(0, height - 2)
        self._top = min(self._top, max(0, len(ids) - room))
        columns, name_width = _layout(width)
        shown = self._shown = ids[self._top : self._top + room]
        body = [self._row(strategy_id, columns, name_width, width) for strategy_id in shown]
        if not body:
            body = [Line(((f"  {self._empty()}", "muted"),))]
        body += [Line()] * (room - len(body))
        self._note(len(ids), len(shown), room)
        return [_head(columns, name_width), *body, self._totals(columns, name_width, store)]

    def _empty(self) -> str:
        if self._store.wire:
            return f"No strategy matches “{clean(self.filter, 40)}”. Esc ends the filter."
        return "No strategies yet." if self._store.link == "up" else "Waiting for the engine …"

    def _note(self, count: int, shown: int, room: int) -> None:
        title = f"1 Strategies · filter “{clean(self.filter, 30)}”" if self.filter else "1 Strategies"
        if self._marked:
            seen = len(self.marked_in_view)
            hidden = f", {len(self._marked) - seen} of them filtered away" if seen < len(self._marked) else ""
            title += f" · {len(self._marked)} marked{hidden}"
        if self._store.stale and self._store.wire:
            title += f" · as of {age(self._store.data_age_seconds)} ago"
        span = f"{self._top + 1}–{self._top + shown} of {count}" if count > room else ""
        self.entitle(title, span)

    def _row(self, strategy_id: str, columns: list[Column], name_width: int, width: int) -> Line:
        store = self._store
        command = store.commands.news(strategy_id)
        selected, marked = strategy_id == self.selected_id, strategy_id in self._marked
        state = (
            store.revisions[strategy_id], command and (command.number, command.outcome), marked,
            selected and (True, self.has_focus), store.stale, store.emergency, width, store.widest_position_decimals,
        )  # fmt: skip
        known = self._rows.get(strategy_id)
        if known is not None and known[0] == state:
            return known[1]
        strategy = store.strategy(strategy_id)
        row = self._unreadable(strategy_id, selected, width)
        if strategy is not None:
            row = self._line(strategy, columns, name_width, selected, marked)
        self._rows[strategy_id] = (state, row)
        return row

    def _line(self, strategy: Strategy, columns: list[Column], name_width: int, selected: bool, marked: bool) -> Line:
        store = self._store
        name: Span = (fit(clean(strategy.name, 80), name_width), "strong" if selected else "plain")
        spans: list[Span] = [("▸" if selected else " ", "key"), ("◆" if marked else " ", "own"), name]
        unsure = store.prices_stale(strategy)
        if store.stale:
            spans = [(text, "stale") for text, _ in spans]
        for column in columns:
            text, ink = column.cell(strategy, store, column.width)
            known = not store.stale or (column.title == "STATUS" and store.commands.news(strategy.id) is not None)
            spans.append((f" {text}", ink if known and not (unsure and column.priced) else "stale"))
        return Line(tuple(spans), self._ground(selected))

    def _unreadable(self, strategy_id: str, selected: bool, width: int) -> Line:
        """Write a strategy that this console does not understand: of a newer engine, say."""
        words = f"{'▸' if selected else ' '} {self._store.name(strategy_id)}  ? cannot be read"
        return Line(((fit(words, width), "alarm"),), self._ground(selected))

    def _ground(self, selected: bool) -> Ink:
        return ("selection" if self.has_focus else "selection-quiet") if selected else "ground"

    def _totals(self, columns: list[Column], name_width: int, store: Store) -> Line:
        spans: list[Span] = [(fit(f"Σ {len(store.wire)}", name_width + 2), "muted")]
        for column in columns:
            if column.total is None:
                spans.append((" " * (column.width + 1), "plain"))
                continue
            total = store.total(column.total)
            money = column.total.endswith("Pnl")
            text = number(total, 2, signed=True) if money else f"{total:,}"
            spans.append(
                (text.rjust(column.width + 1), "stale" if store.stale else signed_ink(total) if money else "muted")
            )
        return Line(tuple(spans))

    def on_focus(self) -> None:
        """Show that the keys go here."""
        self.draw()

    def on_blur(self) -> None:
        """Show that the keys go elsewhere."""
        self.draw()

    def on_click(self, event: events.Click) -> None:
        """Select the line that was clicked."""
        index = self._top + event.get_content_offset_capture(self).y - 1
        ids = self.ids
        if 0 <= index < len(ids):
            self.select(ids[index])

    def on_mouse_scroll_down(self) -> None:
        """Scroll; the selection stays where it is."""
        self._top = min(self._top + 3, max(0, len(self.ids) - self._room))
        self.draw()

    def on_mouse_scroll_up(self) -> None:
        """Scroll; the selection stays where it is."""
        self._top = max(0, self._top - 3)
        self.draw()


def _matches(fields: Mapping[str, Any], words: list[str]) -> bool:
    text = " ".join(str(fields.get(name, "")) for name in ("name", "asset", "status", "pauseReason")).lower()
    return all(word in text for word in words)


def _head(columns: list[Column], name_width: int) -> Line:
    spans: list[Span] = [("  " + fit("NAME", name_width), "faint")]
    for column in columns:
        title = column.title if column.title != "POSITION" else "POSITION  "
        spans.append((" " + (title.ljust(column.width) if column.left else title.rjust(column.width)), "faint"))
    return Line(tuple(spans))
