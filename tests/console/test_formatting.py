"""Numbers and times as the user writes them."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from rich.cells import cell_len

from console.formatting import Convention, clean, clock_time, number, on_point, use, zone_name
from console.widgets.charts import import_plotext
from tests.console.detail_double import DetailEngine
from tests.console.double import fill, strategy


@pytest.fixture(autouse=True)
def _usual() -> Iterator[None]:
    yield
    use(Convention())


@pytest.mark.parametrize(
    ("thousands", "decimal", "written"),
    [(",", ".", "-1,234,567.50"), (".", ",", "-1.234.567,50"), ("'", ".", "-1'234'567.50"), ("", ".", "-1234567.50")],
)
def test_a_number_has_the_users_separators(thousands: str, decimal: str, written: str) -> None:
    use(Convention(thousands, decimal))
    assert number(Decimal("-1234567.5"), 2) == written
    assert on_point(written, 18, 4).rstrip().rjust(16) == written.rjust(16), "two places are left for decimals"
    assert on_point(number(1_234, 0), 10, 2) == number(1_234, 0).rjust(7) + "   "


@pytest.mark.parametrize(
    ("foreign", "shown"),
    [
        ("I ❤\ufe0f BTC", "I ❤· BTC"),
        ("\U0001f1e8\U0001f1ed desk", "·· desk"),
        ("\U0001f468\u200d\U0001f469", "\U0001f468·\U0001f469"),
        ("\U0001f44d\U0001f3fd", "\U0001f44d·"),
        ("1\ufe0f\u20e3", "1··"),
        ("Zürich 東京 \U0001f7e2 ▲", "Zürich 東京 \U0001f7e2 ▲"),
    ],
)
def test_what_terminals_measure_differently_is_not_written(foreign: str, shown: str) -> None:
    assert clean(foreign) == shown
    assert cell_len(shown) == sum(map(cell_len, shown)), "each character takes its own cells, whatever follows it"


def test_a_time_is_in_the_users_zone() -> None:
    at = "2026-07-02T12:41:07.250Z"
    assert (clock_time(at, milliseconds=True), zone_name(at)) == ("12:41:07.250", "UTC")
    use(Convention(zone=ZoneInfo("Europe/Zurich")))
    assert (clock_time(at), zone_name(at)) == ("14:41:07", "CEST")


@pytest.mark.parametrize("tab", ["Overview", "Ladder", "Charts", "Quotes", "Metrics", "Config", "Events"])
async def test_every_pane_writes_numbers_as_the_user_does(desk: Any, screen_text: Any, until: Any, tab: str) -> None:
    use(Convention(".", ","))
    await import_plotext()
    limits = [{"name": "drawdown", "unit": "USD", "measure": 1, "limit": Decimal("2500.5"), "used_percent": 12.5}]
    fields = {"limits": limits, "max_position": Decimal("1000.5"), "hedge_threshold": Decimal("7.5"), "hedge_target": 0}
    engine = DetailEngine([strategy("s-btc", "M", "BTC", auto_hedge_enabled=True, trade_count=1284, **fields)])
    async with desk(size=(200, 50), engine=engine) as (app, _, pilot):
        await until(pilot, lambda: "BTC" in app.store.books)
        breaker = {
            "breaker": "daily_loss",
            "measure": Decimal("1322.358001125"),
            "limit": 300.5,
            "reason": "daily_loss",
        }
        changes = {"changes": {"quote_size": {"old": Decimal("1.5"), "new": Decimal("2000.5")}}}
        engine.publish(
            fill(1, price=Decimal("2496.10"), quantity=Decimal("4.00"), fee=Decimal("0.75")),
            {**fill(2), "type": "circuit_breaker", **breaker},
            {**fill(3), "type": "config_changed", **changes},
        )
        while app._detail.tab != tab:
            await pilot.press("l")
        if tab == "Charts":
            charts = app._detail._page
            await until(pilot, lambda: app.store.inspection.history)
            for _ in range(8):
                charts._drawn_at = -math.inf
                charts.draw_chart()
        await until(pilot, lambda: "sell 4,00 @ 2.496,10  fee 0,75" in screen_text(app))
        foreign = re.compile(r"\d,\d{3}\.\d|(?<![\d.])\d+\.\d{1,2}(?![\d.])")
        assert [row for row in screen_text(app).splitlines()[1:] if foreign.search(row)] == []


async def test_the_axis_of_a_chart_is_in_the_users_zone(desk: Any, screen_text: Any, until: Any) -> None:
    use(Convention(zone=ZoneInfo("Europe/Zurich")))
    await import_plotext()
    async with desk(size=(200, 50), engine=DetailEngine()) as (app, _, pilot):
        await pilot.press("l", "l")
        charts = app._detail._page
        await until(pilot, lambda: app.store.inspection.history)

        def drawn() -> bool:
            charts._drawn_at = -math.inf
            charts.draw_chart()
            return "13:41:02" in screen_text(app)

        await until(pilot, drawn)
        assert "12:41:02" not in screen_text(app)
