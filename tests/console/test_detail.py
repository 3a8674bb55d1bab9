"""The tabs of the detail: what they show, what they ask for, and what they leave alone."""

from __future__ import annotations

import math
import re
import sys
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from console.widgets.charts import import_plotext
from console.widgets.detail import Detail
from tests.console.detail_double import DetailEngine
from tests.console.double import NOW, demo_book, demo_strategies, fill, strategy

LIMITS = [
    {"name": "position", "unit": "BTC", "measure": Decimal(3), "limit": Decimal(10), "used_percent": 30.0},
    {"name": "daily_loss", "unit": "USD", "measure": Decimal(400), "limit": Decimal(500), "used_percent": 80.0},
    {"name": "drawdown", "unit": "%", "measure": None, "limit": Decimal(5), "used_percent": None},
]


async def _open(pilot: Any, tab: str) -> None:
    for _ in range(Detail.TABS.index(tab)):
        await pilot.press("l")


async def test_the_keys_turn_the_tabs_round_and_round(desk: Any, screen_text: Any, until: Any) -> None:
    async with desk(size=(120, 40), engine=DetailEngine()) as (app, _, pilot):
        await until(pilot, lambda: "[Overview]Ladder" in screen_text(app))
        for tab in (*Detail.TABS[1:], Detail.TABS[0]):
            await pilot.press("l")
            await until(pilot, lambda tab=tab: app._detail.tab == tab and f"[{tab}]" in screen_text(app))
        await pilot.press("left")
        assert app._detail.tab == "Events"


async def test_only_what_is_looked_at_is_asked_for(desk: Any, until: Any) -> None:
    engine = DetailEngine()
    async with desk(size=(120, 40), engine=engine) as (app, _, pilot):
        await until(pilot, lambda: app.store.history.points)
        engine.asked.clear()
        await pilot.press("l")
        await pilot.pause(0.05)
        assert engine.asked == []
        await pilot.press("l", "l")
        await until(pilot, lambda: "quotes" in engine.asked)
        await pilot.press("h", "h", "h")
        engine.asked.clear()
        await pilot.pause(0.1)
        assert engine.asked == []


async def test_breakers_are_shown_as_shares_of_their_limits(desk: Any, screen_text: Any) -> None:
    engine = DetailEngine([strategy("s", "M", "BTC", limits=LIMITS, hedge_duration_minutes=30)])
    async with desk(size=(200, 50), engine=engine) as (app, _, _pilot):
        text = screen_text(app)
        assert "daily loss ██████▍· 80 % of 500 USD" in text and "drawdown unknown of 5 %" in text


async def test_a_running_hedge_shows_its_progress_and_what_is_left(desk: Any, screen_text: Any) -> None:
    async with desk(size=(120, 40), engine=DetailEngine()) as (app, _, _pilot):
        assert "twap sell 1.800 of 3.200 ████▌··· 30:00 left" in screen_text(app)


async def test_the_ladder_stands_still_marks_own_orders_and_scrolls(desk: Any, screen_text: Any, until: Any) -> None:
    async with desk(size=(120, 40), engine=DetailEngine()) as (app, engine, pilot):
        await until(pilot, lambda: "BTC" in app.store.books)
        engine.publish(fill(1))
        await _open(pilot, "Ladder")
        text = screen_text(app)
        assert "◂ 0.500" in text and "≤" in text and "step 2.5" in text and "mid 61,843.25" in text
        assert "LAST OWN FILLS" in text and "0.250 @ 61,842.10" in text
        at = next(y for y, line in enumerate(text.splitlines()) if "61,842.50" in line)
        await pilot.press("2", "j", "j", "j")
        text = screen_text(app)
        assert "scrolled, G centres" in text and "61,842.50" in text.splitlines()[at - 3]
        await pilot.press("G", "minus")
        assert "scrolled" not in screen_text(app) and "step 5 " in screen_text(app)


