"""What the circuit breakers would have saved on 2021-05-19, when BTC fell 22.9 % and ETH 31.0 % within an hour.

`python -m tests.risk.crash_report [--asset BTC|ETH] [--from 11:30] [--to 13:20] [--json]` plays the recorded
one-minute candles to a strategy without breakers, and with each breaker alone and all together, once holding and
once flattening the position when it fires.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from decimal import Decimal
from fractions import Fraction
from functools import cache
from typing import Any

from tests.risk.path_venue import PathVenue, Step
from tests.risk.recorded import BTC, ETH, at, candle_steps
from tests.risk.rig import Rig
from tests.risk.second_method import Curve, Mids, curve
from zenotc.models.events import CircuitBreaker
from zenotc.models.wire import format_time

DAY = "2021-05-19"
SIZES = {"BTC": (BTC, Decimal("0.1"), Decimal(2)), "ETH": (ETH, Decimal("1.5"), Decimal(30))}
BREAKERS: dict[str, dict[str, Any]] = {
    "none": {},
    "daily_loss": {"max_daily_loss": 6_000},
    "hourly_loss": {"max_hourly_loss": 4_000},
    "drawdown": {"max_drawdown_percent": 8},
    "volatility": {"max_volatility_pause": True, "volatility_threshold": 3.5},
}
BREAKERS["all"] = {name: value for limits in BREAKERS.values() for name, value in limits.items()}


@dataclass(frozen=True)
class Window:
    """Part of the day, from and to a UTC time (`11:30`), of one asset."""

    asset: str = "BTC"
    start: str = "11:30"
    end: str = "13:20"

    @property
    def start_ns(self) -> int:
        return at(f"{DAY}T{self.start}")

    @property
    def end_ns(self) -> int:
        return at(f"{DAY}T{self.end}")

    @cache  # noqa: B019 - a window is a value, and there are few
    def steps(self) -> Sequence[Step]:
        return list(candle_steps(SIZES[self.asset][0], self.start_ns, self.end_ns))

    def mids(self) -> Mids:
        """Return when the mid was what, exactly."""
        half_tick = Fraction(SIZES[self.asset][0].tick_size) / 2
        return [(step.time_ns, half_tick * step.twice_mid_ticks) for step in self.steps()]


@dataclass(frozen=True)
class Row:
    """What became of one run; USD, positions in base units."""

    breaker: str
    action: str
    fired_at: str | None
    fired: str | None
    measure: float | None
    limit: float | None
    position: float
    """When the breaker fired, or at the end where none did."""
    pnl_when_fired: float | None
    worst_pnl: float
    pnl: float
    fills: int


def play(window: Window, breaker: str, action: str = "hold", **parameters: Any) -> Rig:
    """Play a window to one strategy, started ten seconds after its beginning."""
    instrument, size, most = SIZES[window.asset]
    rig = Rig(PathVenue(instrument, window.steps()), start_ns=window.start_ns)
    rig.run(window.start_ns + 10_000_000_000)
    values = {
        "asset": window.asset, "base_spread_bps": 10, "quote_size": size, "max_position": most, "skew_factor": 1,
        "quote_refresh_seconds": 1, "breaker_action": action, **BREAKERS[breaker],
    }  # fmt: skip
    rig.create(**values | parameters)
    assert rig.replies[rig.start()] is None
    rig.run(window.end_ns - 1)
    return rig


def row(window: Window, breaker: str, action: str) -> Row:
    """Play one run and sum it up."""
    rig = play(window, breaker, action)
    path = Curve(curve(rig.fills, window.mids()))
    first = next(iter(rig.of(CircuitBreaker)), None)
    fired_ns = None if first is None else round(first.timestamp.timestamp() * 1000) * 1_000_000
    then = path.points[-1] if fired_ns is None else path.point(fired_ns)
    return Row(
        breaker,
        action,
        format_time(first.timestamp) if first else None,
        first.breaker if first else None,
        float(first.measure) if first else None,
        float(first.limit) if first else None,
        float(then.position),
        float(then.total) if first else None,
        float(min(point.total for point in path.points)),
        float(path.points[-1].total),
        len(rig.fills),
    )


def report(window: Window) -> list[Row]:
    """Play every run of a window."""
    rows = [row(window, "none", "hold")]
    for breaker in BREAKERS:
        if breaker != "none":
            rows += [row(window, breaker, action) for action in ("hold", "flatten")]
    return rows


def table(window: Window, rows: Sequence[Row]) -> str:
    """Return the report as text."""
    lost = rows[0].pnl
    lines = [
        f"{window.asset}, {DAY} {window.start} to {window.end} UTC; PnL in USD",
        f"{'breaker':<12} {'action':<8} {'fired at':<9} {'by':<12} {'measure':>10} {'limit':>8} {'position':>9}"
        f" {'PnL then':>10} {'worst':>10} {'PnL':>10} {'saved':>10} {'fills':>6}",
    ]
    for r in rows:
        fired = r.fired_at[11:19] if r.fired_at else "-"
        measure = f"{r.measure:,.2f}" if r.measure is not None else "-"
        limit = f"{r.limit:,.2f}" if r.limit is not None else "-"
        then = f"{r.pnl_when_fired:,.0f}" if r.pnl_when_fired is not None else "-"
        lines.append(
            f"{r.breaker:<12} {r.action:<8} {fired:<9} {r.fired or '-':<12} {measure:>10} {limit:>8} {r.position:>9.4g}"
            f" {then:>10} {r.worst_pnl:>10,.0f} {r.pnl:>10,.0f} {r.pnl - lost:>10,.0f} {r.fills:>6}"
        )
    return "\n".join(lines)


def main() -> None:
    """Print the report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--asset", choices=SIZES, default="BTC")
    parser.add_argument("--from", dest="start", default="11:30")
    parser.add_argument("--to", dest="end", default="13:20")
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    window = Window(chosen.asset, chosen.start, chosen.end)
    rows = report(window)
    if chosen.json:
        json.dump({**asdict(window), "day": DAY, "rows": [asdict(r) for r in rows]}, sys.stdout, indent=2)
        print()
    else:
        print(table(window, rows))


if __name__ == "__main__":
    main()
