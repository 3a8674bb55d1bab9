from __future__ import annotations

import itertools
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from tests.gateway.desk_double import KEYS, SECRET, DeskDouble
from zenotc.gateway.application import create_app
from zenotc.sdk.signing import Signer

SIGNERS = {
    "trader": Signer("trader", SecretStr(SECRET)),
    "reader": Signer("reader", SecretStr("reader-secret")),
    "switch": Signer("switch", SecretStr("switch-secret")),
}
STRATEGY = {"name": "BTC", "asset": "BTC", "baseSpreadBps": 10, "quoteSize": 1, "maxPosition": 10}
_keys = itertools.count()


class Caller:
    """Sends signed requests into an application."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self.http = http

    async def __call__(
        self,
        method: str,
        path: str,
        body: bytes = b"",
        *,
        key: str = "trader",
        idempotency_key: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> httpx.Response:
        if idempotency_key is None:
            idempotency_key = "" if method == "GET" else f"k{next(_keys)}"
        request = self.http.build_request(method, path, content=body)
        target = request.url.raw_path.decode()
        signed = SIGNERS[key].headers(method, target, body, idempotency_key)
        request.headers.update(signed | (headers or {}))
        return await self.http.send(request)


@pytest.fixture
def desk() -> DeskDouble:
    return DeskDouble()


@pytest.fixture
async def call(desk: DeskDouble) -> AsyncIterator[Caller]:
    app: Any = create_app(desk, KEYS)
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://engine") as http:
        yield Caller(http)
