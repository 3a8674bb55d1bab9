"""A console on a scripted engine."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import pytest
from textual.pilot import Pilot

from console.app import ConsoleApp
from tests.console import double
from tests.console.typist import Typist

WITHIN_SECONDS = 15.0

Desk = Callable[..., AbstractAsyncContextManager[tuple[ConsoleApp, Any, Pilot[Any]]]]


@pytest.fixture
def desk() -> Desk:
    """Return what opens a console: `async with desk(size=..., engine=...) as (app, engine, pilot)`.

    Several engines are a tuple.
    """

    @asynccontextmanager
    async def open_desk(
        size: tuple[int, int] = (120, 40), engine: Any = None, **options: Any
    ) -> AsyncIterator[tuple[ConsoleApp, Any, Pilot[Any]]]:
        engine = double.Engine() if engine is None else engine
        engines = engine if isinstance(engine, tuple) else (engine,)
        app = ConsoleApp(*engines, operator="jo", utc_now=lambda: double.NOW, **options)
        async with app.run_test(size=size):
            pilot = Typist(app)
            await _until(pilot, lambda: all(store.status is not None for store in app.desk.stores))
            app.repaint()
            await pilot.pause()
            yield app, engine, pilot

    return open_desk


async def _until(pilot: Pilot[Any], condition: Callable[[], bool]) -> None:
    ends = time.monotonic() + WITHIN_SECONDS
    while time.monotonic() < ends:
        if condition():
            return
        await pilot.pause(0.01)
    raise AssertionError(f"it did not come to it within {WITHIN_SECONDS:g} s")


@pytest.fixture
def until() -> Callable[[Pilot[Any], Callable[[], bool]], Any]:
    """Return what waits for a condition, at most so long as a busy machine takes."""
    return _until


@pytest.fixture
def screen_text() -> Callable[[ConsoleApp], str]:
    """Return what reads the screen as it would be written to the terminal, without styles."""

    def read(app: ConsoleApp) -> str:
        app.repaint()
        app._journal.draw()
        strips = app.screen._compositor.render_strips()
        return "\n".join(strip.text for strip in strips)

    return read
