"""Each example of the documented client, against an engine process over real sockets.

The engine lives ten times as fast as the wall clock, so that fills, hedges and losses do not keep anybody waiting.
"""

from __future__ import annotations

import asyncio
import itertools
import math
from collections.abc import Callable
from decimal import Decimal
from typing import Any, TypeVar

import pytest

from tests.waiting import eventually, until
from zenotc import ZenOTCClient
from zenotc.exceptions import (
    CircuitBreakerError,
    InsufficientMarginError,
    PositionLimitError,
    StrategyError,
)
from zenotc.models.quotes import Quote, Quotes
from zenotc.models.strategy import Strategy

REQUIRED: dict[str, Any] = {
    "name": "BTC Market Maker",
    "asset": "BTC",
    "base_spread_bps": 10,
    "quote_size": 1.0,
    "max_position": 10.0,
}
"""What `...` stands for in the examples."""

T = TypeVar("T")


async def with_position(client: ZenOTCClient, strategy_id: str) -> Strategy:
    """Have a strategy trade until it holds something, and return it."""
    mm = client.mm_strategy
    await mm.update(strategy_id, min_spread_bps=1, base_spread_bps=1, quote_size=1.0, quote_refresh_seconds=1)
    return await eventually(lambda: mm.get(strategy_id), lambda s: s.current_position != 0)


async def stopped_with_position(client: ZenOTCClient, strategy_id: str | None = None) -> Strategy:
    """Have a strategy, if need be another one, trade until it holds something, and return it stopped."""
    mm = client.mm_strategy
    traded = strategy_id or (await mm.create(**REQUIRED, enabled=True)).id

    async def stop_holding() -> Strategy:
        await mm.start(traded)
        await with_position(client, traded)
        return (await mm.stop(traded)).strategy

    return await eventually(stop_holding, lambda s: s.current_position != 0)


def touch(quotes: Quotes) -> dict[str, Quote]:
    return {quote.side: quote for quote in quotes.quotes if quote.layer == 0 and quote.state == "resting"}


def stands_at(quotes: Quotes, bid_bps: float, ask_bps: float) -> bool:
    """Whether both inside quotes rest so far from the mid, rounded outwards to the tick."""
    resting, reference = touch(quotes), quotes.reference
    if len(resting) < 2 or reference is None:
        return False
    tick, mid = float(quotes.instrument.tick_size), float(reference.mid)
    bid = math.floor(mid * (1 - bid_bps / 1e4) / tick + 1e-6) * tick
    ask = math.ceil(mid * (1 + ask_bps / 1e4) / tick - 1e-6) * tick
    return (float(resting["buy"].price), float(resting["sell"].price)) == (bid, ask)


# Quick start ---------------------------------------------------------------------------------------------------------


async def quick_start(client: ZenOTCClient) -> Strategy:
    strategy = await client.mm_strategy.create(
        name="BTC Market Maker",
        asset="BTC",
        base_spread_bps=10,
        quote_size=1.0,
        max_position=10.0,
        enabled=True,
    )

    print(f"Strategy created: {strategy.id}")
    quotes = await eventually(
        lambda: client.mm_strategy.get_quotes(strategy.id), lambda quotes: stands_at(quotes, 5, 5)
    )
    assert all(quote.remaining <= 1 for quote in quotes.quotes)
    assert quotes.sides == {"buy": "quoting", "sell": "quoting"}
    await client.mm_strategy.stop(strategy.id)
    await client.close()
    return strategy


