"""The strategies' table: order, columns, totals, trends, and a selection that never moves under the hand."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from console.columns import COLUMNS, layout, usual_columns
from console.store import Store
from console.trends import SAMPLE_SECONDS, Trends
from console.view import View, ViewFile
from tests.console.double import Engine, demo_strategies, strategy


def _names(app: Any) -> list[str]:
    return [app.store.name(key) for key in app._table.ids]


def _rows(text: str) -> list[str]:
    return [row.split("│")[1] for row in text.splitlines() if "Maker " in row and row[0] == "│"]


def _many(count: int = 60) -> Engine:
    return Engine([
        strategy(f"s{i:03}", f"Maker {i:03}", "BTC", daily_pnl=Decimal((i * 37) % 60),
                 created_at=f"2026-03-02T12:{i:02}:00Z")
        for i in range(count)
    ])  # fmt: skip


async def test_it_is_sorted_by_key_and_by_title_both_ways_and_stably(desk: Any, screen_text: Any) -> None:
    async with desk(size=(120, 40)) as (app, _, pilot):
        await pilot.press("o")
        assert _names(app) == ["BTC Market Maker", "BTC tight", "ETH wide", "SOL inventory"]
        assert "▴NAME" in screen_text(app) and "Sorted by NAME, A to Z" in screen_text(app)
        await pilot.press("O")
        assert _names(app)[0] == "SOL inventory" and "▾NAME" in screen_text(app)
        title = screen_text(app).splitlines()[2].index("PNL TODAY")
        await pilot.click(type(app._table), offset=(title, 1))
        assert _names(app) == ["BTC Market Maker", "SOL inventory", "ETH wide", "BTC tight"]
        assert "▾PNL TODAY" in screen_text(app)
        await pilot.click(type(app._table), offset=(title, 1))
        assert _names(app)[0] == "BTC tight"
        app._table.sort_by("asset")
        assert _names(app)[:2] == ["BTC Market Maker", "BTC tight"], "equals stay as they were created"


async def test_the_selection_is_a_strategy_and_its_line_waits_for_the_hand(desk: Any, screen_text: Any) -> None:
    now = [100.0]
    async with desk(size=(120, 40), engine=_many(), clock=lambda: now[0]) as (app, engine, pilot):
        table = app._table
        table.sort_by("pnl")
        await pilot.press("g", "j", "j", "j")
        selected, before, top = table.selected_id, list(table.ids), table._top
        await engine.change(selected, dailyPnl=Decimal(-1000))
        now[0] += 2
        screen_text(app)
        assert table.ids == before, "the hand has just moved"
        now[0] += 2
        app.store.heard()
        text = screen_text(app)
        assert table.ids[-1] == selected == table.selected_id and table._top == top, "the view does not scroll"
        assert f"{app.store.name(selected)} is selected, below" in text
        await pilot.press("p")
        await pilot.pause(0.05)
        assert engine.calls == [("pause", selected)]


async def test_what_is_gone_above_the_view_does_not_move_it(desk: Any, screen_text: Any) -> None:
    async with desk(size=(120, 40), engine=_many()) as (app, engine, pilot):
        await pilot.press("G")
        before = _rows(screen_text(app))
        for key in ("s000", "s001"):
            await engine.remove(key)
        assert _rows(screen_text(app)) == before


async def test_what_needs_attention_stands_first_on_request(desk: Any, screen_text: Any) -> None:
    engine = Engine([
        strategy("a", "Fine", "BTC"),
        strategy("b", "Unhedged", "BTC", unhedged_seconds=40.0),
        strategy("c", "Breaker", "BTC", status="paused", pause_reason="daily_loss"),
        strategy("d", "Stale", "BTC", data_age_seconds=30.0),
        strategy("e", "Unknown", "BTC", unknown_orders=2),
        strategy("f", "Error", "BTC", status="paused", pause_reason="error: order_rejected"),
        strategy("g", "Paused", "BTC", status="paused", pause_reason="operator"),
        strategy("h", "Differs", "BTC", status="stopped", position_differences=[
            {"venue": "v", "asset": "BTC", "venue_position": Decimal(1), "engine_position": Decimal(0)}]),
    ])  # fmt: skip
    async with desk(size=(120, 40), engine=engine) as (app, _, pilot):
        await pilot.press("A")
        assert "".join(app._table.ids) == "hefcdbag" and "attention first: 6" in screen_text(app)
        app._table.choose_columns(("attention", "status"))
        text = screen_text(app)
        for words in ("position differs", "2 unknown", "error", "breaker", "stale 30 s", "unhedged 40 s"):
            assert words in text
        await pilot.press("A")
        assert "".join(app._table.ids) == "abcdefgh"


async def test_the_totals_are_of_what_is_shown(desk: Any, screen_text: Any) -> None:
    async with desk(size=(80, 24)) as (app, _, pilot):
        await pilot.press("slash", *"asset:btc", "enter")
        totals = next(row for row in screen_text(app).splitlines() if "Σ 2 of 4" in row)
        assert "+3.600" in totals and "+310.44" in totals
        await pilot.press("escape")
        totals = next(row for row in screen_text(app).splitlines() if "Σ 4" in row)
        assert "+2.600" not in totals and "+298.34" in totals, "positions of several assets have no sum"


async def test_a_filter_without_sense_says_why_and_leaves_the_last_one(desk: Any, screen_text: Any, until: Any) -> None:
    async with desk(size=(120, 40)) as (app, _, pilot):
        await pilot.press("slash", *"pnl:<0", "enter", "slash")
        assert _names(app) == ["ETH wide", "BTC tight"]
        await pilot.press("ctrl+u", *"foo:1")
        await until(pilot, lambda: "“foo” is none of name" in screen_text(app))
        assert _names(app) == ["ETH wide", "BTC tight"]
        await pilot.press("enter")
        text = screen_text(app)
        assert "“pnl:<0” stays" in text and "filter “pnl:<0”" in text and app._table.selected_id == "s-eth"


async def test_columns_are_chosen_ordered_and_remembered(desk: Any, screen_text: Any, tmp_path: Path) -> None:
    file = tmp_path / "config" / "view.json"
    async with desk(size=(120, 40), view_file=file) as (app, _, pilot):
        await pilot.press("v", "space", "j", "j", "K")  # no ASSET; POSITION before STATUS
        text = screen_text(app)
        assert "✓ STATUS" in text and "· ASSET" in text
        await pilot.press("escape")
        head = screen_text(app).splitlines()[2]
        assert "ASSET" not in head and head.index("POSITION") < head.index("STATUS")
        await pilot.press("o", "O")
    async with desk(size=(120, 40), view_file=file) as (app, _, pilot):
        again = screen_text(app).splitlines()[2]
        assert "▾NAME" in again and again.index("POSITION") < again.index("STATUS") and "ASSET" not in again
        await pilot.press("v", "u", "escape")
        assert ViewFile(file).load().columns is None


@pytest.mark.parametrize("content", ["", "{", '{"columns": ["levitation"]}', '{"sort": "x"}', "[1]", "\x00"])
def test_a_view_that_cannot_be_read_is_the_usual_one(tmp_path: Path, content: str) -> None:
    (tmp_path / "view.json").write_text(content)
    assert ViewFile(tmp_path / "view.json").load() == View()


def test_a_view_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert "not remembered" in str(ViewFile(tmp_path / "file" / "view.json").save(View()))


@pytest.mark.parametrize("width", [20, 52, 56, 76, 112, 196])
def test_what_matters_is_shown_at_any_width(width: int) -> None:
    for chosen in (None, usual_columns(), [column.id for column in reversed(COLUMNS)]):
        columns, name = layout(chosen, width)
        assert {"status", "position", "pnl"} <= {column.id for column in columns} and name >= 8
        assert width < 52 or 2 + name + sum(column.width + 1 for column in columns) <= width


def test_trends_are_bounded_and_drawn_from_what_was_seen() -> None:
    now = [0.0]
    trends = Trends(lambda: now[0])
    before = demo_strategies()[0]
    assert trends.spark("s-btc", 12) == ("", 0) and trends.minute("s-btc", Decimal(1)) is None
    trends.changed("s-btc", None, before)
    for step in range(200):
        trends.sample({"s-btc": {**before, "totalPnl": Decimal(step)}})
        trends.sample({"s-btc": {**before, "totalPnl": Decimal(-9999)}})  # not due
        now[0] += SAMPLE_SECONDS
    bars, sign = trends.spark("s-btc", 12)
    assert len(bars) == 12 and bars == "".join(sorted(bars)) and bars[0] == "▁" and bars[-1] == "█" and sign == 1
    assert len(trends._pnl["s-btc"]) == 60 and trends.minute("s-btc", Decimal(199)) == 5
    trends.changed("s-btc", before, {**before, "currentPosition": Decimal("2")})
    assert trends.moved("s-btc") == -1
    now[0] += 11
    assert trends.moved("s-btc") == 0
    trends.forget("s-btc")
    assert trends.spark("s-btc", 12) == ("", 0)


async def test_a_move_is_marked_with_its_direction_beside_the_sign(desk: Any, screen_text: Any) -> None:
    now = [100.0]
    async with desk(size=(120, 40), clock=lambda: now[0]) as (app, engine, _):
        await engine.change("s-btc", currentPosition=Decimal("3.000"), totalPnl=Decimal(2110))
        row = next(row for row in screen_text(app).splitlines() if "▸ BTC Market Maker" in row)
        assert "+3.000▼" in row and "+812.44▲" in row
        now[0] += 11
        assert "+3.000 " in screen_text(app)


def test_every_column_can_be_read_of_a_strategy_that_has_nothing() -> None:
    store = Store(lambda: 0.0)
    wire = strategy("s", "x", "BTC")
    store.strategies_changed({"s": wire}, (), complete=True)
    bare = store.strategy("s")
    assert bare is not None
    for column in COLUMNS:
        text, _ = column.cell(bare, store, column.width)
        column.value(wire, store)
        assert len(text) == column.width, column.id
