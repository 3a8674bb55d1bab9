"""Somebody who reads a question before it is answered."""

from __future__ import annotations

import time

from textual.app import App
from textual.pilot import Pilot

from console.screens.dialog import Question

__all__ = ["read"]

PATIENCE_SECONDS = 30.0


async def read(app: App[int], pilot: Pilot[int]) -> None:
    """Wait until a question has been on the screen for so long that it hears keys."""
    ends = time.monotonic() + PATIENCE_SECONDS
    while not isinstance(app.screen, Question) or time.monotonic() < app.screen.deaf_until:
        assert time.monotonic() < ends, f"{app.screen} hears no keys"
        await pilot.pause(0.02)
