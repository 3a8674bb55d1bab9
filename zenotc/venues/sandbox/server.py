"""The sandbox exchange as a websocket server: one path for each venue, one session for each account."""

from __future__ import annotations

import asyncio
import hmac
import http
import secrets
from collections.abc import Callable, Iterable

import structlog
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.http11 import Request as HttpRequest
from websockets.http11 import Response

from zenotc.venues.remote.frames import DISPLACED, REFUSED, Ask, Challenge, Login, Subscribe, Welcome, proof_of
from zenotc.venues.remote.link import Link, LinkLostError
from zenotc.venues.sandbox.hosted import HostedExchange

__all__ = ["ExchangeServer"]

_LOGIN_SECONDS = 5.0
_PING_SECONDS = 1.0
_LOST_SECONDS = 3.0
_CLOSE_SECONDS = 0.5
_LARGEST_FRAME = 1 << 16
"""Bytes; requests are short."""

_log = structlog.get_logger()


class ExchangeServer:
    """Lets clients in.

    Parameters
    ----------
    hosted
        The exchanges.
    clock
        The exchanges' time, ns since the Unix epoch.
    wake
        Called when there is something new for the exchanges to do.
    host, port
        Where to listen; port 0 picks a free one.
    """

    def __init__(
        self,
        hosted: Iterable[HostedExchange],
        clock: Callable[[], int],
        wake: Callable[[], None],
        *,
        host: str = "127.0.0.1",
        port: int = 0,
    ) -> None:
        self._hosted = {f"/{one.exchange.name}": one for one in hosted}
        self._clock = clock
        self._wake = wake
        self._host = host
        self._port = port
        self._server: Server | None = None
        self._closing: set[asyncio.Task[None]] = set()

    @property
    def urls(self) -> dict[str, str]:
        """Where each venue is reached, by its name; the port is known once the server has started."""
        host = f"[{self._host}]" if ":" in self._host else self._host
        return {one.exchange.name: f"ws://{host}:{self._port}{path}" for path, one in self._hosted.items()}

    async def start(self) -> None:
        """Listen.

        Raises
        ------
        OSError
            If the address cannot be bound.
        """
        self._server = await serve(
            self._meet,
            self._host,
            self._port,
            process_request=self._find,
            open_timeout=_LOGIN_SECONDS,
            ping_interval=_PING_SECONDS,
            ping_timeout=_LOST_SECONDS,
            close_timeout=_CLOSE_SECONDS,
            max_size=_LARGEST_FRAME,
            compression=None,
        )
        self._port = next(iter(self._server.sockets)).getsockname()[1]

    async def stop(self) -> None:
        """Close every connection and listen no more."""
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()

    def _find(self, socket: ServerConnection, request: HttpRequest) -> Response | None:
        """Refuse a path that is no venue's."""
        if request.path in self._hosted:
            return None
        return socket.respond(http.HTTPStatus.NOT_FOUND, "no such venue\n")

    async def _meet(self, socket: ServerConnection) -> None:
        """Serve one connection to its end."""
        assert socket.request is not None
        hosted = self._hosted[socket.request.path]
        link = Link(socket)
        try:
            if await self._admitted(link, hosted):
                self._displace(hosted.log_in(link), hosted)
                link.send(Welcome(tuple(hosted.exchange.instruments.values())))
                await self._serve(link, hosted)
            else:
                await link.close(REFUSED, "refused")
        except LinkLostError as error:
            _log.info("client lost", venue=hosted.exchange.name, reason=str(error))
        finally:
            hosted.log_out(link)
            await link.close()

    async def _admitted(self, link: Link, hosted: HostedExchange) -> bool:
        """Return whether the client knows the account's secret; neither the key nor the time tells what is wrong."""
        challenge = Challenge(hosted.exchange.name, secrets.token_hex(16))
        link.send(challenge)
        try:
            async with asyncio.timeout(_LOGIN_SECONDS):
                login = await link.receive()
        except TimeoutError:
            return False
        if not isinstance(login, Login):
            return False
        credentials = hosted.credentials
        proof = proof_of(credentials.secret, challenge)
        key_is_right = hmac.compare_digest(login.key.encode(), credentials.key.encode())
        return hmac.compare_digest(login.proof.encode(), proof.encode()) and key_is_right

    def _displace(self, link: Link | None, hosted: HostedExchange) -> None:
        """Send the earlier client away, without waiting for it."""
        if link is not None:
            _log.info("client displaced", venue=hosted.exchange.name)
            closing = asyncio.create_task(link.close(DISPLACED, "displaced"))
            self._closing.add(closing)
            closing.add_done_callback(self._closing.discard)

    async def _serve(self, link: Link, hosted: HostedExchange) -> None:
        """Carry out what the client asks for until the connection is lost."""
        while True:
            match await link.receive():
                case Subscribe(assets):
                    hosted.subscribe(link, assets)
                case Ask(request) if request.venue == hosted.exchange.name:
                    hosted.ask(link, request, self._clock())
                    self._wake()
                case frame:
                    raise LinkLostError(f"{type(frame).__name__} was not expected")
