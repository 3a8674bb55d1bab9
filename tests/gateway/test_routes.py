from __future__ import annotations

import asyncio
import json
from decimal import Decimal
from typing import Any

import httpx
import pytest

from tests.gateway.conftest import STRATEGY, Caller
from tests.gateway.desk_double import KEYS, DeskDouble
from zenotc.exceptions import ConnectionFailedError, InsufficientMarginError
from zenotc.gateway.application import create_app
from zenotc.models.commands import AcceptPosition, ClearEmergencyStop, PauseStrategy
from zenotc.models.wire import decode, encode

ROOT = "/api/sdk/mm-strategies"


def body(**changes: Any) -> bytes:
    return json.dumps(STRATEGY | changes).encode()


async def created(call: Caller, **changes: Any) -> str:
    answer = await call("POST", ROOT, body(**changes))
    assert answer.status_code == 201, answer.text
    return str(answer.json()["data"]["id"])


async def test_life_of_a_strategy(call: Caller, desk: DeskDouble) -> None:
    strategy_id = await created(call, quoteSize=0.1)
    got = decode((await call("GET", f"{ROOT}/{strategy_id}")).content)
    assert got["data"]["quoteSize"] == Decimal("0.1")
    assert got["timestamp"].endswith("Z")
    assert (await call("POST", f"{ROOT}/{strategy_id}/start")).json()["data"]["strategy"]["status"] == "active"
    assert (await call("PATCH", f"{ROOT}/{strategy_id}", b'{"baseSpreadBps": 12.5}')).json()["data"][
        "baseSpreadBps"
    ] == 12.5
    paused = await call("POST", f"{ROOT}/{strategy_id}/pause", headers={"X-Operator": "alice"})
    assert paused.json()["data"]["confirmed"] is True
    command = desk.commands[-1]
    assert isinstance(command, PauseStrategy) and command.operator == "desk/alice"
    for view in ("metrics", "quote-stats", "quotes", "history"):
        assert (await call("GET", f"{ROOT}/{strategy_id}/{view}")).status_code == 200, view
    assert (
        await call("POST", f"{ROOT}/{strategy_id}/preview", b'{"quoteLayers": 3}', idempotency_key="")
    ).status_code == 200
    assert (await call("POST", f"{ROOT}/{strategy_id}/stop", b'{"flattenPosition": true}')).status_code == 200
    for source in ("engine", "venue"):
        accepted = await call("POST", f"{ROOT}/{strategy_id}/accept-position", encode({"source": source}))
        assert accepted.json()["data"]["strategy"]["id"] == strategy_id
        command = desk.commands[-1]
        assert isinstance(command, AcceptPosition) and command.source == source
    assert (await call("DELETE", f"{ROOT}/{strategy_id}")).json()["data"] is None
    assert (await call("GET", f"{ROOT}/{strategy_id}")).status_code == 404


async def test_list_is_paged(call: Caller) -> None:
    for number in range(5):
        await created(call, name=f"s{number}")
    page = (await call("GET", f"{ROOT}?asset=BTC&status=stopped&page=2&limit=2")).json()
    assert [len(page["data"]), page["total"], page["page"], page["limit"], page["hasMore"]] == [2, 5, 2, 2, True]
    assert (await call("GET", f"{ROOT}?page=3&limit=2")).json()["hasMore"] is False
    assert (await call("GET", f"{ROOT}?asset=ETH")).json()["data"] == []


async def test_clearing_names_an_operator(call: Caller, desk: DeskDouble) -> None:
    path = f"{ROOT}/emergency-stop"
    assert (await call("POST", path)).json()["data"]["confirmed"] is True
    assert (await call("DELETE", path)).status_code == 422
    assert (await call("DELETE", path, b'{"operator": "alice"}')).status_code == 200
    assert (await call("DELETE", f"{path}?operator=bob")).status_code == 200
    cleared = [command.operator for command in desk.commands if isinstance(command, ClearEmergencyStop)]
    assert cleared == ["desk/alice", "desk/bob"]


async def test_events_are_the_journals_own_bytes(call: Caller, desk: DeskDouble) -> None:
    desk.commit("started", "paused", "stopped")
    answer = await call("GET", "/api/sdk/events?afterSeq=1&limit=1")
    assert desk.journal[1].body in answer.content
    assert [event["seq"] for event in answer.json()["data"]] == [2]
    assert answer.json()["hasMore"] is True
    assert (await call("GET", "/api/sdk/events?afterSeq=1&limit=2")).json()["hasMore"] is False


