"""Every operation that the API describes: what is sent to it, and who may send it."""

from __future__ import annotations

import secrets
import statistics
import time
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from tests.faults import api
from tests.gateway.conftest import SIGNERS, Caller
from tests.gateway.desk_double import KEYS, DeskDouble
from zenotc.gateway.application import create_app
from zenotc.gateway.authentication import Authenticator
from zenotc.gateway.description import complete_description
from zenotc.gateway.settings import GatewaySettings
from zenotc.sdk.signing import Signer

Headers = dict[str, str]
_BODY = b"{}"


def _operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, described in complete_description(create_app(DeskDouble(), KEYS))["paths"].items():
        for method, operation in described.items():
            yield method.upper(), path.replace("{strategy_id}", "mm_1").replace("{asset}", "BTC"), operation


OPERATIONS = list(_operations())
every_operation = pytest.mark.parametrize(
    ("method", "path"), [(method, path) for method, path, _ in OPERATIONS], ids=lambda value: value
)


@pytest.fixture(scope="module")
def shared() -> tuple[DeskDouble, Any]:
    """One application for all: its first request takes the time of a hundred others."""
    desk = DeskDouble()
    return desk, create_app(desk, KEYS, settings=GatewaySettings(requests_per_second=1e6, burst=1_000_000))


@pytest.fixture
def desk(shared: tuple[DeskDouble, Any]) -> DeskDouble:
    shared[0].commands.clear()
    return shared[0]


