"""What a strategy did over time, drawn by plotext, which is imported once there is time for it.

A chart takes as long to draw as the rest of the screen, so that one is drawn at a time, at most once a second, and only
one that can be seen. plotext ends the process on what is not a number: it never gets there.
"""

from __future__ import annotations

import asyncio
import importlib
import itertools
import math
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, ClassVar, Literal

from textual.app import ComposeResult
from textual.containers import Container, Vertical
from textual.widgets import Static

from console.formatting import clean, in_zone, number
from console.ink import Line, Span, line
from console.inspection import RANGES_SECONDS, Inspection, Topic
from console.store import Store
from console.widgets.sheet import Sheet

__all__ = ["Chart", "Charts", "Curve", "finite", "import_plotext"]

Point = tuple[float, float]
Colour = Literal["gain", "loss", "own", "accent", "primary", "sign"]

_MODULE = "textual_plotext"
_TICKS = 4
_TICK_CELLS = 14
"""A label of the time axis takes so much room."""

_DAY_SECONDS = 86_400
REDRAWN_SECONDS = 1.0


async def import_plotext() -> None:
    """Import plotext away from the event loop."""
    await asyncio.to_thread(importlib.import_module, _MODULE)


@dataclass(frozen=True, slots=True)
class Curve:
    """Points, oldest first, and how they are drawn: `sign` is green above zero at its end and red below."""

    points: Sequence[Point]
    colour: Colour
    marker: str = "braille"
    side: Literal["left", "right"] = "left"
    decimals: int = 2


def finite(points: Iterable[tuple[float, Decimal | float | None]]) -> list[Point]:
    """Return the points without those that are not numbers."""
    numbers = ((time, float(value)) for time, value in points if value is not None)
    return [(time, value) for time, value in numbers if math.isfinite(time) and math.isfinite(value)]


