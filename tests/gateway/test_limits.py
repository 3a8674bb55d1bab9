from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from tests.gateway.conftest import SIGNERS, Caller
from tests.gateway.desk_double import KEYS, DeskDouble
from zenotc.exceptions import RateLimitError
from zenotc.gateway.application import create_app
from zenotc.gateway.limits import RateLimiter
from zenotc.gateway.server import GatewayServer
from zenotc.gateway.settings import GatewaySettings

ROOT = "/api/sdk/mm-strategies"
LARGEST = 1 << 18


def test_bucket_bursts_and_refills() -> None:
    now = [0.0]
    limiter = RateLimiter(20, 40, lambda: now[0])
    for _ in range(40):
        limiter.admit("a")
    with pytest.raises(RateLimitError) as refused:
        limiter.admit("a")
    assert refused.value.retry_after == 0.05
    limiter.admit("b")
    now[0] = 0.1
    limiter.admit("a")
    limiter.admit("a")
    with pytest.raises(RateLimitError):
        limiter.admit("a")


async def test_refused_rate_says_when_and_never_holds_a_stop_up(desk: DeskDouble) -> None:
    settings = GatewaySettings(requests_per_second=0.5)  # the slowest machine asks faster
    app: Any = create_app(desk, KEYS, settings=settings)
    call = Caller(httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://engine"))
    answers = [await call("GET", "/api/sdk/status") for _ in range(60)]
    refused = [answer for answer in answers if answer.status_code == 429]
    assert refused
    assert int(refused[0].headers["Retry-After"]) in (1, 2)
    assert refused[0].headers["X-RateLimit-Limit"] == "40"
    assert refused[0].headers["X-RateLimit-Remaining"] == "0"
    assert int(refused[0].headers["X-RateLimit-Reset"]) >= 1
    for _ in range(60):
        assert (await call("POST", f"{ROOT}/emergency-stop")).status_code == 200
        assert (await call("POST", f"{ROOT}/cancel-quotes", b'{"asset": "BTC"}')).status_code == 200
        assert (await call("POST", f"{ROOT}/nothing/pause")).status_code == 404
        assert (await call("POST", f"{ROOT}/nothing/stop")).status_code == 404


@pytest.fixture
async def url(desk: DeskDouble) -> AsyncIterator[str]:
    server = GatewayServer(create_app(desk, KEYS, settings=GatewaySettings(body_timeout_seconds=0.2)))
    await server.start()
    yield server.url
    await server.stop()


@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize(("size", "status"), [(LARGEST, 400), (LARGEST + 1, 413), (3 * LARGEST, 413)])
async def test_body_is_bounded(url: str, chunked: bool, size: int, status: int) -> None:
    body = b"x" * size

    async def chunks() -> AsyncIterator[bytes]:
        for start in range(0, size, 65_536):
            yield body[start : start + 65_536]

    headers = SIGNERS["trader"].headers("POST", ROOT, body, "k")
    content: Any = chunks() if chunked else body
    async with httpx.AsyncClient(timeout=5) as http:
        answer = await http.post(url + ROOT, content=content, headers=headers)
    assert answer.status_code == status
    assert answer.json()["statusCode"] == status


async def test_body_that_never_ends_times_out(url: str) -> None:
    host, _, port = url.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(f"POST {ROOT} HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n12345".encode())
    async with asyncio.timeout(30):
        assert b"408" in await reader.readline()
    writer.close()
