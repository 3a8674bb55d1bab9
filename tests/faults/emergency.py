"""The emergency stop of an engine under load, under every circumstance in which somebody may want it.

What the engine sends is seen by the links between it and its venues, and timed by their clock, which is also that of
the client who asks. How long the engine was ready to run meanwhile and got no processor, as on a machine that does much
besides, is told by Linux; what is judged is the rest, and both are reported.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import math
import os
import random
import sqlite3
import time
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import SecretStr
from websockets.asyncio.client import connect

from tests.faults import lively_exchange
from tests.faults.arena import Arena, Engine, EngineEndedError, arena
from tests.faults.network import heal
from tests.faults.row import Outcome, Row
from tests.venues.faulty_link import Decide, Fate, Way
from zenotc import ZenOTCClient
from zenotc.exceptions import ZenOTCError
from zenotc.models.status import EngineStatus
from zenotc.sdk.signing import Signer

__all__ = ["CIRCUMSTANCES", "LIMIT_MS", "ROWS", "emergency"]

LIMIT_MS = 250.0
"""From the request to the last cancel sent, less the wait for a processor; p99, which a hundred stops have."""

STRATEGIES = 12
STOPS_OF_AN_EXCHANGE = 50
_SLOW_CLIENTS = 8
_FLOODING = 16
_QUOTING_SECONDS = 40.0
_CONFIRMED_SECONDS = 30.0
_SIZES = {"BTC": ("0.01", 1), "ETH": ("0.2", 20), "SOL": ("4", 400)}
_LOAD = [
    {"asset": asset, "quote_size": size, "max_position": limit, "quote_layers": 3, "base_spread_bps": 3 + number % 5}
    for number in range(STRATEGIES)
    for asset, (size, limit) in [list(_SIZES.items())[number % len(_SIZES)]]
]

Circumstance = Callable[["_Stop"], AbstractAsyncContextManager[None]]


@dataclass(frozen=True, slots=True)
class _Moment:
    """A time, and how long the engine's main thread had waited for a processor until then; seconds."""

    at: float
    waited: float

    @classmethod
    def of(cls, pid: int) -> _Moment:
        """Return the present one of an engine's process."""
        try:
            waited = int(Path(f"/proc/{pid}/task/{pid}/schedstat").read_text().split()[1]) / 1e9
        except OSError:  # it has ended, or this is not Linux
            waited = 0.0
        return cls(time.monotonic(), waited)


@dataclass(slots=True)
class _Seen:
    """What the links have seen of the engine since the stop was asked for, by venue.

    Parameters
    ----------
    pid
        The engine's process.
    since
        When that was.

    Attributes
    ----------
    joined
        The venues that the engine had not been connected to when it was asked.
    cancelled
        When the first cancel of everything came.
    ordered
        When the orders came.
    """

    pid: int
    since: _Moment | None = None
    joined: set[str] = field(default_factory=set)
    cancelled: dict[str, _Moment] = field(default_factory=dict)
    ordered: list[tuple[str, float]] = field(default_factory=list)

    def watching(self, venue: str, decide: Decide) -> Decide:
        """Return what sees a frame before it is decided upon."""

        def seen(way: Way, text: bytes) -> Fate:
            if way == "to_venue" and self.since is not None:
                if b'"CancelAll"' in text and venue not in self.cancelled:
                    self.cancelled[venue] = _Moment.of(self.pid)
                elif b'"Subscribe"' in text:
                    self.joined.add(venue)
                elif b'"Place"' in text or b'"Amend"' in text:
                    self.ordered.append((venue, time.monotonic()))
            return decide(way, text)

        return seen


@dataclass(slots=True)
class _Stop:
    """One stop: where, and by which chance."""

    place: Arena
    engine: Engine
    rng: random.Random
    seen: _Seen

    def decide(self, decide: Decide) -> None:
        """Decide so upon every frame, which is seen first."""
        for venue, link in self.place.links.items():
            link.decide = self.seen.watching(venue, decide)


# Circumstances -----------------------------------------------------------------------------------------------------


@contextlib.asynccontextmanager
async def _load_alone(stop: _Stop) -> AsyncIterator[None]:
    yield


@contextlib.asynccontextmanager
async def _delayed(stop: _Stop) -> AsyncIterator[None]:
    for link in stop.place.links.values():
        link.delay_seconds = stop.rng.uniform(0.02, 0.3)
    yield


@contextlib.asynccontextmanager
async def _duplicated(stop: _Stop) -> AsyncIterator[None]:
    stop.decide(lambda way, text: "twice" if stop.rng.random() < 0.4 else "pass")
    yield


@contextlib.asynccontextmanager
async def _half_open(stop: _Stop) -> AsyncIterator[None]:
    ways: tuple[tuple[Way, ...], ...] = (("to_venue",), ("to_client",), ())
    stop.rng.choice(list(stop.place.links.values())).freeze(*stop.rng.choice(ways))
    yield


