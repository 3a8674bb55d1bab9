"""A box stands on the screen with its text or not at all, and is answered by who has read it."""

from __future__ import annotations

import asyncio
import itertools
from decimal import Decimal
from typing import Any

import pytest
from textual.screen import Screen

from console.app import ConsoleApp
from console.ink import folded, line
from console.screens.dialog import Page, Question
from console.screens.questions import outgrown
from tests.console.double import demo_book
from tests.console.reading import answer, read
from zenotc.exceptions import ConnectionFailedError
from zenotc.models.quotes import OrderBook


@pytest.mark.parametrize(
    ("key", "title", "words"),
    [
        ("f", "Flatten", "sell 3.200 BTC"),
        ("F", "Flatten 3 strategies", "open orders are cancelled"),
        ("question_mark", "Keys", "Position ▲ ▼: has just moved"),
        ("v", "Columns", "✓ "),
    ],
)
async def test_no_frame_shows_a_box_without_its_text(
    desk: Any, until: Any, monkeypatch: pytest.MonkeyPatch, key: str, title: str, words: str
) -> None:
    frames: list[str] = []
    paint = ConsoleApp._display

    def photograph(app: ConsoleApp, screen: Screen[object], renderable: Any) -> None:
        paint(app, screen, renderable)
        frames.append("\n".join(strip.text for strip in screen._compositor.render_strips()))

    async with desk() as (_app, _, pilot):
        monkeypatch.setattr(ConsoleApp, "_display", photograph)
        await pilot.press(key)
        await until(pilot, lambda: any(words in frame for frame in frames))
        assert all(words in frame for frame in frames if f"╭─ {title}" in frame)


async def _trade(engine: Any, step: Decimal) -> None:
    """Fill a quote of each strategy, on one side and then on the other, every 100 ms."""
    for number in itertools.count():
        for strategy_id in ("s-btc", "s-tight", "s-eth"):
            moved = step if number % 3 else -step
            position = engine.strategies[strategy_id]["currentPosition"] + moved
            await engine.change(strategy_id, currentPosition=position)
        await asyncio.sleep(0.1)


@pytest.mark.parametrize(("key", "keys"), [("f", ("right", "enter")), ("F", ("enter",))])
async def test_a_desk_that_trades_is_flattened_with_two_answers_at_most(
    desk: Any, screen_text: Any, until: Any, key: str, keys: tuple[str, ...]
) -> None:
    async with desk(size=(80, 24)) as (app, engine, pilot):
        trading = asyncio.create_task(_trade(engine, Decimal("0.002")))
        await pilot.press(key)
        await read(app, pilot)
        opened = app.store.wire["s-btc"]["currentPosition"]
        await until(pilot, lambda: app.store.wire["s-btc"]["currentPosition"] != opened)
        if key == "F":
            await pilot.press(*"flatten")
        assert await answer(app, pilot, *keys), "any change asks once"
        moved = "The position has moved since this was asked: answer again."
        await until(pilot, lambda: moved in screen_text(app))
        assert not await answer(app, pilot, *keys)
        await until(pilot, lambda: ("flatten", "s-btc") in engine.calls)
        trading.cancel()


async def test_after_that_only_what_has_turned_round_or_grown_is_asked_about_again(desk: Any, until: Any) -> None:
    async with desk() as (app, engine, pilot):
        await pilot.press("f")
        for position, asks in (("3.3", True), ("4.2", True), ("4.0", False)):
            await read(app, pilot)
            await engine.change("s-btc", currentPosition=Decimal(position))
            assert await answer(app, pilot, "right", "enter") is asks, position
        await until(pilot, lambda: engine.calls == [("flatten", "s-btc")])


@pytest.mark.parametrize(
    ("before", "now", "asks"),
    [
        ("3.2", "3.7", False),  # a quote more, and less than a quarter
        ("3.2", "4.2", True),
        ("0.4", "0.8", False),  # twice as much, and less than a quote
        ("0.4", "1.0", True),
        ("0", "0.5", True),
        ("3.2", "0", False),
        ("0.2", "-0.2", False),
        ("0.2", "-0.5", True),
        ("-3", "2", True),
    ],
)
def test_what_a_position_must_have_become_to_be_asked_about_again(before: str, now: str, asks: bool) -> None:
    assert outgrown(Decimal(before), Decimal(now), Decimal("0.5")) is asks


def test_a_line_is_folded_between_words_under_its_text() -> None:
    whole = line(("Label  ", "muted"), ("some words", "plain"), ("  that warn of it", "caution"))
    assert folded(whole, 40) == [whole]
    assert [part.text for part in folded(whole, 25)] == ["Label  some words", "       that warn of it"]
    assert [part.text for part in folded(whole, 20)] == ["Label  some words", "       that warn of", "       it"]


async def test_what_a_dead_book_says_is_marked_with_its_age(desk: Any, screen_text: Any, until: Any) -> None:
    async def dead(asset: str, depth: int = 20) -> OrderBook:
        silent = {"usable": False, "reason": "stale_market_data", "data_age_seconds": 23.0}
        return demo_book(asset).model_copy(update=silent)

    async with desk() as (app, engine, pilot):
        engine.mm_strategy.order_book = dead
        await engine.change("s-btc", dataAgeSeconds=23.0)
        await pilot.press("f")
        await until(pilot, lambda: "book of 23 s ago, stale market data" in screen_text(app))
        worth = "197,898.40 USD at the mid of 61,843.25"
        assert f"{worth}  of 23 s ago" in screen_text(app)
        inks = {text.strip(): ink for part in app.screen._page._drawn for text, ink in part.spans}
        assert inks[worth] == inks["about 8.80 USD, 0.44 bps, at 61,840.50"] == "stale"


async def test_the_book_of_an_earlier_question_is_not_taken_for_that_of_now(
    desk: Any, screen_text: Any, until: Any
) -> None:
    async def none(asset: str, depth: int = 20) -> OrderBook:
        raise ConnectionFailedError("no answer")

    now = [1000.0]
    async with desk(clock=lambda: now[0]) as (app, engine, pilot):
        await pilot.press("f")
        await until(pilot, lambda: "BTC" in app.store.depths)
        await read(app, pilot)
        await pilot.press("escape")
        engine.mm_strategy.order_book = none
        now[0] += 23
        await pilot.press("f")
        await until(pilot, lambda: "book of 23 s ago" in screen_text(app))
        assert not app.store.depths, "what is left is the book that the detail shows"
        app.store.books.clear()
        await until(pilot, lambda: "unknown: no book of BTC" in screen_text(app))


async def test_a_question_is_deaf_from_when_its_text_was_first_seen(desk: Any) -> None:
    async with desk() as (app, _, pilot):
        await pilot.press("f")
        await read(app, pilot)
        page = app.screen.query_one(Page)
        page.shown_at = None
        await pilot.press("escape")
        assert isinstance(app.screen, Question), "nobody has seen it yet"
        page.refresh()
        await read(app, pilot)
        await pilot.press("escape")
        assert not isinstance(app.screen, Question)
