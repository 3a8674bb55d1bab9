"""The emergency stop: nothing rests, nothing leaves any more, and it outlives the process and the journal."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import stat
import threading
import time
from decimal import Decimal
from pathlib import Path

import pytest

from tests.runtime.desks import CANCELS, ENTRIES, SECOND, SETTINGS, START, WatchedExchange, head, new, running
from tests.waiting import until
from zenotc.exceptions import CircuitBreakerError, ConnectionFailedError, OutcomeUnknownError, StrategyError
from zenotc.journal import Journal, JournalError
from zenotc.journal.records import OrderStateRecord
from zenotc.models.commands import ClearEmergencyStop, EmergencyStopAll, ResumeStrategy, StartStrategy, UpdateStrategy
from zenotc.models.market import SELL
from zenotc.models.orders import CancelAll, Place
from zenotc.models.wire import decode
from zenotc.runtime import emergency_latch
from zenotc.runtime.desk import Desk
from zenotc.runtime.emergency_latch import EmergencyLatch
from zenotc.runtime.files import write_durably


@pytest.fixture
def exchange(tmp_path: Path) -> WatchedExchange:
    return WatchedExchange(tmp_path / "journal.db")


async def let_pass(desk: Desk, seconds: float) -> None:
    """Wait until so much trading time has passed."""
    end_ns = desk.clock.now_ns() + int(seconds * SECOND)
    await until(lambda: desk.clock.now_ns() >= end_ns)


def break_journal(folder: Path) -> None:
    """Let every write of an order's state fail within SQLite, as on a full disk."""
    connection = sqlite3.connect(folder / "journal.db", timeout=5)
    connection.execute(
        "CREATE TRIGGER full BEFORE INSERT ON order_states BEGIN SELECT RAISE(FAIL, 'database or disk is full'); END"
    )
    connection.close()


async def test_it_leaves_no_order_and_lets_none_out(tmp_path: Path, exchange: WatchedExchange) -> None:
    async with running(tmp_path, exchange, speed=20) as desk:
        for number in range(5):
            await desk.execute(new(f"s{number}", base_spread_bps=10 + 4 * number, quote_layers=3))
        await until(lambda: len(exchange.open_ids) == 30)

        result = await desk.execute(EmergencyStopAll(**head()))

        assert exchange.open_ids == []
        assert result.confirmed and result.venues == {"sandbox": True}
        assert [(s.strategy_id, s.confirmed) for s in result.strategies] == [(f"s{n}", True) for n in range(5)]
        assert {s.status for s in desk.strategies()} == {"stopped"}
        assert desk.quotes("s0").sides == {"buy": "emergency_stop", "sell": "emergency_stop"}
        assert stat.S_IMODE((tmp_path / "latch").stat().st_mode) == 0o600
        sent = len(exchange.sent)
        with pytest.raises(CircuitBreakerError, match="emergency stop by tester"):
            await desk.execute(StartStrategy(**head(), strategy_id="s0"))
        with pytest.raises(CircuitBreakerError):
            await desk.execute(ResumeStrategy(**head(), strategy_id="s0"))
        with pytest.raises(CircuitBreakerError):
            await desk.execute(new("s9"))
        await desk.execute(UpdateStrategy(**head(), strategy_id="s0", changes={"base_spread_bps": 50}))
        await let_pass(desk, 10)
        assert not any(isinstance(request, ENTRIES) for request in exchange.sent[sent:])


async def test_orders_that_were_leaving_meanwhile_do_not_survive_it(tmp_path: Path, exchange: WatchedExchange) -> None:
    async with running(tmp_path, exchange) as desk:
        _, result = await asyncio.gather(
            desk.execute(new(quote_layers=5)), desk.execute(EmergencyStopAll(**head())), return_exceptions=True
        )
        assert not isinstance(result, BaseException) and result.confirmed
        assert exchange.open_ids == [] and exchange.count(Place) == 0


async def test_the_stops_file_keeps_every_order_back_that_is_leaving(tmp_path: Path, exchange: WatchedExchange) -> None:
    async with running(tmp_path, exchange) as desk:
        await let_pass(desk, 0.1)
        sent = len(exchange.sent)
        (tmp_path / "latch").write_text('{"since": "2026-01-01T00:00:00Z", "operator": "wall", "reason": "button"}')
        with contextlib.suppress(CircuitBreakerError):  # where the file was seen before the command
            await desk.execute(new(quote_layers=5))
        await until(lambda: desk.status().emergency_stop.active and not desk.status().emergency_stop.unconfirmed_venues)
        assert not any(isinstance(request, ENTRIES) for request in exchange.sent[sent:])
        assert exchange.open_ids == []


