"""The client's front door."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cached_property
from types import TracebackType
from typing import TYPE_CHECKING, Self

from pydantic import SecretStr

from zenotc.sdk.journal import JournalClient
from zenotc.sdk.market_making import MarketMakingStrategyClient
from zenotc.sdk.profile import resolve, stated_client
from zenotc.sdk.signing import Signer

if TYPE_CHECKING:
    import httpx

    from zenotc.sdk.stream import EventStream, Link
    from zenotc.sdk.transport import HttpTransport

__all__ = ["ZenOTCClient"]


class ZenOTCClient:
    """A client of one engine.

    It may be made outside a running loop, and opens its connections when they are first needed. What is not
    given comes from `ZENOTC_API_KEY`, `ZENOTC_API_SECRET`, `ZENOTC_ENVIRONMENT`, `ZENOTC_BASE_URL` and
    `ZENOTC_CA_FILE`, then from the profile of the engine that runs on this machine.

    Parameters
    ----------
    api_key, api_secret
        Who asks. The secret shows in no representation, log or traceback.
    environment
        "sandbox" or "live", by default "sandbox".
    base_url
        Where the engine is, as "http://127.0.0.1:8731".
    timeout_seconds
        For the answer to a question; commands have longer ones, past the engine's own deadlines.
    connect_timeout_seconds
        For a connection.
    state_dir
        Where the local engine keeps its profile.
    operator
        Who asks, in words, for the engine's journal.
    ca_file
        PEM file of the authorities that vouch for the engine's certificate, in place of the system's.
    transport
        In place of the network for requests, as `httpx.ASGITransport(app)`.

    Raises
    ------
    ValidationError
        If the environment is unknown, the URL is none, or `ca_file` cannot be read.
    AuthenticationError
        If there is no key and secret.
    """

    environment: str = "?"
    base_url: str = "?"

    def __init__(
        self,
        api_key: str | None = None,
        api_secret: str | SecretStr | None = None,
        environment: str | None = None,
        base_url: str | None = None,
        *,
        timeout_seconds: float = 5.0,
        connect_timeout_seconds: float = 2.0,
        state_dir: str | os.PathLike[str] | None = None,
        operator: str = "",
        ca_file: str | os.PathLike[str] | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        secret = SecretStr(api_secret) if isinstance(api_secret, str) else api_secret
        del api_secret  # a traceback with locals must not show it
        connection = resolve(
            api_key=api_key,
            api_secret=secret,
            environment=environment,
            base_url=base_url,
            state_dir=state_dir,
            ca_file=ca_file,
        )
        self.environment = connection.environment
        self.base_url = connection.base_url
        self._tls = connection.tls
        self._signer = Signer(connection.api_key, connection.api_secret, operator, stated_client())
        self._timeout_seconds = timeout_seconds
        self._connect_timeout_seconds = connect_timeout_seconds
        self._transport = transport
        self.mm_strategy = MarketMakingStrategyClient(self)
        self.journal = JournalClient(self)

    def __repr__(self) -> str:
        return f"ZenOTCClient(environment={self.environment!r}, base_url={self.base_url!r})"

    @cached_property
    def http(self) -> HttpTransport:
        """Requests; imported when the first one is made."""
        from zenotc.sdk.transport import HttpTransport

        return HttpTransport(
            self.base_url,
            self._signer,
            timeout_seconds=self._timeout_seconds,
            connect_timeout_seconds=self._connect_timeout_seconds,
            tls=self._tls,
            transport=self._transport,
        )

    @cached_property
    def stream(self) -> EventStream:
        """The event stream, one connection for every subscription; imported when the first one is made."""
        from zenotc.sdk.stream import EventStream

        return EventStream(
            self.base_url, self._signer, connect_timeout_seconds=self._connect_timeout_seconds, tls=self._tls
        )

    @property
    def link(self) -> Link:
        """The state of the event stream's connection."""
        return self.stream.link

    def watch_link(self, callback: Callable[[Link], None]) -> Callable[[], None]:
        """Call back on every change of the stream's connection and every heartbeat; returns what ends it."""
        return self.stream.watch(callback)

    async def close(self) -> None:
        """Close every subscription and connection."""
        if "stream" in self.__dict__:
            await self.stream.close()
        if "http" in self.__dict__:
            await self.http.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()