@pytest.mark.parametrize(
    ("method", "path", "content", "status"),
    [
        ("POST", ROOT, b"{", 400),
        ("POST", ROOT, b"[]", 400),
        ("POST", ROOT, b"\xff\xfe", 400),
        ("POST", ROOT, b'{"baseSpreadBps": NaN}', 400),
        ("POST", ROOT, b'{"baseSpreadBps": Infinity}', 400),
        ("POST", ROOT, b'{"quoteLayers": 1e9999999}', 400),
        ("POST", ROOT, b'{"\\ud800": 1}', 400),
        ("POST", ROOT, b'{"name": "\\ud800"}', 400),
        ("POST", ROOT, b"[" * 100_000, 400),
        ("POST", ROOT, b'{"maxPosition": ' + b"9" * 5_000 + b"}", 400),
        ("POST", ROOT, b"", 422),
        ("POST", ROOT, b"{}", 422),
        ("POST", ROOT, body(surprise=1), 422),
        ("POST", ROOT, body(asset="DOGE"), 422),
        ("POST", ROOT, body(asset=7), 422),
        ("POST", ROOT, body(quoteSize="many"), 422),
        ("POST", ROOT, body(quoteLayers=6), 422),
        ("POST", ROOT, body(resumeDelayMinutes=True), 422),
        ("POST", ROOT, body(quoteSize=False), 422),
        ("POST", f"{ROOT}/nothing/accept-position", b"", 422),
        ("POST", f"{ROOT}/nothing/accept-position", b'{"source": "me"}', 422),
        ("POST", f"{ROOT}/nothing/accept-position", b'{"source": ["venue"]}', 422),
        ("POST", f"{ROOT}/nothing/accept-position", b'{"source": "venue", "size": 1}', 422),
        ("POST", f"{ROOT}/nothing/accept-position", b'{"source": "venue"}', 404),
        ("PATCH", f"{ROOT}/nothing", b"{}", 404),
        ("POST", f"{ROOT}/nothing/start", b"", 404),
        ("POST", f"{ROOT}/nothing/start", b'{"force": true}', 422),
        ("POST", f"{ROOT}/nothing/stop", b'{"flattenPosition": "yes"}', 422),
        ("POST", f"{ROOT}/nothing/stop", b'{"flattenPositions": true}', 422),
        ("POST", f"{ROOT}/cancel-quotes", b"{}", 422),
        ("POST", f"{ROOT}/cancel-quotes", b'{"asset": 1}', 422),
        ("GET", f"{ROOT}?page=0", b"", 422),
        ("GET", f"{ROOT}?page=x", b"", 422),
        ("GET", f"{ROOT}?status=dancing", b"", 422),
        ("GET", f"{ROOT}?surprise=1", b"", 422),
        ("GET", f"{ROOT}/%00%ff", b"", 404),
        ("GET", f"{ROOT}/x/history?from=yesterday", b"", 422),
        ("GET", f"{ROOT}/x/history?from=1700000000", b"", 422),
        ("GET", f"{ROOT}/x/history?to=-0.5", b"", 422),
        ("GET", f"{ROOT}/x/history?resolution=nan", b"", 422),
        ("GET", f"{ROOT}/x/history?from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z", b"", 422),
        ("GET", "/api/sdk/events?afterSeq=-1", b"", 422),
        ("GET", "/api/sdk/market-data/DOGE/orderbook", b"", 404),
        ("GET", "/api/sdk/market-data/BTC/orderbook?depth=1e9", b"", 422),
        ("GET", "/api/sdk/nowhere", b"", 404),
        ("PUT", ROOT, b"", 405),
    ],
)
async def test_bad_input_is_a_clear_4xx(call: Caller, method: str, path: str, content: bytes, status: int) -> None:
    answer = await call(method, path, content)
    assert answer.status_code == status, answer.text
    envelope = answer.json()
    assert set(envelope) == {"statusCode", "error", "message", "details"}
    assert envelope["statusCode"] == status and envelope["message"]
    if status == 422:
        assert all(set(field) == {"field", "reason"} for field in envelope["details"]["fields"])


async def test_engines_errors_keep_their_details(call: Caller, desk: DeskDouble) -> None:
    strategy_id = await created(call)
    desk.failure = InsufficientMarginError("too little", details={"required": Decimal("10.5"), "available": Decimal(3)})
    answer = await call("POST", f"{ROOT}/{strategy_id}/start")
    assert answer.status_code == 409
    assert answer.json()["details"] == {"required": 10.5, "available": 3}


