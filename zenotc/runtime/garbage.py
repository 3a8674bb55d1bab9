"""Keeps the garbage collector's pauses short in a process that remembers much."""

from __future__ import annotations

import asyncio
import gc

__all__ = ["keep_pauses_short"]


async def keep_pauses_short(interval_seconds: float = 10.0) -> None:
    """Put what lives aside, again and again, until cancelled.

    A full collection looks at every object there is, some hundred thousand remembered orders among them, and would
    hold the event loop for a fifth of a second, also in the middle of an emergency stop. What has lived for an
    interval is likely to live on: it is put aside, which means that it goes with its last reference and is not looked
    at again. Only a cycle of references that dies after that is never found: what serves a client leaves none, but of a
    connection that was open then asyncio's transport remains, about a kilobyte.

    Parameters
    ----------
    interval_seconds
        Between two times; what is made meanwhile is what a collection has to look at.
    """
    while True:
        gc.collect()
        gc.freeze()
        await asyncio.sleep(interval_seconds)
