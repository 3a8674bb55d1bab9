from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.gateway.desk_double import KEYS, SECRET, DeskDouble
from zenotc import ZenOTCClient
from zenotc.gateway.application import create_app
from zenotc.gateway.server import GatewayServer
from zenotc.gateway.settings import GatewaySettings

SETTINGS = GatewaySettings(
    conflation_interval_seconds=0.03, heartbeat_seconds=0.05, frame_interval_seconds=0.01, requests_per_second=1e6
)


class Gateway:
    """A gateway on a real socket that can be taken away and brought back on the same port."""

    def __init__(self, desk: DeskDouble) -> None:
        self.desk = desk
        self._server = GatewayServer(create_app(desk, KEYS, settings=SETTINGS))

    @property
    def url(self) -> str:
        return self._server.url

    async def start(self) -> None:
        await self._server.start()

    async def stop(self) -> None:
        await self._server.stop()

    async def restart(self, desk: DeskDouble | None = None) -> None:
        port = int(self.url.rpartition(":")[2])
        self._server = GatewayServer(create_app(desk or self.desk, KEYS, settings=SETTINGS), port=port)
        await self._server.start()

    def drop_connections(self) -> None:
        """Cut every connection at the socket, without a goodbye."""
        assert self._server._server is not None
        for connection in list(self._server._server.server_state.connections):
            connection.transport.abort()


@pytest.fixture
def desk() -> DeskDouble:
    return DeskDouble()


@pytest.fixture
async def gateway(desk: DeskDouble) -> AsyncIterator[Gateway]:
    gateway = Gateway(desk)
    await gateway.start()
    yield gateway
    await gateway.stop()


@pytest.fixture
async def client(gateway: Gateway) -> AsyncIterator[ZenOTCClient]:
    async with ZenOTCClient("trader", SECRET, base_url=gateway.url) as client:
        yield client
