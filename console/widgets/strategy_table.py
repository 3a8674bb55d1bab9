"""The strategies, one line each. The selection is a strategy, not a line: it never moves under the hand."""

from __future__ import annotations

from decimal import Decimal

from textual import events
from textual.message import Message

from console.actions import key_of
from console.arrangement import Arrangement
from console.attention import attention
from console.columns import MARKS_WIDTH, NAME, Column, column_by_id, layout, usual_columns
from console.desk import Desk, Row
from console.formatting import age, clean, fit, number, on_point
from console.ink import Ink, Line, Span, signed_ink
from console.store import Store, Wire
from console.view import View
from console.widgets.sheet import Sheet
from console.widgets.titled import Titled
from zenotc.models.strategy import Strategy

__all__ = ["StrategyTable"]


class StrategyTable(Sheet, Titled, can_focus=True):
    """All strategies that the filter lets through.

    Parameters
    ----------
    desk
        What is known of the engines.
    view
        The columns and the order to begin with.
    """

    class Selected(Message):
        """Another strategy was chosen by the hand."""

    def __init__(self, desk: Desk, view: View = View()) -> None:  # noqa: B008 - it is frozen
        super().__init__(classes="pane")
        self.selected_id: str | None = None
        self._columns = view.columns
        self._arrangement = Arrangement(desk)
        self._arrangement.sort, self._arrangement.descending = view.sort, view.descending
        self._arrangement.attention_first = view.attention_first
        self._marked: set[str] = set()
        self._empty_handed = True
        self._desk = desk
        self._seen = desk.rows
        self._top = 0
        self._rows: dict[str, tuple[object, Line]] = {}
        self._above: list[str] = []
        self._shown: list[str] = []

    @property
    def ids(self) -> list[str]:
        """The strategies that the filter lets through, in their order."""
        return self._arrangement.ids

    @property
    def filter(self) -> str:
        """The filter in force; one that makes no sense leaves it as it is."""
        return self._arrangement.filter.text

    @filter.setter
    def filter(self, text: str) -> None:
        if self._arrangement.filter.set(text):
            self._arrangement.renew()

    def keep_filter(self) -> str:
        """Keep the filter in force; return why the newest one is not."""
        return self._arrangement.filter.keep()

    @property
    def view(self) -> View:
        """The columns and the order, as they are to be remembered."""
        order = self._arrangement
        return View(
            columns=self._columns, sort=order.sort, descending=order.descending, attention_first=order.attention_first
        )

    @property
    def columns(self) -> list[str]:
        """The columns that are shown where there is room, by id."""
        return list(self._columns or usual_columns())

    def choose_columns(self, columns: tuple[str, ...] | None) -> None:
        """Show other columns, by id; `None` the usual ones."""
        self._columns = columns
        self._rows.clear()
        self.draw()

    def sort_by(self, column_id: str | None) -> str:
        """Sort by a column, by the same one again the other way; return what has been done, in words."""
        order = self._arrangement
        order.sort_by(column_id)
        self.draw()
        if column_id is None:
            return "In the order in which they were created."
        column = column_by_id(column_id)
        number = column.kind == "number"
        first = (
            ("largest first" if number else "Z to A") if order.descending else "smallest first" if number else "A to Z"
        )
        return f"Sorted by {column.title}, {first}: {column.meaning}."

    def sort_by_next(self) -> str:
        """Sort by the next of the columns in view; after the last one by none."""
        columns = [None, NAME.id, *(column.id for column in self._layout(self.content_size.width)[0])]
        place = columns.index(self._arrangement.sort) if self._arrangement.sort in columns else 0
        return self.sort_by(columns[(place + 1) % len(columns)])

    def sort_other_way(self) -> str:
        """Turn the order round."""
        if self._arrangement.sort is None:
            return f"It is not sorted: {key_of('sort')} sorts by a column, or a click on its title."
        return self.sort_by(self._arrangement.sort)

    def attention_first(self) -> str:
        """Show those that need somebody above the others, or among them again; return what has been done."""
        order = self._arrangement
        order.attention_first = not order.attention_first
        order.renew()
        self._top = 0
        self.draw()
        return "What needs attention stands first." if order.attention_first else "In the usual order again."

    @property
    def selected_in_view(self) -> str | None:
        """The selected strategy, where the filter lets it through: keys act on what can be seen."""
        return self.selected_id if self.selected_id in self.ids else None

    @property
    def marked_in_view(self) -> list[str]:
        """The marked strategies that the filter lets through: keys act on what can be seen."""
        return [key for key in self.ids if key in self._marked] if self._marked else []

    def mark(self) -> None:
        """Mark the selected strategy, or take its mark away."""
        if self.selected_id is not None:
            self._arrangement.touch()
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
        self._arrangement.touch()
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

    def _layout(self, width: int) -> tuple[list[Column], int]:
        return layout(self._columns, width, engine=max(len(store.engine) for store in self._desk.stores))

    def _draw_rows(self, *strategy_ids: str | None) -> None:
        """Draw single rows: what a key has moved is painted before all else that may have changed."""
        width = self.content_size.width
        columns, name_width = self._layout(width)
        for strategy_id in strategy_ids:
            if strategy_id is not None and strategy_id in self._shown and strategy_id in self._desk.rows:
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
        ids = self.ids
        self._marked &= self._desk.rows.keys()
        if self.selected_id is None and ids:
            self.selected_id = ids[0]
            self.post_message(self.Selected())
        if self._empty_handed is bool(ids):
            self._empty_handed = not ids
            self.post_message(self.Selected())
        room = max(0, height - 2)
        self._hold(ids)
        self._top = max(0, min(self._top, len(ids) - room))
        self._above = ids[: self._top]
        columns, name_width = self._layout(width)
        shown = self._shown = ids[self._top : self._top + room]
        body = [self._row(strategy_id, columns, name_width, width) for strategy_id in shown]
        if not body:
            body = [Line(((f"  {self._empty()}", "muted"),))]
        body += [Line()] * (room - len(body))
        self._note(ids, len(shown), room)
        return [self._head(columns, name_width), *body, self._totals(ids, columns, name_width)]

    def _hold(self, ids: list[str]) -> None:
        """Let what comes and goes above the view not move it."""
        rows = self._desk.rows
        if rows is self._seen or not self._top:
            self._seen = rows
            return
        gone = sum(key not in rows for key in self._above)
        first = next((ids.index(key) for key in self._shown if key in ids), 0)
        come = sum(key not in self._seen for key in ids[:first])
        self._top += come - gone
        self._seen = rows

    def _empty(self) -> str:
        if self._desk.rows:
            return f"No strategy matches “{clean(self.filter, 40)}”. {key_of('back')} ends the filter."
        up = any(store.link == "up" for store in self._desk.stores)
        return "No strategies yet." if up else "Waiting for the engine …"

    def _note(self, ids: list[str], shown: int, room: int) -> None:
        order, rows = self._arrangement, self._desk.rows
        title = f"{key_of('focus_table')} Strategies"
        if self.filter:
            title += f" · filter “{clean(self.filter, 30)}”"
        if order.attention_first:
            needy = sum(attention(row.fields, row.store.commands)[0] > 0 for row in rows.values())
            title += f" · attention first: {needy}"
        if self._marked:
            seen = len(self.marked_in_view)
            hidden = f", {len(self._marked) - seen} of them filtered away" if seen < len(self._marked) else ""
            title += f" · {len(self._marked)} marked{hidden}"
        for store in self._desk.unheard:
            if store.wire:
                where = f"{clean(store.engine, 40)} " if store.engine else ""
                title += f" · {where}as of {age(store.data_age_seconds)} ago"
        self.entitle(title, self._arrangement.filter.problem or self._place(ids, shown, room))

    def _place(self, ids: list[str], shown: int, room: int) -> str:
        """Say which part of the table is in view, and where the selection is where it is not."""
        if len(ids) <= room:
            return ""
        place = f"{self._top + 1}–{self._top + shown} of {len(ids)}"
        if self.selected_id not in ids or self.selected_id in self._shown:
            return place
        away = "above" if ids.index(self.selected_id) < self._top else "below"
        return f"{clean(self._desk.name(self.selected_id), 30)} is selected, {away} · {place}"

    def _row(self, strategy_id: str, columns: list[Column], name_width: int, width: int) -> Line:
        found = self._desk.rows[strategy_id]
        store, own_id = found
        command = store.commands.news(own_id)
        selected, marked = strategy_id == self.selected_id, strategy_id in self._marked
        state = (
            store.revisions[own_id], command and (command.number, command.outcome), marked,
            selected and (True, self.has_focus), store.stale, store.emergency, width, store.widest_position_decimals,
            store.trends.samples, store.trends.moved(own_id),
        )  # fmt: skip
        known = self._rows.get(strategy_id)
        if known is not None and known[0] == state:
            return known[1]
        row = self._unreadable(found, selected, width)
        if found.strategy is not None:
            row = self._line(store, found.strategy, columns, name_width, selected, marked)
        self._rows[strategy_id] = (state, row)
        return row

    def _line(
        self, store: Store, strategy: Strategy, columns: list[Column], name_width: int, selected: bool, marked: bool
    ) -> Line:
        name: Span = (fit(clean(strategy.name, 80), name_width), "strong" if selected else "plain")
        spans: list[Span] = [("▸" if selected else " ", "key"), ("◆" if marked else " ", "own"), name]
        unsure = store.prices_stale(strategy)
        if store.stale:
            spans = [(text, "stale") for text, _ in spans]
        for column in columns:
            text, ink = column.cell(strategy, store, column.width)
            known = not store.stale or (column.id == "status" and store.commands.news(strategy.id) is not None)
            spans.append((f" {text}", ink if known and not (unsure and column.priced) else "stale"))
        return Line(tuple(spans), self._ground(selected))

    def _unreadable(self, row: Row, selected: bool, width: int) -> Line:
        """Write a strategy that this console does not understand: of a newer engine, say."""
        words = f"{'▸' if selected else ' '} {row.store.name(row.id)}  ? cannot be read"
        return Line(((fit(words, width), "alarm"),), self._ground(selected))

    def _ground(self, selected: bool) -> Ink:
        return ("selection" if self.has_focus else "selection-quiet") if selected else "ground"

    def _head(self, columns: list[Column], name_width: int) -> Line:
        """Write the titles; the one that the table is sorted by has a mark before it."""
        order = self._arrangement
        spans: list[Span] = []
        for column, text in [(NAME, "  " + fit(NAME.title, name_width)), *((c, " " + c.head) for c in columns)]:
            if column.id == order.sort:
                at = len(text) - len(text.lstrip()) - 1
                text = f"{text[:at]}{'▾' if order.descending else '▴'}{text[at + 1 :]}"
            spans.append((text, "key" if column.id == order.sort else "faint"))
        return Line(tuple(spans))

    def _totals(self, ids: list[str], columns: list[Column], name_width: int) -> Line:
        """Sum up what is shown; positions only where all are of one asset."""
        rows = self._desk.rows
        shown, stale = [rows[key].fields for key in ids], bool(self._desk.unheard)
        of = f" of {len(rows)}" if len(ids) < len(rows) else ""
        spans: list[Span] = [(fit(f"Σ {len(ids)}{of}", name_width + MARKS_WIDTH), "muted")]
        for column in columns:
            text, ink = self._total(column, shown)
            spans.append((f" {text:>{column.width}}", "stale" if stale and text else ink))
        return Line(tuple(spans))

    def _total(self, column: Column, shown: list[Wire]) -> Span:
        if column.id == "position" and len({fields["asset"] for fields in shown}) == 1:
            position, store = sum((fields["currentPosition"] for fields in shown), Decimal(0)), self._desk.at_hand
            text = number(position, store.position_decimals(shown[0]["asset"]), signed=True)
            return f"{on_point(text, column.width - 1, store.widest_position_decimals)} ", signed_ink(position)
        if column.total is None:
            return "", "plain"
        total = sum((fields[column.total] for fields in shown), Decimal(0))
        if column.total.endswith("Pnl"):
            tail = " " if column.id == "pnl" else ""
            return number(total, 2, signed=True) + tail, signed_ink(total)
        return (number(total, 2) if column.id == "fees" else number(total)), "muted"

    def on_focus(self) -> None:
        """Show that the keys go here."""
        self.draw()

    def on_blur(self) -> None:
        """Show that the keys go elsewhere."""
        self.draw()

    def on_click(self, event: events.Click) -> None:
        """Select the line that was clicked; sort by the column whose title was."""
        x, y = event.get_content_offset_capture(self)
        if y == 0:
            self._sort_at(x)
            return
        index = self._top + y - 1
        ids = self.ids
        if 0 <= index < len(ids):
            self.select(ids[index])

    def _sort_at(self, x: int) -> None:
        columns, name_width = self._layout(self.content_size.width)
        edge = name_width + MARKS_WIDTH
        for column in (NAME, *columns):
            if column is not NAME:
                edge += column.width + 1
            if x < edge:
                self.sort_by(column.id)
                return

    def on_mouse_scroll_down(self) -> None:
        """Scroll; the selection stays where it is."""
        self._top = min(self._top + 3, max(0, len(self.ids) - self._room))
        self.draw()

    def on_mouse_scroll_up(self) -> None:
        """Scroll; the selection stays where it is."""
        self._top = max(0, self._top - 3)
        self.draw()
