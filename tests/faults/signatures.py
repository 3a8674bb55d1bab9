"""Requests whose signature is wrong, old, replayed or cut, or whose key may not: each fault for every operation.

The requests go through the whole application; only the desk behind it is a double, which must not have heard of them.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import httpx
from pydantic import SecretStr
from structlog.testing import capture_logs

from tests.faults.row import Outcome, Row
from tests.gateway.conftest import SIGNERS
from tests.gateway.desk_double import KEYS, DeskDouble
from zenotc.gateway.application import create_app
from zenotc.gateway.description import complete_description
from zenotc.gateway.settings import GatewaySettings
from zenotc.sdk.signing import Signer

__all__ = ["FAULTS", "IMPOSTOR", "OPERATIONS", "ROWS", "STRANGER", "refuses", "signed", "unlimited_app"]

Headers = dict[str, str]
_BODY = b"{}"


def _operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, described in complete_description(create_app(DeskDouble(), KEYS))["paths"].items():
        for method, operation in described.items():
            yield method.upper(), path.replace("{strategy_id}", "mm_1").replace("{asset}", "BTC"), operation


OPERATIONS = list(_operations())


def unlimited_app(desk: DeskDouble) -> Any:
    """Return the application, which takes however many requests come."""
    return create_app(desk, KEYS, settings=GatewaySettings(requests_per_second=1e6, burst=1_000_000))


def signed(method: str, path: str, *, key: str = "trader", signer: Signer | None = None) -> Headers:
    return (signer or SIGNERS[key]).headers(method, path, _BODY, secrets.token_hex(8))


def _by_clock(offset_ms: int) -> Signer:
    """Return a trader whose clock differs from the engine's."""
    return Signer("trader", SIGNERS["trader"]._secret, clock_ms=lambda: time.time_ns() // 1_000_000 + offset_ms)


def _signature(headers: Headers, change: Callable[[str], str]) -> Headers:
    return headers | {"X-API-Signature": change(headers["X-API-Signature"])}


def _later(headers: Headers) -> Headers:
    return headers | {"X-API-Timestamp": str(int(headers["X-API-Timestamp"]) + 1)}


def _flipped(text: str) -> str:
    return text[:-1] + ("0" if text[-1] != "0" else "1")


STRANGER = Signer("nobody", SecretStr("a secret"))
IMPOSTOR = Signer("trader", SecretStr("not the secret"))
_READER_AS_TRADER = Signer("trader", SIGNERS["reader"]._secret)
_FORGED: dict[str, Callable[[str, str], Headers]] = {
    "an unknown key": lambda method, path: signed(method, path, signer=STRANGER),
    "a wrong secret": lambda method, path: signed(method, path, signer=IMPOSTOR),
    "another key's secret": lambda method, path: signed(method, path, signer=_READER_AS_TRADER),
    "a changed signature": lambda method, path: _signature(signed(method, path), _flipped),
    "a truncated signature": lambda method, path: _signature(signed(method, path), lambda text: text[:32]),
    "half a character short": lambda method, path: _signature(signed(method, path), lambda text: text[:-1]),
    "a longer signature": lambda method, path: _signature(signed(method, path), lambda text: text + "0"),
    "in capitals": lambda method, path: _signature(signed(method, path), lambda text: "F" + text.upper()[1:]),
    "no hex": lambda method, path: _signature(signed(method, path), lambda text: "é" * 64),
    "of another method": lambda method, path: signed("PUT", path),
    "of another path": lambda method, path: signed(method, path + "x"),
    "of another query": lambda method, path: signed(method, path + "?a=1"),
    "of another body": lambda method, path: SIGNERS["trader"].headers(method, path, b"{} ", "k"),
    "of another idempotency key": lambda method, path: signed(method, path) | {"Idempotency-Key": "other"},
    "of another nonce": lambda method, path: signed(method, path) | {"X-API-Nonce": "other"},
    "of another time": lambda method, path: _later(signed(method, path)),
    "old and forged": lambda method, path: _signature(signed(method, path, signer=_by_clock(-60_000)), _flipped),
}
_LATE: dict[str, int] = {"old": -5_500, "from ahead": 60_000, "from before the start": -3_600_000}


class _Tries:
    """What an operation answers to one fault after the other."""

    def __init__(self, http: httpx.AsyncClient, desk: DeskDouble, method: str, path: str, outcome: Outcome) -> None:
        self.method, self.path = method, path
        self._http = http
        self._desk = desk
        self._outcome = outcome

    async def send(self, name: str, headers: Headers, status: int, error: str) -> httpx.Response:
        """Send it, and note where it is not refused like this, or the desk has been told something."""
        self._desk.commands.clear()
        answer = await self.ask(headers)
        self._outcome.tried += 1
        said = answer.json().get("error") if answer.content else None
        if (answer.status_code, said) != (status, error):
            self.fail(f"{name}: {answer.status_code} {answer.text}")
        if self._desk.commands:
            self.fail(f"{name}: the desk was told {self._desk.commands}")
        return answer

    async def ask(self, headers: Headers) -> httpx.Response:
        encoded = [(name, value.encode()) for name, value in headers.items()]
        return await self._http.request(self.method, self.path, content=_BODY, headers=encoded)

    def fail(self, what: str) -> None:
        """Note what does not hold."""
        self._outcome.failures.append(f"{self.method} {self.path}: {what}")


async def _forged(tries: _Tries) -> None:
    """Whatever is wrong about a signature, it is refused like an unknown key."""
    answers = [
        await tries.send(name, forge(tries.method, tries.path), 401, "unauthorized") for name, forge in _FORGED.items()
    ]
    if len({(answer.content, tuple(sorted(answer.headers))) for answer in answers}) != 1:
        tries.fail("the refusals can be told apart")


async def _late(tries: _Tries) -> None:
    """What is old, from the future, not signed or sent again is refused."""
    for name, offset_ms in _LATE.items():
        headers = signed(tries.method, tries.path, signer=_by_clock(offset_ms))
        await tries.send(name, headers, 401, "timestamp_out_of_window")
    whole = signed(tries.method, tries.path, key="reader")
    for missing in ("X-API-Key", "X-API-Timestamp", "X-API-Nonce", "X-API-Signature"):
        partly = {name: value for name, value in whole.items() if name != missing}
        await tries.send(f"without {missing}", partly, 401, "unauthorized")
    if (first := await tries.ask(whole)).status_code == 401:
        tries.fail(f"a good signature: {first.text}")
    await tries.send("sent again", whole, 401, "nonce_reused")


async def _scopes(tries: _Tries) -> None:
    """READ reads, STOP also stops and cancels; the rest is refused before it is looked at."""
    method, path = tries.method, tries.path
    stops = method == "POST" and path.endswith(("/pause", "/stop", "/cancel-quotes", "/emergency-stop"))
    reads = (method == "GET" and not path.endswith("/journal")) or path.endswith("/preview")
    for key, allowed in (("reader", reads), ("switch", reads or stops), ("trader", True)):
        headers = signed(method, path, key=key)
        if not allowed:
            await tries.send(f"by the {key}", headers, 403, "forbidden")
        elif (answer := await tries.ask(headers)).status_code == 403:
            tries.fail(f"by the {key}, who may: {answer.text}")
    documented = next(operation for m, p, operation in OPERATIONS if (m, p) == (method, path))["responses"]
    if ("403" in documented) is reads or ("429" in documented) is stops or ("503" in documented) is stops:
        tries.fail("its description has other refusals")


FAULTS: dict[str, Callable[[_Tries], Awaitable[None]]] = {"forged": _forged, "late": _late, "scopes": _scopes}


async def refuses(fault: str, method: str, path: str, desk: DeskDouble, app: Any) -> Outcome:
    """Send an operation with every fault of a kind; nothing of it may reach the desk."""
    outcome = Outcome()
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://engine") as http:
        await FAULTS[fault](_Tries(http, desk, method, path, outcome))
    return outcome


async def _refuse_all() -> Outcome:
    desk, outcome = DeskDouble(), Outcome(figures={"operations": len(OPERATIONS)})
    app = unlimited_app(desk)
    for method, path, _ in OPERATIONS:
        for fault in FAULTS:
            tried = await refuses(fault, method, path, desk, app)
            outcome.tried += tried.tried
            outcome.failures += tried.failures
    return outcome


def run(count: int, seed: int) -> Outcome:
    """Try all of them, whatever the count: they are quick, and none is drawn."""
    with capture_logs():  # each refusal is logged
        return asyncio.run(_refuse_all())


ROWS = (Row("signatures", "wrong, old, replayed or cut signatures and wrong scopes: 401 or 403, all alike", 1, run),)