def test_quick_start_with_a_client_made_outside_a_loop(
    credentials: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    client = ZenOTCClient(
        api_key=credentials["apiKey"],
        api_secret=credentials["apiSecret"],
    )
    strategy = asyncio.run(quick_start(client))
    assert strategy.status == "active" and strategy.enabled
    assert capsys.readouterr().out == f"Strategy created: {strategy.id}\n"


# Strategy configuration ----------------------------------------------------------------------------------------------


async def test_create_with_all_settings(client: ZenOTCClient) -> None:
    settings: dict[str, Any] = {
        # Basic settings
        "name": "BTC Market Maker",
        "asset": "BTC",
        "enabled": True,
        # Spread settings
        "base_spread_bps": 10,
        "min_spread_bps": 5,
        "max_spread_bps": 50,
        # Quote settings
        "quote_size": 1.0,
        "min_quote_size": 0.1,
        "max_quote_size": 5.0,
        "quote_refresh_seconds": 5,
        # Inventory settings
        "max_position": 10.0,
        "target_position": 0.0,
        "skew_factor": 0.5,
        # Risk settings
        "max_daily_loss": 5000.0,
        "max_drawdown_percent": 5.0,
        "circuit_breaker_enabled": True,
        # Hedging settings
        "auto_hedge_enabled": True,
        "hedge_threshold": 5.0,
        "hedge_target": 2.0,
    }
    strategy = await client.mm_strategy.create(**settings)
    kept = await client.mm_strategy.get(strategy.id)
    assert all(
        getattr(kept, name) == (Decimal(str(given)) if isinstance(given, float) else given)
        for name, given in settings.items()
    )
    assert kept.status == "active"
    assert "no_loss_limit" not in kept.warnings
    quotes = await eventually(
        lambda: client.mm_strategy.get_quotes(strategy.id), lambda quotes: len(touch(quotes)) == 2
    )
    assert quotes.reference is not None and quotes.reference.spread_bps == 10


# Strategy management -------------------------------------------------------------------------------------------------


async def test_get_strategy(client: ZenOTCClient, capsys: pytest.CaptureFixture[str]) -> None:
    strategy_id = (await stopped_with_position(client)).id
    strategy = await client.mm_strategy.get(strategy_id)
    print(f"Name: {strategy.name}")
    print(f"Status: {strategy.status}")
    print(f"Position: {strategy.current_position}")
    print(f"PnL Today: {strategy.daily_pnl}")
    name, status, position, pnl = capsys.readouterr().out.splitlines()
    assert (name, status) == ("Name: BTC Market Maker", "Status: stopped")
    assert Decimal(position.removeprefix("Position: ")) == strategy.current_position != 0
    assert Decimal(pnl.removeprefix("PnL Today: ")) == strategy.realized_pnl + strategy.unrealized_pnl


async def test_list_strategies(client: ZenOTCClient, capsys: pytest.CaptureFixture[str]) -> None:
    mine = await client.mm_strategy.create(**{**REQUIRED, "name": "listed", "enabled": True})
    paused = await client.mm_strategy.create(**{**REQUIRED, "enabled": True})
    await client.mm_strategy.pause(paused.id)
    stopped = await client.mm_strategy.create(**REQUIRED)
    elsewhere = await client.mm_strategy.create(**{**REQUIRED, "asset": "ETH", "enabled": True})

    strategies = await client.mm_strategy.list(
        asset="BTC",
        status="active",
    )
    for s in strategies:
        print(f"{s.name}: {s.status} - Position: {s.current_position}")

    assert [s.id for s in strategies] == [mine.id]
    assert capsys.readouterr().out.startswith("listed: active - Position: ")
    assert [s.id for s in await client.mm_strategy.list(status="paused")] == [paused.id]
    assert stopped.id in [s.id for s in await client.mm_strategy.list(asset="BTC", status="stopped")]
    assert [s.id for s in await client.mm_strategy.list(asset="ETH")] == [elsewhere.id]
    everything = {s.id for s in await client.mm_strategy.list()}
    assert everything >= {mine.id, paused.id, stopped.id, elsewhere.id}


async def test_update_strategy(client: ZenOTCClient) -> None:
    strategy_id = (await client.mm_strategy.create(**REQUIRED, enabled=True)).id
    strategy = await client.mm_strategy.update(
        strategy_id,
        base_spread_bps=15,
        quote_size=2.0,
        max_position=20.0,
    )
    assert (strategy.base_spread_bps, strategy.quote_size, strategy.max_position) == (15, 2, 20)
    assert strategy.max_spread_bps == 75, "a default goes on following what it follows"
    await eventually(
        lambda: client.mm_strategy.get_quotes(strategy_id),
        lambda quotes: stands_at(quotes, 7.5, 7.5) and max(quote.remaining for quote in quotes.quotes) > 1,
    )
    [changed] = await first_events(client, strategy_id, "config_changed")
    assert changed.changes["base_spread_bps"] == {"old": 10, "new": 15}


async def test_start_pause_resume_stop(client: ZenOTCClient) -> None:
    strategy_id = (await client.mm_strategy.create(**REQUIRED)).id
    assert (await client.mm_strategy.get(strategy_id)).status == "stopped"

    await client.mm_strategy.start(strategy_id)
    assert (await client.mm_strategy.get(strategy_id)).status == "active"
    await with_position(client, strategy_id)

    await client.mm_strategy.pause(strategy_id)
    paused = await client.mm_strategy.get(strategy_id)
    assert (paused.status, paused.open_orders) == ("paused", 0)
    assert (await client.mm_strategy.get_quotes(strategy_id)).sides == {"buy": "paused", "sell": "paused"}

    await client.mm_strategy.resume(strategy_id)
    assert (await client.mm_strategy.get(strategy_id)).status == "active"
    held = await with_position(client, strategy_id)
    assert held.current_position != 0

    result = await client.mm_strategy.stop(strategy_id, flatten_position=True)
    stopped = await client.mm_strategy.get(strategy_id)
    assert (stopped.status, stopped.open_orders, stopped.current_position) == ("stopped", 0, 0)
    assert result.confirmed and result.remaining_position == 0


# Spread models -------------------------------------------------------------------------------------------------------


async def test_fixed_spread(client: ZenOTCClient) -> None:
    strategy = await client.mm_strategy.create(
        spread_model="fixed",
        **{**REQUIRED, "base_spread_bps": 10, "enabled": True},
    )
    await eventually(lambda: client.mm_strategy.get_quotes(strategy.id), lambda quotes: stands_at(quotes, 5, 5))


async def test_volatility_adjusted_spread(client: ZenOTCClient) -> None:
    strategy = await client.mm_strategy.create(
        spread_model="volatility",
        min_spread_bps=5,
        max_spread_bps=100,
        volatility_multiplier=2.0,
        volatility_window_minutes=30,
        **{**REQUIRED, "base_spread_bps": 10, "enabled": True},
    )

    def follows(quotes: Quotes) -> bool:
        reference = quotes.reference
        if reference is None or reference.sigma is None:
            return False
        width = min(max(10 * (1 + 2 * reference.sigma), 5), 100)
        return reference.spread_bps == pytest.approx(width) and stands_at(quotes, width / 2, width / 2)

    quotes = await eventually(lambda: client.mm_strategy.get_quotes(strategy.id), follows)
    assert quotes.reference is not None and quotes.reference.spread_bps > 10


async def test_inventory_adjusted_spread(client: ZenOTCClient) -> None:
    strategy = await client.mm_strategy.create(
        spread_model="inventory",
        skew_factor=0.5,
        skew_model="linear",
        **{**REQUIRED, "base_spread_bps": 10, "enabled": True},
    )

    def leans(quotes: Quotes) -> bool:
        reference = quotes.reference
        if reference is None or not reference.position:
            return False
        skew = 0.5 * float(reference.position)
        assert reference.skew_bps == pytest.approx(skew)
        return stands_at(quotes, min(max(5 + skew, 2.5), 25), min(max(5 - skew, 2.5), 25))

    await eventually(lambda: client.mm_strategy.get_quotes(strategy.id), leans)


# Inventory management ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("skew", "skew_bps"),
    [
        ({"skew_model": "linear", "skew_factor": 0.5}, lambda d: 0.5 * d),
        (
            {"skew_model": "exponential", "skew_factor": 0.3, "skew_exponent": 1.5},
            lambda d: math.copysign(0.3 * abs(d) ** 1.5, d),
        ),
        (
            {"skew_model": "step", "skew_factor": 0.5},
            lambda d: math.copysign(0.5 * math.floor(abs(d) + 1e-6), d),
        ),
    ],
    ids=["linear", "exponential", "step"],
)
async def test_skew_models(client: ZenOTCClient, skew: dict[str, Any], skew_bps: Callable[[float], float]) -> None:
    """A flat strategy that wants to be short 5 leans like one that is long 5 and wants to be flat."""
    strategy = await client.mm_strategy.create(**skew, **REQUIRED, target_position=-5, enabled=True)

    def leans(quotes: Quotes) -> bool:
        if quotes.reference is None:
            return False
        s = skew_bps(float(quotes.reference.position) + 5)
        assert quotes.reference.skew_bps == pytest.approx(s)
        return stands_at(quotes, 5 + s, 5 - s)

    quotes = await eventually(lambda: client.mm_strategy.get_quotes(strategy.id), leans)
    assert quotes.reference is not None
    prices = {side: quote.price for side, quote in touch(quotes).items()}
    assert prices["buy"] + prices["sell"] < 2 * quotes.reference.mid, "both stand lower, to sell"


