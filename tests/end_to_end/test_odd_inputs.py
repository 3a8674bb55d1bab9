"""What a program may get wrong: every answer is an exception that says what, and nothing is done."""

from __future__ import annotations

import asyncio
import math
import re
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from tests.waiting import eventually
from zenotc import ZenOTCClient
from zenotc.exceptions import NotFoundError, StrategyError, ValidationError
from zenotc.sdk.subscriptions import StreamReset

CONFIG: dict[str, Any] = {"name": "odd", "asset": "BTC", "base_spread_bps": 10, "quote_size": 1, "max_position": 10}


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"spread": 1}, "spread"),
        ({"base_spread_bps": math.nan}, "base_spread_bps"),
        ({"quote_size": math.inf}, "quote_size"),
        ({"quote_size": Decimal("NaN")}, "quote_size"),
        ({"quote_size": True}, "quote_size"),
        ({"quote_size": Decimal("0.0001")}, "quote_size"),
        ({"max_position": Decimal("1e40")}, "max_position"),
        ({"quote_layers": 2.5}, "quote_layers"),
        ({"enabled": "no"}, "enabled"),
        ({"circuit_breaker_enabled": 0}, "circuit_breaker_enabled"),
        ({"asset": "btc"}, "asset"),
        ({"name": object()}, "name"),
    ],
    ids=lambda value: re.sub(r" at 0x[0-9a-f]+", "", str(value)),
)
async def test_a_bad_parameter_is_named(client: ZenOTCClient, changes: dict[str, Any], field: str) -> None:
    before = len(await client.mm_strategy.list())
    with pytest.raises(ValidationError) as refused:
        await client.mm_strategy.create(**CONFIG | changes)
    assert field in {item["field"] for item in refused.value.fields}
    assert len(await client.mm_strategy.list()) == before


async def test_sizes_stay_exact(client: ZenOTCClient) -> None:
    exact = {"quote_size": Decimal("0.123"), "max_position": Decimal("1.000000000000000001")}
    strategy = await client.mm_strategy.create(**CONFIG | exact)
    again = await client.mm_strategy.get(strategy.id)
    assert {name: getattr(again, name) for name in exact} == exact
    assert str((await client.mm_strategy.get_metrics(strategy.id)).realized_pnl) == "0"
    await client.mm_strategy.delete(strategy.id)


CALLS: list[Callable[[Any], Awaitable[object]]] = [
    lambda mm: mm.get("nobody"),
    lambda mm: mm.get("../nobody/ä?&"),
    lambda mm: mm.start("nobody"),
    lambda mm: mm.pause("nobody"),
    lambda mm: mm.resume("nobody"),
    lambda mm: mm.stop("nobody", flatten_position=True),
    lambda mm: mm.update("nobody", quote_size=1),
    lambda mm: mm.delete("nobody"),
    lambda mm: mm.get_metrics("nobody"),
    lambda mm: mm.get_quote_stats("nobody"),
    lambda mm: mm.get_quotes("nobody"),
    lambda mm: mm.preview("nobody"),
    lambda mm: mm.history("nobody"),
    lambda mm: mm.order_book("DOGE"),
]


@pytest.mark.parametrize("call", CALLS)
async def test_what_is_not_there_is_not_found(client: ZenOTCClient, call: Callable[[Any], Awaitable[object]]) -> None:
    with pytest.raises(NotFoundError):
        await call(client.mm_strategy)


