"""Fifty strategies at a high rate of events, with clients that come and go: what the engine holds must not grow.

Memory and descriptors are what `/metrics` tells; only the tasks are counted inside. What the product keeps for an hour
is kept for seconds here, so that everything bounded is full when the warm-up is over.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import signal
import statistics
import time
from dataclasses import dataclass
from typing import Any

import httpx
from prometheus_client.parser import text_string_to_metric_families

from tests.faults.arena import Arena, Engine, arena
from tests.faults.launcher import TASKS, Plan
from tests.faults.row import Outcome, Row
from zenotc import ZenOTCClient

__all__ = ["ROWS", "Sample", "growth", "soak"]

STRATEGIES = 50
WARM_UP = 0.4
"""The share of the time that is not judged."""

LARGEST_GROWTH_MB = 6.0
"""Of the resident memory after the warm-up: one arena of the allocator and what SQLite caches."""

_SAMPLE_SECONDS = 2.0
_VISIT_SECONDS = 1.0
_SIZES = {"BTC": ("0.002", 1), "ETH": ("0.05", 20), "SOL": ("1", 400)}
_MAKERS: list[dict[str, Any]] = [
    {"asset": asset, "quote_size": size, "max_position": limit, "base_spread_bps": 2 + number % 7 / 2}
    for number in range(STRATEGIES)
    for asset, (size, limit) in [list(_SIZES.items())[number % len(_SIZES)]]
]


@dataclass(frozen=True, slots=True)
class Sample:
    """What the engine held at a time: seconds since the start, resident memory in MB, descriptors, tasks, events."""

    at: float
    memory_mb: float
    descriptors: float
    tasks: float
    events: float


def soak(seconds: int, seed: int) -> Outcome:
    """Let it work for so many seconds."""
    return asyncio.run(_soak(seconds, seed))


async def _soak(seconds: int, seed: int) -> Outcome:
    outcome, samples = Outcome(tried=seconds), list[Sample]()
    async with arena(seed) as place:
        engine = place.launch(Plan(short_memory=True))
        try:
            await engine.ready()
            await place.create(engine, _MAKERS)
            visiting = asyncio.create_task(_visit(place))
            try:
                await _watch(place, engine, seconds, samples)
            finally:
                visiting.cancel()
                ended = await asyncio.gather(visiting, return_exceptions=True)
            outcome.failures += [f"a client: {end!r}" for end in ended if not isinstance(end, asyncio.CancelledError)]
        finally:
            await engine.kill()
    judged = [sample for sample in samples if sample.at >= WARM_UP * seconds]
    outcome.figures = {
        "events_per_second": (samples[-1].events - samples[0].events) / (samples[-1].at - samples[0].at),
        "memory_mb": judged[-1].memory_mb,
        "memory_growth_mb": growth(judged, "memory_mb"),
        "descriptors_growth": growth(judged, "descriptors"),
        "tasks_growth": growth(judged, "tasks"),
    }
    for name, allowed in (("memory_mb", LARGEST_GROWTH_MB), ("descriptors", 2.0), ("tasks", 2.0)):
        grown = growth(judged, name)
        if grown > allowed:
            outcome.failures.append(f"{name} grew by {grown:.1f} after the warm-up, {allowed:g} are allowed")
    return outcome


def growth(samples: list[Sample], name: str) -> float:
    """Return how much something grew from the first sample to the last.

    The slope is the median of those between any two samples (Theil and Sen), which one step does not make.
    """
    told = [(sample.at, float(getattr(sample, name))) for sample in samples]
    pairs = itertools.combinations(told, 2)
    slope = statistics.median((value - earlier) / (at - before) for (before, earlier), (at, value) in pairs)
    return slope * (told[-1][0] - told[0][0])


async def _watch(place: Arena, engine: Engine, seconds: int, samples: list[Sample]) -> None:
    """Take samples until the time is over."""
    file, started = place.directory / TASKS, time.monotonic()
    url = engine.client.base_url
    async with httpx.AsyncClient(timeout=20, trust_env=False) as probe:
        while (at := time.monotonic() - started) < seconds:
            file.unlink(missing_ok=True)
            engine.process.signal(signal.SIGUSR1)
            response = await engine.ask(probe.get(f"{url}/metrics"))
            metrics = {
                sample.name: sample.value
                for family in text_string_to_metric_families(response.raise_for_status().text)
                for sample in family.samples
                if not sample.labels
            }
            while not file.exists():
                await engine.ask(asyncio.sleep(0.01))
            samples.append(
                Sample(
                    at,
                    metrics["process_resident_memory_bytes"] / 1e6,
                    metrics["process_open_fds"],
                    float(file.read_text()),
                    metrics["zenotc_events_total"],
                )
            )
            await engine.ask(asyncio.sleep(_SAMPLE_SECONDS))


async def _visit(place: Arena) -> None:
    """Come, look at everything, listen for a while, and go, again and again."""
    while True:
        async with ZenOTCClient(state_dir=place.directory, timeout_seconds=20) as client:
            strategies = await client.mm_strategy.list()
            await client.mm_strategy.get_quotes(strategies[0].id)
            await client.mm_strategy.update(strategies[0].id, requote_threshold_bps=0.3)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_VISIT_SECONDS):
                    async for _ in client.mm_strategy.events():
                        pass


ROWS = (
    Row(
        "soak", f"{STRATEGIES} strategies: neither memory nor descriptors nor tasks grow after the warm-up", 1_800, soak
    ),
)
