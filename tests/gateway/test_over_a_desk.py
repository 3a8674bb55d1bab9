"""The gateway before a real desk on the sandbox exchange, and the documented client in front of it."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path

import pytest

from tests.gateway.desk_double import KEYS, SECRET
from tests.waiting import eventually, until
from zenotc import ZenOTCClient
from zenotc.exceptions import CircuitBreakerError, NotFoundError, StrategyError, ValidationError
from zenotc.gateway.application import create_app
from zenotc.gateway.server import GatewayServer
from zenotc.journal import Journal
from zenotc.models.events import QuoteSent
from zenotc.models.quotes import OrderBook
from zenotc.models.settings import EngineSettings
from zenotc.runtime.desk import Desk
from zenotc.runtime.state_directory import StateDirectory
from zenotc.sdk.subscriptions import StrategiesChange, StreamEvent
from zenotc.venues.sandbox import demo_venues


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[ZenOTCClient]:
    state = StateDirectory.open(tmp_path)
    quoting, hedge = demo_venues(1, time.time_ns(), 1_000_000)
    settings = EngineSettings(quoting_venue=quoting.name, hedge_venue=hedge.name)
    with Journal.open(state.journal, now_ns=time.time_ns()) as journal:
        desk = Desk([quoting, hedge], journal, state.emergency, settings)
        gateway = GatewayServer(create_app(desk, KEYS))
        await gateway.start()
        await desk.start()
        await until(lambda: desk.status().ready, 20)
        async with ZenOTCClient("trader", SECRET, base_url=gateway.url) as client:
            yield client
        await desk.stop()
        await gateway.stop()


async def test_a_strategy_quotes_and_everything_about_it_arrives(client: ZenOTCClient) -> None:
    mm = client.mm_strategy
    events: list[StreamEvent] = []
    changes: list[StrategiesChange] = []
    books: list[OrderBook] = []
    await mm.subscribe_events(None, events.append, after_seq=0)
    await mm.watch_strategies(changes.append)
    await mm.watch_order_book("BTC", books.append)
    strategy = await mm.create(
        name="BTC", asset="BTC", base_spread_bps=10, quote_size=0.1, max_position=2, quote_layers=2, enabled=True
    )
    await until(lambda: any(level.own_orders for book in books[-1:] for level in book.bids), 15)
    quotes = await mm.get_quotes(strategy.id)
    assert len(quotes.quotes) == 4 and quotes.reference is not None
    assert quotes.reference.best_bid < quotes.reference.mid < quotes.reference.best_ask
    bids = [level.price for level in (await mm.order_book("BTC", depth=3)).bids]
    assert len(bids) == 3 and bids == sorted(bids, reverse=True)
    assert (await mm.preview(strategy.id, quote_layers=1)).worst_case_long > 0
    parameters = {"asset": "BTC", "base_spread_bps": 40, "quote_size": Decimal("0.5"), "max_position": 2}
    new = await mm.preview_new(name="not yet", quote_layers=2, **parameters)
    assert len(new.placed) == 4 and new.worst_case_long == 1 and new.sides == {"buy": "quoting", "sell": "quoting"}
    assert len(await mm.list()) == 1
    paused = await mm.pause(strategy.id)
    assert paused.confirmed and paused.strategy.open_orders == 0
    assert (await mm.resume(strategy.id)).strategy.status == "active"
    assert (await mm.update(strategy.id, base_spread_bps=20)).base_spread_bps == 20
    assert (await mm.stop(strategy.id, flatten_position=True)).remaining_position == 0
    last = (await mm.status()).last_seq
    await until(lambda: events[-1].seq >= last and changes[-1].changed[-1].status == "stopped")
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    assert any(isinstance(event, QuoteSent) and event.strategy_id == strategy.id for event in events)
    await mm.delete(strategy.id)
    with pytest.raises(NotFoundError):
        await mm.get_metrics(strategy.id)


async def test_refusals_of_a_real_desk(client: ZenOTCClient) -> None:
    mm = client.mm_strategy
    with pytest.raises(ValidationError) as refused:
        await mm.create(name="x", asset="DOGE", base_spread_bps=10, quote_size=1, max_position=2)
    assert refused.value.fields[0]["field"] == "asset"
    strategy = await mm.create(name="x", asset="ETH", base_spread_bps=10, quote_size=1, max_position=2)
    with pytest.raises(StrategyError):
        await mm.pause(strategy.id)
    stopped = await mm.emergency_stop_all()
    assert stopped.confirmed and all(stopped.venues.values())
    with pytest.raises(CircuitBreakerError):
        await mm.start(strategy.id)
    await mm.clear_emergency_stop(operator="alice")
    assert (await mm.start(strategy.id)).strategy.status == "active"
    await eventually(lambda: mm.get_quotes(strategy.id), lambda quotes: len(quotes.quotes) == 2)
    assert await mm.cancel_all_quotes(asset="ETH") == 2
    assert (await mm.get(strategy.id)).status == "paused"
