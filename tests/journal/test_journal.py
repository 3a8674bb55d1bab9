from __future__ import annotations

import asyncio
import resource
import sqlite3
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from tests.journal.samples import EVERY_KIND, SECOND, T0, event, fill, mark, order
from zenotc.journal import Journal, JournalError
from zenotc.journal.records import CommandOutcomeRecord, CommandRecord, FillRecord, OrderRecord
from zenotc.models.events import JournalledEvent, PnlUpdate
from zenotc.models.wire import decode, utc_from_ns


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.db"


def test_every_kind_of_record_comes_back_as_it_was(path: Path) -> None:
    with Journal.open(path, now_ns=T0) as journal:
        journal.append(EVERY_KIND)
    with Journal.open(path, now_ns=T0) as journal:
        for kind in {type(record) for record in EVERY_KIND}:
            assert journal.records(kind) == [record for record in EVERY_KIND if type(record) is kind]


def test_events_are_numbered_without_gaps_across_a_reopening(path: Path) -> None:
    with Journal.open(path, now_ns=T0) as journal:
        epoch = journal.epoch
        first = [event(), event(None)]
        journal.append([first[0], order(), first[1]])
        assert [one.seq for one in first] == [1, 2]
    with Journal.open(path, now_ns=T0 + 1) as journal:
        assert (journal.epoch, journal.last_seq) == (epoch, 2)
        journal.append([event()])
        assert [one.seq for one in journal.all_events()] == [1, 2, 3]
        assert [decode(one.body)["seq"] for one in journal.all_events()] == [1, 2, 3]


def test_a_journal_has_its_own_epoch(tmp_path: Path) -> None:
    with Journal.open(tmp_path / "a", now_ns=T0) as a, Journal.open(tmp_path / "b", now_ns=T0) as b:
        assert a.epoch != b.epoch


async def test_events_are_published_in_order_after_their_commit(path: Path) -> None:
    heard: list[JournalledEvent] = []

    def on_commit(events: list[JournalledEvent]) -> None:
        with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as reader:
            (on_disk,) = reader.execute("SELECT max(seq) FROM events").fetchone()
        assert on_disk >= events[-1].seq
        heard.extend(events)

    with Journal.open(path, now_ns=T0, on_commit=on_commit) as journal:
        journal.bind(asyncio.get_running_loop())
        for number in range(200):
            ticket = journal.append([event(reason=str(number))])
            if number % 20 == 0:
                await asyncio.sleep(0)
        assert len(heard) < 200
        await asyncio.wait_for(journal.wait(ticket), 30)
        assert journal.committed == ticket
        assert [one.seq for one in heard] == list(range(1, 201))
        assert [decode(one.body)["reason"] for one in heard] == [str(number) for number in range(200)]


def test_without_a_loop_events_are_published_to_the_appender(path: Path) -> None:
    heard: list[JournalledEvent] = []
    with Journal.open(path, now_ns=T0, on_commit=heard.extend) as journal:
        journal.append([event()])
        journal.flush(5)
        assert [one.seq for one in heard] == [1]
        journal.append([event(), event()])
    assert [one.seq for one in heard] == [1, 2, 3]


async def test_many_tasks_wait_for_their_own_tickets(path: Path) -> None:
    with Journal.open(path, now_ns=T0) as journal:
        journal.bind(asyncio.get_running_loop())

        async def command(number: int) -> None:
            for step in range(10):
                ticket = journal.append([order(number * 10 + step), event()])
                await journal.wait(ticket)
                assert journal.committed >= ticket

        async with asyncio.timeout(10):
            await asyncio.gather(*(command(number) for number in range(50)))
        assert len(journal.records(OrderRecord)) == journal.last_seq == 500


async def test_a_read_sees_what_was_appended_before_it(path: Path) -> None:
    with Journal.open(path, now_ns=T0) as journal:
        journal.append([event("s1"), event("s2"), event(None), event("s1")])
        assert [one.seq for one in await journal.events(after_seq=1, limit=2)] == [2, 3]
        assert [one.seq for one in await journal.events(after_seq=0, limit=9, strategy_id="s1")] == [1, 4]
        assert await journal.events(after_seq=4, limit=9) == []


