"""Several engines at one console: one table, and each of them on its own for all that can go wrong."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from console.access import Access
from console.common import Common
from console.desk import Desk
from console.recording import Playback, Recorder, Recording
from console.store import Store
from tests.console.double import Engine, fill, strategy
from zenotc.exceptions import ConnectionFailedError
from zenotc.models.status import Asker


def _engine(*strategies: Any, **options: Any) -> Engine:
    return Engine(list(strategies), **options)


def _zurich(**options: Any) -> Engine:
    return _engine(strategy("same", "BTC Maker", "BTC", daily_pnl=Decimal(100)),
                   strategy("z-eth", "ETH Maker", "ETH", status="stopped", open_orders=0), **options)  # fmt: skip


def _tokyo(**options: Any) -> Engine:
    return _engine(strategy("same", "BTC Maker", "BTC", daily_pnl=Decimal(-30), current_position=Decimal(2)), **options)


def _pair(zurich: Any, tokyo: Any, **tokyo_options: Any) -> tuple[Access, Access]:
    return Access(zurich, "zurich"), Access(tokyo, "tokyo", **tokyo_options)


def _row(text: str, engine: str) -> str:
    return next(row for row in text.splitlines() if row[0] == "│" and engine in row.split("│")[1])


def _log(app: Any) -> list[str]:
    app._journal.draw()
    return [" ".join(line.spans[1][0].split()) for line in app._journal._drawn]


async def test_their_strategies_stand_in_one_table_with_one_total(desk: Any, screen_text: Any, until: Any) -> None:
    async with desk(size=(120, 40), engine=_pair(_zurich(), _tokyo())) as (app, _, pilot):
        await until(pilot, lambda: len(app.desk.rows) == 3)
        text = screen_text(app)
        assert app._table.ids == ["zurich/same", "zurich/z-eth", "tokyo/same"], "an id is its engine's own"
        assert "ENGINE" in text.splitlines()[3] and "engines 2 of 2 heard" in text.splitlines()[0]
        assert "+70.00" in text.splitlines()[0] and "8 orders" in text.splitlines()[0]
        assert "zurich" in text.splitlines()[1] and "seq 4,711" in text.splitlines()[1]
        await pilot.press("slash", *"engine:tok", "enter")
        text = screen_text(app)
        assert app._table.ids == ["tokyo/same"] == [app._table.selected_id]
        assert "Σ 1 of 3" in text and "-30.00" in next(row for row in text.splitlines() if "Σ" in row)
        app.repaint()
        assert "2 BTC Maker on tokyo" in screen_text(app)


async def test_with_one_engine_nothing_tells_its_name(desk: Any, screen_text: Any) -> None:
    async with desk(engine=(Access(_zurich(), "zurich"),)) as (app, _, _pilot):
        text = screen_text(app)
        assert "ENGINE" not in text and "zurich" not in text and not app._engine_bar.display
        assert app._table.ids == ["same", "z-eth"]


@pytest.mark.parametrize("size", [(80, 24), (200, 50)])
async def test_the_link_of_each_is_told_at_any_width(desk: Any, screen_text: Any, until: Any, size: Any) -> None:
    zurich, tokyo = _zurich(), _tokyo()
    async with desk(size=size, engine=_pair(zurich, tokyo)) as (app, _, _pilot):
        bar = screen_text(app).splitlines()[1]
        assert bar.count("● 0.6ms") == 2 and bar.count("4,711") == 2
        tokyo.lose()
        text = screen_text(app)
        assert "○ LOST" in text.splitlines()[1] and "1 of 2 heard" in text.splitlines()[0]
        tokyo.return_()
        assert "2 of 2 heard" in screen_text(app)


async def test_a_lost_link_dims_the_rows_of_its_engine_alone(desk: Any, until: Any) -> None:
    zurich, tokyo = _zurich(), _tokyo()
    async with desk(engine=_pair(zurich, tokyo)) as (app, _, pilot):
        await until(pilot, lambda: len(app.desk.rows) == 3)
        tokyo.lose()
        app.repaint()
        inks = {("tokyo" in line.text): [ink for text, ink in line.spans[3:]] for line in app._table._drawn[1:4]}
        assert set(inks[True]) == {"stale"} and "stale" not in inks[False]
        assert "tokyo as of" in str(app._table.border_title)


async def test_a_command_goes_to_the_engine_of_its_strategy(desk: Any, screen_text: Any, until: Any) -> None:
    zurich, tokyo = _zurich(), _tokyo()
    async with desk(engine=_pair(zurich, tokyo)) as (app, _, pilot):
        await until(pilot, lambda: len(app.desk.rows) == 3)
        await pilot.press("G", "p")
        await until(pilot, lambda: app.desk.commands.last is not None and app.desk.commands.last.settled)
        assert tokyo.calls == [("pause", "same")] and zurich.calls == []
        assert "✓ BTC Maker paused on tokyo, confirmed" in screen_text(app)
        assert app.desk.rows["zurich/same"].fields["status"] == "active"
        assert app.desk.rows["zurich/same"].store.commands.newest("same") is None, "the id is another strategy's there"


async def test_marks_over_engines_have_an_outcome_for_each(desk: Any, screen_text: Any, until: Any) -> None:
    zurich, tokyo = _zurich(), _tokyo()
    tokyo.answers["stop"] = ConnectionFailedError("connection refused")
    async with desk(engine=_pair(zurich, tokyo)) as (app, _, pilot):
        await until(pilot, lambda: len(app.desk.rows) == 3)
        await pilot.press("asterisk", "x")
        await until(pilot, lambda: len(app.desk.commands.commands) == 3)
        await until(pilot, lambda: all(command.settled for command in app.desk.commands.commands))
        outcomes = {(c.engine, c.target): c.outcome for c in app.desk.commands.commands}
        assert outcomes == {
            ("zurich", "BTC Maker"): "confirmed", ("zurich", "ETH Maker"): "refused", ("tokyo", "BTC Maker"): "refused",
        }  # fmt: skip
        assert "1 of 3 stopped, 2 refused" in screen_text(app)


async def test_one_emergency_stop_goes_to_all_and_waits_for_none(desk: Any, screen_text: Any, until: Any) -> None:
    zurich, tokyo = _zurich(), _tokyo()
    hangs: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    tokyo.answers["emergency_stop"] = hangs
    async with desk(size=(80, 24), engine=_pair(zurich, tokyo)) as (app, _, pilot):
        await pilot.press_twice("exclamation_mark")
        await until(pilot, lambda: "NOT CONFIRMED: tokyo · confirmed: zurich" in screen_text(app).splitlines()[0])
        await until(pilot, lambda: "✗ tokyo   NOT CONFIRMED BY: sandbox" in screen_text(app).splitlines()[2])
        assert "✓ zurich  every venue confirmed" in screen_text(app).splitlines()[1]
        assert not tokyo.emergency.active
        hangs.set_result(None)
        await until(pilot, lambda: "✓ tokyo   every venue confirmed" in screen_text(app))
        assert "NOT CONFIRMED" not in screen_text(app).splitlines()[0]
        await pilot.press("C")
        await until(pilot, lambda: len(app.screen_stack) == 2)
        await pilot.pause(0.4)
        await pilot.press("right", "enter")
        await until(pilot, lambda: not zurich.emergency.active and not tokyo.emergency.active)
        await until(pilot, lambda: "EMERGENCY STOP" not in "".join(screen_text(app).splitlines()[:2]))


async def test_an_engine_that_is_not_reached_is_asked_until_it_stops(desk: Any, screen_text: Any, until: Any) -> None:
    zurich, tokyo = _zurich(), _tokyo()
    async with desk(engine=_pair(zurich, tokyo)) as (app, _, pilot):
        tokyo.lose()
        await pilot.press_twice("exclamation_mark")
        await until(
            pilot, lambda: zurich.emergency.active and "✗ tokyo   NO ANSWER · NOT CONFIRMED" in screen_text(app)
        )
        await until(pilot, lambda: "connection refused" in screen_text(app).splitlines()[2])
        tokyo.return_()
        await until(pilot, lambda: tokyo.emergency.active and "✓ tokyo" in screen_text(app))


async def test_each_key_may_what_its_engine_lets_it(desk: Any, screen_text: Any, until: Any) -> None:
    zurich, tokyo = _zurich(), _tokyo()
    zurich.asker = Asker(scope="STOP", operator="desk/jo")
    async with desk(size=(200, 50), engine=_pair(zurich, tokyo, read_only=True)) as (app, _, pilot):
        await until(pilot, lambda: len(app.desk.rows) == 3)
        text = screen_text(app)
        assert "zurich STOP" in text.splitlines()[1] and "tokyo READ-ONLY" in text.splitlines()[1]
        assert "p pause" in text.splitlines()[-1] and "s start" not in text.splitlines()[-1]
        await pilot.press("G", "p")
        assert "read-only" in screen_text(app)
        await pilot.press_twice("exclamation_mark")
        await until(pilot, lambda: zurich.emergency.active)
        await until(pilot, lambda: "✗ tokyo READ-ONLY  NOT STOPPED: This console is read-only" in screen_text(app))
        assert tokyo.calls == []


async def test_the_most_dangerous_environment_is_the_banner(desk: Any, screen_text: Any) -> None:
    async with desk(engine=_pair(_zurich(), _tokyo(environment="live"))) as (app, _, _pilot):
        assert screen_text(app).startswith(" LIVE ") and app.has_class("-live")


async def test_events_tell_their_engine_and_are_asked_for_by_it(desk: Any, screen_text: Any, until: Any) -> None:
    zurich, tokyo = _zurich(), _tokyo()
    async with desk(size=(120, 40), engine=_pair(zurich, tokyo)) as (app, _, pilot):
        await until(
            pilot, lambda: len(app.desk.rows) == 3 and all(s.live_after_seq is not None for s in app.desk.stores)
        )
        zurich.publish(fill(5, "same"))
        tokyo.publish(fill(5, "same"), {**fill(6, "same"), "type": "error", "reason": "rejected", "engine": "zurich"})
        await until(pilot, lambda: app.desk.events.end == 3)
        await until(pilot, lambda: "error  BTC Maker on tokyo" in screen_text(app))
        assert _log(app) == ["zurich BTC Maker", "tokyo BTC Maker", "tokyo BTC Maker"], "whatever it says of itself"
        await pilot.press("3", "slash", *"engine:tokyo", "enter")
        assert _log(app) == ["tokyo BTC Maker"] * 2
        await pilot.press("enter")
        await until(pilot, lambda: len(app.screen_stack) == 2)
        assert "tokyo" in "".join(row for row in screen_text(app).splitlines() if " engine " in row)


async def test_what_comes_above_the_view_does_not_move_it(desk: Any, screen_text: Any, until: Any) -> None:
    zurich, tokyo = _zurich(), _engine(*(strategy(f"t{i:02}", f"Tokyo {i:02}", "BTC") for i in range(60)))
    async with desk(engine=_pair(zurich, tokyo)) as (app, _, pilot):
        await until(pilot, lambda: len(app.desk.rows) == 62)
        await pilot.press("G")
        before = [row.split("│")[1] for row in screen_text(app).splitlines() if "Tokyo" in row and row[0] == "│"]
        zurich.strategies["z-new"] = strategy("z-new", "New here", "BTC")
        await zurich.change("z-new")
        after = [row.split("│")[1] for row in screen_text(app).splitlines() if "Tokyo" in row and row[0] == "│"]
        assert len(app.desk.rows) == 63 and before == after


async def test_a_new_strategy_asks_where(desk: Any, screen_text: Any, until: Any) -> None:
    async with desk(engine=_pair(_zurich(), _tokyo(), read_only=True)) as (app, _, pilot):
        await until(pilot, lambda: len(app.desk.rows) == 3)
        await pilot.press("n")
        await until(pilot, lambda: "on which engine?" in screen_text(app))
        assert "▸ zurich" in screen_text(app)
        await pilot.press("j", "enter")
        assert "on which engine?" in screen_text(app), "there it may not"
        await pilot.press("k", "enter")
        await until(pilot, lambda: "New strategy on zurich" in screen_text(app))


async def test_a_recording_keeps_which_engine_said_what(
    desk: Any, screen_text: Any, until: Any, tmp_path: Path
) -> None:
    recorder = Recorder(tmp_path / "seen.rec", ["zurich", "tokyo"])
    recorded: Any = [Recording(client, recorder, at) for at, client in enumerate((_zurich(), _tokyo()))]
    async with desk(engine=_pair(*recorded)) as (app, _, pilot):
        await until(pilot, lambda: len(app.desk.rows) == 3)
    recorder.close()
    async with Playback(tmp_path / "seen.rec", 20.0) as played:
        engines = tuple(Access(engine, engine.name) for engine in played.engines)  # type: ignore[arg-type]
        async with desk(engine=engines, playback=True) as (app, _, pilot):
            await until(pilot, lambda: len(app.desk.rows) == 3)
            assert app._table.ids == ["zurich/same", "zurich/z-eth", "tokyo/same"]
            assert " PLAYBACK " in screen_text(app) and "-30.00" in _row(screen_text(app), "tokyo")


def test_two_engines_cannot_have_one_name() -> None:
    common = Common(lambda: 0.0)
    with pytest.raises(ValueError, match="same name"):
        Desk([Store(lambda: 0.0, engine="a", common=common), Store(lambda: 0.0, engine="a", common=common)], common)
