"""kill -9 of the engine at random times, also while it recovers; the exchange lives on and goes on trading."""

from __future__ import annotations

import asyncio
import random
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass

from tests.faults.arena import Arena, Engine, EngineEndedError, arena
from tests.faults.launcher import Plan
from tests.faults.row import Outcome, Row
from zenotc.exceptions import ZenOTCError

__all__ = ["ROWS", "Death", "kill", "many_deaths"]

KILLS_OF_AN_EXCHANGE = 100
_DURING_RECOVERY = 0.25
"""The share of kills that come before the engine is ready."""

_RECOVERY_SECONDS = 0.6
_LIFE_SECONDS = 0.6
_TELL_SECONDS = 0.15


@dataclass(frozen=True, slots=True)
class Death:
    """How an engine dies.

    Parameters
    ----------
    seconds
        When it is killed from outside, where it has not died by itself.
    quoting
        Whether the seconds are counted from when its strategies may quote, not from its start.
    plan
        What is planned in its process.
    """

    seconds: float
    quoting: bool
    plan: Plan


def kill(count: int, seed: int, bug: str | None = None) -> Outcome:
    """Kill engines at random times."""

    def death(rng: random.Random) -> Death:
        if rng.random() < _DURING_RECOVERY:
            return Death(rng.uniform(0, _RECOVERY_SECONDS), False, Plan(bug=bug))
        return Death(rng.expovariate(1 / _LIFE_SECONDS), True, Plan(bug=bug))

    return asyncio.run(many_deaths(count, seed, death))


async def many_deaths(count: int, seed: int, draw: Callable[[random.Random], Death]) -> Outcome:
    """Let so many engines die, one after another, each of which recovers from the one before."""
    outcome, rng = Outcome(figures={"fills": 0}), random.Random(seed)
    started = time.monotonic()
    while outcome.tried < count:
        kills = min(count - outcome.tried, KILLS_OF_AN_EXCHANGE)
        async with arena(rng.randrange(1 << 30)) as place:
            await _die_at_an_exchange(place, [draw(rng) for _ in range(kills)], rng, outcome)
            outcome.figures["fills"] += place.fills
    outcome.figures["per_minute"] = 60 * count / (time.monotonic() - started)
    return outcome


async def _die_at_an_exchange(place: Arena, deaths: list[Death], rng: random.Random, outcome: Outcome) -> None:
    first = place.launch()
    await first.ready()
    await place.create(first)
    await asyncio.sleep(_LIFE_SECONDS)
    await first.kill()
    for death in deaths:
        outcome.tried += 1
        wrong = await _live_and_die(place, death, rng)
        outcome.failures += [f"{death.plan.point or 'kill'}, number {outcome.tried}: {what}" for what in wrong]
    last = place.launch(Plan(bug=deaths[-1].plan.bug))
    try:
        await last.ready()
        wrong = await place.check(last, restarted=True)
        if code := await last.end():
            wrong.append(f"told to end, it ended with {code}")
    except (EngineEndedError, TimeoutError, ZenOTCError) as error:
        wrong = [f"{type(error).__name__} {error}"]
    finally:
        await last.kill()
    wrong += await place.close()
    outcome.failures += [f"after {outcome.tried}: {what}" for what in wrong]


async def _live_and_die(place: Arena, death: Death, rng: random.Random) -> list[str]:
    """Start an engine, compare when it is ready, let it quote, kill it; return what did not hold."""
    await place.leave_stray()
    engine, wrong, quoting = place.launch(death.plan), list[str](), asyncio.Event()
    living = asyncio.create_task(_live(place, engine, rng, wrong, quoting))
    waiting = asyncio.create_task(quoting.wait())
    try:
        if death.quoting:
            await asyncio.wait({living, waiting}, return_when=asyncio.FIRST_COMPLETED)
        await asyncio.wait({living}, timeout=death.seconds)
        code = engine.process.code
    finally:
        waiting.cancel()
        await engine.process.kill()
    try:
        await living
    except (TimeoutError, ZenOTCError) as error:
        wrong.append(f"{type(error).__name__}: {error}")
    except EngineEndedError:
        if code not in (None, -signal.SIGKILL):
            wrong.append(f"it ended by itself with {code}")
    await engine.forget()
    if code is None and death.plan.point is not None:
        wrong.append(f"it never came to passage {death.plan.passage}")
    return wrong


async def _live(place: Arena, engine: Engine, rng: random.Random, wrong: list[str], quoting: asyncio.Event) -> None:
    """Do what an operator does, until the engine ends."""
    await engine.ready()
    wrong += await place.check(engine, restarted=True)
    await place.resume(engine)
    quoting.set()
    while True:
        await place.tell(engine, rng)
        await engine.ask(asyncio.sleep(rng.expovariate(1 / _TELL_SECONDS)))


ROWS = (
    Row(
        "kill",
        "every fill of the exchange once in the journal, positions equal, nothing unknown rests, nothing resumes",
        500,
        kill,
    ),
)
