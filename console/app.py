"""The application: it ties keys to actions, the link's news to the store, and the store to what is drawn.

Everything that arrives lands in the store at once; the screen follows four times a second, and at once where a key
was pressed. Handlers alone change what is shown; workers wait for the engine.
"""

from __future__ import annotations

import asyncio
import gc
import getpass
import itertools
import signal
import sys
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from textual import events, on
from textual.app import App, ComposeResult
from textual.command import Provider
from textual.containers import Horizontal
from textual.timer import Timer
from textual.widget import Widget
from textual.widgets import Input
from textual.worker import Worker, WorkerState

from console.actions import Situation, action_by_id, refusal_of
from console.alerts import DEFAULT_RULES, Rule
from console.double_press import DoublePress
from console.formatting import clean
from console.hand import Hand
from console.link import Link
from console.operator import Operator
from console.preferences import Preferences
from console.screen_keys import ScreenKeys
from console.screens.dialog import Question
from console.store import Store
from console.terminal import watch_terminal
from console.view import ViewFile
from console.widgets.charts import import_plotext
from console.widgets.command_history import CommandHistory
from console.widgets.detail import Detail
from console.widgets.event_log import EventLog
from console.widgets.footer import Footer, StatusLine
from console.widgets.header import Header
from console.widgets.prompt import Prompt
from console.widgets.strategy_table import StrategyTable
from console.widgets.toasts import Toasts
from styles import DEFAULT_THEME, STYLE_SHEET, THEMES, VARIABLES
from zenotc.sdk.client import ZenOTCClient

__all__ = ["ConsoleApp"]

REPAINT_SECONDS = 0.25
SELECTION_RESTS_SECONDS = 0.1
"""The hand is on its way until then: the line that it moves to is painted alone, the detail follows."""

SWITCH_SECONDS = 0.001
"""The threads that read keys and write to the terminal get their turn within so long."""

LOG_SECONDS = 0.5

SLOW_LINK_PACE = 8
"""Over a slow link so much less often is the screen drawn; keys are answered at once as ever."""

_EMERGENCY = action_by_id("emergency_stop")


def _palette() -> type[Provider]:
    from console.palette import Actions  # when it is first opened

    return Actions