async def test_position_limits(client: ZenOTCClient) -> None:
    strategy = await client.mm_strategy.create(
        soft_position_limit=7.0,
        position_reduction_factor=0.5,
        **{**REQUIRED, "max_position": 10.0, "enabled": True},
    )
    assert (strategy.max_position, strategy.soft_position_limit) == (10, 7)
    q = (await stopped_with_position(client, strategy.id)).current_position
    # The document's proportions, around the position that there is: half of the size where the limit begins.
    before, at_limit = [
        await client.mm_strategy.preview(strategy.id, soft_position_limit=limit) for limit in (Decimal("9.999"), abs(q))
    ]
    grows, shrinks = ("buy", "sell") if q > 0 else ("sell", "buy")

    def size(preview: Any, side: str) -> Decimal:
        return sum((target.quantity for target in preview.targets if target.side == side), Decimal(0))

    assert (size(before, grows), size(before, shrinks)) == (1, 1)
    assert (size(at_limit, grows), size(at_limit, shrinks)) == (Decimal("0.5"), 1)


async def test_auto_hedging(client: ZenOTCClient) -> None:
    strategy = await client.mm_strategy.create(
        auto_hedge_enabled=True,
        hedge_threshold=5.0,
        hedge_target=2.0,
        hedge_algo="twap",
        hedge_duration_minutes=30,
        hedge_venue="external",
        **REQUIRED,
        enabled=True,
    )
    assert strategy.hedge_threshold == 5 and strategy.hedge is None
    # The same with limits that its position reaches within seconds.
    await client.mm_strategy.update(strategy.id, hedge_threshold=0.005, hedge_target=0.002)
    hedging = asyncio.create_task(first_events(client, strategy.id, "hedge_triggered", "hedge_filled"))
    await with_position(client, strategy.id)
    triggered, filled = await hedging
    assert triggered.hedge_algo == "twap" and triggered.hedge_venue == "external"
    assert filled.venue == "sandbox-hedge" and filled.reason == "hedge"
    assert filled.side == triggered.side
    assert filled.quantity < triggered.hedge_quantity, "one slice of thirty minutes"


