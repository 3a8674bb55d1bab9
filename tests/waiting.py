"""Waiting, in tests."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import pytest

T = TypeVar("T")


async def until(condition: Callable[[], bool], seconds: float = 5) -> None:
    """Wait until a condition holds, and fail with `TimeoutError` where it does not in time."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - what tests wait for has no event of its own
            await asyncio.sleep(0.005)


async def eventually(ask: Callable[[], Awaitable[T]], holds: Callable[[T], bool], seconds: float = 20) -> T:
    """Ask until the answer is as wanted, and return it."""
    answer: T | None = None
    try:
        async with asyncio.timeout(seconds):
            while not holds(answer := await ask()):  # noqa: ASYNC110 - asking is all that can be done
                await asyncio.sleep(0.1)
    except TimeoutError:
        pytest.fail(f"never came true, the last answer: {answer}")
    return answer
