"""A market that walks and trades at random, the same each time for one seed."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from random import Random

from tests.risk.path_venue import SECOND, Print, Step
from zenotc.models.market import BUY, SELL, Instrument

QUOTING = Instrument("quoting", "BTC", "BTC-USD", Decimal("0.5"), Decimal("0.001"), Decimal("0.0001"))
HEDGE = Instrument("hedge", "BTC", "BTC-USD", Decimal("0.5"), Decimal("0.001"), Decimal(0), Decimal("0.0003"))
FIRST_BID = 100_000
"""Ticks: 50 000 USD."""


def random_steps(
    seed: int, start_ns: int, seconds: int, *, reach_ticks: int = 60, jump_ticks: int = 30
) -> Iterator[Step]:
    """Yield a point a second; in some seconds somebody trades as far as `reach_ticks` from the touch."""
    chance = Random(seed)
    bid = FIRST_BID
    for second in range(seconds):
        ask = bid + chance.randint(1, 4)
        prints: tuple[Print, ...] = ()
        if chance.random() < 0.4:
            side, price = chance.choice(
                ((BUY, ask + chance.randint(0, reach_ticks)), (SELL, bid - chance.randint(0, reach_ticks)))
            )
            prints = (Print(price, chance.randint(10, 300), side),)
        yield Step(start_ns + second * SECOND, (bid, 2_000), (ask, 2_000), prints)
        bid += round(chance.gauss(0, jump_ticks))