@pytest.mark.parametrize("state", ["unknown", "cancelling"])
async def test_the_ladder_marks_the_mid_over_a_level_and_says_an_orders_state_in_full(
    desk: Any, screen_text: Any, until: Any, state: str
) -> None:
    async with desk(size=(120, 40), engine=DetailEngine()) as (app, _, pilot):
        await until(pilot, lambda: "BTC" in app.store.books)
        await _open(pilot, "Ladder")
        book = demo_book(mid=Decimal("61843.00"))
        best = book.bids[0].model_copy(update={"price": book.mid})
        own = book.asks[2]
        order = own.own_orders[0].model_copy(update={"state": state, "placed_at": NOW - timedelta(seconds=18)})
        asks = [*book.asks[:2], own.model_copy(update={"own_orders": [order]}), *book.asks[3:]]
        app.store.depths.clear()
        app.store.book_changed(book.model_copy(update={"bids": [best, *book.bids[1:]], "asks": asks}))
        await until(pilot, lambda: f"◂ 0.500   {state}" in screen_text(app))
        rows = screen_text(app).splitlines()
        assert any("┄" in row and "3.944" in row for row in rows), "the mid's row holds the best bid"
        assert any(re.search(rf"◂ 0.500   {state} +18 s", row) for row in rows)


async def test_a_level_of_ours_that_the_book_has_not_heard_of_has_no_size(
    desk: Any, screen_text: Any, until: Any
) -> None:
    async with desk(size=(120, 40), engine=DetailEngine()) as (app, _, pilot):
        await until(pilot, lambda: "BTC" in app.store.books)
        book = demo_book()
        bids = [level.model_copy(update={"quantity": Decimal(0)}) if level.own_quantity else level
                for level in book.bids]  # fmt: skip
        app.store.book_changed(book.model_copy(update={"bids": bids}))
        await until(pilot, lambda: re.search(r"0\.500 ▸ +– ┆ 61,839\.50", screen_text(app)))


async def test_the_ladder_moves_only_when_the_mid_leaves_its_middle_third(desk: Any, until: Any) -> None:
    async with desk(size=(120, 40), engine=DetailEngine()) as (app, _, pilot):
        await until(pilot, lambda: "BTC" in app.store.books)
        await _open(pilot, "Ladder")
        await pilot.pause()
        ladder = app._detail._page
        middle, leaves = ladder._middle, (ladder.content_size.height - 2) // 6 + 1
        for moved, expected in ((leaves - 1, middle), (leaves, middle + leaves), (1, middle + leaves)):
            app.store.book_changed(demo_book(mid=Decimal("61843.25") + ladder._step * moved))
            ladder.draw()
            assert ladder._middle == expected


async def test_charts_are_drawn_from_the_history_and_never_from_what_is_no_number(
    desk: Any, screen_text: Any, until: Any
) -> None:
    await import_plotext()
    engine = DetailEngine()
    async with desk(size=(200, 50), engine=engine) as (app, _, pilot):
        await _open(pilot, "Charts")
        charts = app._detail._page
        await until(pilot, lambda: app.store.inspection.history)
        await pilot.pause(0.6)
        for _ in range(8):
            charts._drawn_at = -math.inf
            charts.draw_chart()
        await pilot.pause()
        text = screen_text(app)
        assert "PnL total, USD" in text and "[15 min]" in text and "12:41:02" in text and "10 s" in text
        assert "position: nothing yet" not in text and "volatility % ••: nothing yet" in text
        await pilot.press("plus")
        await until(pilot, lambda: "history 1" in engine.asked)
        assert "[5 min]" in screen_text(app)
        assert "plotext" in sys.modules


@pytest.mark.parametrize(
    ("tab", "words"),
    [
        ("Quotes", ["sell  0", "61,847.0", "0.400", "75 s", "sell: position limit", "61,843.25", "of 0.500"]),
        ("Metrics", ["spread capture", "+150.00", "closes", "1,234,567", "61.5", "markout 60 s", "Sharpe ratio"]),
        ("Config", ["▪ base_spread_bps", "10 bps", "soft_position_limit", "7 BTC", "default", "Not changed"]),
    ],
)
async def test_what_a_tab_shows(desk: Any, screen_text: Any, until: Any, tab: str, words: list[str]) -> None:
    async with desk(size=(120, 60), engine=DetailEngine()) as (app, _, pilot):
        await _open(pilot, tab)
        await pilot.press("enter")
        await until(pilot, lambda: all(word in screen_text(app) for word in words))
        assert "Asking the engine" not in screen_text(app)


