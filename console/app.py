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
from collections.abc import Callable
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
from textual.worker import Worker, WorkerState

from console.actions import Situation, action_by_id, name_keys, refusal_of
from console.alerts import DEFAULT_RULES
from console.changed_cells import changed_cells
from console.double_press import DoublePress
from console.formatting import clean
from console.hand import Hand
from console.link import Link
from console.operator import Operator
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
        client: ZenOTCClient,
        *,
        address: str | None = None,
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
        self.store = Store(clock, address=address or _address(client), utc_now=utc_now)
        self.store.read_only, self.store.playback = read_only or playback, playback
        self.store.commands.operator = clean(name, 40)
        self.store.alerts.use((*self._preferences.alert, *DEFAULT_RULES))
        self._link = Link(client, self.store)
        self._emergency_key = DoublePress()
        self._pace = SLOW_LINK_PACE if self._preferences.slow_link else 1
        self._drawn_log_at = -LOG_SECONDS
        self._resting: Timer | None = None
        self._parts = (self._draw_desk, self._draw_rest)
        self._header = Header(self.store, lambda: self._emergency_key.armed(clock()), utc_now)
        view = ViewFile(view_file)
        self._table = StrategyTable(self.store, view.load())
        commander = Operator(client, self.store, name, self._commands_changed)
        self._hand = Hand(self, self.store, self._link, commander, self._table)
        self._detail = Detail(self.store)
        self._journal = EventLog(self.store)
        self._commands = CommandHistory(self.store)
        self._status = StatusLine(self.store)
        self._toasts = Toasts(self.store, self._log_begins)
        self._footer = Footer(self.situations, self.keymap)
        directory = export_directory or Path.cwd()
        self._filter = FilterField(self._table, self._journal, self._status.answer)
        self._panes = Panes(
            self, self.store, self._table, self._detail, self._journal, self._commands, self._filter,
            self._status.answer, self.repaint,
        )  # fmt: skip
        self._table_keys = TableKeys(self, self._table, view, self._status, self._footer.draw)
        self._screen_keys = ScreenKeys(
            self, self.store, self._panes, self._filter, self.choose, self._answer, directory
        )

    def compose(self) -> ComposeResult:
        """Lay the desk out."""
        yield self._header
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
        self.run_worker(self._link.run(), name="link", exit_on_error=False)
        self.run_worker(import_plotext(), name="chart", exit_on_error=False)

    # What is drawn ---------------------------------------------------------------------------------------------------

    def repaint(self) -> None:
        """Show all that has changed since the last time."""
        for draw in self._parts:
            draw()
        self._show_selected()

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

    def _log_begins(self) -> int:
        """Return the line of the screen that the log's title stands on."""
        return next((log.region.y for log in (self._journal, self._commands) if log.display), self.size.height)

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
        strategy_id = self._table.selected_id if self._table.ids else None
        if strategy_id == self._detail.strategy_id:
            return
        self._detail.show(strategy_id)
        self._footer.draw()
        look = partial(self._link.look_at, strategy_id)  # one that another takes the place of is never begun
        self.run_worker(look, name="look", group="look", exclusive=True, exit_on_error=False)

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
        """Take a key in its turn: what it stands for is done before the next one is looked at.

        That one may be for what the first has opened, however fast it follows. The emergency key goes before all else,
        by the time at which it was pressed: an input would keep a printable key from every binding.
        """
        if isinstance(event, events.Key) and not event.is_forwarded:
            if event.key == _EMERGENCY.key:
                await self._press_emergency(event.time)
                return
            self._emergency_key.disarm()
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
        reason = refusal_of(action_by_id(action_id), self._hand.situations(action_id))
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
        reason = _EMERGENCY.refusal(self.situations()[0])
        if reason is not None:
            self._status.answer(f"{reason} `zenotc emergency-stop` stops everything.", "alarm")
        elif self._emergency_key.press(at) == "second":
            await self._hand.do(_EMERGENCY.id)
            while len(self.screen_stack) > 1:
                await self.pop_screen()
        self._header.draw()

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
        count = self.store.alerts.acknowledge()
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

        await self.push_screen(Help(self.situations(), CONTEXTS[context], self.keymap))

    @on(EventLog.Opened)
    async def _open_event(self) -> None:
        await self._panes.open_event()


def _address(client: ZenOTCClient) -> str:
    return str(client.base_url).split("://", 1)[-1].rstrip("/")