async def test_a_venue_that_does_not_answer_is_named_and_asked_again(tmp_path: Path, exchange: WatchedExchange) -> None:
    async with running(tmp_path, exchange, speed=5) as desk:
        await desk.execute(new())
        await until(lambda: len(exchange.open_ids) == 2)
        exchange.swallows = lambda request: isinstance(request, CANCELS)
        result = await desk.execute(EmergencyStopAll(**head()))
        assert not result.confirmed and result.venues == {"sandbox": False}
        assert result.strategies[0].unconfirmed_orders == exchange.open_ids != []
        assert desk.status().emergency_stop.unconfirmed_venues == ["sandbox"]
        asked = exchange.count(CancelAll)
        await until(lambda: exchange.count(CancelAll) > asked)
        exchange.swallows = lambda _: False
        await until(lambda: exchange.open_ids == [] and not desk.status().emergency_stop.unconfirmed_venues)
        assert (await desk.execute(EmergencyStopAll(**head()))).confirmed


async def test_a_venue_that_takes_longer_than_it_is_given_is_agreed_with_and_confirms_the_stop(tmp_path: Path) -> None:
    """What it answers late is an answer, and it is not asked again faster than it can answer."""
    slow = WatchedExchange(tmp_path / "journal.db", latency_ns=int(0.8 * SECOND))
    settings = SETTINGS.model_copy(update={"acknowledge_within_seconds": 0.5, "command_deadline_seconds": 5.0})
    async with running(tmp_path, slow, settings=settings, speed=10) as desk:
        await desk.execute(new())
        await until(lambda: slow.open_ids != [])
        assert (await desk.execute(EmergencyStopAll(**head()))).confirmed
        assert slow.open_ids == []


async def test_it_survives_a_restart_until_it_is_cleared(tmp_path: Path, exchange: WatchedExchange) -> None:
    async with running(tmp_path, exchange) as desk:
        await desk.execute(new())
        await desk.execute(EmergencyStopAll(**head()))

    later = WatchedExchange(tmp_path / "journal.db", start_ns=START + 3600 * SECOND)
    async with running(tmp_path, later) as desk:
        state = desk.status().emergency_stop
        assert state.active and state.operator == "tester" and state.since is not None
        with pytest.raises(CircuitBreakerError):
            await desk.execute(new("s2"))
        assert desk.strategy("s2").status == "stopped", "it exists all the same"
        cleared = await desk.execute(ClearEmergencyStop(command_id="clear", operator="alice"))
        assert not cleared.active and not (tmp_path / "latch").exists()
        await desk.execute(StartStrategy(**head(), strategy_id="s2"))
        await until(lambda: len(later.open_ids) == 2)

    latest = WatchedExchange(tmp_path / "journal.db", start_ns=START + 7200 * SECOND)
    async with running(tmp_path, latest) as desk:
        assert not desk.status().emergency_stop.active


async def test_a_file_that_cannot_be_written_is_told_of_and_stops_nothing(
    tmp_path: Path, exchange: WatchedExchange
) -> None:
    async with running(tmp_path, exchange) as desk:
        await desk.execute(new())
        await until(lambda: len(exchange.open_ids) == 2)
        (tmp_path / "latch").mkdir()  # no file can take its place, nor be removed there
        result = await desk.execute(EmergencyStopAll(**head()))
        assert result.confirmed and not result.durable and exchange.open_ids == []
        assert not desk.status().emergency_stop.durable
        (tmp_path / "latch").rmdir()
        assert (await desk.execute(EmergencyStopAll(**head()))).durable
        assert (tmp_path / "latch").is_file() and desk.status().emergency_stop.durable

        (tmp_path / "latch").unlink()
        (tmp_path / "latch").mkdir()
        with pytest.raises(StrategyError, match="cannot be removed"):
            await desk.execute(ClearEmergencyStop(**head()))
        assert desk.status().emergency_stop.active, "the file would stop it again at once"
        events = [decode(event.body) for event in await desk.events(after_seq=0, limit=1_000)]
        codes = [event["code"] for event in events if event["type"] == "error"]
        assert codes == ["LATCH_NOT_WRITTEN", "LATCH_NOT_REMOVED"]