async def test_a_question_that_cannot_be_asked_is_no_end_of_the_writing(path: Path) -> None:
    with Journal.open(path, now_ns=T0) as journal:
        journal.bind(asyncio.get_running_loop())
        with pytest.raises(OverflowError):
            await journal.events(after_seq=2**63, limit=1)
        await journal.wait(journal.append([event()]))
        assert journal.failure is None and len(await journal.events(after_seq=0, limit=10)) == 1


async def test_history_has_the_last_mark_of_each_interval(path: Path) -> None:
    with Journal.open(path, now_ns=T0) as journal:
        journal.append([mark("s1", T0 + second * SECOND, str(second)) for second in range(150)])
        journal.append([mark("s2", T0 + 500 * SECOND)])
        # 2024-08-08 23:54:14: the minute ends 46 seconds later.
        assert await totals(journal, T0, T0 + 150 * SECOND, 60 * SECOND) == [45, 105, 149]
        assert await totals(journal, T0 + SECOND, T0 + 3 * SECOND, SECOND) == [1, 2]
        assert await totals(journal, T0 - 3_000 * SECOND, T0 + 3_000 * SECOND, SECOND) == [*range(150)]
        assert await journal.marked("s1", start_ns=T0 + 1, end_ns=T0 + 2**60) == (T0 + SECOND, T0 + 149 * SECOND)
        assert await journal.marked("s1", start_ns=T0 + 1, end_ns=T0 + SECOND) is None


async def totals(journal: Journal, start_ns: int, end_ns: int, resolution_ns: int) -> list[int]:
    """Return the total PnL of each mark of the history of `s1`."""
    slices = journal.history("s1", start_ns=start_ns, end_ns=end_ns, resolution_ns=resolution_ns)
    return [int(mark.total_pnl) async for marks in slices for mark in marks]


def test_requests_of_clients_come_with_their_outcome_the_oldest_first(path: Path) -> None:
    first = CommandRecord("c1", T0, "trader", "pause", "s1", b"{}", "me@here", "k1")
    second = replace(first, command_id="c2", name="emergency_stop_all", strategy_id=None, received_ns=T0 + 2)
    outcome = CommandOutcomeRecord("c1", T0 + 1, "done", b"{}")
    with Journal.open(path, now_ns=T0) as journal:
        journal.append([first, outcome, second, replace(first, command_id="c3", idempotency_key="")])
        assert journal.requests(since_ns=T0, limit=9) == [(first, outcome), (second, None)]
        assert journal.requests(since_ns=T0 + 1, limit=9) == [(second, None)]
        assert journal.requests(since_ns=T0, limit=1) == [(second, None)]


def test_a_fill_that_is_reported_twice_counts_once(path: Path) -> None:
    with Journal.open(path, now_ns=T0) as journal:
        journal.append([fill(), replace(fill(), price=Decimal(1)), fill(2), event()])
        assert journal.records(FillRecord) == [fill(), fill(2)]
        assert journal.last_seq == 1


def test_the_lag_is_the_age_of_the_oldest_append_that_is_not_on_disk(path: Path) -> None:
    with Journal.open(path, now_ns=T0) as journal:
        assert journal.lag_seconds == 0
        blocker = sqlite3.connect(path, isolation_level=None)
        blocker.execute("BEGIN IMMEDIATE")
        journal.append([event()])
        time.sleep(0.05)
        journal.append([event()])
        assert 0.05 <= journal.lag_seconds < 1
        blocker.execute("ROLLBACK")
        blocker.close()
        journal.flush(5)
        assert journal.lag_seconds == 0


def test_the_file_is_private(path: Path) -> None:
    with Journal.open(path, now_ns=T0) as journal:
        journal.append([event()])
        journal.flush(5)
        modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
    assert set(modes.values()) == {0o600}, modes