async def first_events(client: ZenOTCClient, strategy_id: str, *types: str) -> list[Any]:
    """Return the first event of each type, waiting for them in this order."""
    found: list[Any] = []
    async with asyncio.timeout(30):
        async for event in client.mm_strategy.events(strategy_id, after_seq=0):
            if event.type == types[len(found)]:
                found.append(event)
                if len(found) == len(types):
                    break
    return found


# Risk controls -------------------------------------------------------------------------------------------------------


async def test_circuit_breakers(client: ZenOTCClient) -> None:
    strategy = await client.mm_strategy.create(
        circuit_breaker_enabled=True,
        # Loss-based circuit breaker
        max_daily_loss=5000.0,
        max_hourly_loss=1000.0,
        # Drawdown circuit breaker
        max_drawdown_percent=5.0,
        # Volatility circuit breaker
        max_volatility_pause=True,
        volatility_threshold=5.0,
        # Recovery settings
        auto_resume_enabled=True,
        resume_delay_minutes=30,
        **REQUIRED,
        enabled=True,
    )
    assert (strategy.status, strategy.max_daily_loss, strategy.resume_delay_minutes) == ("active", 5000, 30)
    # The same with a loss that it makes within seconds.
    await client.mm_strategy.update(strategy.id, max_daily_loss=0.01, max_hourly_loss=0.01)
    breaking = asyncio.create_task(first_events(client, strategy.id, "circuit_breaker", "paused"))
    await client.mm_strategy.update(strategy.id, min_spread_bps=1, base_spread_bps=1, quote_refresh_seconds=1)
    breaker, paused = await breaking
    assert breaker.measure > breaker.limit == Decimal("0.01")
    assert "circuit_breaker" in paused.reason
    broken = await eventually(lambda: client.mm_strategy.get(strategy.id), lambda s: s.open_orders == 0)
    assert broken.status == "paused"