async def test_it_waits_for_no_disk(tmp_path: Path, exchange: WatchedExchange, monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk stands still: everything is cancelled and confirmed, and what the stop answers waits for the file."""
    works = threading.Event()

    def write(path: Path, body: bytes) -> None:
        works.wait()
        write_durably(path, body)

    monkeypatch.setattr(emergency_latch, "write_durably", write)
    async with running(tmp_path, exchange, speed=5) as desk:
        await desk.execute(new())
        await until(lambda: len(exchange.open_ids) == 2)
        stopping = asyncio.create_task(desk.execute(EmergencyStopAll(**head())))
        try:
            await until(lambda: desk.status().emergency_stop.active)
            await until(lambda: exchange.open_ids == [] and not desk.status().emergency_stop.unconfirmed_venues)
            assert not stopping.done() and not desk.status().emergency_stop.durable
        finally:
            works.set()
        assert (await stopping).durable and desk.status().emergency_stop.durable


async def test_it_flattens_only_where_it_is_asked_to(tmp_path: Path, exchange: WatchedExchange) -> None:
    async with running(tmp_path, exchange, speed=5) as desk:
        await desk.execute(new(base_spread_bps=0.01))
        await until(lambda: len(exchange.open_ids) == 2)
        exchange.send_for_others("BTC", SELL, 120_000, 10_050, desk.clock.now_ns())
        await until(lambda: desk.strategy("s1").current_position > 0)
        held = exchange.account.positions["BTC"]
        result = await desk.execute(EmergencyStopAll(**head()))
        assert result.strategies[0].remaining_position == held == exchange.account.positions["BTC"]
        result = await desk.execute(EmergencyStopAll(**head(), flatten_positions=True))
        assert result.confirmed and result.strategies[0].remaining_position == 0
        assert exchange.account.positions["BTC"] == 0 and exchange.open_ids == []


async def test_a_lost_journal_stops_everything(tmp_path: Path, exchange: WatchedExchange) -> None:
    with pytest.raises(JournalError, match="disk is full"):
        async with running(tmp_path, exchange, speed=5) as desk:
            await desk.execute(new(quote_layers=2))
            await until(lambda: len(exchange.open_ids) == 4)
            sent = len(exchange.sent)
            break_journal(tmp_path)
            # The orders that this asks for cannot be written down.
            with pytest.raises(OutcomeUnknownError, match="journal was lost"):
                await desk.execute(new("s3"))
            await until(lambda: desk.status().emergency_stop.active and exchange.open_ids == [])
            await until(lambda: desk.status().emergency_stop.unconfirmed_venues == [])
            assert desk.strategy("s1").status == "stopped"
            assert "disk is full" in str(desk.status().emergency_stop.operator)
            await until((tmp_path / "latch").exists)  # whoever starts the engine again must know
            assert not desk.status().ready and desk.status().waiting_for == ["journal"]
            # Stopping still works; nothing that trades does, and the stop cannot be cleared.
            assert (await desk.execute(EmergencyStopAll(**head(), flatten_positions=True))).confirmed
            for command in (StartStrategy(**head(), strategy_id="s1"), new("s2"), ClearEmergencyStop(**head())):
                with pytest.raises(ConnectionFailedError, match="journal is lost"):
                    await desk.execute(command)
            await let_pass(desk, 5)
            assert not any(isinstance(request, ENTRIES) for request in exchange.sent[sent:])


async def test_an_order_decided_when_the_journal_is_already_gone_never_leaves(
    tmp_path: Path, exchange: WatchedExchange
) -> None:
    with pytest.raises(JournalError), Journal.open(tmp_path / "journal.db", now_ns=START) as journal:
        desk = Desk([exchange], journal, EmergencyLatch(tmp_path / "latch"), SETTINGS)
        await desk.start()
        await until(lambda: desk.status().ready)
        break_journal(tmp_path)
        await desk.execute(new(enabled=False))
        journal.append([OrderStateRecord("x", START, "resting", Decimal(1), Decimal(1), Decimal(0), None, None)])
        deadline = time.monotonic() + 5
        while journal.failure is None:
            assert time.monotonic() < deadline
        # The writer has failed and nobody on the loop has heard of it yet.
        starting = asyncio.create_task(desk.execute(StartStrategy(**head(), strategy_id="s1")))
        await until(lambda: desk.status().emergency_stop.active and starting.done())
        await desk.stop()
        assert exchange.count(Place) == 0 and exchange.open_ids == []
        assert isinstance(starting.exception(), OutcomeUnknownError)


async def test_a_stop_does_not_wait_for_a_journal_that_stands_still(tmp_path: Path, exchange: WatchedExchange) -> None:
    settings = SETTINGS.model_copy(update={"command_deadline_seconds": 4.0})
    async with running(tmp_path, exchange, settings=settings) as desk:
        await desk.execute(new())
        await until(lambda: len(exchange.open_ids) == 2)
        blocker = sqlite3.connect(tmp_path / "journal.db", isolation_level=None)
        try:
            blocker.execute("BEGIN IMMEDIATE")
            creating = asyncio.create_task(desk.execute(new("s2", base_spread_bps=20)))
            await until(lambda: "s2" in desk.engine.state.strategies)
            result = await desk.execute(EmergencyStopAll(**head()))
            assert result.confirmed and result.elapsed_ms < 2_000
            assert exchange.open_ids == []
            assert exchange.count(Place) == 2, "the orders that waited for the journal have not left"
        finally:
            blocker.execute("ROLLBACK")
            blocker.close()
        assert (await creating).status == "stopped"
