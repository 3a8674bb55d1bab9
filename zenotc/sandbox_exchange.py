"""The sandbox exchange as a process of its own, so that engine and venue die separately."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import structlog

from zenotc.runtime.clock import TradingClock
from zenotc.runtime.logs import writing_logs
from zenotc.runtime.state_directory import StateDirectory
from zenotc.runtime.venues_file import VenueAddress
from zenotc.venues.sandbox import SandboxExchange, demo_venues
from zenotc.venues.sandbox.account_file import AccountFile
from zenotc.venues.sandbox.hosted import HostedExchange
from zenotc.venues.sandbox.server import ExchangeServer

__all__ = ["ExchangeOptions", "SandboxHost", "serve_exchange"]

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangeOptions:
    """What an exchange is started with.

    Parameters
    ----------
    host, port
        Where it listens; port 0 picks a free one.
    state_dir
        Default as `StateDirectory.open` says.
    seed
        Of the simulated participants.
    order_latency_ns
        From a request's arrival here to the exchange, and back again, ns.
    """

    host: str = "127.0.0.1"
    port: int = 0
    state_dir: Path | None = None
    seed: int = 1
    order_latency_ns: int = 5_000_000


class SandboxHost:
    """Exchanges that run in real time and that clients in other processes trade at.

    Parameters
    ----------
    exchanges
        They have just opened; their accounts are taken up from the file.
    start_ns
        When they opened, ns since the Unix epoch.
    file
        Keeps their accounts.
    host, port
        Where they listen; port 0 picks a free one.
    """

    def __init__(
        self, exchanges: Iterable[SandboxExchange], start_ns: int, file: AccountFile, *, host: str, port: int
    ) -> None:
        self._hosted = []
        for exchange in exchanges:
            exchange.restore(file.fills(exchange.name))
            self._hosted.append(HostedExchange(exchange, file.credentials(exchange.name), file.append))
        self._clock = TradingClock(start_ns)
        self._woken = asyncio.Event()
        self._server = ExchangeServer(self._hosted, self._clock.now_ns, self.wake, host=host, port=port)

    @property
    def addresses(self) -> dict[str, VenueAddress]:
        """Where the venues are reached, by their names; known after `start`."""
        urls = self._server.urls
        return {
            one.exchange.name: VenueAddress(urls[one.exchange.name], one.credentials.key, one.credentials.secret)
            for one in self._hosted
        }

    def wake(self) -> None:
        """Look again at what is next: somebody has sent something."""
        self._woken.set()

    async def start(self) -> None:
        """Listen.

        Raises
        ------
        OSError
            If the address cannot be bound.
        """
        await self._server.start()

    async def run(self) -> None:
        """Let time pass until the task is cancelled; then let nobody in any more.

        Raises
        ------
        sqlite3.Error
            If what was filled cannot be written down, of which nobody has heard then.
        """
        try:
            while True:
                await self._step()
        finally:
            await self._server.stop()

    async def _step(self) -> None:
        """Tell what has happened, then let the next thing happen, or wait for its time or a request."""
        for one in self._hosted:
            one.flush()
        following = min((one.exchange for one in self._hosted), key=SandboxExchange.next_time)
        seconds = self._clock.seconds_until(following.next_time())
        if seconds > 0:
            self._woken.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._woken.wait()
        else:
            following.advance(following.next_time())
            await asyncio.sleep(0)


async def serve_exchange(options: ExchangeOptions) -> int:
    """Run the sandbox's venues until SIGINT, SIGTERM or SIGHUP, and return 0.

    Raises
    ------
    ZenOTCError
        If the state directory cannot be used, or another exchange uses it.
    OSError
        If the address cannot be bound or a file not written.
    sqlite3.Error
        If what was filled cannot be written down.
    """
    state = StateDirectory.open(options.state_dir)
    with contextlib.ExitStack() as at_end:
        at_end.enter_context(writing_logs(state.path / "exchange.log"))
        file = at_end.enter_context(contextlib.closing(AccountFile(state.path / "exchange.db")))
        start_ns = time.time_ns()
        exchanges = demo_venues(options.seed, start_ns, options.order_latency_ns)
        host = SandboxHost(exchanges, start_ns, file, host=options.host, port=options.port)
        await host.start()
        running = asyncio.create_task(host.run(), name="exchange")
        at_end.callback(running.cancel)
        for number in _SIGNALS:
            asyncio.get_running_loop().add_signal_handler(number, running.cancel)
        venues = state.venues
        venues.publish(host.addresses)
        at_end.callback(venues.withdraw)
        urls = ", ".join(address.url for address in host.addresses.values())
        _log.info("ready", urls=urls, state_dir=str(state.path))
        with contextlib.suppress(asyncio.CancelledError):
            await running
        _log.info("ended")
    return 0
