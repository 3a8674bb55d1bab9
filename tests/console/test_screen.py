"""What is on the screen, at three sizes."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from rich.cells import cell_len
from textual import events

from console.ink import Span, line
from console.widgets.sheet import _difference
from tests.console.double import NOW, Engine, demo_strategies, fill, strategy
from zenotc.models.strategy import Strategy

SIZES = [(80, 24), (120, 40), (200, 50)]


@pytest.mark.parametrize("size", SIZES)
async def test_the_table_the_state_and_the_keys_are_always_there(desk: Any, screen_text: Any, size: Any) -> None:
    async with desk(size=size) as (app, _, _pilot):
        text = screen_text(app)
        lines = text.splitlines()
        assert "SANDBOX" in lines[0] and "● " in lines[0] and "+298.34" in lines[0] and "12:41:07 UTC" in lines[0]
        for words in ("BTC Market Maker", "● active", "‖ paused", "■ stopped", "! breaker", "+812.44", "-502.00"):
            assert words in text
        for words in ("p pause", "!! EMERGENCY STOP", "? help", "q quit"):
            assert words in "\n".join(lines[-2:])
        assert all(cell_len(line) == size[0] for line in lines)


async def test_a_large_screen_shows_position_gauge_ladder_and_chart(desk: Any, screen_text: Any, until: Any) -> None:
    async with desk(size=(200, 50)) as (app, _, pilot):
        await until(pilot, lambda: "12:21:07" in screen_text(app))
        text = screen_text(app)
        for words in ("-10 ─", "┼███", "+3.200 BTC ▲", "spread 5.50  0.89 bps", "0.500 ▸", "◂ 0.500", "twap sell"):
            assert words in text


async def test_positions_stand_on_their_decimal_point(desk: Any, screen_text: Any) -> None:
    async with desk(size=(80, 24)) as (app, _, _pilot):
        rows = screen_text(app).splitlines()[3:7]
        position = {row.index(".", 40) for row in rows}
        assert len(position) == 1


async def test_a_strategy_without_a_loss_limit_is_marked(desk: Any, screen_text: Any) -> None:
    async with desk(size=(120, 40)) as (app, _, pilot):
        await pilot.press("j", "j")
        assert "! no loss limit" in screen_text(app)


async def test_live_is_another_word_another_bar_and_another_border(desk: Any, screen_text: Any) -> None:
    async with desk(size=(80, 24), engine=Engine(environment="live")) as (app, _, _pilot):
        text = screen_text(app)
        assert " LIVE " in text.splitlines()[0] and "SANDBOX" not in text
        assert "┏" in text and "╭" not in text


async def test_enter_opens_the_detail_over_the_table_on_a_small_screen(desk: Any, screen_text: Any) -> None:
    async with desk(size=(80, 24)) as (app, _, pilot):
        assert "Sides" not in screen_text(app)
        await pilot.press("j", "enter")
        await pilot.pause()
        text = screen_text(app)
        assert "2 ETH wide" in text and "Sides" in text and "! breaker" not in text
        await pilot.press("enter")
        await pilot.pause()
        assert "! breaker" in screen_text(app)


async def test_text_from_outside_neither_marks_up_nor_steers_the_terminal(desk: Any, screen_text: Any) -> None:
    evil = "[/x]\x1b[2J\x1b]0;owned\x07\r\n‮[bold]漢字"
    engine = Engine([strategy("s-evil", evil, "BTC", pause_reason=evil, status="paused", warnings=[evil])])
    async with desk(size=(120, 40), engine=engine) as (app, _, pilot):
        engine.publish(
            {"type": "error", "seq": 1, "timestamp": "2026-03-02T12:41:07Z", "strategyId": evil, "asset": evil,
             "reason": evil, "code": evil},
            {"type": f"new{evil}", "seq": 2, "timestamp": "2026-03-02T12:41:07Z", "strategyId": None, "what": evil},
        )  # fmt: skip
        await pilot.press("s", "question_mark", "escape")
        await pilot.pause(0.05)
        text = screen_text(app)
        assert "[/x]·[2J" in text
        assert not any(char in text for char in "\x1b\x07\r‮")
        assert all(cell_len(line) == 120 for line in text.splitlines())


async def test_the_log_follows_or_stands_still(desk: Any, screen_text: Any) -> None:
    async with desk(size=(120, 40)) as (app, engine, pilot):
        engine.publish(*[fill(i, price=Decimal(1000 + i)) for i in range(100)])
        await pilot.pause(0.05)
        assert "1,099" in screen_text(app)
        await pilot.press("3", "k", "k")
        before = [line for line in screen_text(app).splitlines() if "quote_filled" in line]
        assert "1,099" in before[-1]
        engine.publish(*[fill(i, price=Decimal(1000 + i)) for i in range(100, 150)])
        await pilot.pause(0.05)
        text = screen_text(app)
        assert [line for line in text.splitlines() if "quote_filled" in line] == before
        assert "50 newer below" in text
        await pilot.press("G")
        assert "1,149" in screen_text(app)


async def test_the_log_keeps_its_place_when_old_events_are_dropped(desk: Any, screen_text: Any) -> None:
    async with desk(size=(120, 40)) as (app, engine, pilot):
        app.store.events.capacity = 100
        engine.publish(*[fill(i, price=Decimal(1000 + i)) for i in range(190)])
        await pilot.press("3", "k")
        before = [line for line in screen_text(app).splitlines() if "quote_filled" in line]
        engine.publish(*[fill(i, price=Decimal(1000 + i)) for i in range(190, 230)])
        await pilot.pause(0.05)
        assert app.store.events.first > 0
        assert [line for line in screen_text(app).splitlines() if "quote_filled" in line] == before


async def test_the_filter_keeps_only_what_matches(desk: Any, screen_text: Any) -> None:
    async with desk(size=(120, 40)) as (app, engine, pilot):
        engine.publish(*[fill(i, side="buy" if i % 2 else "sell", price=Decimal(1000 + i)) for i in range(20)])
        await pilot.press("3", "escape", "slash", *"buy", "enter")
        await pilot.pause(0.05)
        text = screen_text(app)
        assert "1,019" in text and "1,018" not in text and "filter “buy”" in text
        await pilot.press("1", "slash", *"eth", "enter")
        assert "SOL inventory" not in screen_text(app) and "ETH wide" in screen_text(app)
        await pilot.press("escape")
        assert "SOL inventory" in screen_text(app)


async def test_what_is_typed_after_the_slash_is_never_a_command_however_fast(desk: Any, screen_text: Any) -> None:
    async with desk(size=(120, 40)) as (app, engine, pilot):
        for character in "/fpxeth":
            app.post_message(events.Key("slash" if character == "/" else character, character))
        await pilot.pause(0.05)
        assert len(app.screen_stack) == 1 and not engine.calls
        await pilot.press(*"eth")
        assert app._table.filter.endswith("eth")
        await pilot.press("escape")
        assert app._table.filter == "" and "SOL inventory" in screen_text(app)


async def test_keys_act_on_a_strategy_that_the_filter_shows(desk: Any, until: Any) -> None:
    async with desk(size=(120, 40)) as (app, engine, pilot):
        await pilot.press("slash", *"wide", "enter", "x")
        await until(pilot, lambda: engine.calls)
        assert app._table.selected_id == "s-eth" and engine.calls == [("stop", "s-eth")]


async def test_the_log_opens_without_quotes_and_marks(desk: Any, screen_text: Any) -> None:
    async with desk(size=(120, 40)) as (app, engine, pilot):
        engine.publish(fill(1), {**fill(2), "type": "quote_sent", "layer": 0, "reason": "new"}, fill(3))
        await pilot.pause(0.6)
        text = screen_text(app)
        assert "quote_filled" in text and "quote_sent  " not in text
        await pilot.press("3", "escape")
        assert "quote_sent  " in screen_text(app)


async def test_what_pauses_a_strategy_is_named(desk: Any, screen_text: Any) -> None:
    reasons = ["operator", "cancel_all_quotes", "circuit_breaker: daily_loss", "error: order_rejected", "throttled: x"]
    engine = Engine([strategy(f"s{i}", "M", "BTC", status="paused", pause_reason=r) for i, r in enumerate(reasons)])
    async with desk(size=(132, 36), engine=engine) as (app, _, _pilot):
        marks = [row[row.index(" BTC ") :][:20] for row in screen_text(app).splitlines()[3:8] if " BTC " in row]
        wanted = ["‖ paused", "‖ paused", "! breaker", "! error", "! throttled"]
        assert [next((word for word in wanted if word in mark), None) for mark in marks] == wanted


async def test_the_desks_pnl_is_the_sum_of_the_table_and_of_what_was_deleted(desk: Any, screen_text: Any) -> None:
    async with desk(size=(132, 36)) as (app, engine, pilot):
        await engine.change("s-eth", dailyPnl=Decimal("-13.00"))
        app.repaint()
        await pilot.pause()
        lines = screen_text(app).splitlines()
        assert "PnL today +297.44" in lines[0] and "+297.44" in next(row for row in lines if "Σ 4" in row)
        app.store.status = app.store.status.model_copy(update={"deleted_daily_pnl": Decimal(100)})
        app.repaint()
        await pilot.pause()
        assert "PnL today +397.44" in screen_text(app).splitlines()[0]


async def test_a_commands_answer_is_shown_before_the_stream_has_it_and_not_undone_by_it(desk: Any) -> None:
    async with desk(size=(120, 40)) as (app, engine, _):
        before = dict(engine.strategies["s-btc"])
        after = Strategy.from_wire({**before, "status": "paused", "updatedAt": NOW + timedelta(seconds=1)})
        app.store.answered(after)
        app.store.strategies_changed({"s-btc": before}, (), complete=False)
        assert app.store.strategy("s-btc").status == "paused"
        later = {**before, "status": "active", "updatedAt": "2026-03-02T12:41:09.000Z"}
        app.store.strategies_changed({"s-btc": later}, (), complete=False)
        assert app.store.strategy("s-btc").status == "active"


def test_a_change_behind_the_edge_of_the_screen_leaves_no_stale_cells() -> None:
    tail: Span = ("  fee 0.50  0.02 left  sandbox", "faint")
    before, after = line(("buy 4.00 @ 2,498.95", "plain"), tail), line(("buy 3.98 @ 2,497.05", "plain"), tail)
    assert _difference(before, after, 30) == (0, 19)
    assert _difference(before, after, 80) == (0, 19)
    assert _difference(before, after, 10) == (0, 10)


async def test_what_did_not_change_is_not_drawn_again(desk: Any, until: Any) -> None:
    async with desk(size=(120, 40)) as (app, engine, _pilot):
        table = app._table
        refreshed: list[Any] = []
        original = table.refresh
        table.refresh = lambda *regions, **options: refreshed.extend(regions) or original(*regions, **options)
        app.repaint()
        assert refreshed == []
        await engine.change("s-eth", dailyPnl=Decimal("-13.00"))
        app.repaint()
        rows = {region.y for region in refreshed}
        assert rows == {2, table.content_size.height - 1}, "the strategy's row and the totals"
        assert all(region.width < table.content_size.width for region in refreshed)


async def test_a_resized_terminal_shows_each_line_once(desk: Any, screen_text: Any) -> None:
    async with desk(size=(132, 36)) as (app, _, pilot):
        for size in ((80, 24), (200, 50), (132, 36), (200, 50)):
            await pilot.resize_terminal(*size)
            await pilot.pause(0.6)
            if size[0] > 80:
                labels = [row.split("││")[-1].split()[0] for row in screen_text(app).splitlines()[2:14] if "││" in row]
                assert labels.count("Hedge") == 1 and labels.count("Position") == 1


async def test_what_is_cut_off_ends_in_dots(desk: Any, screen_text: Any) -> None:
    async with desk(size=(80, 24)) as (app, engine, pilot):
        engine.publish(fill(1, price=Decimal("61842.1012345678"), venue="a-venue-with-a-long-name"))
        await pilot.pause(0.6)
        row = next(row for row in screen_text(app).splitlines() if "quote_filled" in row)
        assert row.rstrip(" │").endswith("…") and "61,842.1012345678" in row


async def test_a_strategy_that_comes_and_goes(desk: Any, screen_text: Any) -> None:
    async with desk(size=(120, 40)) as (app, engine, _pilot):
        engine.strategies["new"] = strategy("new", "Newcomer", "BTC")
        await engine.change("new", openOrders=2)
        assert "Newcomer" in screen_text(app)
        await engine.remove("new")
        assert "Newcomer" not in screen_text(app) and len(app.store.wire) == len(demo_strategies())


async def test_the_command_log_takes_room_on_a_small_terminal_only_while_it_has_the_keys(desk: Any, until: Any) -> None:
    async with desk(size=(80, 24)) as (app, _, pilot):
        await pilot.press("5")
        await until(pilot, lambda: app._commands.content_size.height == 8)
        await pilot.press("1")
        await until(pilot, lambda: app._commands.content_size.height == 3)
        assert app._commands.display and app._table.content_size.height > 8