async def test_an_order_beyond_the_mid_has_a_negative_distance_that_alarms(
    desk: Any, screen_text: Any, until: Any
) -> None:
    async with desk(size=(120, 60), engine=DetailEngine()) as (app, engine, pilot):
        await engine.change("s-btc", mid=Decimal("61850.00"))
        await _open(pilot, "Quotes")
        await pilot.press("enter")
        await until(pilot, lambda: "61,847.0" in screen_text(app))
        inks = {text.strip(): ink for line in app._detail._page._drawn for text, ink in line.spans}
        assert inks["-0.49"] == "alarm", "the ask is 3 USD below the mid"
        assert inks["1.70"] == "plain", "the bid is 10.50 USD below it"


async def test_the_configuration_shows_the_last_change_and_who_made_it(desk: Any, screen_text: Any, until: Any) -> None:
    async with desk(size=(120, 40), engine=DetailEngine()) as (app, engine, pilot):
        engine.publish(
            {"type": "config_changed", "seq": 9, "timestamp": "2026-03-02T12:40:07Z", "strategyId": "s-btc",
             "changes": {"quote_size": {"old": Decimal(1), "new": Decimal("0.5")}}, "operator": "ana"}
        )  # fmt: skip
        engine.publish(*[fill(seq) for seq in range(10, 400)])
        await _open(pilot, "Config")
        await until(pilot, lambda: "Changed at 12:40:07 UTC by ana" in screen_text(app))
        assert "quote_size  1 → 0.5" in screen_text(app)


async def test_the_events_of_one_strategy_do_not_move_while_they_are_read(desk: Any, screen_text: Any) -> None:
    async with desk(size=(120, 40), engine=DetailEngine()) as (app, engine, pilot):
        engine.publish(*[fill(i, price=Decimal(1000 + i)) for i in range(100)], fill(100, "s-eth"))
        engine.publish({**fill(101), "type": "quote_sent", "layer": 0, "reason": "new"})
        await _open(pilot, "Events")
        await pilot.press("2")

        def read() -> list[str]:
            return [line.split("││")[1] for line in screen_text(app).splitlines() if "││" in line and "@ 1," in line]

        assert "1,099" in read()[0]
        await pilot.press("j", "j")
        before = read()
        assert "1,097" in before[0]
        engine.publish(*[fill(i, price=Decimal(1000 + i)) for i in range(102, 150)])
        assert read() == before
        await pilot.press("g")
        assert "1,149" in read()[0]


@pytest.mark.parametrize("tab", Detail.TABS)
@pytest.mark.parametrize("size", [(80, 24), (200, 50)])
async def test_every_tab_lives_through_a_lost_engine_and_a_strategy_that_goes(
    desk: Any, screen_text: Any, tab: str, size: Any
) -> None:
    async with desk(size=size, engine=DetailEngine()) as (app, engine, pilot):
        await _open(pilot, tab)
        await pilot.press("enter")
        await pilot.pause(0.05)
        assert f"[{tab}]" in screen_text(app)
        engine.lose()
        assert screen_text(app)
        for fields in demo_strategies():
            await engine.remove(fields["id"])
        await pilot.pause(0.15)
        assert screen_text(app)


async def test_the_detail_opens_over_the_table_at_any_size(desk: Any, screen_text: Any) -> None:
    async with desk(size=(132, 36), engine=DetailEngine()) as (app, _, pilot):
        await pilot.press("enter")
        await pilot.pause()
        assert app._detail.size.width > 120 and not app._table.display
        await pilot.press("escape")
        await pilot.pause()
        assert app._table.display and app._table.has_focus
