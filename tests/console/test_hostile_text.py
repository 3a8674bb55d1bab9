"""Text from outside, whatever it is, neither ends the console nor reaches the terminal as anything but text."""

from __future__ import annotations

import unicodedata
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from console.commands import CommandLog
from console.event_facets import event_language
from console.formatting import clean, fit
from console.narrative import event_line
from console.screens.questions import _Clear, _Flatten
from console.store import Store
from tests.console.double import Engine, fill, strategy
from zenotc.exceptions import StrategyError
from zenotc.models.strategy import Strategy

EVIL = (
    "[/x]\x1b[2J\x1b]0;owned\x07", "\x9b2J\x9d52;c;AAAA\x9c", "‮right to left⁦", "[bold red]", "[@click=app.quit]x[/]",
    "a\r\nb\tc\x00", "漢字" * 60, "e" + "\u0301" * 200, "\ud800", "\U000e0041\ufeff\u200b", r"\[", "%s {0} $x", "",
    "\u2028\u2029", "👩‍👩‍👧‍👦" * 20,
)  # fmt: skip
TEXTS = st.text(max_size=60) | st.sampled_from(EVIL)
VALUES = TEXTS | st.none() | st.booleans() | st.integers() | st.floats() | st.decimals() | st.lists(TEXTS, max_size=2)
TYPES = st.sampled_from(
    ["quote_sent", "quote_filled", "position_changed", "started", "paused", "emergency_stop", "hedge_triggered",
     "hedge_completed", "circuit_breaker", "pnl_update", "error", "config_changed"]
)  # fmt: skip
FIELDS = [
    "side", "price", "quantity", "reason", "code", "operator", "layer", "venue", "fee", "remaining", "oldPosition",
    "newPosition", "averagePrice", "hedgeQuantity", "hedgeAlgo", "breaker", "measure", "limit", "resumesAt",
    "dailyPnl", "totalPnl", "unrealizedPnl", "changes", "strategyId", "asset", "timestamp",
]  # fmt: skip


def _harmless(text: str) -> bool:
    return not any(unicodedata.category(char) in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp") for char in text)


@given(TEXTS, st.integers(0, 40))
def test_cleaned_text_is_one_harmless_line_of_the_width_asked_for(text: str, width: int) -> None:
    assert _harmless(clean(text)) and cell_len(fit(clean(text), width)) == width


@given(TYPES | TEXTS, st.dictionaries(st.sampled_from(FIELDS), VALUES), st.integers(20, 200))
@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_an_event_of_any_content_is_one_harmless_line(kind: str, fields: dict[str, Any], width: int) -> None:
    store = Store(lambda: 0.0)
    event = {"type": kind, "seq": 1, **fields}
    assert _harmless(event_line(event, store, width).text)
    event_language(store).compile("word -other -type:b strategy:c price:<3 -severity:quiet")(event)


@given(TEXTS, TEXTS, TEXTS)
@settings(max_examples=100, suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_what_questions_and_commands_say_is_harmless(name: str, asset: str, operator: str) -> None:
    store = Store(lambda: 0.0)
    wire = strategy("s", "x", "BTC", current_position=Decimal(1))
    hostile = Strategy.from_wire(wire).model_copy(update={"name": name, "asset": asset, "pause_reason": name})
    store.wire["s"], store._models["s"] = wire, hostile
    asked = [*_Flatten(store, [hostile]).lines(), *_Flatten(store, [hostile, hostile]).lines()]
    asked += _Clear([store], operator).lines()
    assert all(_harmless(line.text) for line in asked)
    log = CommandLog(lambda: 0.0, lambda: datetime(2026, 3, 2, tzinfo=UTC), clean(operator, 40))
    log.end(log.send("stop", doing="stopping", done="stopped", target=store.name("s"), strategy_id="s"), "refused")
    assert log.last is not None and _harmless(log.last.sentence(0.0))


@pytest.mark.parametrize("size", [(80, 24), (200, 50)])
async def test_a_desk_full_of_it_stands(desk: Any, screen_text: Any, until: Any, size: Any) -> None:
    texts = [text.encode("utf-8", "replace").decode() or "x" for text in EVIL]
    engine = Engine([
        strategy(f"s{i}", text[:80], "BTC", pause_reason=text, status="stopped", open_orders=1, warnings=[text])
        for i, text in enumerate(texts)
    ])  # fmt: skip
    engine.emergency = engine.emergency.model_copy(update={"operator": EVIL[0], "unconfirmed_venues": list(EVIL)})
    engine.asker = engine.asker.model_copy(update={"operator": EVIL[1]})
    async with desk(size=size, engine=engine) as (app, _, pilot):
        engine.publish(*[
            fill(10 + i, f"s{i}", type="config_changed", operator=text, changes={text: {"old": text}}, venue=text)
            for i, text in enumerate(EVIL)
        ])  # fmt: skip
        app.store.link_lost(EVIL[0])
        app.store.link_up(0.001)
        for index, _text in enumerate(EVIL):
            engine.answers["stop"] = StrategyError(EVIL[index])
            await pilot.press("x", "j")
        for keys in (["5"], ["3", "k"], ["1", "question_mark"], ["escape", "F"], ["asterisk"], ["slash", "[", "enter"]):
            await pilot.press(*keys)
            await pilot.pause()
            assert _harmless(screen_text(app).replace("\n", ""))
        await pilot.press("escape", "escape", "ctrl+p", *"st")
        await until(pilot, lambda: "start" in screen_text(app))
        engine.emergency = engine.emergency.model_copy(update={"active": True})
        app.store.status = await engine.mm_strategy.status()
        assert _harmless(screen_text(app).replace("\n", ""))


async def test_a_strategy_that_cannot_be_read_is_a_line_that_says_so(desk: Any, screen_text: Any) -> None:
    async with desk() as (app, engine, pilot):
        await engine.change("s-btc", status="levitating")
        assert "▸ BTC Market Maker  ? cannot be read" in screen_text(app)
        await pilot.press("x")
        assert engine.calls == [] and "No strategy is selected." in screen_text(app)
        await engine.change("s-btc", status="active")
        assert "cannot be read" not in screen_text(app).splitlines()[3]
