"""What a supervisor is told: alive, and the metrics."""

from __future__ import annotations

import time

from prometheus_client.parser import text_string_to_metric_families

from tests.gateway.conftest import Caller
from tests.gateway.desk_double import DeskDouble
from zenotc.models.commands import CreateStrategy, EmergencyStopAll, PauseStrategy
from zenotc.models.configuration import StrategyConfig
from zenotc.models.orders import Cancel, Place, QueryOrder

SECOND = 1_000_000_000


async def samples(call: Caller) -> dict[tuple[str, ...], float]:
    """Return every sample by its name and the values of its labels, in the order of their names."""
    text = (await call.http.get("/metrics")).text
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


async def test_every_figure_that_a_desk_is_watched_by(call: Caller, desk: DeskDouble) -> None:
    config = StrategyConfig.build(
        {"name": 'a "b"', "asset": "BTC", "base_spread_bps": 10, "quote_size": 1, "max_position": 9}
    )
    await desk.execute(CreateStrategy(command_id="c", operator="o", strategy_id="mm_1", config=config))
    desk.change("mm_1", daily_pnl=-3, total_pnl=4)
    desk.commit("started", "stopped")
    desk.journal_lag_seconds = 0.75
    desk.vitals.sent.update({Place: 3, Cancel: 2, QueryOrder: 9})
    desk.vitals.fills = 5
    desk.vitals.heard_ns -= 20 * SECOND
    found = await samples(call)
    assert found["zenotc_ready",] == 1
    assert found["zenotc_emergency_stop_active",] == 0
    assert found["zenotc_journal_lag_seconds",] == 0.75
    assert found["zenotc_venue_data_age_seconds", "sandbox"] == 0.25
    assert found["zenotc_unknown_orders", "sandbox"] == 0
    assert found["zenotc_events_total",] == 2
    assert found["zenotc_fills_total",] == 5
    assert {key[1]: value for key, value in found.items() if key[0] == "zenotc_order_requests_total"} == {
        "place": 3, "amend": 0, "cancel": 2, "cancel_all": 0
    }  # fmt: skip
    assert [found["zenotc_strategies", status] for status in ("active", "paused", "stopped")] == [0, 0, 1]
    assert found["zenotc_strategy_daily_pnl_usd", "BTC", 'a "b"', "mm_1"] == -3
    assert found["zenotc_strategy_total_pnl_usd", "BTC", 'a "b"', "mm_1"] == 4
    assert 20 <= found["zenotc_client_silence_seconds",] < 25
    assert found["zenotc_stream_connections",] == 0
    assert found["process_resident_memory_bytes",] > 1e7 and found["process_open_fds",] > 3


async def test_how_long_stopping_took_is_a_histogram_by_command(call: Caller, desk: DeskDouble) -> None:
    vitals = desk.vitals
    vitals.observe_stop(vitals.stop_sent, EmergencyStopAll(command_id="1", operator="o"), 0.004)
    vitals.observe_stop(vitals.stop_confirmed, PauseStrategy(command_id="2", operator="o", strategy_id="s"), 0.3)
    found = await samples(call)
    assert found["zenotc_stop_sent_seconds_bucket", "emergency_stop", "0.005"] == 1
    assert found["zenotc_stop_sent_seconds_bucket", "emergency_stop", "0.0025"] == 0
    assert found["zenotc_stop_confirmed_seconds_sum", "pause"] == 0.3


async def test_it_is_not_alive_once_the_trading_loop_hangs(call: Caller, desk: DeskDouble) -> None:
    assert (await call.http.get("/livez")).json() == {"status": "alive"}
    desk.vitals.turned_ns = time.monotonic_ns() - 6 * SECOND
    answer = await call.http.get("/livez")
    assert answer.status_code == 503
    assert answer.json()["status"] == "hung" and answer.json()["turnAgeSeconds"] >= 6


async def test_who_is_signed_in_is_heard_and_nobody_else(call: Caller, desk: DeskDouble) -> None:
    desk.vitals.heard_ns = 0
    await call.http.get("/livez")
    await call.http.get("/api/sdk/status")
    assert desk.vitals.heard_ns == 0
    assert (await call("GET", "/api/sdk/status", key="reader")).status_code == 200
    assert desk.vitals.silence_seconds < 1