async def test_emergency_stop_all(client: ZenOTCClient) -> None:
    btc = await client.mm_strategy.create(**REQUIRED, enabled=True)
    eth = await client.mm_strategy.create(**{**REQUIRED, "asset": "ETH", "enabled": True})
    await eventually(client.mm_strategy.status, lambda status: status.open_orders >= 4)

    stopped = await client.mm_strategy.emergency_stop_all()

    try:
        assert stopped.confirmed and set(stopped.venues.values()) == {True}
        assert {s.strategy_id for s in stopped.strategies if s.confirmed} >= {btc.id, eth.id}
        status = await client.mm_strategy.status()
        assert status.emergency_stop.active and status.open_orders == 0
        assert {s.status for s in await client.mm_strategy.list()} == {"stopped"}
        book = await client.mm_strategy.order_book("BTC", depth=1000)
        assert not any(level.own_quantity for level in [*book.bids, *book.asks])
        with pytest.raises(CircuitBreakerError, match="emergency stop"):
            await client.mm_strategy.start(btc.id)
    finally:
        await client.mm_strategy.clear_emergency_stop(operator="alice")
    assert (await client.mm_strategy.start(btc.id)).strategy.status == "active"


async def test_cancel_all_quotes(client: ZenOTCClient) -> None:
    btc = await client.mm_strategy.create(**REQUIRED, quote_layers=2, layer_spacing_bps=20, enabled=True)
    eth = await client.mm_strategy.create(**{**REQUIRED, "asset": "ETH", "enabled": True})
    await eventually(
        lambda: client.mm_strategy.get_quotes(btc.id),
        lambda quotes: [quote.state for quote in quotes.quotes] == ["resting"] * 4,
    )

    cancelled = await client.mm_strategy.cancel_all_quotes(asset="BTC")

    assert cancelled == 4
    assert (await client.mm_strategy.get_quotes(btc.id)).quotes == []
    assert (await client.mm_strategy.get(btc.id)).status == "paused"
    assert (await client.mm_strategy.get(eth.id)).status == "active"


# Performance monitoring ----------------------------------------------------------------------------------------------


async def test_get_performance_metrics(client: ZenOTCClient, capsys: pytest.CaptureFixture[str]) -> None:
    strategy_id = (await stopped_with_position(client)).id
    metrics = await client.mm_strategy.get_metrics(strategy_id)
    print(f"Total PnL: ${metrics.total_pnl}")
    print(f"Daily PnL: ${metrics.daily_pnl}")
    print(f"Realized PnL: ${metrics.realized_pnl}")
    print(f"Unrealized PnL: ${metrics.unrealized_pnl}")
    print(f"Total Volume: {metrics.total_volume}")
    print(f"Trade Count: {metrics.trade_count}")
    print(f"Win Rate: {metrics.win_rate}%")
    print(f"Sharpe Ratio: {metrics.sharpe_ratio}")
    print(f"Max Drawdown: {metrics.max_drawdown}%")
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 9 and lines[0] == f"Total PnL: ${metrics.total_pnl}"
    assert metrics.trade_count > 0 and metrics.total_volume > 0 and metrics.fees > 0
    assert metrics.total_pnl == metrics.realized_pnl + metrics.unrealized_pnl
    assert metrics.sharpe_ratio is not None
    assert metrics.max_drawdown is not None and 0 <= metrics.max_drawdown < 100
    assert metrics.win_rate is None or 0 <= metrics.win_rate <= 100
    closing = metrics.spread_capture + metrics.inventory_move + metrics.hedge_cost - metrics.fees
    assert abs(metrics.total_pnl - closing) <= metrics.total_volume / 10**9


