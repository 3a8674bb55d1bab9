"""PnL over time, drawn by plotext, which is imported when the first chart is drawn."""

from __future__ import annotations

import asyncio
import importlib
import math
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from textual.app import ComposeResult
from textual.containers import Container
from textual.widgets import Static

__all__ = ["Chart", "Point"]

Point = tuple[float, float]
"""Unix time in seconds and USD."""

_TICKS = 4


class Chart(Container):
    """One line: total PnL of the selected strategy."""

    def __init__(self) -> None:
        super().__init__()
        self._plot: Any = None
        self._shown: tuple[object, ...] = ()

    def compose(self) -> ComposeResult:
        """Say that there is nothing yet."""
        yield Static("", markup=False)

    async def prepare(self) -> None:
        """Import plotext away from the event loop and put the plot in place."""
        module = await asyncio.to_thread(importlib.import_module, "textual_plotext")
        self._plot = module.PlotextPlot()
        self._plot.plt.frame(False)
        await self.remove_children()
        await self.mount(self._plot)

    def show(self, points: Sequence[Point], *, stale: bool) -> None:
        """Draw the points, oldest first; what is not a number is left out."""
        finite = [(time, value) for time, value in points if math.isfinite(time) and math.isfinite(value)]
        shown = (len(finite), finite[-1:], stale, self.size)
        if self._plot is None or not self.display or shown == self._shown:
            return
        self._shown = shown
        plt = self._plot.plt
        plt.clear_figure()
        plt.frame(False)
        plt.grid(False)
        plt.title("PnL total, USD" if len(finite) > 1 else "PnL total, USD: waiting for two points")
        if len(finite) > 1:
            self._draw(finite, stale=stale)
        self._plot.refresh()

    def _draw(self, points: Sequence[Point], *, stale: bool) -> None:
        plt = self._plot.plt
        times, values = [time for time, _ in points], [value for _, value in points]
        variables = self.app.theme_variables
        name = "ink-faint" if stale else "gain" if values[-1] >= 0 else "loss"
        plt.plot(times, values, marker="braille", color=_rgb(variables.get(name, "")))
        span = times[-1] - times[0]
        ticks = [times[0] + span * index / (_TICKS - 1) for index in range(_TICKS)]
        plt.xticks(ticks, [f"{datetime.fromtimestamp(tick, UTC):%H:%M:%S}" for tick in ticks])
        low, high = min(values), max(values)
        levels = [low, (low + high) / 2, high] if high > low else [low]
        plt.yticks(levels, [f"{level:>+11,.2f}" for level in levels])


def _rgb(colour: str) -> tuple[int, int, int] | str:
    """Return a colour of the theme as plotext takes it."""
    digits = colour.lstrip("#")
    if len(digits) != 6:
        return "default"
    return int(digits[0:2], 16), int(digits[2:4], 16), int(digits[4:6], 16)
