"""The desk keeps its promises: journal first, events after the commit, and a command is done when the venue says so."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from tests.runtime.desks import ENTRIES, SECOND, SETTINGS, START, WatchedExchange, head, look, new, running
from tests.waiting import until
from zenotc.exceptions import StrategyError, ValidationError
from zenotc.journal import Journal
from zenotc.journal.records import CommandOutcomeRecord, CommandRecord, OrderRecord, OrderStateRecord, StrategyRecord
from zenotc.models.commands import CancelQuotes, PauseStrategy, ResumeStrategy, StopStrategy, UpdateStrategy
from zenotc.models.events import JournalledEvent
from zenotc.models.market import SELL
from zenotc.models.orders import Amend, Cancel, OrderAccepted, OrderFilled, Place, QueryOrder
from zenotc.models.wire import decode
from zenotc.runtime import floor
from zenotc.runtime.desk import Desk


@pytest.fixture
def exchange(tmp_path: Path) -> WatchedExchange:
    return WatchedExchange(tmp_path / "journal.db")


async def quoting(desk: Desk, exchange: WatchedExchange, orders: int = 2) -> None:
    """Wait until the desk knows that its quotes rest."""
    await until(lambda: [o.state for o in desk.engine.state.orders.values()] == ["resting"] * orders)
    assert len(exchange.open_ids) == orders


async def test_an_order_is_on_disk_before_it_leaves(tmp_path: Path, exchange: WatchedExchange) -> None:
    async with running(tmp_path, exchange, speed=5) as desk:
        await desk.execute(new(quote_layers=3))
        await quoting(desk, exchange, 6)
        for spread in (12, 14, 16):
            await desk.execute(UpdateStrategy(**head(), strategy_id="s1", changes={"base_spread_bps": spread}))
            amends = exchange.count(Amend)
            await until(lambda before=amends: exchange.count(Amend) >= before + 6)  # type: ignore[misc]
        await quoting(desk, exchange, 6)
        await desk.execute(PauseStrategy(**head(), strategy_id="s1"))
        await desk.execute(ResumeStrategy(**head(), strategy_id="s1"))
        await quoting(desk, exchange, 6)
    assert exchange.count(Place) >= 12
    assert exchange.not_on_disk == []


async def test_an_event_is_published_after_it_is_on_disk(tmp_path: Path, exchange: WatchedExchange) -> None:
    early: list[int] = []
    heard: list[JournalledEvent] = []

    def listen(events: Sequence[JournalledEvent]) -> None:
        committed = look(tmp_path / "journal.db", "SELECT coalesce(max(seq), 0) FROM events")
        early.extend(event.seq for event in events if event.seq > committed)
        heard.extend(events)

    async with running(tmp_path, exchange) as desk:
        unsubscribe = desk.listen(listen)
        await desk.execute(new(base_spread_bps=0.01))
        await quoting(desk, exchange)
        exchange.send_for_others("BTC", SELL, 120_000, 10_040, desk.clock.now_ns())
        await until(lambda: desk.strategy("s1").trade_count == 1)
        await desk.execute(StopStrategy(**head(), strategy_id="s1"))
        last = desk.last_seq
        assert early == []
        assert [event.seq for event in heard] == list(range(1, last + 1))
        assert await desk.events(after_seq=0, limit=1000) == heard
        unsubscribe()
        await desk.execute(StopStrategy(**head(), strategy_id="s1"))
        assert heard[-1].seq == last


async def test_what_is_cancelled_while_it_waits_never_leaves(tmp_path: Path, exchange: WatchedExchange) -> None:
    async with running(tmp_path, exchange) as desk:
        create, pause = new(), PauseStrategy(**head(), strategy_id="s1")
        # Both reach the engine before the loop comes round to send anything.
        _, paused = await asyncio.gather(desk.execute(create), desk.execute(pause))
        assert paused.confirmed and paused.strategy.status == "paused"
    assert exchange.count(Place, Amend, Cancel) == 0
    with Journal.open(tmp_path / "journal.db", now_ns=START) as journal:
        orders = [order.client_order_id for order in journal.records(OrderRecord)]
        last = {state.client_order_id: state.state for state in journal.records(OrderStateRecord)}
    assert len(orders) == 2
    assert last == dict.fromkeys(orders, "cancelled")


async def test_an_order_that_waits_for_the_journal_is_not_asked_about(
    tmp_path: Path, exchange: WatchedExchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The venue would not know it, another would take its place, and then both would leave."""
    monkeypatch.setattr(floor, "_STALLED_SECONDS", 60.0)  # however slow the machine is, the quotes are not pulled
    settings = SETTINGS.model_copy(update={"acknowledge_within_seconds": 0.1})
    async with running(tmp_path, exchange, settings=settings, speed=5) as desk:
        with contextlib.closing(sqlite3.connect(tmp_path / "journal.db", isolation_level=None)) as blocker:
            blocker.execute("BEGIN IMMEDIATE")
            creating = asyncio.create_task(desk.execute(new(max_position=0.1)))
            await until(lambda: [o.state for o in desk.engine.state.orders.values()] == ["unknown"] * 2)
            asked_ns = [order.queried_ns for order in desk.engine.state.orders.values()]
            await until(lambda: [o.queried_ns for o in desk.engine.state.orders.values()] != asked_ns)
            assert not exchange.count(QueryOrder)
            blocker.execute("ROLLBACK")
        await creating
        await quoting(desk, exchange)
        assert exchange.count(Place) == 2


