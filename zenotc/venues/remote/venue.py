"""A venue in another process, as its client sees it."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Self

import structlog
from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException

from zenotc.exceptions import AuthenticationError, ConnectionFailedError, ZenOTCError
from zenotc.models.market import Book, Instrument
from zenotc.models.orders import Amend, OrderCancelled, OrderUnknown, Place, Report, Request
from zenotc.venues.remote.frames import (
    DISPLACED,
    REFUSED,
    Ask,
    BookChange,
    Challenge,
    Frame,
    Login,
    Subscribe,
    Update,
    Welcome,
    proof_of,
)
from zenotc.venues.remote.link import Link, LinkLostError
from zenotc.venues.venue import VenueSink

__all__ = ["RemoteVenue"]

_FIRST_BACKOFF_SECONDS = 0.05
_LONGEST_BACKOFF_SECONDS = 3.0
_CLOSE_SECONDS = 0.5
_SLICE_SECONDS = 0.005
"""How long frames that have piled up may hold the event loop: an emergency stop must not wait for all of them."""

_LARGEST_FRAME = 1 << 26
"""Bytes; the whole history of a busy account's fills is one frame."""

_log = structlog.get_logger()


class RemoteVenue:
    """One account at a venue behind a websocket, connected again whenever the connection is lost.

    The sink hears `on_link` with true after every login, the first one too, and with false when a connection is lost.
    What is sent into a connection that is then lost has an unknown outcome until the next login; from then on the
    venue's answers are final, because a login drops what it has not handled. What the venue reports while there is no
    connection is not heard later: it has to be asked for.

    Without a connection, a `Place` has certainly not left and is answered by `OrderCancelled` with the reason
    `not_connected`, an `Amend` by `OrderUnknown` with the same reason; cancels and queries are dropped, to be sent
    again when the link is back.

    Parameters
    ----------
    name
        The venue's name.
    url
        Its websocket, as `ws://127.0.0.1:9001/sandbox`.
    key, secret
        The account's.
    clock
        The wall clock, ns since the Unix epoch.
    silence_seconds
        A connection on which nothing has come for so long is lost; the venue's heartbeat comes every second.
    """

    def __init__(
        self,
        name: str,
        url: str,
        key: str,
        secret: str,
        *,
        clock: Callable[[], int] = time.time_ns,
        silence_seconds: float = 3.0,
    ) -> None:
        self._name = name
        self._url = url
        self._key = key
        self._secret = secret
        self._clock = clock
        self._silence_seconds = silence_seconds
        self._instruments: dict[str, Instrument] = {}
        self._books: dict[str, Book] = {}
        self._assets: tuple[str, ...] = ()
        self._sink: VenueSink | None = None
        self._link: Link | None = None
        self._now_ns = 0

    @classmethod
    async def connect(
        cls,
        name: str,
        url: str,
        key: str,
        secret: str,
        *,
        clock: Callable[[], int] = time.time_ns,
        silence_seconds: float = 3.0,
        timeout: float = 10.0,
    ) -> Self:
        """Log in, which displaces whoever is, learn the venue's markets, and log out until `run`.

        Parameters
        ----------
        name, url, key, secret, clock, silence_seconds
            As for the class.
        timeout
            How long to try, seconds.

        Raises
        ------
        AuthenticationError
            If the venue refuses the key.
        ConnectionFailedError
            If it cannot be reached in time.
        """
        venue = cls(name, url, key, secret, clock=clock, silence_seconds=silence_seconds)
        failures = 0
        reason = "no answer"
        try:
            async with asyncio.timeout(timeout):
                while True:
                    try:
                        link = await venue._log_in()
                    except LinkLostError as error:
                        failures += 1
                        reason = str(error)
                        await asyncio.sleep(_backoff_seconds(failures))
                    else:
                        await link.close()
                        return venue
        except TimeoutError:
            raise ConnectionFailedError(f"{name} cannot be reached at {url}: {reason}") from None

    @property
    def name(self) -> str:
        """The venue's name."""
        return self._name

    @property
    def instruments(self) -> Mapping[str, Instrument]:
        """The markets by asset, none before the first login."""
        return self._instruments

    @property
    def connected(self) -> bool:
        """Whether requests reach the venue now, as far as is known."""
        return self._link is not None

    def subscribe(self, assets: Collection[str], sink: VenueSink) -> None:
        """Send market data of these assets, and all reports, to the sink from now on."""
        self._assets = tuple(assets)
        self._sink = sink
        if self._link is not None:
            self._link.send(Subscribe(self._assets))

    def send(self, request: Request, now_ns: int) -> None:
        """Send a request; without a connection it is answered or dropped as the class says."""
        if self._link is not None:
            self._link.send(Ask(request))
        elif isinstance(request, Place):
            self._answer(
                OrderCancelled(
                    request.venue, request.asset, request.client_order_id, request.quantity_lots, "not_connected"
                )
            )
        elif isinstance(request, Amend):
            self._answer(OrderUnknown(request.venue, request.asset, request.client_order_id, "not_connected"))

    async def run(self) -> None:
        """Connect, and connect again when the connection is lost, until it is cancelled.

        Raises
        ------
        AuthenticationError
            If the venue refuses the key, or somebody else has logged in with it and has the account now.
        ZenOTCError
            If the venue does not have the markets any more that it had.
        RuntimeError
            If nobody has subscribed.
        """
        self._heard_by()
        failures = 0
        while True:
            try:
                link = await self._log_in()
                failures = 0
                await self._listen(link)
            except LinkLostError as error:
                if error.code == DISPLACED:
                    raise AuthenticationError(
                        f"somebody else has logged in to {self._name}", code="session_displaced"
                    ) from error
                failures += 1
                _log.warning("link lost", venue=self._name, reason=str(error), failures=failures)
            await asyncio.sleep(_backoff_seconds(failures))

    async def _log_in(self) -> Link:
        """Connect and log in; raises `LinkLostError` where that may succeed another time."""
        try:
            socket = await connect(
                self._url,
                open_timeout=self._silence_seconds,
                close_timeout=_CLOSE_SECONDS,
                # Heartbeats show that the venue is heard, pings that it hears.
                ping_interval=self._silence_seconds / 3,
                ping_timeout=self._silence_seconds * 2 / 3,
                max_size=_LARGEST_FRAME,
                compression=None,
                proxy=None,
            )
        except (OSError, TimeoutError, WebSocketException) as error:
            raise LinkLostError(str(error) or type(error).__name__) from error
        link = Link(socket, self._silence_seconds)
        try:
            self._learn((await self._prove(link)).instruments)
        except LinkLostError as error:
            link.abort()
            if error.code == REFUSED:
                raise AuthenticationError(f"{self._name} at {self._url} refuses the key") from error
            raise
        except (ZenOTCError, asyncio.CancelledError):
            link.abort()
            raise
        return link

    async def _prove(self, link: Link) -> Welcome:
        """Answer the challenge."""
        challenge = await link.receive()
        if not isinstance(challenge, Challenge) or challenge.venue != self._name:
            raise LinkLostError(f"{self._url} is not {self._name}")
        link.send(Login(self._key, proof_of(self._secret, challenge)))
        welcome = await link.receive()
        if not isinstance(welcome, Welcome):
            raise LinkLostError(f"a welcome expected, not {type(welcome).__name__}")
        return welcome

    def _learn(self, instruments: Iterable[Instrument]) -> None:
        """Note the markets at the first login; they stay."""
        markets = {instrument.asset: instrument for instrument in instruments}
        if not self._instruments:
            self._instruments = markets
            self._books = {asset: Book(market, includes_own_orders=True) for asset, market in markets.items()}
        elif markets != self._instruments:
            raise ZenOTCError(f"{self._name} has changed its markets", code="markets_changed")

    def _heard_by(self) -> VenueSink:
        if self._sink is None:
            raise RuntimeError("a venue needs a sink before it can run")
        return self._sink

    async def _listen(self, link: Link) -> None:
        """Tell the sink what comes until the connection is lost."""
        self._link = link
        try:
            link.send(Subscribe(self._assets))
            self._heard_by().on_link(self._name, True, self._now())
            slice_ends = time.monotonic() + _SLICE_SECONDS
            while True:
                self._take(await link.receive(), self._heard_by())
                if time.monotonic() >= slice_ends:
                    await asyncio.sleep(0)
                    slice_ends = time.monotonic() + _SLICE_SECONDS
        except LinkLostError:
            link.abort()
            self._link = None
            self._heard_by().on_link(self._name, False, self._now())
            raise
        finally:
            self._link = None
            await link.close()

    def _take(self, frame: Frame, sink: VenueSink) -> None:
        if not isinstance(frame, Update):
            raise LinkLostError(f"an update expected, not {type(frame).__name__}")
        now_ns = self._now()
        changed = [self._change(change) for change in frame.books if change.asset in self._books]
        for report in frame.reports:
            sink.on_report(report, now_ns)
        for trade in frame.trades:
            sink.on_trade(trade, now_ns)
        for book in changed:
            sink.on_book(book, now_ns)
        if frame.heartbeat:
            sink.on_heartbeat(self._name, now_ns)

    def _change(self, change: BookChange) -> Book:
        book = self._books[change.asset]
        if change.whole:
            book.clear()
        book.update(change.bids, change.asks)
        return book

    def _answer(self, report: Report) -> None:
        """Let the sink hear a report when it has finished what it is doing."""
        asyncio.get_running_loop().call_soon(lambda: self._heard_by().on_report(report, self._now()))

    def _now(self) -> int:
        """Return the time, which never falls."""
        self._now_ns = max(self._now_ns, self._clock())
        return self._now_ns


def _backoff_seconds(failures: int) -> float:
    """Return how long to wait after so many failures in a row: doubling, with jitter."""
    longest: float = min(_FIRST_BACKOFF_SECONDS * 2 ** min(failures, 10), _LONGEST_BACKOFF_SECONDS)
    return longest * random.uniform(0.5, 1)
