"""An exchange that lives on, engines that come and go, and what must hold between them whenever one is ready.

The exchange's own record, the journal's file and the engine's answers are three accounts of the same executions; each
is read by a way of its own.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import shutil
import signal
import sqlite3
import tempfile
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, Self, TypeVar

from tests.faults import launcher, lively_exchange
from tests.faults.launcher import Plan
from tests.faults.lively_exchange import STRAY, Record, Trade
from tests.faults.processes import Child
from tests.venues.faulty_link import FaultyLink
from zenotc import ZenOTCClient
from zenotc.exceptions import ZenOTCError
from zenotc.models.strategy import Strategy
from zenotc.runtime.state_directory import StateDirectory
from zenotc.runtime.venues_file import VenueAddress, VenuesFile

__all__ = ["Arena", "Engine", "EngineEndedError", "arena"]

READY_SECONDS = 60.0
QUIET_SECONDS = 30.0
_POLL_SECONDS = 0.01
T = TypeVar("T")

MAKERS: tuple[dict[str, Any], ...] = (
    {"asset": "BTC", "quote_size": "0.02", "max_position": 2, "skew_factor": 2},
    {
        "asset": "ETH", "quote_size": "0.5", "max_position": 20, "skew_factor": 0.2, "quote_layers": 2,
        "auto_hedge_enabled": True, "hedge_threshold": 3, "hedge_target": 1,
    },
    {"asset": "SOL", "quote_size": "8", "max_position": 16, "quote_layers": 2},
)  # fmt: skip
"""A plain strategy, one that hedges at the other venue, and one whose quotes use all that its limit allows."""

_COMMON = {"base_spread_bps": 3, "requote_threshold_bps": 0.3, "quote_refresh_seconds": 0.2}


class EngineEndedError(Exception):
    """The engine's process has ended while something was asked of it."""


class Engine:
    """One life of an engine.

    Parameters
    ----------
    directory
        Its state directory.
    plan
        How it differs from the product.
    arguments
        Of `zenotc serve`.
    """

    def __init__(self, directory: Path, plan: Plan, arguments: Iterable[str]) -> None:
        self._directory = directory
        self._client: ZenOTCClient | None = None
        self.process = Child(launcher.run, directory, plan, tuple(arguments))

    @property
    def client(self) -> ZenOTCClient:
        """Reaches it, once it can be reached."""
        assert self._client is not None, "not awaited yet"
        return self._client

    async def ask(self, asking: Awaitable[T]) -> T:
        """Return an answer of the engine; `EngineEndedError` where its process ends first."""
        answer = asyncio.ensure_future(asking)
        try:
            while not answer.done():
                if self.process.code is not None:
                    raise EngineEndedError
                await asyncio.wait({answer}, timeout=_POLL_SECONDS)
            return answer.result()
        except ZenOTCError:
            await asyncio.sleep(2 * _POLL_SECONDS)
            if self.process.code is not None:
                raise EngineEndedError from None
            raise
        finally:
            answer.cancel()
            await asyncio.gather(answer, return_exceptions=True)

    async def ready(self, seconds: float = READY_SECONDS) -> None:
        """Wait until it is; `TimeoutError` says what it still waited for."""
        state, waiting = StateDirectory(self._directory), ["a process"]
        try:
            async with asyncio.timeout(seconds):
                while state.profile().get("pid") != self.process.pid:
                    await self.ask(asyncio.sleep(_POLL_SECONDS))
                if self._client is None:
                    self._client = ZenOTCClient(state_dir=self._directory, timeout_seconds=20)
                while waiting := (await self.ask(self.client.mm_strategy.status())).waiting_for:
                    await self.ask(asyncio.sleep(_POLL_SECONDS))
        except TimeoutError:
            raise TimeoutError(f"not ready after {seconds:g} s: waits for {', '.join(waiting)}") from None

    async def until(self, ask: Callable[[], Awaitable[T]], holds: Callable[[T], bool], seconds: float) -> T:
        """Ask until the answer is as wanted, and return it; `TimeoutError` says what it was last."""
        answer: T | None = None
        try:
            async with asyncio.timeout(seconds):
                while not holds(answer := await self.ask(ask())):
                    await self.ask(asyncio.sleep(2 * _POLL_SECONDS))
        except TimeoutError:
            raise TimeoutError(f"never came true, the last answer: {answer}") from None
        return answer

    async def kill(self) -> None:
        """Kill the process, and forget the client."""
        await self.process.kill()
        await self.forget()

    async def end(self) -> int:
        """Ask it to end in good order, and return its code."""
        self.process.signal(signal.SIGTERM)
        try:
            return await self.process.ended(40)
        finally:
            await self.forget()

    async def forget(self) -> None:
        """Close what was open to it."""
        if self._client is not None:
            client, self._client = self._client, None
            await client.close()