class ConsoleApp(App[int]):
    """The desk on a terminal.

    Parameters
    ----------
    client
        The SDK's client of the engine; the console does not close it.
    address
        The engine's address as the header shows it.
    operator
        Who gives the commands; default the user's name.
    read_only
        Whether it only looks.
    playback
        Whether the client plays a recording: there is nothing to command.
    view_file
        Where the table's columns and order are remembered; `None` nowhere.
    export_directory
        Where events and pictures are written to; default the working directory.
    alert_rules
        Which events become toasts and ring the bell.
    preferences
        Theme, keys, and whether the terminal is far away.
    clock
        Monotonic seconds.
    utc_now
        The wall clock.
    """

    CSS_PATH = STYLE_SHEET
    TITLE = "zenotc"
    COMMANDS = {_palette}  # noqa: RUF012
    COMMAND_PALETTE_BINDING = ""  # a key of the registry opens it
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (112, "-wide"), (160, "-vast")]  # noqa: RUF012
    VERTICAL_BREAKPOINTS = [(0, "-low"), (30, "-high"), (46, "-roomy")]  # noqa: RUF012

    def __init__(
        self,
        client: ZenOTCClient,
        *,
        address: str | None = None,
        operator: str | None = None,
        read_only: bool = False,
        playback: bool = False,
        view_file: Path | None = None,
        export_directory: Path | None = None,
        alert_rules: Sequence[Rule] = DEFAULT_RULES,
        preferences: Preferences | None = None,
        clock: Callable[[], float] = time.monotonic,
        utc_now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        super().__init__()
        self.animation_level = "none"
        self._preferences = preferences or Preferences()
        self.keymap = self._preferences.keymap
        self._bindings.key_to_bindings.update((binding.key, [binding]) for binding in self.keymap.bindings())
        name = operator or getpass.getuser()
        self.store = Store(clock, address=address or _address(client), utc_now=utc_now)
        self.store.read_only, self.store.playback = read_only or playback, playback
        self.store.commands.operator = clean(name, 40)
        self.store.alerts.use(alert_rules)
        self._link = Link(client, self.store)
        self._emergency_key = DoublePress()
        self._pace = SLOW_LINK_PACE if self._preferences.slow_link else 1
        self._drawn_log_at = -LOG_SECONDS
        self._resting: Timer | None = None
        self._parts = (self._draw_desk, self._draw_rest)
        self._header = Header(self.store, lambda: self._emergency_key.armed(clock()), utc_now)
        self._view_file = ViewFile(view_file)
        self._table = StrategyTable(self.store, self._view_file.load())
        commander = Operator(client, self.store, name, self._commands_changed)
        self._hand = Hand(self, self.store, self._link, commander, self._table)
        self._detail = Detail(self.store)
        self._journal = EventLog(self.store)
        self._commands = CommandHistory(self.store)
        self._status = StatusLine(self.store)
        self._toasts = Toasts(self.store)
        self._footer = Footer(self.situations, self.keymap)
        directory = export_directory or Path.cwd()
        self._screen_keys = ScreenKeys(self, self.store, self._panes, self._answer, directory)

    def compose(self) -> ComposeResult:
        """Lay the desk out."""
        yield self._header
        with Horizontal(id="main"):
            yield self._table
            yield self._detail
        yield self._journal
        yield self._commands
        field = Input(
            placeholder="words that a line must hold · Enter keeps · Esc ends", id="filter", select_on_focus=False
        )
        field.display = False
        yield field
        yield self._screen_keys.prompt
        yield self._status
        yield self._footer
        yield self._toasts

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """Return what the style sheet needs under any theme."""
        return VARIABLES

    def on_mount(self) -> None:
        """Begin: show the empty desk first, connect after it has been painted."""
        for theme in THEMES:
            self.register_theme(theme)
        self.theme = self._preferences.theme or DEFAULT_THEME
        self._table.focus()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGHUP, signal.SIGTERM):
            loop.add_signal_handler(number, self.exit, 128 + number)
        watch_terminal(lambda: loop.call_soon_threadsafe(self.exit, 128 + signal.SIGHUP), 128 + signal.SIGHUP)
        # One part after the other, so that a key does not have to wait for more than one of them.
        turns = itertools.cycle(self._parts)
        self.set_interval(self._pace * REPAINT_SECONDS / len(self._parts), lambda: next(turns)())
        self.call_after_refresh(self._connect)

    def _connect(self) -> None:
        sys.setswitchinterval(SWITCH_SECONDS)
        gc.freeze()  # what is there now stays: no collection while a key waits has to look through it
        gc.set_threshold(5_000, 5, 200)  # what is kept are plain values, which it does not follow
        self.run_worker(self._link.run(), name="link", exit_on_error=False)
        self.run_worker(import_plotext(), name="chart", exit_on_error=False)

    # What is drawn ---------------------------------------------------------------------------------------------------

    def repaint(self) -> None:
        """Show all that has changed since the last time."""
        self._show_selected()
        for draw in self._parts:
            draw()

    def _draw_desk(self) -> None:
        live = self.store.status is not None and self.store.status.environment == "live"
        if live != self.has_class("-live"):
            self.set_class(live, "-live")
        if not self.store.stale and not self._preferences.slow_link:
            self.store.trends.sample(self.store.wire)
        if self.store.alerts.rings():
            self.bell()
        for widget in (self._header, self._table, self._commands, self._status, self._footer, self._toasts):
            widget.draw()

    def _draw_rest(self) -> None:
        """Draw the detail, and with it the log or the chart, which are not drawn every time."""
        now = self.store.clock()
        if self._detail.display:
            self._detail.draw()
        if now - self._drawn_log_at >= self._pace * LOG_SECONDS:
            self._drawn_log_at = now
            self._journal.draw()
        elif self._detail.display:
            self._detail.draw_chart()

    def _commands_changed(self) -> None:
        self._link.ask_now()
        for widget in (self._table, self._commands, self._status, self._header, self._footer):
            widget.draw()

    @on(StrategyTable.Selected)
    def _selected(self) -> None:
        if self._resting is not None:
            self._resting.stop()
        self._resting = self.set_timer(SELECTION_RESTS_SECONDS, self._show_selected)

    def _show_selected(self) -> None:
        strategy_id = self._table.selected_id
        if strategy_id == self._detail.strategy_id:
            return
        self._detail.show(strategy_id)
        self._footer.draw()
        self.run_worker(self._link.look_at(strategy_id), name="look", group="look", exclusive=True, exit_on_error=False)

    @on(Worker.StateChanged)
    def _worker_ended(self, event: Worker.StateChanged) -> None:
        if event.state is WorkerState.ERROR:
            self._status.answer(f"The console's own error: {clean(repr(event.worker.error))}", "alarm")
            if event.worker.name == "link":
                self.set_timer(1.0, self._connect)

    # What keys do ----------------------------------------------------------------------------------------------------

    def situations(self) -> list[Situation]:
        """Return what decides what can be done, for each strategy that a key would act on: one at least."""
        return self._hand.situations()

    async def on_event(self, event: events.Event) -> None:
        """Take the emergency key before anything else can, by the time at which it was pressed.

        An input would keep a printable key from every binding, also from one with priority.
        """
        if isinstance(event, events.Key) and not event.is_forwarded:
            if event.key == _EMERGENCY.key:
                await self._press_emergency(event.time)
                return
            if isinstance(self.screen, Question) and not self.screen.hears(event):
                return
        await super().on_event(event)

    async def action_do(self, action_id: str) -> None:
        """Do what a key stands for, or say in a sentence why not."""
        reason = refusal_of(action_by_id(action_id), self.situations())
        if reason is not None:
            self._status.answer(reason)
            return
        do = getattr(self, f"_do_{action_id}", None)
        if do is not None:
            await do()
        elif not await self._screen_keys.do(action_id):
            await self._hand.do(action_id)

    async def choose(self, action_id: str) -> None:
        """Do what was chosen from the palette, as its key would; the emergency stop keeps its two presses."""
        if action_id == _EMERGENCY.id:
            self._status.answer("Press ! twice within a second, on any screen.", "alarm")
        else:
            await self.action_do(action_id)

    @on(Prompt.Left)
    async def _typed(self, event: Prompt.Left) -> None:
        await self._screen_keys.obey(event.line, self.choose)

    def _answer(self, sentence: str) -> None:
        self._status.answer(sentence, "muted")

    async def _press_emergency(self, at: float) -> None:
        reason = _EMERGENCY.refusal(self.situations()[0])
        if reason is not None:
            self._status.answer(f"{reason} `zenotc emergency-stop` stops everything.", "alarm")
        elif self._emergency_key.press(at) == "second":
            await self._hand.do(_EMERGENCY.id)
            while len(self.screen_stack) > 1:
                await self.pop_screen()
        self._header.draw()

    async def _do_mark(self) -> None:
        self._table.mark()
        self._footer.draw()

    async def _do_mark_all(self) -> None:
        self._table.mark_all()
        self._footer.draw()

    async def _do_sort(self) -> None:
        self._status.answer(self._table.sort_by_next(), "muted")
        self._remember_view()

    async def _do_sort_other_way(self) -> None:
        self._status.answer(self._table.sort_other_way(), "muted")
        self._remember_view()

    async def _do_attention_first(self) -> None:
        self._status.answer(self._table.attention_first(), "muted")
        self._remember_view()

    async def _do_columns(self) -> None:
        from console.screens.columns import ColumnChooser

        chooser = ColumnChooser(self._table.columns, self._table.choose_columns)
        await self.push_screen(chooser, lambda _: self._remember_view())

    async def _do_acknowledge(self) -> None:
        count = self.store.alerts.acknowledge()
        self._status.answer(f"{count} acknowledged." if count else "There is no alert to acknowledge.", "muted")
        self._toasts.draw()
        self._header.draw()

    def _remember_view(self) -> None:
        problem = self._view_file.save(self._table.view)
        if problem is not None:
            self._status.answer(problem)

    async def _do_palette(self) -> None:
        self.action_command_palette()

    async def _do_help(self) -> None:
        from console.screens.help import Help

        pane = next((name for name, widget in self._panes().items() if widget.has_focus), "table")
        await self.push_screen(Help(self.situations(), pane, self.keymap))

    async def _do_quit(self) -> None:
        self.exit(0)

    def _panes(self) -> dict[str, Widget]:
        return {"table": self._table, "detail": self._detail, "events": self._journal, "commands": self._commands}

    # Moving about ----------------------------------------------------------------------------------------------------

    async def _do_detail(self) -> None:
        if self._journal.has_focus:
            await self._open_event()
            return
        desk = self.screen
        desk.set_class(not desk.has_class("-detail"), "-detail")
        (self._detail if desk.has_class("-detail") else self._table).focus()
        self.call_after_refresh(self.repaint)

    @on(EventLog.Opened)
    async def _open_event(self) -> None:
        from console.screens.event_details import EventDetails

        if self._journal.selected is None:
            self._status.answer("There is no event to open.")
        else:
            await self.push_screen(EventDetails(self._journal, self.store))

    async def _do_next(self) -> None:
        self._move(1)

    async def _do_previous(self) -> None:
        self._move(-1)

    async def _do_next_tab(self) -> None:
        self._detail.turn(1)

    async def _do_previous_tab(self) -> None:
        self._detail.turn(-1)

    async def _do_less(self) -> None:
        self._detail.zoom(-1)

    async def _do_more(self) -> None:
        self._detail.zoom(1)

    async def _do_page_down(self) -> None:
        self._move((self._open_log or self._table).page)

    async def _do_page_up(self) -> None:
        self._move(-(self._open_log or self._table).page)

    @property
    def _open_log(self) -> EventLog | CommandHistory | Detail | None:
        """What the keys that move scroll, where it is not the table's selection."""
        if self._detail.has_focus and self._detail.scrolls:
            return self._detail
        return next((log for log in (self._journal, self._commands) if log.has_focus), None)

    def _move(self, by: int) -> None:
        if self._open_log is not None:
            self._open_log.scroll_lines(by)
        else:
            self._table.move(by)

    async def _do_follow(self) -> None:
        if self._open_log is not None:
            self._open_log.follow()
        else:
            self._table.move(len(self.store.wire))

    async def _do_oldest(self) -> None:
        if self._open_log is not None:
            self._open_log.oldest()
        else:
            self._table.move(-len(self.store.wire))

    async def _do_focus_table(self) -> None:
        self.screen.remove_class("-detail")
        self._table.focus()

    async def _do_focus_detail(self) -> None:
        self.screen.set_class(self.screen.has_class("-narrow") or self.screen.has_class("-detail"), "-detail")
        self._detail.focus()
        self.call_after_refresh(self.repaint)

    async def _do_focus_events(self) -> None:
        self._show_log(self._journal)

    async def _do_focus_commands(self) -> None:
        self._show_log(self._commands)

    def _show_log(self, log: EventLog | CommandHistory) -> None:
        """Show one of the logs, which share their place, and give it the keys."""
        self.screen.set_class(log is self._commands, "-commands")
        log.focus()
        self.call_after_refresh(log.draw)

    # The filter ------------------------------------------------------------------------------------------------------

    async def _do_filter(self) -> None:
        field = self.query_one("#filter", Input)
        self._filtered: Any = self._journal if self._journal.has_focus else self._table
        field.value = f"{self._filtered.filter} ".lstrip()
        self._filtered.keep_filter()
        self.add_class("-filtering")
        field.display = True
        self.screen.set_focus(field)  # at once: what is typed next, however fast, is no command

    @on(Input.Changed, "#filter")
    def _filter_changed(self, event: Input.Changed) -> None:
        if self.has_class("-filtering"):
            self._filtered.filter = event.value.strip()
            self._filtered.draw()

    @on(Input.Submitted, "#filter")
    def _filter_kept(self) -> None:
        self.remove_class("-filtering")
        self.query_one("#filter", Input).display = False
        self.screen.set_focus(self._filtered)
        problem = self._filtered.keep_filter()
        if problem:
            kept = f"The filter “{clean(self._filtered.filter, 40)}” stays" if self._filtered.filter else "No filter"
            self._status.answer(f"{kept}: {problem}")
        if self._filtered is self._table:
            self._table.select_shown()

    async def _do_back(self) -> None:
        if self.has_class("-filtering"):
            self._filtered.filter = ""
            self._filtered.draw()
            self._filter_kept()
        elif self._journal.has_focus and (self._journal.filter or not self._journal.following):
            self._journal.filter = ""
            self._journal.follow()
        elif self._commands.has_focus and not self._commands.following:
            self._commands.follow()
        elif self._table.filter:
            self._table.filter = ""
            self._table.draw()
        elif self._table.has_focus and self._table.marked_in_view:
            self._table.unmark()
        else:
            await self._do_focus_table()


def _address(client: ZenOTCClient) -> str:
    return str(client.base_url).split("://", 1)[-1].rstrip("/")
