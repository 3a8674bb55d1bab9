"""The application: it ties keys to actions, the links' news to the stores, and the stores to what is drawn.

Everything that arrives lands in its engine's store at once; the screen follows four times a second, and at once where
a key was pressed. Handlers alone change what is shown; workers wait for the engine.
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
from functools import partial
from pathlib import Path

from rich.console import RenderableType
from textual import events, on
from textual.app import App, ComposeResult
from textual.command import Provider
from textual.containers import Horizontal
from textual.screen import Screen
from textual.timer import Timer
from textual.widgets import Input
from textual.worker import Worker, WorkerState, WorkType

from console.access import Access
from console.actions import Targets, action_by_id, name_keys, refusal_of
from console.alerts import DEFAULT_RULES
from console.changed_cells import changed_cells
from console.common import Common
from console.desk import Desk
from console.double_press import DoublePress
from console.emergency import Emergencies
from console.engine import Engine
from console.formatting import clean
from console.hand import Hand
from console.panes import Panes
from console.preferences import Preferences
from console.screen_keys import ScreenKeys
from console.screens.dialog import Question
from console.store import Store
from console.table_keys import TableKeys
from console.terminal import watch_terminal
from console.view import ViewFile
from console.widgets.charts import import_plotext
from console.widgets.command_history import CommandHistory
from console.widgets.detail import Detail
from console.widgets.engine_bar import EngineBar
from console.widgets.event_log import EventLog
from console.widgets.filter_field import FilterField
from console.widgets.footer import Footer, StatusLine
from console.widgets.header import Header
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
    engines
        How each engine is reached; a client alone is called by its address, where there are several.
    operator
        Who gives the commands; default the user's name.
    read_only
        Whether it only looks, at every engine.
    playback
        Whether the clients play a recording: there is nothing to command.
    view_file
        Where the table's columns and order are remembered; `None` nowhere.
    export_directory
        Where events and pictures are written to; default the working directory.
    preferences
        Theme, keys, alerts, and whether the terminal is far away.
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
        *engines: Access | ZenOTCClient,
        operator: str | None = None,
        read_only: bool = False,
        playback: bool = False,
        view_file: Path | None = None,
        export_directory: Path | None = None,
        preferences: Preferences | None = None,
        clock: Callable[[], float] = time.monotonic,
        utc_now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        super().__init__()
        self.animation_level = "none"
        self._preferences = preferences or Preferences()
        self.keymap = self._preferences.keymap
        name_keys(self.keymap.names)
        self._bindings.key_to_bindings.update((binding.key, [binding]) for binding in self.keymap.bindings())
        name = operator or getpass.getuser()
        common = Common(clock, utc_now, clean(name, 40))
        common.alerts.use((*self._preferences.alert, *DEFAULT_RULES))
        self._engines = _engines(engines, common, name, self._commands_changed)
        for engine in self._engines:
            engine.store.read_only, engine.store.playback = engine.store.read_only or read_only or playback, playback
        self.desk = Desk([engine.store for engine in self._engines], common)
        self._emergency_key = DoublePress()
        self._pace = SLOW_LINK_PACE if self._preferences.slow_link else 1
        self._drawn_log_at = -LOG_SECONDS
        self._resting: Timer | None = None
        self._commands_due = False
        self._parts = (self._draw_desk, self._draw_rest)
        emergencies = Emergencies(self.desk)
        self._header = Header(self.desk, emergencies, lambda: self._emergency_key.armed(clock()), utc_now)
        self._engine_bar = EngineBar(self.desk, emergencies)
        view = ViewFile(view_file)
        self._table = StrategyTable(self.desk, view.load())
        self._hand = Hand(self, self.desk, self._engines, self._table)
        self._detail = Detail(self.desk)
        self._journal = EventLog(self.desk)
        self._commands = CommandHistory(self.desk)
        self._status = StatusLine(self.desk)
        self._toasts = Toasts(self.desk, self._log_begins)
        self._footer = Footer(self.targets, self.keymap)
        directory = export_directory or Path.cwd()
        self._filter = FilterField(self._table, self._journal, self._status.answer)
        self._panes = Panes(
            self, self.desk, self._table, self._detail, self._journal, self._commands, self._filter,
            self._status.answer, self.repaint,
        )  # fmt: skip
        self._table_keys = TableKeys(self, self._table, view, self._status, self._footer.draw)
        self._screen_keys = ScreenKeys(self, self.desk, self._panes, self._filter, self.choose, self._answer, directory)

    def compose(self) -> ComposeResult:
        """Lay the desk out."""
        yield self._header
        yield self._engine_bar
        with Horizontal(id="main"):
            yield self._table
            yield self._detail
        yield self._journal
        yield self._commands
        yield self._filter
        yield self._screen_keys.prompt
        yield self._status
        yield self._footer
        yield self._toasts

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """Return what the style sheet needs under any theme."""
        return VARIABLES

    def _display(self, screen: Screen[object], renderable: RenderableType | None) -> None:
        """Write what has changed to the terminal."""
        super()._display(screen, changed_cells(renderable))

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
        for engine in self._engines:
            self._follow(engine)
        self.run_worker(import_plotext(), name="chart", exit_on_error=False)

    def _follow(self, engine: Engine) -> None:
        self.run_worker(engine.link.run(), name=f"link {engine.store.engine}", exit_on_error=False)

    @property
    def store(self) -> Store:
        """What is known of the engine that the hand is on."""
        return self.desk.at_hand

    # What is drawn ---------------------------------------------------------------------------------------------------

    def repaint(self) -> None:
        """Show all that has changed since the last time."""
        for draw in self._parts:
            draw()
        self._show_selected()

    def _draw_desk(self) -> None:
        live = self.desk.live
        if live != self.has_class("-live"):
            self.set_class(live, "-live")
        for store in self.desk.stores:
            if not store.stale and not self._preferences.slow_link:
                store.trends.sample(store.wire)
        if self.desk.alerts.rings():
            self.bell()
        self._draw_top()
        for widget in (self._table, self._commands, self._status, self._footer, self._toasts):
            widget.draw()

    def _draw_top(self) -> None:
        self._header.draw()
        self._engine_bar.draw()

    def _draw_rest(self) -> None:
        """Draw the detail, and with it the log or the chart, which are not drawn every time."""
        now = self.desk.clock()
        if self._detail.display:
            self._detail.draw()
        if now - self._drawn_log_at >= self._pace * LOG_SECONDS:
            self._drawn_log_at = now
            self._journal.draw()
        elif self._detail.display:
            self._detail.draw_chart()

    def _log_begins(self) -> int:
        """Return the line of the screen that the log's title stands on."""
        return next((log.region.y for log in (self._journal, self._commands) if log.display), self.size.height)

    def _commands_changed(self) -> None:
        """Show what was sent or has ended, once for all that has: what is sent next does not wait for it."""
        if not self._commands_due:
            self._commands_due = True
            self.call_later(self._draw_commands)

    def _draw_commands(self) -> None:
        self._commands_due = False
        self._draw_top()
        for widget in (self._table, self._commands, self._status, self._footer):
            widget.draw()

    @on(StrategyTable.Selected)
    def _selected(self) -> None:
        if self._resting is not None:
            self._resting.stop()
        self._resting = self.set_timer(SELECTION_RESTS_SECONDS, self._show_selected)

    def _show_selected(self) -> None:
        key = self._table.selected_id if self._table.ids else None
        if key == self._detail.strategy_id:
            return
        self._detail.show(key)
        self._footer.draw()
        row = self.desk.rows.get(key or "")
        for engine in self._engines:
            strategy_id = row.id if row is not None and row.store is engine.store else None
            # One that another takes the place of is never begun.
            look: WorkType[None] = partial(engine.link.look_at, strategy_id)
            group = f"look {engine.store.engine}"
            self.run_worker(look, name="look", group=group, exclusive=True, exit_on_error=False)

    @on(Worker.StateChanged)
    def _worker_ended(self, event: Worker.StateChanged) -> None:
        if event.state is WorkerState.ERROR:
            self._status.answer(f"The console's own error: {clean(repr(event.worker.error))}", "alarm")
            for engine in self._engines:
                if event.worker.name == f"link {engine.store.engine}":
                    self.set_timer(1.0, partial(self._follow, engine))

    # What keys do ----------------------------------------------------------------------------------------------------

    def targets(self) -> Targets:
        """Return what a key would act on, and what decides what can be done to it."""
        return self._hand.targets()

    async def on_event(self, event: events.Event) -> None:
        """Take a key in its turn: what it stands for is done before the next one is looked at.

        That one may be for what the first has opened, however fast it follows. The emergency key goes before all else,
        by the time at which it was pressed: an input would keep a printable key from every binding.
        """
        if isinstance(event, events.Key) and not event.is_forwarded:
            if event.key == _EMERGENCY.key:
                await self._press_emergency(event.time)
                return
            if self._emergency_key.disarm():
                self._header.draw()
            if isinstance(self.screen, Question) and not self.screen.hears(event):
                return
            if self.app_focus and await self._take(event):
                return
        await super().on_event(event)

    async def _take(self, key: events.Key) -> bool:
        """Type a key, or do what it stands for; return `False` where that is for the focused widget to say."""
        field = self.focused
        if isinstance(field, Input):
            if key.is_printable:
                field.replace(key.character or "", *field.selection)
                return True
            return await self._check_bindings(key.key)
        action_id = self.keymap.action_of(key.key)
        if action_id is None or len(self.screen_stack) > 1:
            return False
        await self.action_do(action_id)
        return True

    async def action_do(self, action_id: str) -> None:
        """Do what a key stands for, or say in a sentence why not."""
        reason = refusal_of(action_by_id(action_id), self._hand.targets(action_id))
        if reason is not None:
            self._status.answer(reason)
            return
        for do in (self._do, self._panes.do, self._table_keys.do, self._screen_keys.do):
            if await do(action_id):
                return
        await self._hand.do(action_id)

    async def choose(self, action_id: str, strategy_id: str | None = None) -> None:
        """Do what was chosen or typed, as its key would, to a strategy that was named wherever it is.

        The emergency stop keeps its two presses.
        """
        if action_id == _EMERGENCY.id:
            self._status.answer("Press ! twice within a second, on any screen.", "alarm")
            return
        self._hand.named = strategy_id
        try:
            await self.action_do(action_id)
        finally:
            self._hand.named = None

    def _answer(self, sentence: str) -> None:
        self._status.answer(sentence, "muted")

    async def _press_emergency(self, at: float) -> None:
        reason = refusal_of(_EMERGENCY, self.targets())
        if reason is not None:
            self._status.answer(f"{reason} `zenotc emergency-stop` stops everything.", "alarm")
        elif self._emergency_key.press(at) == "second":
            await self._hand.do(_EMERGENCY.id)
            while len(self.screen_stack) > 1:
                await self.pop_screen()
        self._draw_top()

    async def _do(self, action_id: str) -> bool:
        """Do what a key stands for; return whether it was one of these."""
        match action_id:
            case "acknowledge":
                self._acknowledge()
            case "palette":
                self.action_command_palette()
            case "help":
                await self.action_help(self._place)
            case "quit":
                self.exit(0)
            case _:
                return False
        return True

    def _acknowledge(self) -> None:
        count = self.desk.alerts.acknowledge()
        self._answer(f"{count} acknowledged." if count else "There is no alert to acknowledge.")
        self._toasts.draw()
        self._header.draw()

    @property
    def _place(self) -> str:
        """Where the hand is."""
        if isinstance(self.focused, Input):
            return "filter" if self.focused is self._filter else "command_line"
        pane, _ = self._panes.focused
        return self._detail.tab if pane == "detail" else pane

    async def action_help(self, context: str) -> None:
        """Explain a place first, then everything."""
        from console.contexts import CONTEXTS
        from console.screens.help import Help

        await self.push_screen(Help(self.targets(), CONTEXTS[context], self.keymap))

    @on(EventLog.Opened)
    async def _open_event(self) -> None:
        await self._panes.open_event()


def _engines(
    given: Sequence[Access | ZenOTCClient], common: Common, operator: str, changed: Callable[[], None]
) -> list[Engine]:
    accesses = [access if isinstance(access, Access) else Access(access) for access in given]
    several = len(accesses) > 1
    return [Engine(access, access.shown_name if several else "", common, operator, changed) for access in accesses]
