"""The engine's process, put together: venues, journal, desk, gateway, and the files that clients find it by."""

from __future__ import annotations

import asyncio
import contextlib
import faulthandler
import math
import os
import secrets
import signal
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog

from zenotc.exceptions import ConnectionFailedError, ValidationError
from zenotc.gateway.application import create_app
from zenotc.gateway.server import Certificate, GatewayServer
from zenotc.gateway.settings import GatewaySettings
from zenotc.journal import Journal
from zenotc.journal.database import take_lock
from zenotc.models.commands import CreateStrategy
from zenotc.models.configuration import StrategyConfig
from zenotc.models.market import Instrument
from zenotc.models.settings import EngineSettings
from zenotc.models.status import Environment
from zenotc.runtime.desk import Desk
from zenotc.runtime.garbage import keep_pauses_short
from zenotc.runtime.logs import LogFormat, LogLevel, writing_logs
from zenotc.runtime.service_manager import ServiceManager
from zenotc.runtime.state_directory import StateDirectory
from zenotc.settings_file import read_settings
from zenotc.strategy_file import DEMO, REPLAY_DEMO, read_strategies
from zenotc.venues.remote import RemoteVenue
from zenotc.venues.replay import RecordingError, ReplayVenue
from zenotc.venues.sandbox import demo_venues
from zenotc.venues.venue import ConnectedVenue, SimulatedVenue

__all__ = ["ServeOptions", "serve"]

_REACHABLE_AFTER = 2.0
"""Seconds until clients reach an engine that is not ready: from then on it can be watched, and stopped."""

_TELL_EVERY = 10.0
_POLL_SECONDS = 0.02
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class ServeOptions:
    """What an engine is started with.

    Parameters
    ----------
    environment
        Where it trades.
    host, port
        Where the gateway listens; port 0 picks a free one.
    certificate, insecure
        What the gateway encrypts with, and whether it may listen beyond this machine without.
    state_dir
        Default as `StateDirectory.open` says.
    seed
        Of the simulated exchange.
    replay
        Recordings to trade on instead, in order.
    speed
        Simulated seconds per second, infinity for as fast as it goes.
    exchange
        Trade at the exchange of `zenotc sandbox-exchange` in the same state directory, not at one in this process.
    loop
        Whether the recordings begin again when they end.
    strategies
        The file of the strategies to begin with, instead of the demo's.
    empty
        Begin without the demo's strategies.
    settings
        The file of the engine's settings.
    end_with_stdin
        Whether to end, too, when standard input closes.
    order_latency_ns
        From the engine to the exchange, and back again, ns.
    log_level, log_format
        See `writing_logs`.
    """

    environment: Environment = "sandbox"
    host: str = "127.0.0.1"
    port: int = 8731
    certificate: Certificate | None = None
    insecure: bool = False
    state_dir: Path | None = None
    seed: int = 1
    replay: tuple[Path, ...] = ()
    speed: float = 1.0
    exchange: bool = False
    loop: bool = False
    strategies: Path | None = None
    empty: bool = False
    end_with_stdin: bool = False
    settings: Path | None = None
    order_latency_ns: int = 5_000_000
    log_level: LogLevel = "info"
    log_format: LogFormat = "auto"


async def serve(options: ServeOptions) -> int:
    """Run an engine until SIGINT, SIGTERM or SIGHUP; return 0 where the venues confirmed that nothing is left open.

    Raises
    ------
    ZenOTCError
        If it cannot start: the state directory is in use, a recording or a strategy file cannot be read.
    OSError
        If the address cannot be bound or a file not written.
    """
    faulthandler.enable()  # a watchdog's SIGABRT leaves word of where it hung
    state = StateDirectory.open(options.state_dir)
    with writing_logs(state.log, level=options.log_level, format=options.log_format):
        return await _serve(options, state)


async def _serve(options: ServeOptions, state: StateDirectory) -> int:
    async with contextlib.AsyncExitStack() as at_end:
        told_to_end = at_end.enter_context(_until_signal())
        if options.end_with_stdin:
            at_end.enter_context(_until_stdin_closes(told_to_end))
        if options.replay:
            at_end.callback(os.close, take_lock(state.journal))  # one engine at a time, whatever it trades
        journal = at_end.enter_context(_journal(options, state))
        venues, settings = await _venues(options, state)
        strategies = _strategies(options, venues[0].instruments)
        desk = Desk(
            venues,
            journal,
            state.emergency,
            settings,
            environment=options.environment,
            speed=options.speed,
            feed=_feed(options),
        )
        limits = GatewaySettings(requests_per_second=settings.requests_per_second, burst=settings.request_burst)
        gateway = GatewayServer(
            create_app(desk, state.keys(), settings=limits),
            options.host,
            options.port,
            certificate=options.certificate,
            insecure=options.insecure,
            settings=limits,
        )
        await gateway.start()
        at_end.push_async_callback(gateway.stop)
        at_end.callback(asyncio.create_task(keep_pauses_short()).cancel)
        manager = ServiceManager()
        await desk.start()
        desk.prepare(_creation(config) for config in strategies if config.name not in desk.known_names)
        at_end.callback(asyncio.create_task(manager.feed_watchdog(lambda: desk.vitals.turn_age_seconds)).cancel)
        try:
            await _wait_until_ready(desk, told_to_end, _REACHABLE_AFTER)
            state.publish(url=gateway.url, environment=options.environment, epoch=desk.epoch)
            manager.ready(f"reached at {gateway.url}; /readyz says whether it trades")
            await _wait_until_ready(desk, told_to_end)
            if not told_to_end.is_set():
                _log.info("ready", url=gateway.url, state_dir=str(state.path))
            await told_to_end.wait()
        finally:
            manager.stopping("cancelling every order")
            confirmed = await desk.stop()
            state.withdraw()
    _log.info("ended", confirmed=confirmed)
    return 0 if confirmed else 1


