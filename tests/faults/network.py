"""The network to the venues drops, delays, stands half open, says things twice and loses answers; the engine quotes on.

Between engine and venues stands a link that breaks as it is told to, frame by frame; now and then the journal is slow
as well. After each round it is healed, and then both sides must agree, and the engine quote again by itself.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence

from tests.faults.arena import Arena, Engine, EngineEndedError, arena
from tests.faults.launcher import Plan
from tests.faults.row import Outcome, Row
from tests.venues.faulty_link import Fate, FaultyLink, Way
from zenotc.exceptions import ConnectionFailedError, StrategyError, ZenOTCError
from zenotc.models.strategy import Strategy

__all__ = ["FAULTS", "ROWS", "heal", "network"]

ROUNDS_OF_AN_EXCHANGE = 60
SILENCE_SECONDS = 1.2
"""How soon a dead connection is found: in the product it is three seconds."""

_SLOW_COMMITS = 0.02
_LONGEST_SECONDS = 1.5
_AGREED_SECONDS = 45.0
_ANSWERS = (b'"OrderAccepted"', b'"OrderAmended"', b'"OrderCancelled"', b'"OrderFilled"')
_ORDERS = (b'"Place"', b'"Amend"', b'"Cancel"')

Fault = Callable[[FaultyLink, random.Random], Awaitable[None]]


def network(count: int, seed: int, bug: str | None = None, only: str | None = None) -> Outcome:
    """Let so many faults happen, one after another."""
    names = list(FAULTS) if only is None else [only]
    plan = Plan(bug=bug, silence_seconds=SILENCE_SECONDS, slow_commits=_SLOW_COMMITS)
    return asyncio.run(_many_rounds(count, seed, plan, names))


# Faults ------------------------------------------------------------------------------------------------------------


async def _dropped(link: FaultyLink, rng: random.Random) -> None:
    """A few frames get lost, either way."""
    left = rng.randint(1, 3)

    def decide(way: Way, text: bytes) -> Fate:
        nonlocal left
        if left and rng.random() < 0.1:
            left -= 1
            return "drop"
        return "pass"

    link.decide = decide
    await asyncio.sleep(rng.uniform(0.1, _LONGEST_SECONDS))


async def _cut(link: FaultyLink, rng: random.Random) -> None:
    """The connection is reset, several times perhaps."""
    for _ in range(rng.randint(1, 3)):
        link.cut()
        await asyncio.sleep(rng.uniform(0, 0.3))


async def _delayed(link: FaultyLink, rng: random.Random) -> None:
    """Everything takes longer, for longer than an answer may take."""
    link.delay_seconds = rng.uniform(0.05, 0.6)
    await asyncio.sleep(rng.uniform(0.6, _LONGEST_SECONDS))


async def _half_open(link: FaultyLink, rng: random.Random) -> None:
    """Nothing goes through any more one way, or both, and neither end hears of it; what was held up comes late."""
    ways: tuple[tuple[Way, ...], ...] = (("to_venue",), ("to_client",), ())
    link.freeze(*rng.choice(ways))
    await asyncio.sleep(rng.uniform(0.2, 2 * SILENCE_SECONDS))
    link.thaw()


async def _duplicated(link: FaultyLink, rng: random.Random) -> None:
    """Many frames come twice."""
    link.decide = lambda way, text: "twice" if rng.random() < 0.4 else "pass"
    await asyncio.sleep(rng.uniform(0.2, _LONGEST_SECONDS))


async def _answer_lost(link: FaultyLink, rng: random.Random) -> None:
    """The connection breaks when an order is on its way, or has arrived, or its answer is on its way."""
    way, words, fate = rng.choice(
        [("to_venue", _ORDERS, "cut_before"), ("to_venue", _ORDERS, "cut_after"), ("to_client", _ANSWERS, "cut_before")]
    )
    skip, broken = rng.randint(0, 5), asyncio.Event()

    def decide(heading: Way, text: bytes) -> Fate:
        nonlocal skip
        if heading != way or broken.is_set() or not any(word in text for word in words):
            return "pass"
        skip -= 1
        if skip >= 0:
            return "pass"
        broken.set()
        return fate  # type: ignore[return-value]

    link.decide = decide
    try:
        async with asyncio.timeout(_LONGEST_SECONDS):
            await broken.wait()
    except TimeoutError:
        return


FAULTS: dict[str, Fault] = {
    "dropped": _dropped,
    "cut": _cut,
    "delayed": _delayed,
    "half open": _half_open,
    "duplicated": _duplicated,
    "answer lost": _answer_lost,
}
"""By name."""


def heal(links: Iterable[FaultyLink]) -> None:
    """Let everything through again."""
    for link in links:
        link.decide = lambda way, text: "pass"
        link.delay_seconds = 0.0
        link.thaw()


# Rounds ------------------------------------------------------------------------------------------------------------


async def _many_rounds(count: int, seed: int, plan: Plan, names: Sequence[str]) -> Outcome:
    outcome, rng = Outcome(figures={"fills": 0}), random.Random(seed)
    started = time.monotonic()
    while outcome.tried < count:
        rounds = min(count - outcome.tried, ROUNDS_OF_AN_EXCHANGE)
        async with arena(rng.randrange(1 << 30), linked=True) as place:
            engine = place.launch(plan)
            try:
                await engine.ready()
                await place.create(engine)
                await place.pause(engine)
                for _ in range(rounds):
                    outcome.tried += 1
                    if not await _round(place, engine, rng.choice(names), rng, outcome):
                        break
            finally:
                code = await engine.end()
            if code:
                outcome.failures.append(f"after {outcome.tried}: told to end, it ended with {code}")
            outcome.failures += [f"after {outcome.tried}: {what}" for what in await place.close()]
            outcome.figures["fills"] += place.fills
    outcome.figures["per_minute"] = 60 * count / (time.monotonic() - started)
    return outcome


async def _round(place: Arena, engine: Engine, name: str, rng: random.Random, outcome: Outcome) -> bool:
    """Let a fault happen while it quotes or begins to, heal it, and compare; returns whether the engine can go on."""
    venue = rng.choice([*place.links, next(iter(place.links))])  # the first is the busy one
    try:
        if rng.random() < 0.5:
            await place.resume(engine)
            await _until_quoting(engine)
            await FAULTS[name](place.links[venue], rng)
        else:
            await asyncio.gather(FAULTS[name](place.links[venue], rng), _resume_if_possible(place, engine))
        heal(place.links.values())
        await _resume_when_possible(place, engine)
        await _until_quoting(engine)
        await place.pause(engine)
        wrong = await place.check(engine, restarted=False)
    except EngineEndedError:
        wrong = [f"the engine ended by itself with {engine.process.code}"]
    except (TimeoutError, ZenOTCError) as error:
        wrong = [f"{type(error).__name__}: {error}"]
    finally:
        heal(place.links.values())
    outcome.failures += [f"{name} at {venue}, round {outcome.tried}: {what}" for what in wrong]
    return not wrong


async def _resume_if_possible(place: Arena, engine: Engine) -> None:
    """Let the strategies quote; without a link or market data the engine refuses to, and is asked again later."""
    with contextlib.suppress(StrategyError, ConnectionFailedError):
        await place.resume(engine)


async def _resume_when_possible(place: Arena, engine: Engine) -> None:
    """Let the strategies quote, once the engine has found out what has been lost meanwhile and agrees again."""
    async with asyncio.timeout(_AGREED_SECONDS):
        while True:
            await engine.ready(_AGREED_SECONDS)
            with contextlib.suppress(StrategyError, ConnectionFailedError):
                await place.resume(engine)
                return
            await asyncio.sleep(0.1)


async def _until_quoting(engine: Engine) -> None:
    """Wait until the engine is ready and every strategy quotes what its limits allow."""
    await engine.ready(_AGREED_SECONDS)
    await engine.until(
        engine.client.mm_strategy.list, lambda strategies: all(map(_quotes, strategies)), _AGREED_SECONDS
    )


def _quotes(strategy: Strategy) -> bool:
    allowed = {"quoting", "position_limit", "below_min_size", "self_trade"}
    return strategy.status == "active" and bool(strategy.open_orders) and set(strategy.sides.values()) <= allowed


ROWS = (
    Row(
        "network",
        "after it has healed everything agrees and is quoted on; no order and no fill twice, no limit passed",
        500,
        network,
    ),
)
