"""The life of a command: what is recorded, what the row and the log show, and how an unknown outcome ends."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from console.commands import KEPT, CommandLog
from tests.console.double import NOW
from zenotc.exceptions import OutcomeUnknownError
from zenotc.models.strategy import CommandResult, Strategy


def _log(now: list[float]) -> CommandLog:
    return CommandLog(lambda: now[0], lambda: datetime(2026, 3, 2, tzinfo=UTC), "jo")


def test_the_log_is_bounded_and_knows_what_is_under_way() -> None:
    now = [0.0]
    log = _log(now)
    for number in range(KEPT + 10):
        command = log.send("pause", doing="pausing", done="paused", target="A", strategy_id=f"s{number}")
        log.end(command, "confirmed")
    assert len(log.commands) == KEPT and log.pending("s5") is None
    slow = log.send("flatten", doing="flattening", done="flattened", target="A", strategy_id="s")
    quick = log.send("stop", doing="stopping", done="stopped", target="A", strategy_id="s")
    assert log.pending("s") is quick
    log.end(quick, "confirmed")
    assert log.pending("s") is slow and log.news("s") is slow
    log.end(slow, "refused", "no")
    assert log.news("s") is quick, "the last one sent is what the row tells of"
    now[0] = 60.0
    assert log.news("s") is None


def test_a_group_says_how_many_and_what_went_wrong() -> None:
    now = [0.0]
    log = _log(now)
    group: list[Any] = []
    first, second = (
        log.send("pause", doing="pausing", done="paused", target=name, strategy_id=name, group=group) for name in "AB"
    )
    assert second.sentence(0.5) == "… 0 of 2 paused, 2 sent in 500 ms"
    now[0] = 0.25
    log.end(first, "confirmed")
    log.end(second, "refused", "not now")
    assert second.sentence(9.0) == "✗ 1 of 2 paused, 1 refused in 250 ms: B: not now"


async def test_an_unknown_outcome_is_followed_up_until_the_engine_shows_it(
    desk: Any, screen_text: Any, until: Any
) -> None:
    async with desk() as (app, engine, pilot):
        engine.answers["stop"] = OutcomeUnknownError("no answer within 10 s")
        await pilot.press("x")
        await until(pilot, lambda: app.store.commands.last.outcome == "unknown")
        text = screen_text(app)
        assert "? stopping" in next(row for row in text.splitlines() if "▸" in row)
        assert "no answer within 10 s; asking the engine what became of it" in text
        await engine.change("s-btc", status="stopped", openOrders=0)
        await until(pilot, lambda: app.store.commands.last.outcome == "confirmed")
        assert "the engine shows it stopped without open orders" in screen_text(app)


async def test_what_the_venue_has_not_confirmed_stays_unknown_until_nothing_rests(
    desk: Any, screen_text: Any, until: Any
) -> None:
    async with desk() as (app, engine, pilot):
        await engine.change("s-btc", status="paused", openOrders=1, unknownOrders=1)
        strategy = Strategy.from_wire(engine.strategies["s-btc"])

        async def pause(_: str) -> CommandResult:
            return CommandResult(strategy=strategy, confirmed=False, unconfirmed_orders=["o1"])

        engine.mm_strategy.pause = pause
        await pilot.press("p")
        await until(pilot, lambda: app.store.commands.last is not None and app.store.commands.last.outcome == "unknown")
        assert "1 orders not confirmed by the venue, the engine goes on trying" in screen_text(app)
        await engine.change("s-btc", openOrders=0, unknownOrders=0)
        await until(pilot, lambda: app.store.commands.last.outcome == "confirmed")


async def test_the_command_log_shows_time_duration_operator_and_the_whole_reason(
    desk: Any, screen_text: Any, until: Any
) -> None:
    async with desk(size=(80, 24)) as (app, engine, pilot):
        reason = "the account cannot carry it: 120,000.00 USD required, 100,000.00 available, 20,000.00 short"
        engine.answers["resume"] = OutcomeUnknownError(reason)
        await pilot.press("j", "r", "5")
        await until(pilot, lambda: app.store.commands.last.outcome == "unknown")
        text = screen_text(app)
        assert "12:41:07  ? unknown" in text and "jo  " in text and " ms  " in text
        assert "20,000.00" in text.replace("\n", " "), "what is long goes on in the next line"


async def test_the_command_log_follows_or_stands_still(desk: Any, screen_text: Any) -> None:
    async with desk(size=(120, 40)) as (app, _engine, pilot):
        log = app.store.commands

        def command(number: int) -> None:
            log.end(
                log.send("pause", doing="pausing", done="paused", target=f"N{number}", strategy_id="x"), "confirmed"
            )

        for number in range(30):
            command(number)
        await pilot.press("5", "k", "k")
        assert "N27 paused" in screen_text(app) and "N28 paused" not in screen_text(app)
        for number in range(30, 40):
            command(number)
        text = screen_text(app)
        assert "N27 paused" in text and "N28 paused" not in text and "12 newer below" in text
        await pilot.press("G")
        assert "N39 paused" in screen_text(app)
        await pilot.press("g")
        assert "N0 paused" in screen_text(app)
        await pilot.press("escape")
        assert "N39 paused" in screen_text(app)
        await pilot.press("3")
        assert "3 Events" in screen_text(app) and "N39 paused, confirmed" not in screen_text(app).split("3 Events")[0]


async def test_what_others_do_is_noted_and_what_we_do_is_not(desk: Any, screen_text: Any, until: Any) -> None:
    def event(seq: int, kind: str, operator: str | None, strategy_id: str | None = "s-btc", **more: Any) -> Any:
        return {"type": kind, "seq": seq, "timestamp": NOW.isoformat(), "strategyId": strategy_id, "asset": "BTC",
                "reason": "operator", "operator": operator, **more}  # fmt: skip

    async with desk() as (app, engine, pilot):
        await until(pilot, lambda: app.store.live_after_seq is not None)
        seen = app.store.commands.commands
        engine.publish(event(1, "paused", "desk/ann"))
        assert not seen, "it was done before the console was opened"
        engine.publish(event(5, "paused", None), event(6, "quote_filled", "desk/ann"))
        assert not seen
        engine.publish(event(7, "paused", "desk/ann"))
        assert "◂ desk/ann: BTC Market Maker paused" in screen_text(app)
        await pilot.press("p")
        await until(pilot, lambda: app.store.commands.last.outcome == "confirmed")
        engine.publish(event(8, "paused", "desk/jo"))
        assert app.store.commands.last.outcome == "confirmed", "this is what our own command has done"
        engine.publish(event(9, "started", "desk/jo", "s-sol"))
        assert app.store.commands.last.words == "SOL inventory started", "our name, but not from here"
        engine.publish(
            event(10, "emergency_stop", "desk/ann", None), event(11, "stopped", "desk/ann", reason="emergency_stop")
        )
        assert app.store.commands.last.words == "everything stopped"
        engine.publish(event(12, "config_changed", "desk/ann", changes={"quote_size": {"old": 1, "new": 2}}))
        assert app.store.commands.last.words == "BTC Market Maker changed"
        engine.publish(event(13, "emergency_stop_cleared", "desk/jo", None))
        assert app.store.commands.last.words == "the emergency stop cleared"
        await pilot.pause(0.6)
        assert "emergency_stop_c…" in screen_text(app) and "by desk/ann" in screen_text(app)
