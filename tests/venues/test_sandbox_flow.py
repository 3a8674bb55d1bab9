"""The simulated market: what its fair price does, and what a naive maker gets from whom."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from math import log, sqrt

from tests.venues.listener import Listener
from tests.venues.naive_maker import SECOND, NaiveMaker, run_naive_maker
from zenotc.venues.sandbox import demo_venues
from zenotc.venues.sandbox.fair_price import FairPrice, PriceParameters
from zenotc.venues.sandbox.markets import QUOTING_MARKETS

BTC = QUOTING_MARKETS[0]


def returns(parameters: PriceParameters, seconds: int) -> list[float]:
    fair = FairPrice("path", 0, parameters)
    prices = [fair.at(second * SECOND) for second in range(seconds + 1)]
    return [log(after / before) for before, after in pairwise(prices)]


def autocorrelation(values: list[float], lag: int) -> float:
    mean = sum(values) / len(values)
    variance = sum((value - mean) ** 2 for value in values)
    return sum((a - mean) * (b - mean) for a, b in zip(values, values[lag:], strict=False)) / variance


def test_volatility_is_as_set_and_clusters() -> None:
    moves = returns(PriceParameters(start=100.0, volatility=0.5, jumps_per_hour=0.0), 40_000)
    annual = sqrt(sum(move * move for move in moves) / len(moves) * 365 * 86_400)
    assert 0.4 < annual < 0.6
    assert autocorrelation([abs(move) for move in moves], 10) > 0.1
    assert abs(autocorrelation(moves, 1)) < 0.03


def test_jumps_are_rare_and_large() -> None:
    calm = PriceParameters(start=100.0, jumps_per_hour=0.0)
    moves = returns(replace(calm, jumps_per_hour=12.0, jump_bps=20.0), 18_000)
    large = [move for move in moves if abs(move) > 10e-4]
    assert 20 < len(large) < 55
    assert not [move for move in returns(calm, 18_000) if abs(move) > 10e-4]


def test_the_path_does_not_depend_on_who_asks_when() -> None:
    parameters = PriceParameters(start=100.0)
    eager, lazy = FairPrice("path", 0, parameters), FairPrice("path", 0, parameters)
    ahead = [eager.at(second * SECOND) for second in range(20)]
    assert lazy.at(19 * SECOND) == ahead[19]
    assert lazy.at(5 * SECOND) == ahead[5]


def test_both_venues_follow_one_fair_price_and_the_hedge_venue_is_tighter_and_deeper() -> None:
    spreads: dict[str, list[float]] = {}
    depths: dict[str, list[float]] = {}
    mids: dict[str, float] = {}
    for venue in demo_venues(11, 0, 5_000_000):
        listener = Listener()
        venue.subscribe(["ETH"], listener)
        venue.advance(120 * SECOND)
        for time, what in listener.heard:
            if isinstance(what, tuple) and time > SECOND:
                bid, ask = what[1][0][0], what[2][0][0]
                spreads.setdefault(venue.name, []).append(ask - bid)
                depths.setdefault(venue.name, []).append(sum(lots for price, lots in what[1] if price > bid * 0.999))
                mids[venue.name] = (bid + ask) / 2
    average = {name: sum(values) / len(values) for name, values in spreads.items()}
    assert average["sandbox-hedge"] < 0.6 * average["sandbox"]
    assert sum(depths["sandbox-hedge"]) / len(depths["sandbox-hedge"]) > 2 * sum(depths["sandbox"]) / len(
        depths["sandbox"]
    )
    assert abs(mids["sandbox"] / mids["sandbox-hedge"] - 1) < 5e-4


def makers(*, noise: bool, informed: bool) -> tuple[float, int]:
    """Return the mean markout of naive makers at the touch after a second, bps, and the number of their fills."""
    assert BTC.flow is not None
    flow = BTC.flow
    flow = replace(flow, noise=flow.noise if noise else None, informed=flow.informed if informed else None)
    markouts, fills = [], 0
    for seed in range(2):
        maker: NaiveMaker = run_naive_maker(replace(BTC, flow=flow), seed, minutes=10, lots=500, half_spread_bps=None)
        markouts.append(maker.markout_bps(FairPrice(f"{seed}/BTC/fair", 0, flow.price), 1.0))
        fills += len(maker.fills)
    return sum(markouts) / len(markouts), fills


def test_a_naive_maker_earns_from_noise_and_loses_to_the_informed() -> None:
    noise, noise_fills = makers(noise=True, informed=False)
    informed, informed_fills = makers(noise=False, informed=True)
    both, both_fills = makers(noise=True, informed=True)
    assert min(noise_fills, informed_fills, both_fills) > 100
    assert noise > 0.3
    assert informed < -0.3
    assert informed < both < noise
