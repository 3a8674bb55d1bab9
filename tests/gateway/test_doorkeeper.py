"""Clients that hold connections, over real sockets."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
import trustme

from tests.gateway.conftest import SIGNERS
from tests.gateway.desk_double import KEYS, DeskDouble
from tests.waiting import until
from zenotc.exceptions import ValidationError
from zenotc.gateway.application import create_app
from zenotc.gateway.server import Certificate, GatewayServer
from zenotc.gateway.settings import GatewaySettings

SETTINGS = GatewaySettings(
    max_connections=8, head_timeout_seconds=1.0, body_timeout_seconds=1.0, unread_timeout_seconds=2.0
)
STOP = "/api/sdk/mm-strategies/emergency-stop"
Peer = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@asynccontextmanager
async def served(desk: DeskDouble, *, certificate: Certificate | None = None) -> AsyncIterator[GatewayServer]:
    server = GatewayServer(create_app(desk, KEYS, settings=SETTINGS), certificate=certificate, settings=SETTINGS)
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
async def server(desk: DeskDouble) -> AsyncIterator[GatewayServer]:
    async with served(desk) as server:
        yield server


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def certificate(authority: trustme.CA, tmp_path: Path) -> Certificate:
    issued = authority.issue_cert("127.0.0.1")
    issued.cert_chain_pems[0].write_to_path(tmp_path / "cert.pem")
    issued.private_key_pem.write_to_path(tmp_path / "key.pem")
    return Certificate(tmp_path / "cert.pem", tmp_path / "key.pem")


async def connect(server: GatewayServer) -> Peer:
    return await asyncio.open_connection("127.0.0.1", int(server.url.rpartition(":")[2]))


def live(server: GatewayServer) -> int:
    assert server._server is not None
    return len(server._server.server_state.connections)


async def stop(server: GatewayServer, key: str, verify: ssl.SSLContext | bool = True) -> int:
    async with httpx.AsyncClient(timeout=5, trust_env=False, verify=verify) as http:
        headers = SIGNERS["switch"].headers("POST", STOP, b"", key)
        return (await http.post(server.url + STOP, headers=headers)).status_code


async def ended(peer: Peer, within: float = 4) -> bytes:
    """Return what a peer has read when its connection is ended."""
    async with asyncio.timeout(within):
        try:
            return await peer[0].read()
        except ConnectionError:
            return b""


async def test_a_head_that_never_ends_is_not_waited_for(server: GatewayServer) -> None:
    silent, slow = await connect(server), await connect(server)
    slow[1].write(b"GET /livez HTTP/1.1\r\n")

    async def drip() -> None:
        for number in range(100):
            slow[1].write(f"X-{number}: x\r\n".encode())
            await asyncio.sleep(0.05)

    dripping = asyncio.create_task(drip())
    assert (await ended(silent)).startswith(b"HTTP/1.1 408")
    await ended(slow)
    dripping.cancel()
    await until(lambda: live(server) == 0)


async def test_the_second_head_has_its_own_time(server: GatewayServer) -> None:
    reader, writer = await connect(server)
    for pause in (0.0, 1.5):  # idle for longer than a head may take: that is what a connection is kept for
        await asyncio.sleep(pause)
        writer.write(b"GET /livez HTTP/1.1\r\nHost: x")
        await asyncio.sleep(0.3)
        writer.write(b"\r\n\r\n")
        assert b"200 OK" in await reader.readuntil(b"}")
    writer.write(b"GET /livez HT")
    assert await ended((reader, writer)) == b""


async def test_a_body_that_nobody_wants_is_not_waited_for(server: GatewayServer) -> None:
    reader, writer = await connect(server)
    writer.write(b"GET /livez HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n")

    async def drip() -> None:
        while True:
            writer.write(b"x")
            await asyncio.sleep(0.05)

    dripping = asyncio.create_task(drip())
    assert b"alive" in await reader.readuntil(b"}")
    await ended((reader, writer))
    dripping.cancel()


@pytest.mark.parametrize(
    "hold",
    [b"", b"GET /livez HTTP/1.1\r\nX: ", b"POST /api/sdk/status HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n1"],
)
async def test_no_flood_keeps_a_stop_out(server: GatewayServer, desk: DeskDouble, hold: bytes) -> None:
    flood = []
    for _ in range(40):
        flood.append(await connect(server))
        flood[-1][1].write(hold)
    for key in ("k1", "k2", "k3"):
        assert await stop(server, key) == 200
    assert len(desk.commands) == 3
    assert live(server) <= SETTINGS.max_connections
    await ended(flood[0], 1)


async def test_a_signed_request_keeps_its_place(server: GatewayServer, desk: DeskDouble) -> None:
    desk.delay_seconds = 0.5
    stopping = asyncio.create_task(stop(server, "k"))
    await asyncio.sleep(0.2)
    flood = [await connect(server) for _ in range(40)]
    assert await stopping == 200
    for peer in flood:
        peer[1].close()


async def test_a_flood_without_a_handshake_keeps_nobody_out(
    desk: DeskDouble, certificate: Certificate, authority: trustme.CA
) -> None:
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    async with served(desk, certificate=certificate) as server:
        flood = [await connect(server) for _ in range(40)]
        assert await stop(server, "k", trusting) == 200
        assert await ended(flood[0], 1) == b""
        assert await ended(flood[-1]) == b""


async def test_answers_that_nobody_reads_are_dropped(server: GatewayServer, desk: DeskDouble) -> None:
    desk.commit(*["started"] * 5_000)
    path = "/api/sdk/events?limit=5000"
    address = ("127.0.0.1", int(server.url.rpartition(":")[2]))
    with socket.socket() as greedy:
        greedy.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        greedy.connect(address)
        for _ in range(15):  # some 9 MB: more than the system's buffers take for a client that does not read
            head = "".join(f"{name}: {value}\r\n" for name, value in SIGNERS["reader"].headers("GET", path).items())
            greedy.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n{head}\r\n".encode())
        await until(lambda: live(server) == 1)
        await asyncio.sleep(1.5)
        assert live(server) == 1
        await until(lambda: live(server) == 0, 10)


def test_what_listens_beyond_this_machine_is_encrypted(desk: DeskDouble, certificate: Certificate) -> None:
    app = create_app(desk, KEYS)
    for host in ("0.0.0.0", "::", "192.0.2.1", "desk.example"):
        with pytest.raises(ValidationError, match="--insecure"):
            GatewayServer(app, host)
        GatewayServer(app, host, insecure=True)
        GatewayServer(app, host, certificate=certificate)
    for host in ("127.0.0.1", "127.0.0.2", "::1", "localhost"):
        GatewayServer(app, host)
    assert GatewayServer(app, "0.0.0.0", 1, certificate=certificate).url == "https://127.0.0.1:1"


def test_a_certificate_that_cannot_be_used_is_said_to_be(certificate: Certificate, tmp_path: Path) -> None:
    trustme.CA().issue_cert("x").private_key_pem.write_to_path(tmp_path / "other.pem")
    for unusable in (
        Certificate(tmp_path / "nothing.pem", certificate.key),
        Certificate(certificate.file, tmp_path / "other.pem"),
        Certificate(certificate.key, certificate.file),
    ):
        with pytest.raises(ValidationError, match="cannot be used"):
            unusable.context()