def _journal(options: ServeOptions, state: StateDirectory) -> Journal:
    """Open the journal; a replay begins with an empty one of its own, because its time begins again, too."""
    if options.replay:
        return Journal.open(state.replay_journal, now_ns=time.time_ns(), afresh=True)
    return Journal.open(state.journal, now_ns=time.time_ns())


async def _venues(
    options: ServeOptions, state: StateDirectory
) -> tuple[Sequence[SimulatedVenue | ConnectedVenue], EngineSettings]:
    """Return the venues, the quoting one first, and the settings that name them."""
    if options.exchange:
        return await _connected_venues(options, state)
    if not options.replay:
        quoting, hedge = demo_venues(options.seed, time.time_ns(), options.order_latency_ns)
        return [quoting, hedge], read_settings(options.settings, quoting_venue=quoting.name, hedge_venue=hedge.name)
    try:
        replay = ReplayVenue(options.replay, order_latency_ns=options.order_latency_ns, loop=options.loop)
    except RecordingError as error:
        raise ValidationError(str(error)) from error
    return [replay], read_settings(options.settings, quoting_venue=replay.name, hedge_venue=None)


async def _connected_venues(
    options: ServeOptions, state: StateDirectory
) -> tuple[Sequence[ConnectedVenue], EngineSettings]:
    """Connect to the exchange that has left its addresses in the state directory."""
    addresses = state.venues.read()
    if not addresses:
        raise ConnectionFailedError(f"no exchange runs with {state.path}: start zenotc sandbox-exchange first")
    venues = [await RemoteVenue.connect(name, a.url, a.key, a.secret) for name, a in addresses.items()]
    quoting, hedge = (venues[0].name, venues[1].name if len(venues) > 1 else None)
    return venues, read_settings(options.settings, quoting_venue=quoting, hedge_venue=hedge)


def _strategies(options: ServeOptions, markets: Mapping[str, Instrument]) -> list[StrategyConfig]:
    """Return the strategies to begin with: a file's, or those of the demo that have a market."""
    if options.strategies is None:
        demo = [] if options.empty else read_strategies(REPLAY_DEMO if options.replay else DEMO)
        return [config for config in demo if config.asset in markets]
    strategies = read_strategies(options.strategies)
    for config in strategies:
        if config.asset not in markets:
            reason = f"must be one of {', '.join(markets)}"
            raise ValidationError.of_fields([{"field": "asset", "reason": reason}])
    return [StrategyConfig.build(config.given(), lot_size=markets[config.asset].lot_size) for config in strategies]


def _feed(options: ServeOptions) -> str:
    """Return what the market data is, for a person."""
    if not options.replay:
        return "simulated"
    return f"replay of {', '.join(path.name for path in options.replay)}"


def _creation(config: StrategyConfig) -> CreateStrategy:
    return CreateStrategy(
        command_id=f"start-{secrets.token_hex(8)}",
        operator="start",
        strategy_id=f"mm_{secrets.token_hex(8)}",
        config=config,
    )


@contextlib.contextmanager
def _until_stdin_closes(told: asyncio.Event) -> Iterator[None]:
    """Set the event when standard input closes."""
    loop = asyncio.get_running_loop()

    def read() -> None:
        if not os.read(sys.stdin.fileno(), 4096):
            loop.remove_reader(sys.stdin.fileno())
            told.set()

    loop.add_reader(sys.stdin.fileno(), read)
    try:
        yield
    finally:
        loop.remove_reader(sys.stdin.fileno())


async def _wait_until_ready(desk: Desk, told_to_end: asyncio.Event, seconds: float = math.inf) -> None:
    """Wait until the desk can trade, the process is told to end, or so many seconds have passed."""
    started = told = time.monotonic()
    while not told_to_end.is_set() and not desk.status().ready and time.monotonic() < started + seconds:
        await asyncio.sleep(_POLL_SECONDS)
        if time.monotonic() >= told + _TELL_EVERY:
            told = time.monotonic()
            _log.warning("not ready", waiting_for=desk.status().waiting_for)


@contextlib.contextmanager
def _until_signal() -> Iterator[asyncio.Event]:
    """Yield what is set when the process is told to end, however often, or something in it has failed."""
    told = asyncio.Event()
    loop = asyncio.get_running_loop()

    def on_error(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        loop.default_exception_handler(context)
        if context.get("fatal"):
            told.set()

    loop.set_exception_handler(on_error)
    for number in _SIGNALS:
        loop.add_signal_handler(number, told.set)
    try:
        yield told
    finally:
        # The orders are cancelled: what is left of the process ends by itself, with an exit code that says so.
        for number in _SIGNALS:
            loop.remove_signal_handler(number)
            signal.signal(number, signal.SIG_IGN)
        loop.set_exception_handler(None)