class Chart(Container):
    """One chart: a title that names the units, and one curve or two.

    Parameters
    ----------
    title
        What is drawn, with its unit.
    labels
        The horizontal axis where it is not time: a place and its name.
    """

    def __init__(self, title: str, *, labels: Sequence[tuple[float, str]] = (), classes: str | None = None) -> None:
        super().__init__(classes=classes)
        self._title, self._labels = title, labels
        self._plot: Any = None
        self._shown: object = None

    def compose(self) -> ComposeResult:
        """Say that there is nothing yet."""
        yield Static("", markup=False)

    def show(self, curves: Sequence[Curve], *, stale: bool) -> bool:
        """Draw the curves where they have changed, and return whether they had."""
        shown = ([(len(curve.points), *curve.points[-1:]) for curve in curves], stale, self.size, self.app.theme)
        plot = getattr(sys.modules.get(_MODULE), "PlotextPlot", None)  # not before the import has come so far
        if shown == self._shown or not self.size.area or plot is None:
            return False
        if self._plot is None:
            self._plot = plot()
            self.query(Static).remove()
            self.mount(self._plot)
        self._shown = shown
        self._plot.theme = "clear" if self.app.native_ansi_color else "auto"  # the terminal's own colours are no RGB
        plt = self._plot.plt
        plt.clear_figure()
        plt.frame(False)
        plt.grid(False)
        drawn = [curve for curve in curves if len(curve.points) > 1]
        plt.title(self._title if drawn else f"{self._title}: nothing yet")
        for curve in drawn:
            self._draw(curve, stale=stale)
        if drawn:
            self._mark_horizontal(drawn[0].points)
        self._plot.refresh()
        return True

    def _draw(self, curve: Curve, *, stale: bool) -> None:
        plt = self._plot.plt
        times, values = [time for time, _ in curve.points], [value for _, value in curve.points]
        name = curve.colour if curve.colour != "sign" else "gain" if values[-1] >= 0 else "loss"
        colour = _rgb(self.app.theme_variables.get("ink-faint" if stale else name, ""))
        plt.plot(times, values, marker=curve.marker, color=colour, yside=curve.side)
        low, high = min(values), max(values)
        levels = [low, (low + high) / 2, high] if high > low and self.size.height > 5 else sorted({low, high})
        signed = curve.side == "left" and low < 0
        names = [number(level, curve.decimals, signed=signed).rjust(10) for level in levels]
        plt.yticks(levels, names, yside=curve.side)

    def _mark_horizontal(self, points: Sequence[Point]) -> None:
        plt = self._plot.plt
        if self._labels:
            plt.xticks([place for place, _ in self._labels], [name for _, name in self._labels])
            return
        began, span = points[0][0], points[-1][0] - points[0][0]
        count = min(_TICKS, max(2, (self.size.width - _TICK_CELLS) // _TICK_CELLS))
        ticks = [began + span * index / (count - 1) for index in range(count)]
        pattern = "%H:%M:%S" if span < _DAY_SECONDS / 4 else "%H:%M"
        plt.xticks(ticks, [f"{in_zone(datetime.fromtimestamp(tick, UTC)):{pattern}}" for tick in ticks])


def _rgb(colour: str) -> tuple[int, int, int] | str:
    """Return a colour of the theme as plotext takes it."""
    digits = colour.lstrip("#")
    if len(digits) != 6:
        return "default"
    return int(digits[0:2], 16), int(digits[2:4], 16), int(digits[4:6], 16)


class _Ranges(Sheet):
    """What the charts span, and what else they could."""

    def __init__(self, inspection: Inspection) -> None:
        super().__init__(classes="tab-head")
        self.inspection = inspection

    def lines(self, width: int, height: int) -> list[Line]:
        """Return one line."""
        if self.inspection.problem:
            return [line((clean(self.inspection.problem), "caution"))]
        spans: list[Span] = [("last ", "faint")]
        for seconds in RANGES_SECONDS:
            chosen = seconds == self.inspection.range_seconds
            spans.append((f"[{_span(seconds)}]" if chosen else f" {_span(seconds)} ", "strong" if chosen else "muted"))
        return [line(*spans)]


def _span(seconds: int) -> str:
    return f"{seconds // 60} min" if seconds < 3_600 else f"{seconds // 3_600} h" if seconds < _DAY_SECONDS else "1 d"


_MARKOUT_LABELS = ((0.0, "1 s"), (1.0, "10 s"), (2.0, "60 s"))


class Charts(Vertical):
    """The tab: PnL, position, width and volatility, and what the fills were worth a little later."""

    topics: ClassVar[frozenset[Topic]] = frozenset({"history", "metrics"})
    hint: ClassVar[str] = "{less} {more} range"

    def __init__(self, store: Store) -> None:
        super().__init__()
        self._store = store
        self._ranges = _Ranges(store.inspection)
        self._charts: tuple[tuple[Chart, Callable[[], list[Curve]]], ...] = (
            (Chart("PnL total, USD"), self._pnl),
            (Chart("position"), self._position),
            (Chart("width bps ⠒⠒  volatility % ••"), self._spread),
            (Chart("markout, bps, by time after the fill", labels=_MARKOUT_LABELS), self._markouts),
        )
        self._turns = itertools.cycle(self._charts)
        self._drawn_at = -REDRAWN_SECONDS

    def compose(self) -> ComposeResult:
        """Lay out the ranges and the charts."""
        yield self._ranges
        with Container(classes="grid"):
            for chart, _ in self._charts:
                yield chart

    def show(self, store: Store, strategy_id: str | None) -> None:
        """Turn to a strategy of an engine."""
        self._store, self._ranges.inspection = store, store.inspection
        self._drawn_at = -REDRAWN_SECONDS

    def draw(self) -> None:
        """Show what is spanned."""
        self._ranges.draw()

    def draw_chart(self) -> None:
        """Draw the next chart that has changed, at most one of them, and each at most once a second."""
        now = self._store.clock()
        if now - self._drawn_at < REDRAWN_SECONDS / len(self._charts):
            return
        self._drawn_at = now
        strategy = self._store.strategy(self._store.inspection.strategy_id)
        stale = self._store.stale if strategy is None else self._store.prices_stale(strategy)
        for _ in self._charts:
            chart, curves = next(self._turns)
            if chart.show(curves(), stale=stale):
                return

    def zoom(self, step: int) -> None:
        """Span more (1) or less (-1)."""
        self._store.inspection.change_range(step)
        self._ranges.draw()

    def _over_time(self, name: str) -> list[Point]:
        history = self._store.inspection.history
        return finite((point.timestamp.timestamp(), getattr(point, name)) for point in history)

    def _pnl(self) -> list[Curve]:
        return [Curve(self._over_time("total_pnl"), "sign")]

    def _position(self) -> list[Curve]:
        strategy = self._store.strategy(self._store.inspection.strategy_id)
        decimals = self._store.position_decimals(strategy.asset) if strategy else 0
        return [Curve(self._over_time("position"), "own", decimals=decimals)]

    def _spread(self) -> list[Curve]:
        spread = Curve(self._over_time("spread_bps"), "primary")
        return [spread, Curve(self._over_time("sigma"), "accent", marker="•", side="right", decimals=3)]

    def _markouts(self) -> list[Curve]:
        stats = self._store.inspection.quote_stats
        markouts = sorted(stats.markout_bps.items()) if stats else []
        return [Curve(finite((float(place), bps) for place, (_, bps) in enumerate(markouts)), "sign")]