class Arena:
    """The exchange and the engine's directory.

    Parameters
    ----------
    folder
        Where both keep their files.
    seed
        Of the exchange's crowd.

    Attributes
    ----------
    links
        Between engine and venues, by venue's name; empty where it reaches them directly.
    limits
        The largest positions of all strategies together, by asset, of those that trade at one venue only.
    """

    def __init__(self, folder: Path, seed: int) -> None:
        self.directory = folder / "engine"
        self.hosted = folder / "exchange"
        self.links: dict[str, FaultyLink] = {}
        self.limits: dict[str, Decimal] = {}
        self._trades: Counter[Trade] = Counter()
        self._known: dict[str, int] = {}
        self._told: dict[str, float] = {}
        self._telling: tuple[str, float] | None = None
        self._strays = 0
        for directory in (self.directory, self.hosted):
            directory.mkdir(mode=0o700)
        (self.directory / "settings.toml").write_text("acknowledge_within_seconds = 0.5\n")
        self.exchange = Child(lively_exchange.run, self.hosted, seed, 2_000_000)

    async def open(self, *, linked: bool) -> Self:
        """Wait for the exchange, and tell the engine where its venues are."""
        async with asyncio.timeout(READY_SECONDS):
            while not (self.hosted / "venues.json").exists():
                assert self.exchange.code is None, (self.hosted / "exchange.err").read_text()
                await asyncio.sleep(_POLL_SECONDS)
        addresses = VenuesFile(self.hosted / "venues.json").read()
        if linked:
            for name, address in addresses.items():
                link = self.links[name] = FaultyLink(address.url)
                await link.start()
                addresses[name] = VenueAddress(link.url, address.key, address.secret)
        VenuesFile(self.directory / "venues.json").publish(addresses)
        return self

    def launch(self, plan: Plan = Plan()) -> Engine:  # noqa: B008 - it is frozen
        """Start an engine."""
        settings = str(self.directory / "settings.toml")
        return Engine(self.directory, plan, ["--exchange", "--empty", "--settings", settings])

    async def create(self, engine: Engine, makers: Iterable[Mapping[str, Any]] = MAKERS) -> None:
        """Have strategies that quote."""
        for number, maker in enumerate(makers):
            parameters = {"name": f"Maker {number}", **_COMMON, **maker}
            await engine.ask(engine.client.mm_strategy.create(**parameters))
            if not maker.get("auto_hedge_enabled"):
                asset = str(maker["asset"])
                self.limits[asset] = self.limits.get(asset, Decimal(0)) + Decimal(str(maker["max_position"]))
        await self.start(engine)

    async def start(self, engine: Engine) -> None:
        """Start every strategy that is stopped."""
        for strategy in await self._marked(engine):
            if strategy.status == "stopped":
                await engine.ask(engine.client.mm_strategy.start(strategy.id))

    async def resume(self, engine: Engine) -> None:
        """Let every strategy quote that is paused."""
        for strategy in await self._marked(engine):
            if strategy.status == "paused":
                await engine.ask(engine.client.mm_strategy.resume(strategy.id))

    async def _marked(self, engine: Engine) -> list[Strategy]:
        """Return the strategies, as soon as each has a mid to be marked with."""
        listed = engine.client.mm_strategy.list
        return list(await engine.until(listed, lambda all_: all(one.mid is not None for one in all_), QUIET_SECONDS))

    async def pause(self, engine: Engine) -> None:
        """Let nothing rest, and nothing be under way."""
        strategies = await engine.ask(engine.client.mm_strategy.list())
        for strategy in strategies:
            if strategy.status == "active":
                await engine.ask(engine.client.mm_strategy.pause(strategy.id))
        await engine.until(
            engine.client.mm_strategy.status, lambda status: status.ready and status.open_orders == 0, QUIET_SECONDS
        )

    async def tell(self, engine: Engine, rng: random.Random) -> None:
        """Change a parameter of a strategy, and remember what was acknowledged."""
        strategies = await engine.ask(engine.client.mm_strategy.list())
        strategy, value = rng.choice(list(strategies)), round(rng.uniform(2.5, 3.5), 6)
        self._telling = (strategy.id, value)
        await engine.ask(engine.client.mm_strategy.update(strategy.id, base_spread_bps=value))
        self._told[strategy.id] = value
        self._telling = None

    @property
    def fills(self) -> int:
        """How many executions the exchange had told of at the last check."""
        return self._trades.total()

    async def leave_stray(self) -> None:
        """Let an order rest in the account that no engine knows of."""
        self._strays += 1
        await lively_exchange.ask(self.hosted, {}, leave=f"{STRAY}-{self._strays}")

    # What must hold ------------------------------------------------------------------------------------------------

    async def check(self, engine: Engine, *, restarted: bool) -> list[str]:
        """Return what does not hold at an engine that is ready and has nothing at a venue."""
        strategies = list(await engine.ask(engine.client.mm_strategy.list()))
        record = await lively_exchange.ask(self.hosted, self._known)
        wrong = list(self._of_fills(record, self.directory / "journal.db"))
        wrong += _of_positions(record, strategies)
        wrong += self._of_orders(record)
        wrong += self._of_commands(strategies)
        fees = sum((trade[7] * times for trade, times in self._trades.items()), Decimal(0))
        if fees != (booked := sum(strategy.fees for strategy in strategies)):
            wrong.append(f"the strategies have paid fees of {booked}, the account {fees}")
        if restarted:
            wrong += [
                f"{strategy.name} is {strategy.status}, reason {strategy.pause_reason}"
                for strategy in strategies
                if (strategy.status, strategy.pause_reason) != ("paused", "restart")
            ]
        return wrong

    def _of_fills(self, record: Record, journal: Path) -> Iterable[str]:
        for venue, told in record.items():
            self._trades.update(told.trades)
            self._known[venue] = self._known.get(venue, 0) + len(told.trades)
        yield from _differences(self._trades, Counter(trades_in(journal)))

    def _of_orders(self, record: Record) -> Iterable[str]:
        for venue, told in record.items():
            if told.resting:
                yield f"{len(told.resting)} orders rest at {venue} that the engine does not know: {told.resting[:3]}"
            if told.repeated:
                yield f"orders were sent twice to {venue}: {told.repeated[:3]}"
            for asset, limit in self.limits.items():
                if told.worst[asset] > limit:
                    yield f"{asset} at {venue} could have come to {told.worst[asset]}, the limit is {limit}"

    def _of_commands(self, strategies: Iterable[Strategy]) -> Iterable[str]:
        for strategy in strategies:
            told = self._told.get(strategy.id, strategy.base_spread_bps)
            if strategy.base_spread_bps == told:
                continue
            if self._telling == (strategy.id, strategy.base_spread_bps):
                self._told[strategy.id] = strategy.base_spread_bps
            else:
                yield f"{strategy.name} forgot an acknowledged command: {strategy.base_spread_bps}, not {told}"
        self._telling = None

    async def cut_off(self) -> None:
        """Take the links away."""
        for link in self.links.values():
            await link.stop()
        self.links.clear()

    async def close(self) -> list[str]:
        """End the exchange, and return how its file, read now, differs from the journal."""
        await self.cut_off()
        self.exchange.signal(signal.SIGTERM)
        await self.exchange.ended(20)
        journal, file = self.directory / "journal.db", self.hosted / "exchange.db"
        if not journal.exists():
            return []
        told = Counter({trade[:5]: times for trade, times in Counter(trades_in(journal)).items()})
        return [f"in the end {difference}" for difference in _differences(Counter(_account_of(file)), told)]