async def test_a_pause_is_done_when_the_venue_has_confirmed_it(tmp_path: Path) -> None:
    exchange = WatchedExchange(tmp_path / "journal.db", latency_ns=60_000_000)
    async with running(tmp_path, exchange) as desk:
        await desk.execute(new())
        await quoting(desk, exchange)
        pausing = asyncio.create_task(desk.execute(PauseStrategy(**head(), strategy_id="s1")))
        await until(lambda: exchange.count(Cancel) == 2)
        assert len(exchange.open_ids) == 2
        await until(lambda: exchange.open_ids == [])
        assert not pausing.done(), "the exchange has cancelled, and its word is still on the way"
        result = await pausing
        assert result.confirmed and result.unconfirmed_orders == []
        assert (result.strategy.status, result.strategy.open_orders) == ("paused", 0)


async def test_a_pause_that_the_venue_ignores_names_the_orders_and_goes_on_trying(
    tmp_path: Path, exchange: WatchedExchange
) -> None:
    async with running(tmp_path, exchange, speed=5) as desk:
        await desk.execute(new())
        await quoting(desk, exchange)
        exchange.swallows = lambda request: not isinstance(request, Place)
        result = await desk.execute(PauseStrategy(**head(), strategy_id="s1"))
        assert not result.confirmed
        assert result.unconfirmed_orders == exchange.open_ids != []
        assert result.strategy.status == "paused"
        asked = exchange.count(QueryOrder)
        await until(lambda: exchange.count(QueryOrder) > asked + 2)
        exchange.swallows = lambda _: False
        await until(lambda: exchange.open_ids == [] and not desk.engine.state.orders)
        assert (await desk.execute(PauseStrategy(**head(), strategy_id="s1"))).confirmed


async def test_cancel_quotes_counts_what_the_venue_has_cancelled(tmp_path: Path, exchange: WatchedExchange) -> None:
    async with running(tmp_path, exchange) as desk:
        await desk.execute(new("a", quote_layers=2))
        await desk.execute(new("b", base_spread_bps=20))
        await quoting(desk, exchange, 6)
        deaf_to = exchange.open_ids[0]
        exchange.swallows = lambda request: getattr(request, "client_order_id", None) == deaf_to
        result = await desk.execute(CancelQuotes(**head(), asset="BTC"))
        assert (result.cancelled, result.strategies, result.unconfirmed_orders) == (5, ["a", "b"], [deaf_to])
        exchange.swallows = lambda _: False


async def test_an_order_that_never_arrived_is_found_out_and_placed_again(
    tmp_path: Path, exchange: WatchedExchange
) -> None:
    async with running(tmp_path, exchange, speed=5) as desk:
        exchange.swallows = lambda request: isinstance(request, Place)
        await desk.execute(new())
        await until(lambda: exchange.count(Place) == 2)
        lost = {request.client_order_id for request in exchange.sent if isinstance(request, Place)}
        await until(lambda: desk.strategy("s1").unknown_orders == 2)
        assert desk.quotes("s1").sides == {"buy": "outcome_unknown", "sell": "outcome_unknown"}
        exchange.swallows = lambda _: False
        await quoting(desk, exchange)
        assert lost.isdisjoint(exchange.open_ids)
    with Journal.open(tmp_path / "journal.db", now_ns=START) as journal:
        states = [s.state for s in journal.records(OrderStateRecord) if s.client_order_id in lost]
    assert states.count("unknown") >= 2
    assert states[-1] != "unknown"


async def test_an_order_whose_answers_were_lost_is_found_with_its_fill_once(
    tmp_path: Path, exchange: WatchedExchange
) -> None:
    async with running(tmp_path, exchange, speed=5) as desk:
        exchange.link.loses = lambda report: isinstance(report, OrderAccepted | OrderFilled)
        await desk.execute(new(base_spread_bps=0.01))
        await until(lambda: len(exchange.open_ids) == 2)
        exchange.send_for_others("BTC", SELL, 120_000, 10_030, desk.clock.now_ns())
        await until(lambda: len(exchange.account.fills) == 1)
        exchange.link.loses = lambda _: False
        await until(lambda: desk.strategy("s1").current_position != 0)
        await quoting(desk, exchange)
        strategy = desk.strategy("s1")
        assert strategy.current_position == exchange.account.positions["BTC"] == Decimal("0.03")
        assert strategy.trade_count == 1


async def test_stop_cancels_everything(tmp_path: Path, exchange: WatchedExchange) -> None:
    async with running(tmp_path, exchange) as desk:
        await desk.execute(new("a"))
        await desk.execute(new("b", base_spread_bps=20, quote_layers=3))
        await quoting(desk, exchange, 8)
        assert await desk.stop()
        assert exchange.open_ids == []


