"""The gateway's HTTP server, inside a loop that is running already."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import uvicorn

from zenotc.exceptions import ValidationError
from zenotc.gateway.doorkeeper import Doorkeeper, HttpConnection
from zenotc.gateway.settings import GatewaySettings
from zenotc.gateway.stream_connection import StreamConnection

__all__ = ["Certificate", "GatewayServer"]

_STARTUP_SECONDS = 10
_SHUTDOWN_SECONDS = 2
_KEEP_ALIVE_SECONDS = 30  # longer than clients keep theirs, so that none sends into a connection that is closing
_BACKLOG = 128
_TICKS_A_LOOK = 10  # uvicorn ticks ten times a second
_LOOPBACK_OF = {"0.0.0.0": "127.0.0.1", "::": "::1"}
_MAX_MESSAGE = 64 * 1024  # of a stream client; its subscriptions are short


@dataclass(frozen=True, slots=True)
class Certificate:
    """What a server proves its name with: PEM files of the certificate, with its chain, and of its private key."""

    file: Path
    key: Path

    def context(self) -> ssl.SSLContext:
        """Return how connections are encrypted.

        Raises
        ------
        ValidationError
            If the files cannot be read, or do not belong together.
        """
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        try:
            context.load_cert_chain(self.file, self.key, password=_no_password)
        except (OSError, ValueError) as error:
            raise ValidationError(
                f"the certificate {self.file} with the key {self.key} cannot be used: {error}"
            ) from error
        return context


def _no_password() -> str:
    raise ValueError("the key is encrypted")


class _Server(uvicorn.Server):
    """Leaves signals to the process that it runs in, and connections to a doorkeeper."""

    def __init__(
        self, config: uvicorn.Config, listener: socket.socket, tls: ssl.SSLContext | None, settings: GatewaySettings
    ) -> None:
        super().__init__(config)
        self._listener = listener
        self.doorkeeper = Doorkeeper(
            listener,
            lambda: HttpConnection(config, self.server_state, {}),
            self.server_state.connections,
            tls=tls,
            max_connections=settings.max_connections,
            head_timeout_seconds=settings.head_timeout_seconds,
            unread_timeout_seconds=settings.unread_timeout_seconds,
        )

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        self.servers = []
        self._accepting = asyncio.create_task(self.doorkeeper.accept())
        self.started = True

    async def on_tick(self, counter: int) -> bool:
        if counter % _TICKS_A_LOOK == 0:
            self.doorkeeper.look()
        return self._accepting.done() or await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._accepting.cancel()
        await asyncio.wait((self._accepting,))
        self._listener.close()
        await super().shutdown()


class GatewayServer:
    """Serves an application with uvicorn.

    Parameters
    ----------
    app
        The ASGI application.
    host
        Address to bind.
    port
        0 picks a free one.
    certificate
        Encrypts; what listens beyond this machine has to have one.
    insecure
        Listen beyond this machine without one all the same.
    settings
        Limits of connections.

    Raises
    ------
    ValidationError
        If it would listen beyond this machine unencrypted and not `insecure`, or the certificate cannot be used.
    """

    def __init__(
        self,
        app: Any,
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        certificate: Certificate | None = None,
        insecure: bool = False,
        settings: GatewaySettings | None = None,
    ) -> None:
        if certificate is None and not insecure and not _is_loopback(host):
            raise ValidationError(
                f"{host} can be reached from beyond this machine, and the gateway has no certificate: give it one "
                f"(--tls-cert, --tls-key), or say that everybody may read along (--insecure)",
                code="insecure",
            )
        self._app = app
        self._host = host
        self._port = port
        self._tls = None if certificate is None else certificate.context()
        self._settings = settings or GatewaySettings()
        self._server: _Server | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def url(self) -> str:
        """Where it is reached from this machine; the port is known once it has started."""
        host = _LOOPBACK_OF.get(self._host, self._host)
        return f"{'http' if self._tls is None else 'https'}://{f'[{host}]' if ':' in host else host}:{self._port}"

    async def start(self) -> None:
        """Bind and begin to serve.

        Raises
        ------
        OSError
            If the address cannot be bound.
        """
        family = socket.AF_INET6 if ":" in self._host else socket.AF_INET
        listener = socket.create_server((self._host, self._port), family=family, backlog=_BACKLOG)
        listener.setblocking(False)
        self._port = listener.getsockname()[1]
        config = uvicorn.Config(
            self._app,
            log_config=None,
            log_level="error",  # what strangers send is no news
            access_log=False,
            lifespan="off",
            proxy_headers=False,
            server_header=False,
            ws=StreamConnection,
            ws_max_size=_MAX_MESSAGE,
            ws_per_message_deflate=False,
            timeout_keep_alive=_KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=_SHUTDOWN_SECONDS,
        )
        self._server = _Server(config, listener, self._tls, self._settings)
        self._task = asyncio.create_task(self._server.serve())
        async with asyncio.timeout(_STARTUP_SECONDS):
            while not self._server.started and not self._task.done():  # noqa: ASYNC110 - uvicorn has no event for it
                await asyncio.sleep(0.005)
        if self._task.done():
            listener.close()
            await self._task
            raise OSError(f"the server on {self.url} did not start")

    async def stop(self) -> None:
        """Stop serving: answers under way get two seconds, then their connections are dropped."""
        if self._server is None or self._task is None:
            return
        self._server.should_exit = True
        done, _ = await asyncio.wait((self._task,), timeout=2 * _SHUTDOWN_SECONDS)
        if not done:
            self._server.force_exit = True
            self._task.cancel()
            await asyncio.wait((self._task,), timeout=_SHUTDOWN_SECONDS)
        self._server = self._task = None


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