REFUSED: list[Callable[[Any, str], Awaitable[object]]] = [
    lambda mm, _: mm.get(""),
    lambda mm, _: mm.get(5),
    lambda mm, _: mm.list(status="running"),
    lambda mm, s: mm.update(s, asset="ETH"),
    lambda mm, s: mm.update(s, enabled=False),
    lambda mm, s: mm.update(s, id="x"),
    lambda mm, s: mm.update(s, quote_size=None),
    lambda mm, s: mm.update(s, min_spread_bps=11),
    lambda mm, s: mm.preview(s, quote_layers=9),
    lambda mm, _: mm.order_book("BTC", depth=0),
    lambda mm, _: mm.cancel_all_quotes(asset="DOGE"),
    lambda mm, s: mm.history(s, resolution_seconds=0),
    lambda mm, s: mm.history(s, start=datetime.now(UTC), end=datetime.now(UTC) - timedelta(hours=1)),
    lambda mm, s: mm.subscribe_events(s, print, after_seq=-1),
    lambda mm, s: anext(mm.events(s, after_seq=-1)),
    lambda mm, _: mm.clear_emergency_stop(operator=""),
]


@pytest.mark.parametrize("call", REFUSED)
async def test_what_makes_no_sense_is_refused(
    client: ZenOTCClient, call: Callable[[Any, str], Awaitable[object]]
) -> None:
    strategy = await client.mm_strategy.create(**CONFIG)
    async with asyncio.timeout(30):
        with pytest.raises(ValidationError):
            await call(client.mm_strategy, strategy.id)
    after = await client.mm_strategy.get(strategy.id)
    assert (after.config, after.status, after.updated_at) == (strategy.config, "stopped", strategy.updated_at)
    await client.mm_strategy.delete(strategy.id)


async def test_commands_twice_and_out_of_turn(client: ZenOTCClient) -> None:
    """Section 7's table, over the wire."""
    mm = client.mm_strategy
    strategy = await mm.create(**CONFIG, enabled=True)
    with pytest.raises(StrategyError, match="stopped and flat"):
        await mm.delete(strategy.id)
    for command in (mm.start, mm.pause, mm.pause):
        assert (await command(strategy.id)).confirmed
    with pytest.raises(StrategyError, match="use resume"):
        await mm.start(strategy.id)
    for command in (mm.resume, mm.resume, mm.stop, mm.stop):
        assert (await command(strategy.id)).strategy.id == strategy.id
    for command in (mm.pause, mm.resume):
        with pytest.raises(StrategyError, match="is stopped"):
            await command(strategy.id)


async def test_a_preview_does_nothing(client: ZenOTCClient) -> None:
    mm = client.mm_strategy
    strategy = await mm.create(**CONFIG)
    preview = await mm.preview(strategy.id, base_spread_bps=20, quote_layers=3)
    assert [target.layer for target in preview.targets if target.side == "buy"] == [0, 1, 2]
    assert preview.worst_case_long == 3 and preview.worst_case_short == -3
    assert (await mm.get_quotes(strategy.id)).quotes == []
    assert (await mm.get(strategy.id)).config == strategy.config


async def test_events_of_another_numbering_begin_afresh(client: ZenOTCClient) -> None:
    """A number that this engine has not reached comes from another one."""
    async with asyncio.timeout(30):
        first = await anext(client.mm_strategy.events(after_seq=10**9))
    assert isinstance(first, StreamReset)
    assert first.seq <= (await client.mm_strategy.status()).last_seq


async def test_the_iterator_and_history_tell_what_happened(client: ZenOTCClient) -> None:
    mm = client.mm_strategy
    strategy = await mm.create(**CONFIG, enabled=True)
    await mm.stop(strategy.id)
    events: list[Any] = []
    async with asyncio.timeout(30):
        async for event in mm.events(strategy.id, after_seq=0):
            events.append(event)
            if [event.type for event in events].count("quote_cancelled") == 2:
                break
    types = [event.type for event in events]
    placed = {event.order_id for event in events if event.type == "quote_sent"}
    assert types[0] == "started" and len(placed) == 2 and "stopped" in types
    points = await eventually(lambda: mm.history(strategy.id, resolution_seconds=1), bool)
    assert points[0].position == 0
    assert points[0].equity == pytest.approx(10 * (strategy.mid or 0), rel=Decimal("0.01"))
