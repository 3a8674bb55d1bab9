"""Recorded markets as paths: one-minute candles of a crash, and two days of a best bid and offer."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from heapq import merge
from operator import itemgetter
from pathlib import Path

import pytest

from tests.risk.path_venue import SECOND, Print, Step, unlimited
from zenotc.models.market import BUY, SELL, Instrument

TICK = Decimal("0.01")
BTC = Instrument("candles", "BTC", "BTCUSDT", TICK, Decimal("0.00001"), Decimal("0.0001"), Decimal("0.0004"))
ETH = Instrument("candles", "ETH", "ETHUSDT", TICK, Decimal("0.0001"), Decimal("0.0001"), Decimal("0.0004"))
GEMINI = Instrument("gemini", "ETH", "ETHUSD", TICK, Decimal("0.000001"), Decimal("0.001"), Decimal("0.0035"))

Level = tuple[int, int]
Touch = tuple[Level, Level]
Happening = tuple[int, Touch | None, Print | None]

_HALF_SPREAD = 0.5e-4
_DEPTH_LOTS = 10**9
_TURNS = (0, 20, 40, 59)
"""The seconds of a minute at which the path stands at its four prices."""


def data(folder: str, name: str) -> Path:
    """Return a recorded file, or skip the test where it is absent."""
    path = Path(os.environ.get("ZENOTC_DATA", Path(__file__).parents[2].parent / "shared" / "data")) / folder / name
    if not path.exists():
        pytest.skip(f"no recorded data at {path}")
    return path


def at(text: str) -> int:
    """Return a UTC time, written as `2021-05-19T12:00`, in ns since the Unix epoch."""
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * SECOND


@cache
def _candles(asset: str) -> list[tuple[int, float, float, float, float]]:
    path = data("candles-crash-2021-05-19", f"{asset}_USDT-1m.json")
    return [(row[0] * 1_000_000, *map(float, row[1:5])) for row in json.loads(path.read_bytes())]


def candle_steps(instrument: Instrument, start_ns: int, end_ns: int) -> Iterator[Step]:
    """Yield a point a second: a falling minute goes open, high, low, close, any other open, low, high, close.

    The touch is 1 bp wide around the point; a print as large as it takes goes to the point.
    """
    tick = float(instrument.tick_size)
    before = None
    for minute_ns, opening, high, low, closing in _candles(instrument.asset):
        if not start_ns <= minute_ns < end_ns:
            continue
        corners = (opening, high, low, closing) if closing < opening else (opening, low, high, closing)
        for second in range(60):
            leg = 0 if second < _TURNS[1] else 1 if second < _TURNS[2] else 2
            begin, end = _TURNS[leg], _TURNS[leg + 1]
            price = corners[leg] + (corners[leg + 1] - corners[leg]) * (second - begin) / (end - begin)
            half = max(round(price * _HALF_SPREAD / tick), 1)
            ticks = round(price / tick)
            prints = () if before is None else (unlimited(ticks, SELL if ticks < before else BUY),)
            before = ticks
            yield Step(minute_ns + second * SECOND, (ticks - half, _DEPTH_LOTS), (ticks + half, _DEPTH_LOTS), prints)


def gemini_steps(start_ns: int, end_ns: int) -> Iterator[Step]:
    """Yield each change of the touch, at its second, and each trade, at its time, of the two recorded days."""
    touch: Touch | None = None
    for day in ("2021-07-01", "2021-07-02"):
        day_ns = at(f"{day}T00:00")
        if day_ns + 86_400 * SECOND <= start_ns or day_ns >= end_ns:
            continue
        for time_ns, changed, trade in merge(_touches(day), _trades(day), key=itemgetter(0)):
            touch = changed or touch
            if touch is not None and start_ns <= time_ns < end_ns:
                yield Step(time_ns, *touch, () if trade is None else (trade,))


def _rows(day: str, name: str) -> Iterator[list[str]]:
    with data("gemini-ethusd-bbo-2021-07", f"gemini__eth-usd__{day}__{name}.csv").open() as file:
        rows = csv.reader(file)
        next(rows)
        yield from rows


def _touches(day: str) -> Iterator[Happening]:
    for seconds, bid, ask in _rows(day, "market-depth"):
        yield int(seconds) * SECOND, (_level(bid), _level(ask)), None


def _trades(day: str) -> Iterator[Happening]:
    for seconds, price, size, buyer_is_maker in _rows(day, "trade"):
        ticks, lots = _level(f"{price}_{size}")
        yield int(Decimal(seconds) * SECOND), None, Print(ticks, lots, SELL if buyer_is_maker == "1" else BUY)


def _level(text: str) -> Level:
    price, _, size = text.partition("_")
    return int(Decimal(price) / GEMINI.tick_size), int(Decimal(size) / GEMINI.lot_size)
