"""The command line: what it completes, what it says to nonsense, and that it does what the keys do."""

from __future__ import annotations

from typing import Any

import pytest
from textual import events

from console.command_line import CommandError, CommandLine, History, Order, completed
from console.widgets.detail import Detail

LINE = CommandLine(
    [("s-btc", "BTC Market Maker"), ("s-tight", "BTC tight"), ("s-eth", "ETH wide"), ("s-eth2", "ETH wide")],
    Detail.TABS,
    ("desk", "light"),
)


@pytest.mark.parametrize(
    ("line", "order"),
    [
        ("pause", Order("do", "pause")),
        ("  pause btc m", Order("do", "pause", "s-btc")),
        ("flat BTC tight", Order("do", "flatten", "s-tight")),
        ("select s-eth2", Order("select", strategy_id="s-eth2")),
        ("tab l", Order("tab", "Ladder")),
        ("theme light", Order("theme", "light")),
        ("filter status:active pnl:<0", Order("filter", "status:active pnl:<0")),
        ("filter", Order("filter")),
        ("q", Order("do", "quit")),
    ],
)
def test_a_line_is_an_order(line: str, order: Order) -> None:
    assert LINE.parse(line) == order


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("", "Nothing was typed"),
        ("dance", "There is no command dance"),
        ("pause DOGE", "No strategy DOGE"),
        ("select", "Which strategy"),
        ("select ETH wide", "2 strategies have the name ETH wide"),
        ("flatten_all BTC", "flatten_all takes no name"),
        ("tab x", "There is no tab x: Overview, Ladder"),
        ("theme", "Which theme"),
        ("next", "There is no command next"),
    ],
)
def test_nonsense_is_answered_with_a_sentence(line: str, reason: str) -> None:
    with pytest.raises(CommandError, match=reason):
        LINE.parse(line)


def test_a_line_is_completed_as_far_as_it_is_certain() -> None:
    assert LINE.complete("pa") == ["page_down", "page_up", "palette", "pause "]
    assert LINE.complete("pause btc") == ["pause BTC Market Maker", "pause BTC tight"]
    assert completed("pause b", LINE.complete("pause b")) == "pause BTC "
    assert completed("tab met", LINE.complete("tab met")) == "tab Metrics"
    assert LINE.complete("quit x") == [] and completed("zz", []) == "zz"


def test_earlier_lines_come_back() -> None:
    history = History()
    for line in ("a", "b", "b"):
        history.add(line)
    lines = [history.move(by) for by in (-1, -1, -1, 1, 1)]
    assert lines == ["b", "a", "a", "b", ""]


async def _type(app: Any, pilot: Any, text: str) -> None:
    await pilot.press("colon")
    for character in text:
        await pilot.press({" ": "space", "_": "underscore", ":": "colon"}.get(character, character))
    await pilot.press("enter")
    await pilot.pause()


async def test_it_does_what_keys_do_and_gives_the_keys_back(desk: Any, screen_text: Any, until: Any) -> None:
    async with desk() as (app, engine, pilot):
        await _type(app, pilot, "pause btc m")
        await until(pilot, lambda: engine.calls == [("pause", "s-btc")])
        await _type(app, pilot, "tab ladder")
        assert app._detail.tab == "Ladder" and app._table.has_focus
        await _type(app, pilot, "theme mono")
        assert app.theme == "mono"
        await _type(app, pilot, "filter wide")
        assert app._table.filter == "wide" and app._table.selected_id == "s-eth"
        await _type(app, pilot, "dance")
        assert "There is no command dance" in screen_text(app)
        await _type(app, pilot, "start")
        assert "ETH wide is paused: r resumes it" in screen_text(app)
        await _type(app, pilot, "emergency_stop")
        assert "Press ! twice" in screen_text(app) and len(engine.calls) == 1


async def test_tab_completes_and_up_brings_the_last_line_back(desk: Any, screen_text: Any, until: Any) -> None:
    async with desk() as (app, engine, pilot):
        await pilot.press("colon", "p", "a", "u", "tab", "e", "tab")
        assert app._screen_keys.prompt.value == "pause ETH wide" and engine.calls == []
        await pilot.press("escape")
        assert app._table.has_focus and not app._screen_keys.prompt.display
        await _type(app, pilot, "pause BTC tight")
        await pilot.press("colon", "up")
        assert app._screen_keys.prompt.value == "pause BTC tight"
        await pilot.press("exclamation_mark")
        assert "Press ! again" in screen_text(app)
        await pilot.press("escape")
        assert "Press ! again" not in screen_text(app), "another key takes it back"


def _at_once(app: Any, text: str) -> None:
    """Let keys arrive before any of them is looked at."""
    for character in text:
        app.post_message(events.Key({":": "colon", "/": "slash", "\r": "enter"}.get(character, character), character))


async def test_what_is_typed_after_the_colon_is_never_a_key_however_fast(desk: Any, until: Any) -> None:
    async with desk() as (app, engine, pilot):
        _at_once(app, ":xfxs")
        await pilot.press("h")
        await until(pilot, lambda: app._screen_keys.prompt.value == "xfxsh")
        assert engine.calls == [] and len(app.screen_stack) == 1
        await pilot.press("escape")
        _at_once(app, ":pause\rj")
        await until(pilot, lambda: engine.calls == [("pause", "s-btc")])
        assert app._table.selected_id == "s-eth", "what is typed after it is a key again"


async def test_what_is_typed_after_the_slash_is_never_a_key_however_fast(desk: Any, until: Any) -> None:
    async with desk() as (app, engine, pilot):
        _at_once(app, "/xfsp")
        await until(pilot, lambda: app._filter.value == "xfsp" and app._table.filter == "xfsp")
        assert engine.calls == [] and len(app.screen_stack) == 1
        await pilot.press("escape")
        _at_once(app, "3/fill\r1jj")
        await until(pilot, lambda: app._journal.filter.endswith("fill") and app._table.selected_id == "s-sol")
        assert app._table.has_focus and app._table.filter == "" and engine.calls == []


async def test_what_is_typed_after_a_key_that_opens_something_is_not_lost(desk: Any, until: Any) -> None:
    async with desk() as (app, engine, pilot):
        _at_once(app, "nxfs")
        await until(pilot, lambda: len(app.screen_stack) == 2 and app.screen._draft.texts["name"] == "xfs")
        assert engine.calls == []
