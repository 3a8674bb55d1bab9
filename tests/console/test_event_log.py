"""The event log: bounded, searched a slice at a time, still while it is read, opened and written to files."""

from __future__ import annotations

import json
import unicodedata
from decimal import Decimal
from pathlib import Path
from typing import Any

from console.event_ring import EventRing
from console.export import ascii_json
from console.matches import SLICE, Matches
from tests.console.double import Engine, fill
from zenotc.models.wire import decode


def _rows(text: str) -> list[str]:
    return [line for line in text.splitlines() if "quote_filled" in line]


def test_a_ring_holds_so_many_and_gives_them_back_as_they_came() -> None:
    ring = EventRing(capacity=1000)
    sent = [fill(number, changes={"a": 1} if number % 7 else None) for number in range(5000)]
    for start in range(0, 5000, 50):
        ring.extend(sent[start : start + 50])
        assert ring.end - ring.first <= 1000 + 1000 // 16 + 50
    assert ring.end == 5000 and [ring[number] for number in range(ring.first, ring.end)] == sent[ring.first :]


def test_the_newest_matches_are_found_first_and_dropped_ones_are_forgotten() -> None:
    ring = EventRing(capacity=5 * SLICE)
    ring.extend(fill(number) for number in range(5 * SLICE))
    matches = Matches(ring)
    matches.seek(lambda event: event["seq"] % 10 == 0)
    assert matches.look() and matches[-1] == 5 * SLICE - 10 and len(matches) == SLICE // 10
    while matches.look():
        pass
    assert matches[:] == list(range(0, 5 * SLICE, 10))
    ring.extend(fill(number) for number in range(5 * SLICE, 9 * SLICE))
    while matches.look():
        pass
    assert matches[:] == [number for number in range(ring.first, ring.end) if number % 10 == 0]


async def test_a_line_that_is_read_stays_also_when_it_is_dropped(desk: Any, screen_text: Any) -> None:
    async with desk(size=(120, 40)) as (app, engine, pilot):
        app.store.events.capacity = 100
        engine.publish(*[fill(i, price=Decimal(1000 + i)) for i in range(90)])
        await pilot.press("3", "g")
        before = _rows(screen_text(app))
        assert "1,000" in before[0]
        for start in range(90, 400, 10):
            engine.publish(*[fill(i, price=Decimal(1000 + i)) for i in range(start, start + 10)])
        assert _rows(screen_text(app)) == before and app.store.events.first > 100
        await pilot.press("enter")
        assert "o-0" in screen_text(app), "what is read can be opened"
        await pilot.press("escape", "j")
        assert "1,000" not in _rows(screen_text(app))[0]


async def test_the_cursor_moves_in_the_view_before_the_view_moves(desk: Any, screen_text: Any) -> None:
    async with desk(size=(120, 40)) as (app, engine, pilot):
        engine.publish(*[fill(i, price=Decimal(1000 + i)) for i in range(50)])
        await pilot.press("3", "k", "k")
        rows = _rows(screen_text(app))
        assert "1,049" in rows[-1] and app._journal.selected["seq"] == 47
        await pilot.press(*"kkkkkk")
        assert "1,041" in _rows(screen_text(app))[0] and app._journal.selected["seq"] == 41
        await pilot.press("G")
        assert app._journal.following
        app._journal.scroll_view(-3)
        assert "1,046" in _rows(screen_text(app))[-1] and app._journal.selected["seq"] == 46


async def test_a_search_far_back_goes_on_in_slices(desk: Any, screen_text: Any, until: Any) -> None:
    async with desk(size=(120, 40)) as (app, engine, pilot):
        engine.publish(fill(0, venue="needle"), *[fill(i) for i in range(1, 10 * SLICE)])
        await until(pilot, lambda: app.store.events.end - app.store.events.first >= 10 * SLICE)
        app._journal.filter = "venue:needle"
        assert "looking further back" in str(app._journal.border_title)
        await until(pilot, lambda: "needle" in screen_text(app) and "looking" not in str(app._journal.border_title))


async def test_an_event_is_opened_with_every_field_and_copied(desk: Any, screen_text: Any) -> None:
    async with desk(size=(120, 40)) as (app, engine, pilot):
        evil = "[/x]\x1b[2J\x9b31m‮"
        engine.publish(fill(1), fill(2, reason=evil, **{f"x{evil}": {"deep": evil}}))
        await pilot.press("3", "enter")
        text = screen_text(app)
        for words in (
            "tradeId",
            "t-2",
            "61842.10",
            "orderId",
            "o-2",
            "BTC Market Maker",
            "[/x]·[2J·31m·",
            "2026-03-02",
        ):
            assert words in text, words
        assert not any(unicodedata.category(char) in ("Cc", "Cf") for char in text.replace("\n", ""))
        await pilot.press("y")
        assert decode(app.clipboard) == app.store.events[1] and app.clipboard.isascii() and app.clipboard.isprintable()
        await pilot.press("k")
        assert "t-1" in screen_text(app)
        await pilot.press("escape")
        assert app._journal.has_focus


async def test_what_is_shown_is_written_to_files_exactly(
    desk: Any, screen_text: Any, until: Any, tmp_path: Path
) -> None:
    evil = "\x1b[2J\x9b‮漢\U0001f468"
    async with desk(size=(120, 40), export_directory=tmp_path) as (app, engine, pilot):
        sent = [fill(i, side="buy" if i % 2 else "sell", reason=evil) for i in range(1200)]
        engine.publish(*sent)
        await pilot.press("3", "escape", "slash", *"side:buy", "enter", "w")
        await until(pilot, lambda: "600 events are in" in screen_text(app))
        exact, text = sorted(tmp_path.iterdir())  # noqa: ASYNC240 - nothing else waits
        assert exact.stat().st_mode & 0o777 == 0o600
        assert [decode(line) for line in exact.read_text().splitlines()] == sent[1::2]
        raw = exact.read_text() + text.read_text()
        assert len(text.read_text().splitlines()) == 600 and "quote_filled" in raw
        assert not any(unicodedata.category(char) in ("Cc", "Cf") for char in raw.replace("\n", ""))
        await pilot.press("w")
        await until(pilot, lambda: "could not be written" in screen_text(app))


def test_json_for_terminals_is_the_same_json() -> None:
    event = fill(1, reason='\x1b\x7f\x9b‮漢\U0001f468"\\')
    assert ascii_json(event).isascii() and json.loads(ascii_json(event))["reason"] == event["reason"]


async def test_the_log_says_what_a_bad_filter_is(desk: Any, screen_text: Any) -> None:
    async with desk(size=(120, 40), engine=Engine()) as (app, engine, pilot):
        engine.publish(fill(1))
        await pilot.press("3", "slash", *"severity:bad", "enter")
        assert "severity is one of quiet" in screen_text(app) and app._journal.filter == "-severity:quiet"