@pytest.fixture
async def call(shared: tuple[DeskDouble, Any]) -> AsyncIterator[Caller]:
    transport = httpx.ASGITransport(app=shared[1], raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://engine") as http:
        yield Caller(http)


def signed(method: str, path: str, *, key: str = "trader", signer: Signer | None = None) -> Headers:
    return (signer or SIGNERS[key]).headers(method, path, _BODY, secrets.token_hex(8))


def by_clock(offset_ms: int) -> Signer:
    """Return a trader whose clock differs from the engine's."""
    return Signer("trader", SIGNERS["trader"]._secret, clock_ms=lambda: time.time_ns() // 1_000_000 + offset_ms)


def signature(headers: Headers, change: Callable[[str], str]) -> Headers:
    return headers | {"X-API-Signature": change(headers["X-API-Signature"])}


def later(headers: Headers) -> Headers:
    return headers | {"X-API-Timestamp": str(int(headers["X-API-Timestamp"]) + 1)}


def flipped(text: str) -> str:
    return text[:-1] + ("0" if text[-1] != "0" else "1")


STRANGER = Signer("nobody", SecretStr("a secret"))
IMPOSTOR = Signer("trader", SecretStr("not the secret"))
READER_AS_TRADER = Signer("trader", SIGNERS["reader"]._secret)
FORGED: dict[str, Callable[[str, str], Headers]] = {
    "an unknown key": lambda method, path: signed(method, path, signer=STRANGER),
    "a wrong secret": lambda method, path: signed(method, path, signer=IMPOSTOR),
    "another key's secret": lambda method, path: signed(method, path, signer=READER_AS_TRADER),
    "a changed signature": lambda method, path: signature(signed(method, path), flipped),
    "a truncated signature": lambda method, path: signature(signed(method, path), lambda text: text[:32]),
    "half a character short": lambda method, path: signature(signed(method, path), lambda text: text[:-1]),
    "a longer signature": lambda method, path: signature(signed(method, path), lambda text: text + "0"),
    "in capitals": lambda method, path: signature(signed(method, path), lambda text: "F" + text.upper()[1:]),
    "no hex": lambda method, path: signature(signed(method, path), lambda text: "é" * 64),
    "of another method": lambda method, path: signed("PUT", path),
    "of another path": lambda method, path: signed(method, path + "x"),
    "of another query": lambda method, path: signed(method, path + "?a=1"),
    "of another body": lambda method, path: SIGNERS["trader"].headers(method, path, b"{} ", "k"),
    "of another idempotency key": lambda method, path: signed(method, path) | {"Idempotency-Key": "other"},
    "of another nonce": lambda method, path: signed(method, path) | {"X-API-Nonce": "other"},
    "of another time": lambda method, path: later(signed(method, path)),
    "old and forged": lambda method, path: signature(signed(method, path, signer=by_clock(-60_000)), flipped),
}
LATE: dict[str, int] = {"old": -5_500, "from ahead": 60_000, "from before the start": -3_600_000}


async def send(call: Caller, method: str, path: str, headers: Headers) -> httpx.Response:
    return await call.http.request(method, path, content=_BODY, headers=[(k, v.encode()) for k, v in headers.items()])


@every_operation
async def test_a_forged_signature_is_refused_like_an_unknown_key(
    call: Caller, desk: DeskDouble, method: str, path: str
) -> None:
    answers = {name: await send(call, method, path, forge(method, path)) for name, forge in FORGED.items()}
    assert {name: answer.status_code for name, answer in answers.items()} == dict.fromkeys(FORGED, 401)
    assert len({answer.content for answer in answers.values()}) == 1
    assert len({tuple(sorted(answer.headers)) for answer in answers.values()}) == 1
    assert desk.commands == []


@every_operation
async def test_what_is_old_replayed_or_unsigned_is_refused(
    call: Caller, desk: DeskDouble, method: str, path: str
) -> None:
    for name, offset_ms in LATE.items():
        answer = await send(call, method, path, signed(method, path, signer=by_clock(offset_ms)))
        assert (answer.status_code, answer.json()["error"]) == (401, "timestamp_out_of_window"), name
    whole = signed(method, path, key="reader")
    for missing in ("X-API-Key", "X-API-Timestamp", "X-API-Nonce", "X-API-Signature"):
        partly = {name: value for name, value in whole.items() if name != missing}
        answer = await send(call, method, path, partly)
        assert (answer.status_code, answer.json()["error"]) == (401, "unauthorized"), missing
    assert (await send(call, method, path, whole)).status_code != 401
    replayed = await send(call, method, path, whole)
    assert (replayed.status_code, replayed.json()["error"]) == (401, "nonce_reused")
    assert desk.commands == []


@every_operation
async def test_scopes(call: Caller, desk: DeskDouble, method: str, path: str) -> None:
    """READ reads, STOP also stops and cancels, and what they may not do is refused before it is looked at."""
    stops = method == "POST" and path.endswith(("/pause", "/stop", "/cancel-quotes", "/emergency-stop"))
    reads = (method == "GET" and not path.endswith("/journal")) or path.endswith("/preview")
    for key, allowed in (("reader", reads), ("switch", reads or stops), ("trader", True)):
        answer = await send(call, method, path, signed(method, path, key=key))
        assert (answer.status_code != 403) is allowed, (key, answer.text)
        if not allowed:
            assert answer.json()["error"] == "forbidden" and desk.commands == []
    documented = next(operation for m, p, operation in OPERATIONS if (m, p) == (method, path))["responses"]
    assert ("403" in documented) is not reads
    assert ("429" in documented) is ("503" in documented) is not stops


def test_an_unknown_key_takes_as_long_as_a_wrong_signature() -> None:
    authenticator = Authenticator(KEYS)
    taken: dict[str, list[int]] = {"unknown": [], "wrong": []}
    tries = [
        (name, {key.lower(): value for key, value in signed("GET", "/x", signer=signer).items()})
        for _ in range(1_000)
        for name, signer in (("unknown", STRANGER), ("wrong", IMPOSTOR))
    ]
    for name, headers in tries:
        before = time.perf_counter_ns()
        with pytest.raises(Exception, match="not accepted"):
            authenticator.authenticate("GET", "/x", headers, b"")
        taken[name].append(time.perf_counter_ns() - before)
    unknown, wrong = (statistics.median(times) for times in taken.values())
    assert abs(unknown - wrong) < 0.25 * wrong


@pytest.mark.timeout(600)  # some two thousand requests
def test_whatever_is_sent_every_answer_is_a_documented_one() -> None:
    outcome = api.run(count=25, seed=1)
    assert outcome.failures == []
    assert outcome.figures["operations"] == len(OPERATIONS)
    assert outcome.tried > 15 * len(OPERATIONS)