async def test_the_unexpected_shows_nothing_of_its_inside(call: Caller, desk: DeskDouble) -> None:
    desk.failure = RuntimeError("the secret inside")
    answer = await call("POST", ROOT, body())
    assert (answer.status_code, answer.json()["error"]) == (500, "internal_error")
    assert "secret" not in answer.text


async def test_same_key_gets_the_first_outcome(call: Caller, desk: DeskDouble) -> None:
    desk.delay_seconds = 0.02
    twins = await asyncio.gather(*(call("POST", ROOT, body(), idempotency_key="once") for _ in range(3)))
    later = await call("POST", ROOT, body(), idempotency_key="once")
    assert {answer.content for answer in (*twins, later)} == {later.content}
    assert later.status_code == 201 and len(desk.commands) == 1


async def test_same_key_with_another_request_is_a_conflict(call: Caller) -> None:
    await call("POST", ROOT, body(), idempotency_key="once")
    for path, content in ((ROOT, body(name="other")), (f"{ROOT}/cancel-quotes", body())):
        answer = await call("POST", path, content, idempotency_key="once")
        assert (answer.status_code, answer.json()["error"]) == (409, "idempotency_conflict")


async def test_first_outcome_may_be_an_error(call: Caller, desk: DeskDouble) -> None:
    desk.failure = InsufficientMarginError("too little", details={"required": 1, "available": 0})
    first = await call("POST", ROOT, body(), idempotency_key="once")
    desk.failure = None
    assert (await call("POST", ROOT, body(), idempotency_key="once")).content == first.content
    assert desk.commands == []


async def test_what_was_not_carried_out_is_not_remembered(call: Caller, desk: DeskDouble) -> None:
    desk.failure = ConnectionFailedError("not ready")
    assert (await call("POST", ROOT, body(), idempotency_key="once")).status_code == 503
    desk.failure = None
    assert (await call("POST", ROOT, body(), idempotency_key="once")).status_code == 201


async def test_a_change_takes_an_idempotency_key(call: Caller) -> None:
    answer = await call("POST", ROOT, body(), idempotency_key="")
    assert (answer.status_code, answer.json()["error"]) == (400, "idempotency_key_required")


async def test_a_repetition_at_a_restarted_gateway_creates_nothing_twice(desk: DeskDouble) -> None:
    answers = []
    for _ in range(2):
        app: Any = create_app(desk, KEYS)
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://engine") as http:
            answers.append((await Caller(http)("POST", ROOT, body(), idempotency_key="once")).json())
    assert answers[1]["error"] == "strategy_exists"
    assert answers[1]["details"]["strategyId"] == answers[0]["data"]["id"]
    assert len(desk.commands) == 1


async def test_probes_need_no_signature(call: Caller) -> None:
    assert (await call.http.get("/livez")).json() == {"status": "alive"}
    assert (await call.http.get("/readyz")).status_code == 200
    metrics = (await call.http.get("/metrics")).text
    assert "zenotc_daily_pnl_usd 1.25" in metrics
    assert 'zenotc_venue_data_age_seconds{venue="sandbox"} 0.25' in metrics


async def test_probes_answer_only_on_loopback(desk: DeskDouble) -> None:
    app: Any = create_app(desk, KEYS)
    transport = httpx.ASGITransport(app=app, client=("192.0.2.1", 1))
    async with httpx.AsyncClient(transport=transport, base_url="http://engine") as http:
        for path in ("/livez", "/readyz", "/metrics", "/openapi.json"):
            assert (await http.get(path)).status_code == 403


async def test_openapi_describes_bodies_and_answers(call: Caller) -> None:
    description = (await call.http.get("/openapi.json")).json()
    create = description["paths"]["/api/sdk/mm-strategies"]["post"]
    schema = create["requestBody"]["content"]["application/json"]["schema"]
    assert {"name", "asset", "baseSpreadBps"} <= set(schema["required"])
    assert "Answer_Strategy_" in json.dumps(create["responses"]["201"])
    assert {"get", "patch", "delete"} <= set(description["paths"]["/api/sdk/mm-strategies/{strategy_id}"])


@pytest.mark.parametrize(("key", "scope"), [("trader", "MARKET_MAKING"), ("reader", "READ"), ("switch", "STOP")])
async def test_the_status_says_what_the_key_may_do_and_who_it_acts_as(call: Caller, key: str, scope: str) -> None:
    answer = await call("GET", "/api/sdk/status", key=key, headers={"X-Operator": "ann"})
    asker = answer.json()["data"]["asker"]
    assert asker["scope"] == scope and asker["operator"].endswith("/ann")
