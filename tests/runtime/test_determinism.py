"""The same inputs give the same journal, as fast as it goes, whatever the machine was doing meanwhile."""

from __future__ import annotations

import math
import random
from dataclasses import astuple
from pathlib import Path

import pytest

from tests.runtime.desks import SECOND, new
from tests.venues.recordings import START, Tape
from tests.waiting import until
from zenotc.journal import Journal
from zenotc.journal.records import (
    BaselineRecord,
    CommandRecord,
    FillRecord,
    MarkRecord,
    OrderRecord,
    OrderStateRecord,
    StrategyRecord,
)
from zenotc.models.commands import CreateStrategy
from zenotc.models.settings import EngineSettings
from zenotc.models.wire import decode, format_time, utc_from_ns
from zenotc.runtime.desk import Desk
from zenotc.runtime.emergency_latch import EmergencyLatch
from zenotc.venues.replay import ReplayVenue
from zenotc.venues.sandbox import demo_venues
from zenotc.venues.venue import SimulatedVenue

KINDS = (StrategyRecord, OrderRecord, OrderStateRecord, FillRecord, MarkRecord, BaselineRecord)
TIMES = ("at_ns", "created_ns", "time_ns")


def strategies(*assets: str) -> list[CreateStrategy]:
    common = {"quote_layers": 2, "quote_refresh_seconds": 1, "skew_factor": 1, "spread_model": "volatility"}
    return [
        new(asset.lower(), asset=asset, base_spread_bps=2, quote_size="0.5", max_position=3, **common)
        for asset in assets
    ]


def folder(parent: Path, name: str) -> Path:
    path = parent / name
    path.mkdir()
    return path


async def run(
    path: Path, venues: list[SimulatedVenue], hedge: str | None, commands: list[CreateStrategy], end_ns: int
) -> dict[str, list[str]]:
    """Run to a trading time, and return the journal up to there, without what is random by design."""
    settings = EngineSettings(quoting_venue=venues[0].name, hedge_venue=hedge)
    with Journal.open(path / "journal.db", now_ns=START) as journal:
        desk = Desk(venues, journal, EmergencyLatch(path / "latch"), settings, speed=math.inf)
        desk.prepare(commands)
        await desk.start()
        await until(lambda: desk.clock.now_ns() > end_ns, 60)
        await desk.stop()
        epoch = journal.epoch[:6]
        until_then = {
            kind.__name__: [
                str(astuple(record)).replace(epoch, "epoch")
                for record in journal.records(kind)
                if all(getattr(record, name, 0) <= end_ns for name in TIMES)
            ]
            for kind in KINDS
        }
        assert len(journal.records(CommandRecord)) >= len(commands)
        end = format_time(utc_from_ns(end_ns))
        bodies = [event.body for event in journal.all_events()]
        until_then["events"] = [
            body.decode().replace(epoch, "epoch") for body in bodies if decode(body)["timestamp"] < end
        ]
    return until_then


def ladder(cents: int, towards: int, chance: random.Random) -> dict[str, str]:
    """Return ten levels of one side, ten cents apart."""
    return {f"{(cents + towards * 10 * n) / 100:.2f}": str(chance.randint(1, 5)) for n in range(1, 11)}


def recording(path: Path, seconds: int) -> Path:
    """Write a session in which the price walks and takers hit both sides."""
    chance = random.Random(7)
    tape = Tape()
    cents = 6_000_000
    tape.snapshot(0, ladder(cents, -1, chance), ladder(cents, 1, chance))
    for tenth in range(seconds * 10):
        at_ms = 50 + tenth * 100
        step = chance.choice((-30, -10, 0, 0, 10, 30))
        # What the walk has passed is empty, what it comes to is new.
        passed = dict.fromkeys((*ladder(cents, -1, chance), *ladder(cents, 1, chance)), "0")
        cents += step
        bids, asks = ladder(cents, -1, chance), ladder(cents, 1, chance)
        tape.diff(at_ms, passed | bids, passed | asks)
        if chance.random() < 0.5:
            side, towards = chance.choice((("buy", 1), ("sell", -1)))
            price = cents + towards * chance.randint(1, 800)
            tape.trade(at_ms + 20, f"{price / 100:.2f}", f"{chance.random():.3f}", taker=side)
    return tape.write(path)


async def test_two_replays_of_a_recording_are_equal(tmp_path: Path) -> None:
    path = recording(tmp_path / "btcusdt.gz", 120)
    end_ns = START + 119 * SECOND
    first, second = [
        await run(folder(tmp_path, name), [ReplayVenue([path])], None, strategies("BTC"), end_ns) for name in "ab"
    ]
    assert first == second
    assert len(first["FillRecord"]) > 10
    assert len(first["events"]) > 100


@pytest.mark.parametrize("seed", [1, 2])
async def test_two_runs_of_the_sandbox_are_equal(tmp_path: Path, seed: int) -> None:
    end_ns = START + 60 * SECOND
    journals = []
    for name in "ab":
        quoting, hedge = demo_venues(seed, START, 5_000_000)
        journals.append(
            await run(folder(tmp_path, name), [quoting, hedge], hedge.name, strategies("BTC", "ETH"), end_ns)
        )
    first, second = journals
    assert first == second
    assert len(first["FillRecord"]) > 10
