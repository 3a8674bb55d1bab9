"""What the console makes of an engine that says what it cannot read."""

from __future__ import annotations

from typing import Any

from tests.console.double import Engine, strategy


async def test_a_strategy_that_contradicts_itself_is_shown_and_not_acted_on(desk: Any, screen_text: Any) -> None:
    contradictory = {**strategy("s-odd", "Odd", "BTC"), "minSpreadBps": 90, "maxSpreadBps": 1}
    malformed = {**strategy("s-bad", "Bad", "BTC"), "status": "dancing"}
    engine = Engine([contradictory, malformed, strategy("s-good", "Good", "BTC")])
    async with desk(engine=engine) as (app, _, pilot):
        for name in ("Odd", "Bad"):
            await engine.change(f"s-{name.lower()}", openOrders=3)
            app._table.select(f"s-{name.lower()}")
            assert app.store.strategy(f"s-{name.lower()}") is None
            assert f"{name} cannot be read: " in app.store.problem
            await pilot.press("f")
            text = screen_text(app)
            assert "No strategy is selected." in text and all(row in text for row in ("Odd", "Bad", "Good"))
        assert engine.calls == [] and app.store.strategy("s-good").name == "Good"