@contextlib.asynccontextmanager
async def _cut(stop: _Stop) -> AsyncIterator[None]:
    stop.rng.choice(list(stop.place.links.values())).cut()
    await asyncio.sleep(stop.rng.uniform(0, 0.02))
    yield


@contextlib.asynccontextmanager
async def _journal_stalled(stop: _Stop) -> AsyncIterator[None]:
    journal = stop.place.directory / "journal.db"
    blocker = sqlite3.connect(journal, isolation_level=None, timeout=10, check_same_thread=False)
    with contextlib.closing(blocker):
        await asyncio.to_thread(blocker.execute, "BEGIN IMMEDIATE")
        await asyncio.sleep(stop.rng.uniform(0, 0.3))
        yield
        blocker.execute("ROLLBACK")


@contextlib.asynccontextmanager
async def _journal_failed(stop: _Stop) -> AsyncIterator[None]:
    """Let every write of an order's state fail within SQLite, as on a full disk; the engine has to be started again."""
    journal = stop.place.directory / "journal.db"
    fails = "CREATE TRIGGER full BEFORE INSERT ON order_states BEGIN SELECT RAISE(FAIL, 'disk is full'); END"
    await asyncio.to_thread(_execute, journal, fails)
    await asyncio.sleep(stop.rng.uniform(0, 0.05))
    yield
    await stop.engine.kill()
    await asyncio.to_thread(_execute, journal, "DROP TRIGGER full")


def _execute(journal: Any, query: str) -> None:
    with contextlib.closing(sqlite3.connect(journal, isolation_level=None, timeout=10)) as connection:
        connection.execute(query)


@contextlib.asynccontextmanager
async def _slow_clients(stop: _Stop) -> AsyncIterator[None]:
    """Clients ask for everything since the beginning, and read nothing."""
    key = json.loads((stop.place.directory / "credentials").read_bytes())
    signer = Signer(key["apiKey"], SecretStr(key["apiSecret"]))
    url = stop.engine.client.base_url.replace("http", "ws") + "/ws"
    async with contextlib.AsyncExitStack() as at_end:
        for _ in range(_SLOW_CLIENTS):
            socket = await connect(
                url, additional_headers=signer.headers("GET", "/ws"), max_queue=1, close_timeout=0, proxy=None
            )
            at_end.callback(socket.transport.abort)
            await socket.send('{"type": "subscribe", "channel": "events", "afterSeq": 0}')
            await socket.send('{"type": "subscribe", "channel": "orderbook", "assets": ["BTC", "ETH", "SOL"]}')
        await asyncio.sleep(stop.rng.uniform(0, 0.5))
        yield


@contextlib.asynccontextmanager
async def _saturated(stop: _Stop) -> AsyncIterator[None]:
    """Many commands are asked for at once, again and again."""
    makers = stop.engine.client.mm_strategy

    async def flood() -> None:
        while True:
            with contextlib.suppress(ZenOTCError):
                await makers.cancel_all_quotes(stop.rng.choice(list(_SIZES)))

    flooding = [asyncio.create_task(flood()) for _ in range(_FLOODING)]
    try:
        await asyncio.sleep(stop.rng.uniform(0, 0.3))
        yield
    finally:
        for task in flooding:
            task.cancel()
        await asyncio.gather(*flooding, return_exceptions=True)


CIRCUMSTANCES: dict[str, Circumstance] = {
    "load": _load_alone,
    "delayed": _delayed,
    "duplicated": _duplicated,
    "half open": _half_open,
    "cut": _cut,
    "journal stalled": _journal_stalled,
    "journal failed": _journal_failed,
    "slow clients": _slow_clients,
    "saturated": _saturated,
}
"""By name."""


# Stops -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Took:
    """From the request to the last cancel sent, s, and how much of it the engine waited for a processor."""

    wall: float
    waited: float

    @property
    def worked(self) -> float:
        """The rest, but for one turn of other processes: Linux tells of a wait when it ends, whenever it began."""
        return max(self.wall - self.waited, 0.0)


def emergency(count: int, seed: int) -> Outcome:
    """Stop everything so many times, under each circumstance in turn."""
    return asyncio.run(_many_stops(count, seed))


