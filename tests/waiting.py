"""Waiting, in tests."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


async def until(condition: Callable[[], bool], seconds: float = 5) -> None:
    """Wait until a condition holds, and fail with `TimeoutError` where it does not in time."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - what tests wait for has no event of its own
            await asyncio.sleep(0.005)