@contextlib.asynccontextmanager
async def arena(seed: int, *, linked: bool = False) -> AsyncIterator[Arena]:
    """Open an arena in a directory of its own; whatever happens, its processes end with the block."""
    folder = Path(tempfile.mkdtemp(prefix="faults-"))
    place = Arena(folder, seed)
    try:
        yield await place.open(linked=linked)
    finally:
        await place.cut_off()
        await place.exchange.kill()
        shutil.rmtree(folder, ignore_errors=True)


def trades_in(journal: Path) -> list[Trade]:
    """Return what the file has, as another process finds it now."""
    columns = "venue, asset, trade_id, client_order_id, side, price, quantity, fee"
    with contextlib.closing(sqlite3.connect(f"file:{journal}?mode=ro", uri=True, timeout=20)) as connection:
        rows = connection.execute(f"SELECT {columns} FROM fills").fetchall()
    return [(*row[:5], Decimal(row[5]), Decimal(row[6]), Decimal(row[7])) for row in rows]


def _account_of(file: Path) -> list[tuple[str, ...]]:
    """Return the executions in the file of an exchange that has ended."""
    with contextlib.closing(sqlite3.connect(file)) as connection:
        return connection.execute("SELECT venue, asset, trade_id, client_order_id, side FROM fills").fetchall()


def _differences(account: Counter[Any], journal: Counter[Any]) -> Iterable[str]:
    if missing := account - journal:
        yield f"{missing.total()} fills of the exchange are not in the journal: {_some(missing)}"
    if surplus := journal - account:
        yield f"{surplus.total()} fills in the journal are not the exchange's: {_some(surplus)}"


def _of_positions(record: Record, strategies: Iterable[Strategy]) -> Iterable[str]:
    held: defaultdict[str, Decimal] = defaultdict(Decimal)
    for told in record.values():
        for asset, position in told.positions.items():
            held[asset] += position
    for strategy in strategies:
        held[strategy.config.asset] -= strategy.current_position
    for asset, difference in held.items():
        if difference:
            yield f"the exchange holds {difference} {asset} more than the strategies do"
    for strategy in strategies:
        for differs in strategy.position_differences:
            yield f"{strategy.name} has a difference: {differs.engine_position}, {differs.venue_position} at the venue"


def _some(trades: Counter[Any]) -> str:
    return "; ".join(" ".join(map(str, trade[:5])) for trade in list(trades)[:3])