def test_a_second_engine_is_refused_until_the_first_has_left(path: Path) -> None:
    opener = (
        "import sys, pathlib; from zenotc.journal import Journal\n"
        "Journal.open(pathlib.Path(sys.argv[1]), now_ns=0).close()"
    )
    command = [sys.executable, "-c", opener, str(path)]
    with Journal.open(path, now_ns=T0):
        second = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
        assert second.returncode != 0
        assert "is in use by another engine" in second.stderr
        with pytest.raises(JournalError, match="in use"):
            Journal.open(path, now_ns=T0)
    assert subprocess.run(command, timeout=30, check=False).returncode == 0


def test_another_schema_version_is_refused_with_both_versions(path: Path) -> None:
    Journal.open(path, now_ns=T0).close()
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE meta SET value = '99' WHERE key = 'schema_version'")
    with pytest.raises(JournalError, match=r"schema version 99.*reads 2"):
        Journal.open(path, now_ns=T0)


def test_a_file_that_is_no_journal_is_refused(path: Path) -> None:
    path.write_bytes(b"not a database" * 100)
    with pytest.raises(JournalError, match="not a usable journal"):
        Journal.open(path, now_ns=T0)
    path.unlink()
    Journal.open(path, now_ns=T0).close()


def test_a_directory_that_does_not_exist_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(JournalError, match="cannot be opened"):
        Journal.open(tmp_path / "missing" / "journal.db", now_ns=T0)


@contextmanager
def full_disk(bytes_free: int) -> Iterator[None]:
    """Let no file of this process grow beyond a size: writes fail as they do where the disk is full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (bytes_free, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


async def test_a_full_disk_fails_who_waits_and_everything_after_it(path: Path) -> None:
    failures: list[JournalError] = []
    heard: list[JournalledEvent] = []
    journal = Journal.open(path, now_ns=T0, on_commit=heard.extend, on_failure=failures.append)
    journal.bind(asyncio.get_running_loop())
    await journal.wait(journal.append([event()]))
    with full_disk(path.with_name(path.name + "-wal").stat().st_size + 8192):
        ticket = journal.append([event(reason="x" * 1000) for _ in range(200)])
        with pytest.raises(JournalError, match="cannot be written"):
            await asyncio.wait_for(journal.wait(ticket), 30)
    with pytest.raises(JournalError):
        journal.append([event()])
    with pytest.raises(JournalError):
        await journal.wait(ticket)
    assert journal.failure is not None
    assert failures == [journal.failure]
    assert [one.seq for one in heard] == [1]
    assert [one.seq for one in await journal.events(after_seq=0, limit=9)] == [1]
    with pytest.raises(JournalError):
        journal.close()
    with Journal.open(path, now_ns=T0) as reopened:
        assert reopened.last_seq == 1


def test_a_failed_transaction_leaves_nothing_behind(path: Path) -> None:
    journal = Journal.open(path, now_ns=T0)
    journal.append([order()])
    journal.flush(5)
    journal.append([fill(), event(), order()])
    with pytest.raises(JournalError, match="UNIQUE"):
        journal.flush(5)
    assert journal.records(FillRecord) == []
    with pytest.raises(JournalError):
        journal.close()
    with Journal.open(path, now_ns=T0) as reopened:
        assert reopened.records(OrderRecord) == [order()]
        assert reopened.last_seq == 0


def test_an_event_that_has_no_json_form_is_refused_whole(path: Path) -> None:
    bad = PnlUpdate.model_construct(
        timestamp=utc_from_ns(T0), daily_pnl=Decimal("NaN"), total_pnl=Decimal(0), realized_pnl=Decimal(0),
        unrealized_pnl=Decimal(0),
    )  # fmt: skip
    with Journal.open(path, now_ns=T0) as journal:
        with pytest.raises(TypeError):
            journal.append([order(), event(), bad])
        journal.append([event()])
        assert journal.records(OrderRecord) == []
        assert [one.seq for one in journal.all_events()] == [1]


async def test_a_closed_journal_says_so(path: Path) -> None:
    journal = Journal.open(path, now_ns=T0)
    ticket = journal.append([event()])
    journal.close()
    journal.close()
    await journal.wait(ticket)
    for use in (lambda: journal.append([event()]), lambda: journal.records(OrderRecord)):
        with pytest.raises(JournalError, match="closed"):
            use()
    with pytest.raises(JournalError, match="closed"):
        await journal.events(after_seq=0, limit=1)