async def test_get_quote_statistics(client: ZenOTCClient, capsys: pytest.CaptureFixture[str]) -> None:
    strategy_id = (await stopped_with_position(client)).id
    stats = await client.mm_strategy.get_quote_stats(strategy_id)
    print(f"Quotes Sent: {stats.quotes_sent}")
    print(f"Quotes Filled: {stats.quotes_filled}")
    print(f"Fill Rate: {stats.fill_rate}%")
    print(f"Avg Time to Fill: {stats.avg_fill_time_ms}ms")
    print(f"Avg Spread Captured: {stats.avg_spread_captured_bps} bps")
    assert len(capsys.readouterr().out.splitlines()) == 5
    assert 0 < stats.quotes_filled <= stats.quotes_sent
    assert stats.fill_rate == pytest.approx(100 * stats.quotes_filled / stats.quotes_sent)
    assert stats.avg_fill_time_ms is not None and stats.avg_fill_time_ms > 0
    assert stats.avg_spread_captured_bps is not None


# Real-time events ----------------------------------------------------------------------------------------------------


async def test_subscribe_events(client: ZenOTCClient, capsys: pytest.CaptureFixture[str]) -> None:
    seen: list[Any] = []

    async def on_strategy_event(event: Any) -> None:
        seen.append(event)
        if event.type == "quote_filled":
            print(f"Fill: {event.side} {event.quantity} @ {event.price}")
        elif event.type == "position_changed":
            print(f"Position: {event.old_position} -> {event.new_position}")
        elif event.type == "hedge_triggered":
            print(f"Hedging {event.hedge_quantity} via {event.hedge_algo}")
        elif event.type == "circuit_breaker":
            print(f"Circuit breaker triggered: {event.reason}")
        elif event.type == "pnl_update":
            print(f"PnL: ${event.daily_pnl}")

    mm = client.mm_strategy
    hedge = {"auto_hedge_enabled": True, "hedge_threshold": 0.005, "hedge_target": 0.002, "hedge_algo": "market"}
    strategy_id = (await mm.create(**REQUIRED, **hedge)).id

    await client.mm_strategy.subscribe_events(strategy_id, on_strategy_event)

    def types() -> set[str]:
        return {event.type for event in seen}

    await mm.start(strategy_id)
    await mm.pause(strategy_id)
    await mm.resume(strategy_id)
    await with_position(client, strategy_id)
    await until(lambda: {"hedge_completed", "pnl_update"} <= types(), 20)
    # What the hedges have cost is a loss; and of a flatten that no price is good enough for, it is told.
    await mm.update(strategy_id, max_daily_loss=0.01, auto_hedge_enabled=False, max_slippage_bps=0.0001)
    await until(lambda: "circuit_breaker" in types(), 20)
    left = await mm.stop(strategy_id, flatten_position=True)
    assert left.remaining_position == left.strategy.current_position != 0
    await until(lambda: "stopped" in types())

    documented = {"started", "stopped", "paused", "resumed", "quote_sent", "quote_filled", "quote_cancelled"}
    documented |= {"position_changed", "hedge_triggered", "hedge_completed", "circuit_breaker", "pnl_update", "error"}
    assert documented <= types()
    assert "NO_LIQUIDITY" in {event.code for event in seen if event.type == "error"}
    assert {event.strategy_id for event in seen} == {strategy_id}
    assert [event.seq for event in seen] == sorted({event.seq for event in seen})
    moves = [event for event in seen if event.type == "position_changed"]
    assert all(a.new_position == b.old_position for a, b in itertools.pairwise(moves)), "nothing is missing"
    printed = capsys.readouterr().out.splitlines()
    first_fill = next(event for event in seen if event.type == "quote_filled")
    assert f"Fill: {first_fill.side} {first_fill.quantity} @ {first_fill.price}" in printed
    assert any(line.startswith("Hedging ") and line.endswith(" via market") for line in printed)
    assert any(line.startswith("Circuit breaker triggered: daily_loss ") for line in printed)
    assert any(line.startswith("PnL: $") for line in printed)


