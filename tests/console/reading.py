"""Somebody who reads a question before it is answered."""

from __future__ import annotations

import time

from textual.app import App
from textual.pilot import Pilot

from console.screens.dialog import Question

__all__ = ["answer", "read"]

PATIENCE_SECONDS = 30.0


async def answer(app: App[int], pilot: Pilot[int], *keys: str) -> bool:
    """Read a question and answer it; return whether it was asked again."""
    await read(app, pilot)
    question = app.screen
    assert isinstance(question, Question)
    asked = question.deaf_until
    await pilot.press(*keys)
    ends = time.monotonic() + PATIENCE_SECONDS
    while app.screen is question and question.deaf_until == asked:
        assert time.monotonic() < ends, "it took no answer"
        await pilot.pause(0.02)
    return app.screen is question


async def read(app: App[int], pilot: Pilot[int]) -> None:
    """Wait until a question has been on the screen for so long that it hears keys, or is not there any more."""
    ends = time.monotonic() + PATIENCE_SECONDS
    while not isinstance(app.screen, Question):
        assert time.monotonic() < ends, "nothing was asked"
        await pilot.pause(0.02)
    question = app.screen
    while app.screen is question and time.monotonic() < question.deaf_until:
        assert time.monotonic() < ends, "it hears no keys"
        await pilot.pause(0.02)
