"""What somebody must hear of: by rule, once, until it is acknowledged."""

from __future__ import annotations

import unicodedata
from pathlib import Path
from typing import Any

import pytest

from console.alerts import DEFAULT_RULES, KEPT, TOAST_SECONDS, UNSEEN_SECONDS, Alerts, Rule
from console.preferences import read_preferences
from tests.console.double import Engine, fill
from zenotc.exceptions import ValidationError


def _event(seq: int, kind: str, strategy_id: str | None = "s-btc", **fields: Any) -> dict[str, Any]:
    return {
        "type": kind, "seq": seq, "timestamp": "2026-03-02T12:41:07.020Z", "strategyId": strategy_id, "asset": "BTC",
        "reason": "why", "code": "CODE", **fields,
    }  # fmt: skip


def test_a_storm_is_one_alert_and_rings_once() -> None:
    now = [0.0]
    alerts = Alerts(lambda: now[0])
    alerts.extend(_event(seq, "circuit_breaker") for seq in range(10_000))
    assert [alert.count for alert in alerts.waiting] == [10_000] and alerts.rings() and not alerts.rings()
    assert alerts.acknowledge() == 0, "nobody can have seen it yet"
    now[0] = UNSEEN_SECONDS
    assert alerts.acknowledge() == 1 and not alerts.waiting and not alerts.shown
    alerts.extend([_event(1, "circuit_breaker")])
    assert alerts.rings(), "after it was acknowledged it is news again"
    alerts.extend(_event(seq, "error", f"s{seq}") for seq in range(10 * KEPT))
    assert len(alerts.waiting) == KEPT


def test_what_is_not_sticky_passes_by_itself() -> None:
    now = [0.0]
    alerts = Alerts(lambda: now[0])
    alerts.extend([_event(1, "paused"), fill(2)])
    assert [alert.event["type"] for alert in alerts.shown] == ["paused"] and not alerts.waiting and not alerts.rings()
    now[0] = TOAST_SECONDS + 0.1
    assert alerts.shown == []


def test_the_first_rule_that_fits_decides() -> None:
    alerts = Alerts(
        lambda: 0.0, (Rule(event="error", toast=False), Rule(event="quote_filled", bell=True), *DEFAULT_RULES)
    )
    alerts.extend([_event(1, "error")])
    assert not alerts.shown and not alerts.waiting and not alerts.rings()
    alerts.extend([fill(2)])
    assert alerts.rings() and [alert.event["seq"] for alert in alerts.shown] == [2]


def test_rules_are_read_from_the_preferences(tmp_path: Path) -> None:
    file = tmp_path / "console.toml"
    rules = '[[alert]]\nevent = "hedge_completed"\nbell = true\n[[alert]]\nseverity = "notice"\n'
    file.write_text('theme = "desk"\n' + rules)
    assert read_preferences(file).alert == (Rule(event="hedge_completed", bell=True), Rule(severity="notice"))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[[alert]]\nevent = 'circuit_braker'", "line 2: alert.1.event: circuit_braker is none of"),
        ("[[alert]]\nseverity = 'grave'", "line 2: alert.1.severity"),
        ("[[alert]]\n[[alert]]\nbeep = true", "line 3: alert.2.beep: Extra inputs are not permitted"),
        ("[[alert]]\nbell = 'x'", "line 2: alert.1.bell"),
        ("alert = [", "cannot be read: Invalid"),
    ],
)
def test_rules_that_make_no_sense_say_why(tmp_path: Path, text: str, reason: str) -> None:
    file = tmp_path / "console.toml"
    file.write_text(text)
    with pytest.raises(ValidationError) as caught:
        read_preferences(file)
    assert reason in caught.value.message and str(file) in caught.value.message


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_an_alert_is_shown_counted_rung_and_acknowledged(
    desk: Any, screen_text: Any, until: Any, size: Any
) -> None:
    now = [100.0]
    async with desk(size=size, clock=lambda: now[0]) as (app, engine, pilot):
        await until(pilot, lambda: app.store.live_after_seq is not None)
        bells: list[int] = []
        app.bell = lambda: bells.append(1)
        evil = "[/x]\x1b[2J‮"
        engine.publish(_event(10, "circuit_breaker", breaker="daily_loss", measure=502, limit=500, reason=evil))
        engine.publish(_event(11, "circuit_breaker"), *[_event(i, "error", f"s{i}{evil}") for i in range(12, 16)])
        counted = "+4 more" if size[1] < 30 else "… and 2 more"
        await until(pilot, lambda: counted in screen_text(app))
        text = screen_text(app)
        assert " ! 5 a✓ " in text.splitlines()[0] and bells == [1] and "! error" in text
        toasts, below = app._toasts.region, app._journal.region.y
        assert (toasts.bottom, toasts.height) == (below, 1 if size[1] < 30 else 7)
        assert not any(unicodedata.category(char) in ("Cc", "Cf") for char in text.replace("\n", ""))
        now[0] += 60
        app.repaint()
        await pilot.pause()
        assert "! error" in screen_text(app), "sticky"
        await pilot.press("a")
        await until(pilot, lambda: "! error" not in screen_text(app))
        text = screen_text(app)
        assert "5 acknowledged" in text and "a✓" not in text and "! error" not in text


async def test_what_was_before_and_what_ones_own_hand_has_done_is_no_alert(desk: Any, until: Any) -> None:
    engine = Engine()
    async with desk(engine=engine) as (app, _, pilot):
        await until(pilot, lambda: app.store.live_after_seq == 1)
        assert app.store.operator == "desk/jo"
        engine.publish(_event(1, "error"), _event(2, "stopped", operator="desk/jo"))
        assert not app.store.alerts.shown
        engine.publish(_event(3, "stopped", operator="desk/ann"))
        assert len(app.store.alerts.shown) == 1


@pytest.mark.parametrize("key", ["colon", "slash"])
async def test_alerts_leave_the_field_that_is_typed_into_free(
    desk: Any, screen_text: Any, until: Any, key: str
) -> None:
    async with desk(size=(80, 24)) as (app, engine, pilot):
        await until(pilot, lambda: app.store.live_after_seq is not None)
        engine.publish(*[_event(seq, "circuit_breaker", f"s{seq}") for seq in range(10, 14)])
        await pilot.press(key, "x", "y", "z")
        await until(pilot, lambda: app._toasts.display and "xyz" in screen_text(app))
        field = app.focused.region
        app.repaint()
        await pilot.pause()
        assert field.height == 1 and not field.overlaps(app._toasts.region)
        assert "xyz" in screen_text(app).splitlines()[field.y]