async def test_stop_says_that_the_venue_has_not_confirmed(tmp_path: Path, exchange: WatchedExchange) -> None:
    async with running(tmp_path, exchange) as desk:
        await desk.execute(new())
        await quoting(desk, exchange)
        exchange.swallows = lambda _: True
        assert not await desk.stop()
        assert len(exchange.open_ids) == 2


async def test_stop_waits_for_a_stopped_strategy_whose_orders_are_not_confirmed(
    tmp_path: Path, exchange: WatchedExchange
) -> None:
    settings = SETTINGS.model_copy(update={"command_deadline_seconds": 1.0})
    async with running(tmp_path, exchange, settings=settings, speed=5) as desk:
        await desk.execute(new())
        await quoting(desk, exchange)
        exchange.swallows = lambda _: True
        assert not (await desk.execute(StopStrategy(**head(), strategy_id="s1"))).confirmed
        exchange.swallows = lambda _: False
        assert await desk.stop()
        assert exchange.open_ids == []


async def test_prepared_strategies_begin_at_the_first_usable_book(tmp_path: Path, exchange: WatchedExchange) -> None:
    prepared = [new("a"), new("b", enabled=False)]
    async with running(tmp_path, exchange, prepared=prepared) as desk:
        await quoting(desk, exchange)
        assert {s.id: s.status for s in desk.strategies()} == {"a": "active", "b": "stopped"}
        balance_and_book_ns = START + 2 * 5_000_000
        assert desk.engine.state.strategy("a").created_ns <= balance_and_book_ns + 1_000_000_000
    with Journal.open(tmp_path / "journal.db", now_ns=START) as journal:
        assert [s.strategy_id for s in journal.records(StrategyRecord)][:2] == ["a", "a"]
        assert [c.command_id for c in journal.records(CommandRecord)][:2] == [c.command_id for c in prepared]


async def test_every_command_is_journalled_with_its_outcome(tmp_path: Path, exchange: WatchedExchange) -> None:
    async with running(tmp_path, exchange) as desk:
        created, refused = new(), ResumeStrategy(**head(), strategy_id="s1")
        await desk.execute(created)
        await desk.execute(StopStrategy(**head(), strategy_id="s1"))
        with pytest.raises(StrategyError, match="use start"):
            await desk.execute(refused)
    with Journal.open(tmp_path / "journal.db", now_ns=START) as journal:
        commands = {c.command_id: c for c in journal.records(CommandRecord)}
        outcomes = {o.command_id: o.outcome for o in journal.records(CommandOutcomeRecord)}
    assert commands[created.command_id].name == "CreateStrategy"
    assert commands[created.command_id].operator == "tester"
    assert outcomes[created.command_id] == "done"
    assert outcomes[refused.command_id] == "wrong_state"


@pytest.mark.parametrize("number", ["18446744073709551616", "-9223372036854775809", "1" + "0" * 39])
async def test_a_number_beyond_64_bits_is_refused_like_any_other(
    tmp_path: Path, exchange: WatchedExchange, number: str
) -> None:
    async with running(tmp_path, exchange) as desk:
        await desk.execute(new(enabled=False))
        changes = decode(f'{{"quoteLayers": {number}}}')
        with pytest.raises(ValidationError, match="quote_layers"):
            await desk.execute(UpdateStrategy(**head(), strategy_id="s1", changes=changes))
    with Journal.open(tmp_path / "journal.db", now_ns=START) as journal:
        assert number.encode() in journal.records(CommandRecord)[1].body


async def test_history_takes_any_time_that_can_be_written(tmp_path: Path, exchange: WatchedExchange) -> None:
    async with running(tmp_path, exchange, speed=20) as desk:
        await desk.execute(new())
        first, last = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
        end_ns = desk.clock.now_ns() + 6 * SECOND
        await until(lambda: desk.clock.now_ns() >= end_ns)
        assert await desk.history("s1", start=first, end=last, resolution_seconds=1)
        assert await desk.history("s1", start=last, end=last, resolution_seconds=1) == []
        assert desk.status().ready, "the journal has not been lost by a question"


async def test_time_never_falls(tmp_path: Path, exchange: WatchedExchange) -> None:
    """Operators come in between what the exchange says, whose clock may stand before theirs."""
    async with running(tmp_path, exchange, speed=20) as desk:
        await desk.execute(new(quote_layers=2))
        for spread in range(10, 40):
            await desk.execute(UpdateStrategy(**head(), strategy_id="s1", changes={"base_spread_bps": spread}))
            if spread % 7 == 0:
                await desk.execute(PauseStrategy(**head(), strategy_id="s1"))
                await desk.execute(ResumeStrategy(**head(), strategy_id="s1"))
        events = [event.body for event in await desk.events(after_seq=0, limit=5000)]
    stamps = [body.split(b'"timestamp":"')[1].split(b'"')[0] for body in events]
    assert stamps == sorted(stamps)
    with Journal.open(tmp_path / "journal.db", now_ns=START) as journal:
        times = [state.at_ns for state in journal.records(OrderStateRecord)]
    assert len(times) > 50
    assert times == sorted(times)
    assert isinstance(exchange.sent[-1], ENTRIES) is False
