"""A copy of the journal through the client."""

from __future__ import annotations

import httpx
import pytest

from tests.gateway.desk_double import SECRET, DeskDouble
from tests.sdk.conftest import Gateway
from zenotc import ZenOTCClient
from zenotc.exceptions import AuthenticationError, ConnectionFailedError


async def test_a_copy_comes_part_by_part(desk: DeskDouble, gateway: Gateway) -> None:
    for _ in range(3_000):
        desk.commit("quote_sent")
    async with ZenOTCClient("trader", SECRET, base_url=gateway.url) as client:
        parts = [part async for part in client.journal.copy()]
    assert b"".join(parts) == b"".join(event.body for event in desk.journal)
    assert len(parts) > 1


async def test_a_key_that_only_reads_gets_none(gateway: Gateway) -> None:
    async with ZenOTCClient("reader", "reader-secret", base_url=gateway.url) as client:
        with pytest.raises(AuthenticationError):
            async for _ in client.journal.copy():
                pass


async def test_a_copy_that_breaks_off_is_an_error() -> None:
    class Broken(httpx.AsyncByteStream):
        async def __aiter__(self):
            yield b"some"
            raise httpx.ReadError("gone")

    transport = httpx.MockTransport(lambda _: httpx.Response(200, stream=Broken()))
    async with ZenOTCClient("trader", SECRET, base_url="http://engine", transport=transport) as client:
        parts = []
        with pytest.raises(ConnectionFailedError, match="to the end"):
            async for part in client.journal.copy():
                parts.append(part)  # noqa: PERF401 - what came before the end counts
        assert parts == [b"some"]