async def _many_stops(count: int, seed: int) -> Outcome:
    outcome, rng, times = Outcome(), random.Random(seed), dict[str, list[_Took]]()
    while outcome.tried < count:
        stops = min(count - outcome.tried, STOPS_OF_AN_EXCHANGE)
        async with arena(rng.randrange(1 << 30), linked=True) as place:
            engine = place.launch()
            try:
                await engine.ready()
                await place.create(engine, _LOAD)
                for _ in range(stops):
                    name = list(CIRCUMSTANCES)[outcome.tried % len(CIRCUMSTANCES)]
                    outcome.tried += 1
                    wrong = await _stop_once(name, place, engine, rng, times.setdefault(name, []))
                    outcome.failures += [f"{name}, stop {outcome.tried}: {what}" for what in wrong]
                    if wrong:
                        break
                    engine = await _in_working_order(place, engine)
                    await _go_on(place, engine)
            except (EngineEndedError, TimeoutError, ZenOTCError) as error:
                outcome.failures.append(f"after stop {outcome.tried}: {type(error).__name__}: {error}")
                break
            finally:
                await engine.kill()
    took = list(itertools.chain(*times.values()))
    p99 = _percentile_ms(0.99, (one.worked for one in took))
    outcome.figures = {
        "p50_ms": _percentile_ms(0.5, (one.worked for one in took)),
        "p99_ms": p99,
        "with_waiting_p50_ms": _percentile_ms(0.5, (one.wall for one in took)),
        "with_waiting_p99_ms": _percentile_ms(0.99, (one.wall for one in took)),
        "load": os.getloadavg()[1],
    }
    for name, of_name in ((name, of_name) for name, of_name in times.items() if of_name):
        outcome.figures[f"slowest_{name.replace(' ', '_')}_ms"] = _percentile_ms(1, (one.worked for one in of_name))
    if len(took) >= 100 and p99 > LIMIT_MS:
        outcome.failures.append(f"the last cancel had left after {p99:.0f} ms (p99), {LIMIT_MS:.0f} are allowed")
    return outcome


def _percentile_ms(share: float, seconds: Iterable[float]) -> float:
    ordered = sorted(seconds)
    return 1e3 * ordered[math.ceil(share * len(ordered)) - 1] if ordered else math.inf


async def _stop_once(name: str, place: Arena, engine: Engine, rng: random.Random, took: list[_Took]) -> list[str]:
    """Stop everything, and return what did not hold."""
    seen = _Seen(engine.process.pid)
    stop = _Stop(place, engine, rng, seen)
    stop.decide(lambda way, text: "pass")
    makers = engine.client.mm_strategy
    try:
        await engine.until(makers.list, lambda found: all(one.open_orders for one in found), _QUOTING_SECONDS)
        async with ZenOTCClient(state_dir=place.directory, timeout_seconds=20) as client:
            await client.mm_strategy.status()  # its connection is open
            async with CIRCUMSTANCES[name](stop):
                connections = {venue: link.connections for venue, link in place.links.items()}
                seen.since = started = _Moment.of(engine.process.pid)
                stopping = asyncio.create_task(client.mm_strategy.emergency_stop_all())
                await asyncio.wait({stopping}, timeout=rng.uniform(0.3, 1.0))
                heal(place.links.values())
                stop.decide(lambda way, text: "pass")
                await stopping
                status = await engine.until(makers.status, _proved, _CONFIRMED_SECONDS)
                await asyncio.sleep(0.2)
                record = await lively_exchange.ask(place.hosted, {})
    except EngineEndedError:
        return [f"the engine ended by itself with {engine.process.code}"]
    except (TimeoutError, ZenOTCError) as error:
        return [f"{type(error).__name__}: {error}"]
    finally:
        heal(place.links.values())
    stood = [
        venue
        for venue, link in place.links.items()
        if link.connections == connections[venue] and venue not in seen.joined and name != "cut"
    ]
    wrong = [f"no cancel was sent to {venue}" for venue in stood if venue not in seen.cancelled]
    if stood and not wrong:
        last = max((seen.cancelled[venue] for venue in stood), key=lambda moment: moment.at)
        took.append(_Took(last.at - started.at, last.waited - started.waited))
    latched = dict.fromkeys(place.links, started.at) | {venue: moment.at for venue, moment in seen.cancelled.items()}
    late = [f"{venue} after {1e3 * (at - latched[venue]):.0f} ms" for venue, at in seen.ordered if at > latched[venue]]
    wrong += [f"{len(late)} orders were sent after the stop: {late[:3]}"] if late else []
    wrong += [f"{len(told.resting)} orders rest at {venue}" for venue, told in record.items() if told.resting]
    wrong += [] if status.emergency_stop.durable else ["the stop is not durable"]
    return wrong


def _proved(status: EngineStatus) -> bool:
    return status.emergency_stop.active and not status.emergency_stop.unconfirmed_venues


async def _in_working_order(place: Arena, engine: Engine) -> Engine:
    """Return an engine that can go on: another one where it has ended, or has had to wait too long for its journal."""
    if engine.process.code is None and "journal" in (await engine.client.mm_strategy.status()).waiting_for:
        await engine.kill()
    return engine if engine.process.code is None else place.launch()


async def _go_on(place: Arena, engine: Engine) -> None:
    """Clear the stop, and start every strategy."""
    await engine.ready()
    makers = engine.client.mm_strategy
    await engine.until(makers.status, _proved, _CONFIRMED_SECONDS)
    await engine.ask(makers.clear_emergency_stop(operator="faults"))
    await place.start(engine)


ROWS = (
    Row(
        "emergency stop",
        f"every cancel sent within {LIMIT_MS:.0f} ms (p99, less the wait for a processor), no order after it, nothing "
        "rests, the stop is durable",
        200,
        emergency,
    ),
)
