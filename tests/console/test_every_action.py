"""Every action of the registry, by its key, on a real engine process; what it has done is asked of the engine."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from textual.command import CommandPalette

from console.actions import ACTIONS, Action
from console.alerts import UNSEEN_SECONDS
from console.app import ConsoleApp
from console.commands import Command
from console.screens.dialog import Page, Question
from console.screens.event_details import EventDetails
from console.screens.help import Help
from tests.console.reading import answer
from tests.console.typist import Typist, key_press
from tests.end_to_end.engine_process import engine, profile
from tests.waiting import eventually
from zenotc import ZenOTCClient
from zenotc.models.strategy import Strategy
from zenotc.runtime.state_directory import StateDirectory

PATIENCE_SECONDS = 40.0


@dataclass
class Desk:
    """A console on an engine, and a client that looks past it."""

    app: ConsoleApp
    hand: Typist
    client: ZenOTCClient
    pressed: set[str] = field(default_factory=set)

    async def press(self, *keys: str) -> None:
        self.pressed.update(keys)
        await self.hand.press(*keys)

    async def until(self, condition: Callable[[], object]) -> None:
        ends = time.monotonic() + PATIENCE_SECONDS
        while not condition():
            assert time.monotonic() < ends, self.text
            await self.hand.pause(0.02)

    async def says(self, *words: str) -> None:
        """Wait until the screen has these words."""
        await self.until(lambda: all(word in self.text for word in words))

    async def give(self, key: str, outcome: str = "confirmed") -> None:
        """Give a command and wait for its outcome; on a busy machine the market may be too old for it for a while."""
        log = self.app.store.commands
        before = log.last
        await self.press(key)
        while log.last is before:
            await self.hand.pause(0.1)
            if log.last is before:
                await self.press(key)
        await self.settle(outcome)

    async def settle(self, outcome: str = "confirmed") -> None:
        """Wait for the outcome of the last command."""
        await self.until(lambda: self.app.store.commands.last is not None)
        group = _last(self).group
        await self.until(lambda: {command.outcome for command in group} == {outcome})

    async def rests(self, status: str) -> None:
        """Wait until the console sees the selected strategy so, and without orders where it does not quote."""

        def seen() -> bool:
            strategy = self.app.store.strategy(self.selected)
            return strategy is not None and strategy.status == status and (status == "active" or not orders(strategy))

        await self.until(seen)

    @property
    def text(self) -> str:
        self.app.repaint()
        return "\n".join(strip.text for strip in self.app.screen._compositor.render_strips())

    @property
    def selected(self) -> str:
        assert self.app._table.selected_id is not None
        return self.app._table.selected_id

    async def strategy(self) -> Strategy:
        return await self.client.mm_strategy.get(self.selected)

    async def quotes(self) -> int:
        return len((await self.client.mm_strategy.get_quotes(self.selected)).quotes)


def orders(strategy: Strategy) -> int:
    return strategy.open_orders + strategy.unknown_orders


def _last(desk: Desk) -> Command:
    command = desk.app.store.commands.last
    assert command is not None
    return command


async def _begin(client: ZenOTCClient) -> None:
    """Bring every strategy of the engine to where each test begins: it quotes."""
    calls = client.mm_strategy
    if (await calls.status()).emergency_stop.active:
        await calls.clear_emergency_stop(operator="tester")
    for strategy in await calls.list():
        if strategy.status == "stopped":
            await calls.start(strategy.id)
        elif strategy.status == "paused":
            await calls.resume(strategy.id)
        await eventually(
            partial(calls.get, strategy.id), lambda now: now.status == "active" and now.open_orders > 0, 40
        )


@asynccontextmanager
async def _desk(state_dir: Path, tmp_path: Path) -> AsyncIterator[Desk]:
    url = str(profile(state_dir)["url"])
    async with ZenOTCClient(base_url=url, state_dir=state_dir, operator="tester") as client:
        await _begin(client)
        app = ConsoleApp(client, operator="tester", export_directory=tmp_path, view_file=tmp_path / "view.json")
        async with app.run_test(size=(120, 40)):
            desk = Desk(app, Typist(app), client)
            await desk.until(lambda: app.store.open_orders and app.store.live_after_seq is not None)
            await desk.says("active")
            yield desk


Drive = Callable[[Desk], Awaitable[None]]
DRIVES: dict[str, Drive] = {}


def drives(*actions: str) -> Callable[[Drive], Drive]:
    """Say which actions a drive presses the keys of."""

    def mark(drive: Drive) -> Drive:
        DRIVES.update(dict.fromkeys(actions, drive))
        return drive

    return mark


@drives("next", "previous", "follow", "oldest", "page_down", "page_up", "focus_table")
async def _move_about(desk: Desk) -> None:
    await desk.press("1")
    ids = desk.app._table.ids
    for key, index in (("G", 2), ("g", 0), ("j", 1), ("down", 2), ("k", 1), ("up", 0), ("end", 2), ("home", 0)):
        await desk.press(key)
        assert desk.selected == ids[index], key
    await desk.press("pagedown")
    assert desk.selected == ids[-1]
    await desk.press("ctrl+u")
    assert desk.selected == ids[0]


@drives("focus_detail", "focus_events", "focus_commands", "detail", "back")
async def _go_to_panes(desk: Desk) -> None:
    for key, pane in (("2", desk.app._detail), ("3", desk.app._journal), ("5", desk.app._commands)):
        await desk.press(key)
        assert pane.has_focus and pane.display, key
    await desk.press("escape")
    assert desk.app._table.has_focus
    await desk.hand.resize_terminal(80, 24)
    await desk.press("enter")
    assert desk.app._detail.has_focus
    await desk.until(lambda: not desk.app._table.display)
    await desk.press("enter")
    assert desk.app._table.has_focus
    await desk.hand.resize_terminal(120, 40)


@drives("next_tab", "previous_tab", "less", "more")
async def _turn_tabs(desk: Desk) -> None:
    tabs = ["Ladder", "Charts", "Quotes", "Metrics", "Config", "Events", "Overview"]
    await desk.press("2")
    for tab in tabs:
        await desk.press("l")
        assert f"[{tab}]" in desk.text
        if tab == "Charts":
            before = desk.app.store.inspection.range_seconds
            await desk.press("minus")
            assert desk.app.store.inspection.range_seconds > before
            await desk.press("plus")
            assert desk.app.store.inspection.range_seconds == before
    await desk.press("left")
    assert "[Events]" in desk.text
    await desk.press("right", "1")


@drives("filter")
async def _filter(desk: Desk) -> None:
    await desk.press("slash", *"eth", "enter")
    assert desk.app._table.ids == [desk.selected] and (await desk.strategy()).asset == "ETH"
    await desk.press("escape", "g")
    assert len(desk.app._table.ids) == 3


@drives("sort", "sort_other_way", "attention_first", "columns")
async def _arrange(desk: Desk) -> None:
    table = desk.app._table
    created, selected = list(table.ids), desk.selected
    await desk.press("o", "O")
    assert "▾NAME" in desk.text and desk.selected == selected
    names = [desk.app.store.name(key) for key in table.ids]
    assert names == sorted(names, reverse=True)
    await desk.press("A")
    assert "attention first: 0" in desk.text
    await desk.press("A", "v", "j", "space", "escape")
    assert "STATUS" not in desk.text.splitlines()[2]
    await desk.press("v", "u", "escape")
    assert "STATUS" in desk.text.splitlines()[2]
    while table.view.sort:
        await desk.press("o")
    assert table.ids == created


@drives("acknowledge")
async def _acknowledge(desk: Desk) -> None:
    alerts = desk.app.store.alerts
    alerts.extend([{"type": "error", "seq": 1, "strategyId": desk.selected, "reason": "drill", "code": "DRILL"}])
    await desk.until(lambda: "! 1 a✓" in desk.text and "drill" in desk.text)
    await desk.hand.pause(UNSEEN_SECONDS)
    await desk.press("a")
    assert not alerts.waiting and "drill" not in desk.text


@drives("export")
async def _export(desk: Desk) -> None:
    await desk.press("3", "w")
    await desk.says("events are in")
    (exact,) = desk.app._screen_keys._directory.glob("*.jsonl")
    written = [json.loads(line)["seq"] for line in exact.read_text().splitlines()]
    assert written == sorted(written) and len(exact.with_suffix(".txt").read_text().splitlines()) == len(written)
    await desk.press("enter")
    assert isinstance(desk.app.screen, EventDetails) and "severity" in desk.text
    await desk.press("escape", "1")


@drives("help")
async def _help(desk: Desk) -> None:
    await desk.press("question_mark")
    assert isinstance(desk.app.screen, Help)
    page = desk.app.screen.query_one(Page)
    await desk.until(lambda: any("is active already" in line.text for line in page._drawn))
    await desk.press("escape")


@drives("stop", "start")
async def _stop_and_start(desk: Desk) -> None:
    await desk.give("x")
    assert (await desk.strategy()).status == "stopped" and not await desk.quotes()
    await desk.rests("stopped")
    await desk.says("■ stopped")
    await desk.press("x")
    await desk.says("is stopped already.")
    await desk.give("s")
    assert (await desk.strategy()).status == "active"


@drives("pause", "resume")
async def _pause_and_resume(desk: Desk) -> None:
    await desk.give("p")
    assert (await desk.strategy()).status == "paused" and not await desk.quotes()
    await desk.rests("paused")
    await desk.press("p")
    await desk.says("is paused already.")
    await desk.give("r")
    assert (await desk.strategy()).status == "active"


@drives("command_line", "copy", "screenshot", "next_theme")
async def _type_a_command_copy_and_take_a_picture(desk: Desk) -> None:
    await desk.press("colon", *"tab", "space", *"metrics", "enter")
    assert desk.app._detail.tab == "Metrics"
    await desk.press("colon", *"tab", "space", *"overview", "enter", "y")
    assert "is sent to the terminal's clipboard (" in desk.text
    await desk.press("P")
    assert "The picture is" in desk.text and [*desk.app._screen_keys._directory.glob("*.svg")]
    before = desk.app.theme
    for theme in ("light", "deuteranopia", "ansi", "mono", before):
        await desk.press("T")
        assert desk.app.theme == theme and f"Theme {theme}." in desk.text


@drives("cancel_quotes", "palette")
async def _cancel_and_resume_from_the_palette(desk: Desk) -> None:
    await desk.give("c")
    assert (await desk.strategy()).status == "paused" and not await desk.quotes()
    await desk.rests("paused")
    await desk.press("ctrl+p")
    assert isinstance(desk.app.screen, CommandPalette)
    await desk.press(*"resume")
    await desk.says("Go on quoting")
    await desk.press("enter")
    await desk.until(lambda: _last(desk).action == "resume")
    await desk.settle()
    assert (await desk.strategy()).status == "active"


@drives("mark", "mark_all")
async def _command_several(desk: Desk) -> None:
    calls = desk.client.mm_strategy
    await desk.press("space", "G", "space")
    await desk.give("p")
    ids = desk.app._table.ids
    assert [(await calls.get(key)).status for key in ids] == ["paused", "active", "paused"]
    await desk.says("✓ 2 of 2 paused")
    await desk.until(lambda: all(desk.app.store.wire[key]["status"] == "paused" for key in (ids[0], ids[2])))
    await desk.press("asterisk")
    await desk.press("r")
    await desk.says("2 of 3 resumed, 1 refused")  # each has an outcome of its own
    assert [(await calls.get(key)).status for key in ids] == ["active"] * 3
    await desk.press("asterisk", "g")
    assert "marked" not in desk.text


async def _answer(desk: Desk, *keys: str) -> None:
    """Answer a question, which is asked again where the position has moved, and wait for the outcome."""
    before = desk.app.store.commands.last
    while await answer(desk.app, desk.hand, *keys):
        keys = keys[-1:] if len(keys[0]) == 1 else keys  # a word that was typed stays
    desk.pressed.update(keys)
    await desk.until(lambda: desk.app.store.commands.last is not before)
    await desk.settle()


@drives("flatten")
async def _flatten(desk: Desk) -> None:
    strategy_id = desk.selected
    await desk.until(lambda: desk.app.store.wire[strategy_id]["currentPosition"])
    await desk.press("f")
    await desk.says("bps,")
    await _answer(desk, "right", "enter")
    flat = await desk.strategy()
    assert flat.id == strategy_id and flat.status == "stopped" and not flat.current_position
    await desk.rests("stopped")
    await desk.press("f")
    await desk.says("is stopped and flat: there is nothing to trade.")


@drives("flatten_all")
async def _flatten_all(desk: Desk) -> None:
    await desk.press("F")
    await desk.says("Flatten 3 strategies")
    await _answer(desk, *"flatten", "enter")
    for strategy in await desk.client.mm_strategy.list():
        assert strategy.status == "stopped" and not strategy.current_position
    await desk.until(lambda: not desk.app.store.to_flatten)
    await desk.press("F")
    await desk.says("nothing to trade")


@drives("new", "edit")
async def _create_and_change(desk: Desk) -> None:
    calls = desk.client.mm_strategy
    await desk.press("n")
    texts = {"name": "made here", "asset": "SOL", "base_spread_bps": "20", "quote_size": "10", "max_position": "100"}
    for name, text in texts.items():
        desk.app.screen._fields.go_to(name)  # type: ignore[attr-defined]
        await desk.press(*("space" if character == " " else character for character in text))
    await desk.says("+ 2 placed")
    assert "made here" not in [strategy.name for strategy in await calls.list()]
    await desk.press("ctrl+s")
    await desk.settle()
    await desk.until(lambda: len(desk.app.screen_stack) == 1 and desk.app.store.name(desk.selected) == "made here")
    await desk.press("e")
    desk.app.screen._fields.go_to("base_spread_bps")  # type: ignore[attr-defined]
    await desk.press("ctrl+u", "3", "0", "ctrl+s")
    await desk.settle()
    await desk.until(lambda: len(desk.app.screen_stack) == 1)
    changed = await desk.strategy()
    assert (changed.base_spread_bps, changed.min_spread_bps, changed.max_position) == (30, 15, 100)
    made = desk.selected
    await desk.press("g")
    await calls.delete(made)


@drives("emergency_stop", "clear_emergency_stop")
async def _emergency(desk: Desk) -> None:
    calls = desk.client.mm_strategy
    await desk.press("f")  # from a dialog
    assert isinstance(desk.app.screen, Question)
    first, second = key_press("exclamation_mark"), key_press("exclamation_mark")
    second.time = first.time + 0.2  # however long the machine takes between them
    for press in (first, second):
        await desk.hand.send(press)
        desk.pressed.add(press.key)
    await desk.settle()
    assert len(desk.app.screen_stack) == 1
    await desk.until(lambda: desk.app.store.emergency)
    status = await calls.status()
    assert status.emergency_stop.active and [venue.open_orders for venue in status.venues] == [0] * len(status.venues)
    await desk.says("EMERGENCY STOP every venue confirmed", "■ emergency")
    await desk.press("s")
    await desk.says("The emergency stop is in force: C clears it.")
    await desk.press("C")
    await desk.says("tester")
    await _answer(desk, "right", "enter")
    assert not (await calls.status()).emergency_stop.active


@drives("quit")
async def _quit(desk: Desk) -> None:
    await desk.press("q")
    assert desk.app.return_code == 0


def undriven(actions: Iterable[Action]) -> set[str]:
    """Return what of a registry nobody drives."""
    return {action.id for action in actions} - DRIVES.keys()


def test_every_action_of_the_registry_is_driven() -> None:
    assert undriven(ACTIONS) == set() and len(DRIVES) == len(ACTIONS)
    assert undriven([*ACTIONS, Action("dance", "d", "d", "dance", "Nobody drives it.")]) == {"dance"}


@pytest.fixture(scope="module")
def state_dir(tmp_path_factory: pytest.TempPathFactory) -> Any:
    directory = tmp_path_factory.mktemp("desk")
    with engine(directory, "--seed", "3"):
        yield directory


@pytest.mark.parametrize("drive", dict.fromkeys(DRIVES.values()), ids=lambda drive: drive.__name__.strip("_"))
async def test_each_key_does_on_an_engine_what_it_says(drive: Drive, state_dir: Path, tmp_path: Path) -> None:
    async with _desk(state_dir, tmp_path) as desk:
        await drive(desk)
        for action in ACTIONS:
            if DRIVES[action.id] is drive:
                assert desk.pressed & set(desk.app.keymap.keys(action)), f"no key of {action.id} was pressed"


@pytest.mark.parametrize("scope", ["READ", "STOP"])
async def test_a_console_shows_only_what_its_key_may_do(state_dir: Path, scope: Any) -> None:
    url = str(profile(state_dir)["url"])
    key = StateDirectory.open(state_dir).keys().create(f"night-{scope}", scope)
    secret = key.secret.decode()
    async with (
        ZenOTCClient(base_url=url, state_dir=state_dir, operator="tester") as trader,
        ZenOTCClient(key.key, secret, base_url=url, operator="watch") as client,
    ):
        await _begin(trader)
        app = ConsoleApp(client, operator="watch")
        async with app.run_test(size=(120, 40)):
            desk = Desk(app, Typist(app), trader)
            await desk.until(lambda: app.store.open_orders)
            await desk.says(f"{scope} KEY")
            keys = desk.text.splitlines()[-1]
            assert "s start" not in keys and ("p pause" in keys) == (scope == "STOP")
            await desk.press("r")
            await desk.says(f"A {scope} key may not do this: it takes MARKET_MAKING.")
            if scope == "STOP":
                await desk.give("p")
                assert (await desk.strategy()).status == "paused"
            else:
                await desk.press("p", "exclamation_mark", "exclamation_mark")
                await desk.says("A READ key may not do this: it takes STOP.")
                assert (await desk.strategy()).status == "active"


async def test_what_another_console_does_is_told(state_dir: Path, tmp_path: Path) -> None:
    url = str(profile(state_dir)["url"])
    async with (
        ZenOTCClient(base_url=url, state_dir=state_dir, operator="ann") as other,
        _desk(state_dir, tmp_path) as desk,
    ):
        app = desk.app

        def seen() -> list[tuple[str, str]]:
            return [(c.operator.split("/")[-1], c.done) for c in app.store.commands.commands if c.outcome == "seen"]

        await other.mm_strategy.stop(desk.selected)
        await other.mm_strategy.start(desk.selected)
        await desk.says("ann: BTC Market Maker started")
        await desk.rests("active")
        await desk.give("x")
        await other.mm_strategy.start(desk.selected)
        expected = [("ann", "stopped"), ("ann", "started"), ("ann", "started")]
        await desk.until(lambda: len(seen()) >= len(expected))
        assert seen() == expected, "its own commands are not told of twice"
        await desk.press("5")
        await desk.says("◂ seen", "✓ confirmed")
