"""What keys do, and what they say when they cannot."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import Any

import pytest

from console.actions import ACTIONS, Situation, action_by_id
from console.double_press import DoublePress
from console.estimate import walk
from console.screens.dialog import Page
from tests.console.double import demo_book, demo_strategies
from tests.console.reading import answer, read
from zenotc.exceptions import CircuitBreakerError, OutcomeUnknownError
from zenotc.models.quotes import BookLevel
from zenotc.models.strategy import Strategy

BTC, ETH, SOL, TIGHT = (Strategy.from_wire(wire) for wire in demo_strategies())


@pytest.mark.parametrize(
    ("action", "now", "sentence"),
    [
        ("start", Situation(), "No strategy is selected."),
        ("start", Situation(BTC), "BTC Market Maker is active already."),
        ("start", Situation(ETH), "ETH wide is paused: r resumes it."),
        ("start", Situation(SOL, stale=True), "The engine is not heard: nothing that adds risk is sent blind."),
        ("start", Situation(SOL, emergency=True), "The emergency stop is in force: C clears it."),
        ("start", Situation(SOL), None),
        ("pause", Situation(ETH), "ETH wide is paused already."),
        ("pause", Situation(SOL), "SOL inventory is stopped: there is nothing to pause."),
        ("pause", Situation(BTC, stale=True), None),
        ("resume", Situation(BTC), "BTC Market Maker is active already."),
        ("resume", Situation(SOL), "SOL inventory is stopped: s starts it."),
        ("stop", Situation(SOL), "SOL inventory is stopped already."),
        ("stop", Situation(BTC, stale=True), None),
        ("stop", Situation(SOL, stale=True), None),
        ("pause", Situation(ETH, stale=True), None),
        ("flatten", Situation(SOL, stale=True, emergency=True), None),
        ("cancel_quotes", Situation(stale=True), "No strategy is selected."),
        ("flatten", Situation(SOL), "SOL inventory is stopped and flat: there is nothing to trade."),
        ("cancel_quotes", Situation(SOL), "No strategy quotes SOL: there is nothing to cancel."),
        (
            "start",
            Situation(SOL, market_age_seconds=12.0),
            "The market data of SOL is 12 s old: nothing that adds risk is sent.",
        ),
        (
            "resume",
            Situation(ETH, market_age_seconds=6.0),
            "The market data of ETH is 6 s old: nothing that adds risk is sent.",
        ),
        ("flatten", Situation(BTC, stale=True, market_age_seconds=60.0), None),
        ("start", Situation(SOL, permission="STOP"), "A STOP key may not do this: it takes MARKET_MAKING."),
        ("stop", Situation(BTC, permission="STOP"), None),
        ("stop", Situation(BTC, permission="READ"), "A READ key may not do this: it takes STOP."),
        ("flatten", Situation(BTC, permission="STOP"), "A STOP key may not do this: it takes MARKET_MAKING."),
        (
            "pause",
            Situation(BTC, permission="READ", read_only=True),
            "This console is read-only: it was opened to look.",
        ),
        ("help", Situation(permission="READ", read_only=True), None),
        ("flatten_all", Situation(), "Every strategy is stopped and flat: nothing to trade."),
        ("flatten_all", Situation(to_flatten=2, stale=True), None),
        ("flatten_all", Situation(to_flatten=2, stale=True, emergency=True), None),
        ("flatten_all", Situation(stale=True), "No strategy has been heard of yet: ! ! stops everything."),
        ("start", Situation(BTC, stale=True), "The engine is not heard: nothing that adds risk is sent blind."),
        (
            "clear_emergency_stop",
            Situation(stale=True),
            "The engine is not heard: nothing that adds risk is sent blind.",
        ),
        ("clear_emergency_stop", Situation(BTC), "No emergency stop is in force."),
        ("emergency_stop", Situation(stale=True), None),
    ],
)
def test_a_disabled_key_says_why(action: str, now: Situation, sentence: str | None) -> None:
    assert action_by_id(action).refusal(now) == sentence


def test_the_registry_has_no_key_twice() -> None:
    keys = [key for action in ACTIONS for key in action.key.split(",")]
    assert len(keys) == len(set(keys)) and len({action.id for action in ACTIONS}) == len(ACTIONS)


@pytest.mark.parametrize(
    ("presses", "answers"),
    [
        ([0.0, 0.2], ["first", "second"]),
        ([0.0, 1.0], ["first", "second"]),
        ([0.0, 1.1], ["first", "first"]),
        ([0.0, 0.03, 0.06, 0.09], ["first", "held", "held", "held"]),
        ([0.0, 0.03, 0.06, 0.5], ["first", "held", "held", "second"]),
        ([0.0, 0.2, 0.23, 0.26], ["first", "second", "held", "held"]),
        ([0.0, 0.2, 0.4, 0.6], ["first", "second", "first", "second"]),
        ([0.0, 0.079, 0.16], ["first", "held", "second"]),
    ],
)
def test_two_presses_are_told_from_a_held_key(presses: list[float], answers: list[str]) -> None:
    key = DoublePress()
    assert [key.press(100 + at) for at in presses] == answers


async def _press_at(app: Any, pilot: Any, monkeypatch: pytest.MonkeyPatch, at: float) -> None:
    monkeypatch.setattr("textual._time.get_time", lambda: at)
    await pilot.press("exclamation_mark")


async def test_the_emergency_stop_needs_two_presses(desk: Any, screen_text: Any, monkeypatch: Any, until: Any) -> None:
    now = [1000.0]
    async with desk(clock=lambda: now[0]) as (app, engine, pilot):
        await _press_at(app, pilot, monkeypatch, 1000.0)
        assert engine.calls == [] and "Press ! again within a second" in screen_text(app).splitlines()[0]
        await _press_at(app, pilot, monkeypatch, 1000.05)
        assert engine.calls == []
        now[0] = 1002.0
        assert "Press !" not in screen_text(app)
        await _press_at(app, pilot, monkeypatch, 1002.0)
        assert engine.calls == []
        await _press_at(app, pilot, monkeypatch, 1002.4)
        await until(pilot, lambda: engine.calls == [("emergency_stop", None)])
        app.store.status = await engine.mm_strategy.status()
        top = screen_text(app).splitlines()[0]
        assert "SANDBOX" in top and "EMERGENCY STOP" in top and "in force since 12:41:07 UTC by desk" in top


@pytest.mark.parametrize("way_in", [["f"], ["F", "x"], ["question_mark"], ["slash", "a"], ["ctrl+p", "s"]])
async def test_it_works_out_of_every_dialog_and_input(
    desk: Any, monkeypatch: Any, until: Any, way_in: list[str]
) -> None:
    async with desk() as (app, engine, pilot):
        await pilot.press(*way_in)
        await _press_at(app, pilot, monkeypatch, 1000.0)
        await _press_at(app, pilot, monkeypatch, 1000.3)
        await until(pilot, lambda: engine.calls == [("emergency_stop", None)])
        await pilot.pause()
        assert len(app.screen_stack) == 1


def test_another_key_between_two_presses_makes_the_second_a_first_one() -> None:
    key = DoublePress()
    assert key.press(1.0) == "first"
    key.disarm()
    assert [key.press(1.05), key.press(1.3)] == ["first", "second"]


async def test_two_presses_with_a_key_between_them_are_no_stop(
    desk: Any, until: Any, screen_text: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def press(name: str, at: float) -> None:
        monkeypatch.setattr("textual._time.get_time", lambda: at)
        await pilot.press(name)

    bang = "exclamation_mark"
    async with desk() as (app, engine, pilot):
        for number, name in enumerate([bang, "j", bang, "slash", bang, "a", "space", bang, "b"]):
            await press(name, 1000 + number / 10)
        assert engine.calls == [] and app.query_one("#filter").value == "a b"
        assert "again within a second" not in screen_text(app).splitlines()[0]
        await press(bang, 1001.0)
        await press(bang, 1001.2)
        await until(pilot, lambda: engine.calls == [("emergency_stop", None)])


async def test_it_shows_the_venues_that_have_not_confirmed(desk: Any, screen_text: Any) -> None:
    async with desk() as (app, engine, _pilot):
        engine.emergency = engine.emergency.model_copy(
            update={"active": True, "operator": "desk", "unconfirmed_venues": ["sandbox-hedge"]}
        )
        app.store.status = await engine.mm_strategy.status()
        assert "NOT CONFIRMED BY: sandbox-hedge" in screen_text(app).splitlines()[0]


async def test_while_it_is_under_way_the_banner_says_who_has_not_confirmed_and_what_to_do_where_nobody_answers(
    desk: Any, screen_text: Any, monkeypatch: Any, until: Any
) -> None:
    def top() -> str:
        return screen_text(app).splitlines()[0]

    async with desk(size=(80, 24)) as (app, engine, pilot):
        engine.answers["emergency_stop"] = asyncio.get_running_loop().create_future()
        await _press_at(app, pilot, monkeypatch, 1000.0)
        await _press_at(app, pilot, monkeypatch, 1000.3)
        await until(pilot, lambda: "EMERGENCY STOP NOT CONFIRMED BY: sandbox (18 orders) · sent " in top())
        engine.emergency = engine.emergency.model_copy(
            update={"active": True, "unconfirmed_venues": ["hedge", "sandbox"]}
        )
        app.store.status = await engine.mm_strategy.status()
        assert "EMERGENCY STOP NOT CONFIRMED BY 2: hedge, sandbox (18 orders) · " in top()
        engine.lose()
        assert top().startswith(" SANDBOX   NO ANSWER: `zenotc emergency-stop` in another terminal stops it · ")
        app.store.status = None
        assert "NO ANSWER: `zenotc emergency-stop` in another terminal stops it" in top()


async def test_it_shows_that_a_restart_would_end_it(desk: Any, screen_text: Any) -> None:
    async with desk() as (app, engine, _pilot):
        engine.emergency = engine.emergency.model_copy(update={"active": True, "operator": "desk", "durable": False})
        app.store.status = await engine.mm_strategy.status()
        assert "ENDS WITH THE ENGINE'S PROCESS" in screen_text(app).splitlines()[0]


async def test_an_emergency_stop_that_is_not_answered_stays_in_the_header(
    desk: Any, screen_text: Any, monkeypatch: Any, until: Any
) -> None:
    async with desk() as (app, engine, pilot):
        engine.answers["emergency_stop"] = OutcomeUnknownError("no answer within 10 s")
        await _press_at(app, pilot, monkeypatch, 1000.0)
        await _press_at(app, pilot, monkeypatch, 1000.3)
        await until(
            pilot, lambda: "NOT CONFIRMED, press ! ! again: no answer within 10 s" in screen_text(app).splitlines()[0]
        )


async def test_a_command_shows_sent_then_confirmed_by_the_engine_alone(desk: Any, screen_text: Any, until: Any) -> None:
    async with desk(size=(80, 24)) as (app, engine, pilot):
        answer: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        engine.answers["pause"] = answer
        await pilot.press("p")
        await pilot.pause()
        text = screen_text(app)
        assert "… pausing" in text and "… pausing BTC Market Maker, sent" in text and "✓" not in text
        await pilot.press("p")
        assert "Already pausing it" in screen_text(app)
        answer.set_result(None)
        await until(pilot, lambda: "✓ BTC Market Maker paused, confirmed in" in screen_text(app))
        assert engine.calls == [("pause", "s-btc")]


async def test_a_refused_command_shows_the_reason(desk: Any, screen_text: Any, until: Any) -> None:
    async with desk() as (app, engine, pilot):
        engine.answers["resume"] = CircuitBreakerError("daily loss 502.00 of 500.00")
        await pilot.press("j", "r")
        await until(pilot, lambda: "✗ ETH wide not resumed: daily loss 502.00 of 500.00" in screen_text(app))


async def test_an_unknown_outcome_is_called_that(desk: Any, screen_text: Any, until: Any) -> None:
    async with desk() as (app, engine, pilot):
        engine.answers["stop"] = OutcomeUnknownError("no answer within 10 s")
        await pilot.press("x")
        await until(pilot, lambda: "? stopping BTC Market Maker: outcome unknown after" in screen_text(app))


async def test_flatten_asks_opens_on_cancel_and_keeps_its_strategy(desk: Any, screen_text: Any, until: Any) -> None:
    async with desk() as (app, engine, pilot):
        await pilot.press("f")
        await read(app, pilot)
        text = screen_text(app)
        assert "sell 3.200 BTC" in text and "197,898.40 USD at the mid of 61,843.25" in text
        await pilot.press("enter")
        await pilot.pause()
        assert engine.calls == [] and len(app.screen_stack) == 1
        await pilot.press("f")
        await read(app, pilot)
        app._table.selected_id = "s-eth"
        await pilot.press("right", "enter")
        await until(pilot, lambda: engine.calls == [("flatten", "s-btc")])


async def test_a_question_hears_no_key_at_first_and_none_that_is_held_down(desk: Any, monkeypatch: Any) -> None:
    async with desk() as (app, _, pilot):

        async def press_at(key: str, at: float) -> None:
            with monkeypatch.context() as patch:
                patch.setattr("textual._time.get_time", lambda: at)
                await pilot.press(key)

        await press_at("f", 1000.0)
        await pilot.pause()
        app.screen.query_one(Page).shown_at = 1000.0
        await press_at("enter", 1000.29)
        await press_at("escape", 1000.295)
        assert len(app.screen_stack) == 2, "it has only just been asked"
        await press_at("tab", 1000.31)
        assert app.screen.focused.id == "yes"
        await press_at("tab", 1000.38)
        await press_at("tab", 1000.45)
        assert app.screen.focused.id == "yes", "the key is held down"
        await press_at("tab", 1000.6)
        await press_at("enter", 1000.61)
        await pilot.pause()
        assert len(app.screen_stack) == 1, "another key counts at once"


async def test_flatten_asks_again_when_the_position_has_changed(desk: Any, screen_text: Any, until: Any) -> None:
    async with desk() as (app, engine, pilot):
        await pilot.press("f")
        await engine.change("s-btc", currentPosition=Decimal("-1.000"), status="paused")
        was = ("buy 1.000 BTC", "was +3.200 when this was asked", "was active when this was asked")
        await until(pilot, lambda: all(words in screen_text(app) for words in was))
        assert await answer(app, pilot, "right", "enter")
        await until(pilot, lambda: "The position has moved since this was asked" in screen_text(app))
        assert engine.calls == [] and app.screen.focused.id == "cancel" and was[1] in screen_text(app)
        await engine.change("s-btc", currentPosition=Decimal("-1.400"))
        assert not await answer(app, pilot, "right", "enter")
        await until(pilot, lambda: engine.calls == [("flatten", "s-btc")])


async def test_flatten_shows_the_cost_of_walking_the_book(desk: Any, screen_text: Any, until: Any) -> None:
    async with desk() as (app, _, pilot):
        await pilot.press("f")
        await until(pilot, lambda: "BTC" in app.store.depths)
        estimate = walk(demo_book("BTC"), Decimal("3.200"), Decimal(50))
        assert estimate is not None
        cost = f"about {estimate.cost:.2f} USD, {estimate.cost_bps:.2f} bps"
        await until(pilot, lambda: cost in screen_text(app) and "Fees           unknown" in screen_text(app))


def test_walking_a_book_takes_level_by_level_what_is_not_our_own_within_the_bound() -> None:
    def level(price: str, quantity: str, own: str = "0") -> BookLevel:
        return BookLevel(price=Decimal(price), quantity=Decimal(quantity), own_quantity=Decimal(own))

    book = demo_book().model_copy(
        update={
            "mid": Decimal(100),
            "bids": [level("99.9", "2", "1"), level("99.5", "1"), level("99.0", "50")],
            "asks": [level("100.2", "1")],
        }
    )
    sell = walk(book, Decimal("3"), Decimal(60))
    assert sell is not None and (sell.side, sell.filled, sell.missing) == ("sell", Decimal(2), Decimal(1))
    assert (sell.average_price, sell.cost, sell.cost_bps) == (Decimal("99.7"), Decimal("0.6"), Decimal(30))
    buy = walk(book, Decimal("-0.5"), Decimal(60))
    assert buy is not None and (buy.side, buy.cost) == ("buy", Decimal("0.10"))
    assert walk(book.model_copy(update={"mid": None}), Decimal(1), Decimal(60)) is None


async def test_a_read_only_console_sends_nothing_and_says_so(desk: Any, screen_text: Any) -> None:
    async with desk(read_only=True) as (app, engine, pilot):
        lines = screen_text(app).splitlines()
        assert "READ-ONLY" in lines[0] and lines[-1].split() == [
            "/",
            "filter",
            ":",
            "command",
            "?",
            "help",
            "q",
            "quit",
        ]
        for key in ("s", "p", "r", "x", "f", "c", "F", "C"):
            await pilot.press(key)
            assert "This console is read-only" in screen_text(app), key
        await pilot.press("exclamation_mark", "exclamation_mark")
        assert "`zenotc emergency-stop` stops everything" in screen_text(app)
        await pilot.press("question_mark")
        text = screen_text(app)
        assert "opened to look only" in text and "flatten" not in text
        assert engine.calls == [] and len(app.screen_stack) == 2


async def test_the_header_says_who_and_how_far(desk: Any, screen_text: Any) -> None:
    async with desk(size=(200, 50)) as (app, _, _pilot):
        top = screen_text(app).splitlines()[0]
        assert " jo " in top and "seq 4,711" in top and "● 0.6 ms" in top and "data <1 s" in top


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_a_venue_that_has_fallen_silent_is_old_data_everywhere(
    desk: Any, screen_text: Any, until: Any, size: Any
) -> None:
    async with desk(size=size) as (app, engine, pilot):
        await until(pilot, lambda: "BTC" in app.store.books)
        status = await engine.mm_strategy.status()
        venues = [venue.model_copy(update={"data_age_seconds": 44.0}) for venue in status.venues]

        async def silent() -> Any:
            return status.model_copy(update={"venues": venues})

        engine.mm_strategy.status = silent
        await engine.change("s-btc", dataAgeSeconds=44.0)
        book = app.store.books["BTC"].model_copy(update={"usable": False, "reason": "stale_market_data"})
        app.store.book_changed(book)
        await until(pilot, lambda: "data 44 s old" in screen_text(app).splitlines()[0])
        assert any("BTC Market Maker" in row and "○ stale 44 s" in row for row in screen_text(app).splitlines())
        assert size[0] < 100 or "seq " in screen_text(app).splitlines()[0]
        if size[0] < 100:
            await pilot.press("enter")
        while app._detail.tab != "Ladder":
            await pilot.press("l")
        await until(pilot, lambda: "stale market data, 44 s" in screen_text(app))


async def test_prices_of_a_market_that_has_fallen_silent_are_dimmed_and_marked(desk: Any, screen_text: Any) -> None:
    async with desk(size=(200, 50)) as (app, engine, pilot):
        await engine.change("s-btc", dataAgeSeconds=12.0)
        await engine.change("s-sol", dataAgeSeconds=12.0)
        rows = screen_text(app).splitlines()
        assert "○ stale 12 s" in rows[3] and "12 s" in rows[3] and "● active" not in rows[3]
        inks = {text.strip(): ink for text, ink in app._table._drawn[1].spans}
        assert inks["+812.44"] == "stale" and inks["+3.200"] == "gain", "a position is known, its worth is not"
        await pilot.press("j", "j", "s")
        assert "The market data of SOL is 12 s old: nothing that adds risk is sent." in screen_text(app)
        assert engine.calls == []


async def test_flatten_all_asks_for_the_word(desk: Any, screen_text: Any, until: Any) -> None:
    async with desk() as (app, engine, pilot):
        await pilot.press("F")
        await read(app, pilot)
        assert "3 strategies" in screen_text(app) and "SOL inventory" not in screen_text(app).split("Flatten 3")[1]
        await pilot.press("enter")
        await pilot.pause()
        assert len(app.screen_stack) == 1 and engine.calls == []
        await pilot.press("F")
        await read(app, pilot)
        await pilot.press(*"flat", "enter")
        await pilot.pause()
        assert engine.calls == [] and "That is not the word" in screen_text(app)
        await pilot.press(*"ten", "enter")
        await until(pilot, lambda: len(engine.calls) == 3)
        assert engine.calls == [("flatten", "s-btc"), ("flatten", "s-eth"), ("flatten", "s-tight")]
        await until(pilot, lambda: "✓ 3 of 3 stopped and flattened" in screen_text(app))


async def test_what_was_last_heard_keeps_no_strategy_from_being_flattened_blind(
    desk: Any, screen_text: Any, until: Any
) -> None:
    async with desk() as (app, engine, pilot):
        for strategy_id in list(engine.strategies):
            await engine.change(strategy_id, status="stopped", currentPosition=Decimal(0), openOrders=0)
        await pilot.press("F")
        assert "Every strategy is stopped and flat" in screen_text(app)
        engine.lose()
        await pilot.press("F")
        await read(app, pilot)
        assert "4 strategies" in screen_text(app)
        await pilot.press(*"flatten", "enter")
        await until(pilot, lambda: len(engine.calls) == 4)


async def test_marked_strategies_are_commanded_together_each_with_its_outcome(
    desk: Any, screen_text: Any, until: Any
) -> None:
    async with desk() as (app, engine, pilot):
        engine.answers["pause"] = CircuitBreakerError("not now")
        await pilot.press("space", "j", "j", "space", "k", "p")
        await until(pilot, lambda: engine.calls == [("pause", "s-btc")])
        await until(pilot, lambda: app.store.commands.last.settled)
        text = screen_text(app)
        assert "2 marked" in text and " ◆2 s start" in text and "▸ ETH wide" in text and " ◆SOL inventory" in text
        assert "0 of 2 paused, 2 refused" in text
        outcomes = {c.target: (c.outcome, c.detail) for c in app.store.commands.commands}
        assert outcomes["BTC Market Maker"] == ("refused", "not now")
        assert outcomes["SOL inventory"] == ("refused", "it is stopped: there is nothing to pause")
        await pilot.press("slash", *"wide", "enter", "x")
        await until(pilot, lambda: ("stop", "s-eth") in engine.calls)
        assert len(engine.calls) == 2, "what the filter hides is not commanded"
        await pilot.press("escape", "escape")
        assert "marked" not in screen_text(app)
        await pilot.press("asterisk")
        assert "4 marked" in screen_text(app)
        await pilot.press("asterisk")
        assert "marked" not in screen_text(app)


async def test_no_key_acts_on_a_strategy_that_is_filtered_away_unless_it_is_named(
    desk: Any, screen_text: Any, until: Any
) -> None:
    async with desk() as (app, engine, pilot):
        await pilot.press("slash", *"status:active,stopped", "enter")
        await engine.change("s-btc", status="paused")
        await until(pilot, lambda: app._table.selected_in_view is None)
        for key in ("x", "s", "r", "f", "c", "e", "space"):
            app._status.answer("")
            await pilot.press(key)
            assert "BTC Market Maker is selected but filtered away: j/k selects." in screen_text(app), key
        assert engine.calls == [] and len(app.screen_stack) == 1 and not app._table.marked_in_view
        await pilot.press("colon", *"stop", "space", *"btc", "space", *"market", "enter")
        await until(pilot, lambda: engine.calls == [("stop", "s-btc")])
        await engine.change("s-btc", status="paused")
        await until(pilot, lambda: app._table.selected_in_view is None)
        await pilot.press("j", "c")
        assert "No strategy quotes SOL" in screen_text(app)


async def test_nothing_is_selected_where_nothing_is_shown(desk: Any, screen_text: Any, until: Any) -> None:
    async with desk() as (app, engine, pilot):
        await pilot.press("j", "slash", *"zzz", "enter", "x")
        assert engine.calls == [] and "No strategy is selected." in screen_text(app)
        await until(pilot, lambda: app._detail.strategy_id is None)
        await pilot.press("escape")
        await until(pilot, lambda: app._detail.strategy_id == "s-eth")


async def test_cancel_asks_for_the_asset(desk: Any, until: Any) -> None:
    async with desk() as (_app, engine, pilot):
        await pilot.press("c")
        await until(pilot, lambda: engine.calls == [("cancel_quotes", "BTC")])


async def test_clearing_the_emergency_stop_asks_and_gives_the_operators_name(
    desk: Any, screen_text: Any, until: Any
) -> None:
    async with desk() as (app, engine, pilot):
        engine.emergency = engine.emergency.model_copy(update={"active": True})
        app.store.status = await engine.mm_strategy.status()
        await pilot.press("C")
        await read(app, pilot)
        assert engine.calls == [] and "Cleared by     jo" in screen_text(app)
        await pilot.press("tab", "enter")
        await until(pilot, lambda: engine.calls == [("clear_emergency_stop", "jo")])


async def test_the_selection_is_a_strategy_and_never_moves(desk: Any, screen_text: Any) -> None:
    async with desk(size=(80, 24)) as (app, engine, pilot):
        await pilot.press("j", "j")
        assert app._table.selected_id == "s-sol"
        await engine.remove("s-btc")
        assert "▸ SOL inventory" in screen_text(app)
        await engine.remove("s-sol")
        screen_text(app)
        await pilot.press("p")
        assert engine.calls == [] and "No strategy is selected." in screen_text(app)
        await pilot.press("k")
        assert app._table.selected_id == "s-eth"


async def test_a_lost_engine_is_said_dimmed_and_found_again(desk: Any, screen_text: Any, until: Any) -> None:
    now = [1000.0]
    async with desk(clock=lambda: now[0]) as (app, engine, pilot):
        engine.lose()
        now[0] += 7
        text = screen_text(app)
        assert "LOST, reconnecting" in text and "7 s old" in text
        spans = {ink for _, ink in app._table._drawn[1].spans}
        assert spans == {"stale"}
        await pilot.press("j", "r")
        assert "not heard" in screen_text(app) and engine.calls == []
        await pilot.press("k", "p")
        await until(pilot, lambda: "✗ BTC Market Maker not paused: connection refused" in screen_text(app))
        engine.return_()
        assert "● 0.6 ms" in screen_text(app)