# Error handling ------------------------------------------------------------------------------------------------------


async def start(client: ZenOTCClient, strategy_id: str) -> StrategyError | None:
    """Start a strategy as documented, and return what was caught."""
    try:
        await client.mm_strategy.start(strategy_id)
    except PositionLimitError as e:
        print(f"Position limit reached: {e.current_position} / {e.max_position}")
        return e
    except CircuitBreakerError as e:
        print(f"Circuit breaker active: {e.reason}")
        return e
    except InsufficientMarginError as e:
        print(f"Need more margin: {e.required} / {e.available}")
        return e
    except StrategyError as e:
        print(f"Strategy error: {e}")
        return e
    return None


async def test_position_limit_error(client: ZenOTCClient, capsys: pytest.CaptureFixture[str]) -> None:
    strategy = await stopped_with_position(client)
    limit = abs(strategy.current_position)
    await client.mm_strategy.update(
        strategy.id, quote_size=limit, min_quote_size=Decimal("0.001"), max_quote_size=limit, max_position=limit
    )
    error = await start(client, strategy.id)
    assert isinstance(error, PositionLimitError)
    assert (error.current_position, error.max_position) == (strategy.current_position, limit)
    assert capsys.readouterr().out == f"Position limit reached: {strategy.current_position} / {limit}\n"


async def test_circuit_breaker_error(client: ZenOTCClient, capsys: pytest.CaptureFixture[str]) -> None:
    strategy = await stopped_with_position(client)

    async def lose() -> Decimal:
        """Pay the taker's fee and the spread until the day is a loss."""
        await client.mm_strategy.start(strategy.id)
        await with_position(client, strategy.id)
        return (await client.mm_strategy.stop(strategy.id, flatten_position=True)).strategy.daily_pnl

    await eventually(lose, lambda pnl: pnl < Decimal("-0.01"))
    await client.mm_strategy.update(strategy.id, max_daily_loss=0.01)
    error = await start(client, strategy.id)
    assert isinstance(error, CircuitBreakerError)
    assert error.reason.startswith("daily_loss ")
    assert capsys.readouterr().out == f"Circuit breaker active: {error.reason}\n"


async def test_insufficient_margin_error(client: ZenOTCClient, capsys: pytest.CaptureFixture[str]) -> None:
    strategy = await client.mm_strategy.create(**{**REQUIRED, "max_position": 100_000.0})
    error = await start(client, strategy.id)
    assert isinstance(error, InsufficientMarginError)
    mid = (await client.mm_strategy.order_book("BTC")).mid
    assert mid is not None
    assert float(error.required) == pytest.approx(100_000 * float(mid) * 0.1, rel=0.01)
    assert 0 < error.available < error.required
    assert capsys.readouterr().out == f"Need more margin: {error.required} / {error.available}\n"


async def test_strategy_error(client: ZenOTCClient, capsys: pytest.CaptureFixture[str]) -> None:
    strategy = await client.mm_strategy.create(**REQUIRED, enabled=True)
    await client.mm_strategy.pause(strategy.id)
    error = await start(client, strategy.id)
    assert type(error) is StrategyError
    assert capsys.readouterr().out == f"Strategy error: {error}\n"
    assert "resume" in str(error)
