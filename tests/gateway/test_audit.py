"""Every command leaves its operator, its time and what it came to in the journal, above all where it is refused."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest
from structlog.testing import capture_logs

from tests.gateway.conftest import Caller
from tests.gateway.desk_double import KEYS, DeskDouble
from tests.runtime.desks import SETTINGS, START, WatchedExchange
from tests.waiting import until
from zenotc.gateway.application import create_app
from zenotc.gateway.idempotency import IdempotencyMemory
from zenotc.gateway.settings import GatewaySettings
from zenotc.journal import Journal
from zenotc.journal.records import CommandOutcomeRecord, CommandRecord
from zenotc.models.wire import decode
from zenotc.runtime.desk import Desk
from zenotc.runtime.emergency_latch import EmergencyLatch

ROOT = "/api/sdk/mm-strategies"
CREATE = b'{"name":"BTC","asset":"BTC","baseSpreadBps":10,"quoteSize":0.1,"maxPosition":1}'
COMMANDS = [
    ("POST", f"{ROOT}", "CreateStrategy"),
    ("PATCH", f"{ROOT}/nobody", "UpdateStrategy"),
    ("DELETE", f"{ROOT}/nobody", "DeleteStrategy"),
    ("POST", f"{ROOT}/nobody/start", "StartStrategy"),
    ("POST", f"{ROOT}/nobody/pause", "PauseStrategy"),
    ("POST", f"{ROOT}/nobody/resume", "ResumeStrategy"),
    ("POST", f"{ROOT}/nobody/stop", "StopStrategy"),
    ("POST", f"{ROOT}/nobody/accept-position", "AcceptPosition"),
    ("POST", f"{ROOT}/cancel-quotes", "CancelQuotes"),
    ("POST", f"{ROOT}/emergency-stop", "EmergencyStopAll"),
    ("DELETE", f"{ROOT}/emergency-stop", "ClearEmergencyStop"),
]
BODIES = {"AcceptPosition": b'{"source": "engine"}', "CancelQuotes": b'{"asset": "DOGE"}', "CreateStrategy": CREATE}


class Written(NamedTuple):
    """What the journal has of a command."""

    name: str
    operator: str
    strategy_id: str | None
    outcome: str
    body: Any


class Audited:
    """A gateway before a real desk, and what the journal has of the newest command."""

    def __init__(self, desk: Desk, journal: Journal, settings: GatewaySettings) -> None:
        self.desk = desk
        self.journal = journal
        self.app: Any = create_app(desk, KEYS, settings=settings)
        self.call = Caller(httpx.AsyncClient(transport=httpx.ASGITransport(app=self.app), base_url="http://engine"))

    def newest(self) -> Written:
        command = self.journal.records(CommandRecord)[-1]
        (outcome,) = (o for o in self.journal.records(CommandOutcomeRecord) if o.command_id == command.command_id)
        assert outcome.completed_ns >= command.received_ns > 0
        body = decode(command.body)
        return Written(command.name, command.operator, command.strategy_id, outcome.outcome, body)

    async def refused(self, code: str, name: str, method: str, path: str, body: bytes = b"", **options: Any) -> Written:
        """Send a command that is refused with this code; returns what was written of it, and of nothing else."""
        before = len(self.journal.records(CommandRecord))
        answer = await self.call(method, path, body, **options)
        assert answer.json().get("error") == code, (method, path, answer.text)
        assert len(self.journal.records(CommandRecord)) == before + 1, (method, path)
        written = self.newest()
        assert (written.name, written.outcome) == (name, code)
        assert written.operator.partition("/")[0] == {"reader": "screen", "switch": "wall"}.get(
            options.get("key", ""), "desk"
        )
        return written


@pytest.fixture
async def audited(tmp_path: Path) -> AsyncIterator[Audited]:
    venue = WatchedExchange(tmp_path / "journal.db")
    with Journal.open(tmp_path / "journal.db", now_ns=START) as journal:
        desk = Desk([venue], journal, EmergencyLatch(tmp_path / "latch"), SETTINGS)
        await desk.start()
        await until(lambda: desk.status().ready)
        yield Audited(desk, journal, GatewaySettings(requests_per_second=1000, burst=1000))
        await desk.stop()


async def test_every_kind_of_refusal_is_written_down(audited: Audited, monkeypatch: pytest.MonkeyPatch) -> None:
    refused = audited.refused
    for method, path, name in COMMANDS:
        named = "nobody" if "nobody" in path else None
        forbidden = await refused("forbidden", name, method, path, b'{"a": 1}', key="reader")
        assert forbidden.strategy_id == named and forbidden.body["body"] == '{"a": 1}'
        assert forbidden.body["path"] == f"{method} {path}"
        await refused("idempotency_key_required", name, method, path, idempotency_key="")
        await refused("malformed", name, method, path, b"{")
        wrong = await refused("validation_failed", name, method, path, b'{"nonsense": 1}') if named is None else None
        assert wrong is None or wrong.body["body"] == '{"nonsense": 1}'
        if named is not None:
            assert (await refused("not_found", name, method, path, BODIES.get(name, b""))).strategy_id == named
    await refused("forbidden", "StopStrategy", "POST", f"{ROOT}/x/stop", b'{"flattenPosition": true}', key="switch")
    await refused("validation_failed", "CancelQuotes", "POST", f"{ROOT}/cancel-quotes", BODIES["CancelQuotes"])
    await refused("validation_failed", "ClearEmergencyStop", "DELETE", f"{ROOT}/emergency-stop?operator={'x' * 101}")

    created = await audited.call("POST", ROOT, CREATE, idempotency_key="one")
    assert audited.newest()[:2] == ("CreateStrategy", "desk") and audited.newest().outcome == "done"
    await refused("idempotency_conflict", "CreateStrategy", "POST", ROOT, CREATE + b" ", idempotency_key="one")
    audited.app.state.gate.idempotency = IdempotencyMemory()
    await refused("strategy_exists", "CreateStrategy", "POST", ROOT, CREATE, idempotency_key="one")
    path = f"{ROOT}/{created.json()['data']['id']}"
    await refused("wrong_state", "PauseStrategy", "POST", f"{path}/pause")
    assert (await audited.call("POST", f"{ROOT}/emergency-stop")).status_code == 200
    await refused("circuit_breaker_active", "StartStrategy", "POST", f"{path}/start")

    writing = audited.desk._commands._latching
    forever = asyncio.create_task(asyncio.sleep(60))
    writing.add(forever)
    await refused("latch_being_written", "ClearEmergencyStop", "DELETE", f"{ROOT}/emergency-stop?operator=ann")
    writing.discard(forever)
    forever.cancel()
    monkeypatch.setattr(audited.desk._floor, "restored", False)
    await refused("not_ready", "StartStrategy", "POST", f"{path}/start")
    monkeypatch.undo()
    await audited.desk._commands.end()
    await refused("ending", "StartStrategy", "POST", f"{path}/start")


async def test_a_repetition_is_no_second_command(audited: Audited) -> None:
    path = f"{ROOT}/nobody/pause"
    await audited.refused("not_found", "PauseStrategy", "POST", path, idempotency_key="again")
    before = len(audited.journal.records(CommandRecord))
    assert (await audited.call("POST", path, idempotency_key="again")).status_code == 404
    assert len(audited.journal.records(CommandRecord)) == before


async def flood(desk: DeskDouble, send: Callable[[Caller], Awaitable[httpx.Response]]) -> list[dict[str, Any]]:
    """Send a request that is refused a hundred times, and return what was logged."""
    app: Any = create_app(desk, KEYS, settings=GatewaySettings(requests_per_second=0.1, burst=5))
    call = Caller(httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://engine"))
    with capture_logs() as logged:
        for _ in range(100):
            assert (await send(call)).status_code in (401, 403)
    return [dict(entry) for entry in logged]


async def test_a_key_that_may_not_stop_fills_neither_the_journal_nor_the_log(desk: DeskDouble) -> None:
    body = b" " * 200_000
    logged = await flood(desk, lambda call: call("POST", f"{ROOT}/emergency-stop", body, key="reader"))
    assert 5 <= len(desk.refused) <= 20 and not desk.commands
    assert {len(refused.body) for refused, _ in desk.refused} == {4_096}
    assert 0 < len(logged) < 100 and {entry["operator"] for entry in logged} == {"screen"}


async def test_a_stranger_is_logged_and_not_written_down(desk: DeskDouble) -> None:
    faults = {"X-API-Signature": "0" * 64}
    logged = await flood(desk, lambda call: call("POST", f"{ROOT}/emergency-stop", headers=faults))
    assert not desk.refused and 0 < len(logged) < 100
    assert {(entry["code"], entry["path"]) for entry in logged} == {("unauthorized", f"POST {ROOT}/emergency-stop")}
