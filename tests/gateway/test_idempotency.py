"""A repeated request: the first outcome, over restarts too, and never a second execution."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import json
import time
import weakref
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.gateway.conftest import STRATEGY, Caller
from tests.gateway.desk_double import KEYS, DeskDouble
from tests.waiting import until
from zenotc.exceptions import StrategyError, ZenOTCError
from zenotc.gateway import idempotency
from zenotc.gateway.application import create_app
from zenotc.gateway.idempotency import REMEMBERED_SECONDS, IdempotencyMemory, Outcome
from zenotc.journal import Journal
from zenotc.journal.records import CommandRecord
from zenotc.models.commands import PastCommand
from zenotc.models.settings import EngineSettings
from zenotc.models.wire import encode
from zenotc.runtime.desk import Desk
from zenotc.runtime.state_directory import StateDirectory
from zenotc.venues.sandbox import demo_venues

ROOT = "/api/sdk/mm-strategies"
BODY = json.dumps(STRATEGY | {"quoteSize": 0.1}).encode()


@asynccontextmanager
async def engine(directory: Path) -> AsyncIterator[Caller]:
    """Run a desk with its gateway on the state that the one before it has left."""
    state = StateDirectory.open(directory)
    quoting, hedge = demo_venues(1, time.time_ns(), 1_000_000)
    settings = EngineSettings(quoting_venue=quoting.name, hedge_venue=hedge.name)
    with Journal.open(state.journal, now_ns=time.time_ns()) as journal:
        desk = Desk([quoting, hedge], journal, state.emergency, settings)
        app: Any = create_app(desk, KEYS)
        await desk.start()
        await until(lambda: desk.status().ready, 20)
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://engine") as http:
            yield Caller(http)
        await desk.stop()


async def test_after_a_restart_a_repetition_gets_the_first_outcome(tmp_path: Path) -> None:
    requests = {
        "created": ("POST", ROOT, BODY, 201),
        "refused": ("POST", f"{ROOT}/nothing/start", b"", 404),
        "cancelled": ("POST", f"{ROOT}/cancel-quotes", b'{"asset": "BTC"}', 200),
    }
    first = {}
    async with engine(tmp_path) as call:
        for key, (method, path, body, status) in requests.items():
            first[key] = await call(method, path, body, idempotency_key=key, headers={"X-Client": "ann@desk-3"})
            assert first[key].status_code == status, first[key].text
    with Journal.open(tmp_path / "journal.db", now_ns=0) as journal:
        written = len(journal.records(CommandRecord))
    async with engine(tmp_path) as call:
        for key, (method, path, body, _) in requests.items():
            again = await call(method, path, body, idempotency_key=key)
            assert again.status_code == first[key].status_code
            assert again.json().get("data") == first[key].json().get("data")
            assert again.json().get("message") == first[key].json().get("message")
            other = await call(method, path, body + b" ", idempotency_key=key)
            assert (other.status_code, other.json()["error"]) == (409, "idempotency_conflict")
    with Journal.open(tmp_path / "journal.db", now_ns=0) as journal:
        records = [record for record in journal.records(CommandRecord) if record.idempotency_key]
        assert len(records) == 3 <= written
        assert {record.client for record in records} == {"ann@desk-3"}
        assert {record.idempotency_key.rpartition(":")[0] for record in records} == set(requests)


async def test_what_was_never_answered_is_not_done_again_unless_it_only_stops(tmp_path: Path) -> None:
    """The engine dies between the command and its outcome."""
    async with engine(tmp_path) as call:
        created = (await call("POST", ROOT, BODY)).json()["data"]["id"]
        await call("POST", f"{ROOT}/{created}/start", idempotency_key="start")
        await call("POST", f"{ROOT}/{created}/pause", idempotency_key="pause")
        await call("POST", f"{ROOT}/{created}/stop", b'{"flattenPosition": true}', idempotency_key="flatten")
    with Journal.open(tmp_path / "journal.db", now_ns=0) as journal:
        journal._connection.execute("DELETE FROM command_outcomes")
    async with engine(tmp_path) as call:
        for path, body, key in (("start", b"", "start"), ("stop", b'{"flattenPosition": true}', "flatten")):
            answer = await call("POST", f"{ROOT}/{created}/{path}", body, idempotency_key=key)
            assert (answer.status_code, answer.json()["error"]) == (504, "outcome_unknown")
            assert answer.json()["details"]["commandId"].startswith("cmd_")
        other = await call("POST", f"{ROOT}/{created}/start", b"{}", idempotency_key="start")
        assert (other.status_code, other.json()["error"]) == (409, "idempotency_conflict")
        assert (await call("POST", f"{ROOT}/{created}/pause", idempotency_key="pause")).status_code != 504


def past(number: int = 0, *, outcome: str | None = "done", name: str = "StartStrategy", **body: Any) -> PastCommand:
    text = encode(body)
    return PastCommand(f"cmd_{number}", f"k:{number}", name, b"{}", time.time_ns(), outcome, text)


async def ask(memory: IdempotencyMemory, number: int = 0, fingerprint: str = "") -> Outcome:
    async def run() -> Outcome:
        return Outcome(200, b"carried out")

    return await memory.once(f"cmd_{number}", fingerprint or str(number), run)


async def test_the_newest_outcome_of_a_request_counts() -> None:
    """It was refused for want of readiness, and asked for again."""
    refused = past(outcome="unavailable", message="not ready", statusCode=503, details={})
    assert (await ask(IdempotencyMemory([refused]))).body == b"carried out"
    assert b'"data":{"a":1}' in (await ask(IdempotencyMemory([refused, past(a=1)]))).body
    assert (await ask(IdempotencyMemory([refused, past(outcome=None)]))).status == 504
    assert (await ask(IdempotencyMemory([refused, past(outcome=None, name="PauseStrategy")]))).body == b"carried out"


async def test_memory_is_bounded_in_number_and_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(idempotency, "MAX_REMEMBERED", 3)
    now = [time.time()]
    memory = IdempotencyMemory((past(number) for number in range(3)), lambda: now[0])
    assert (await ask(memory, 0)).body != b"carried out"
    assert [(await ask(memory, number)).body == b"carried out" for number in (3, 2, 0)] == [True, False, True]
    assert len(memory._seen) == 3
    now[0] += REMEMBERED_SECONDS + 1
    await ask(memory, 9)
    assert len(memory._seen) == 1


async def test_nothing_of_a_request_is_remembered_but_its_answer() -> None:
    """What a refusal has passed through holds its request, and that its connection, for as long as it is remembered."""

    class Request:
        """What a request brings with it."""

    async def ask_for(number: int, error: Exception | None) -> weakref.ref[Request]:
        request = Request()

        async def run() -> Outcome:
            assert request
            if error is not None:
                raise error
            return Outcome(200, b"done")

        with contextlib.suppress(ZenOTCError, ZeroDivisionError):
            await memory.once(f"cmd_{number}", str(number), run)
        return weakref.ref(request)

    memory = IdempotencyMemory()
    errors = (None, StrategyError("no", code="refused", status_code=422), ZeroDivisionError())
    requests = [await ask_for(number, error) for number, error in enumerate(errors)]
    del errors
    await asyncio.sleep(0)  # until now the loop has held what it has woken this test with
    gc.collect()
    assert [request() for request in requests] == [None] * 3
    assert [(await ask(memory, number)).status for number in range(3)] == [200, 422, 500]


async def test_a_client_states_itself_bounded_and_clean(call: Caller, desk: DeskDouble) -> None:
    for stated in ("ann@host", "", "x" * 100, "a%0A%1B[31mb"):
        await call("POST", f"{ROOT}/cancel-quotes", b'{"asset": "BTC"}', headers={"X-Client": stated})
    assert [command.client for command in desk.commands] == ["ann@host", "", "x" * 60, "a[31mb"]
