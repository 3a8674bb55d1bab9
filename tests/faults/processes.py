"""Processes that begin at once: forked from one that has imported everything, and as real as any other."""

from __future__ import annotations

import asyncio
import ctypes
import multiprocessing
import os
import signal
from collections.abc import Callable
from multiprocessing.context import ForkServerProcess
from pathlib import Path

__all__ = ["Child", "say_into"]

_IMPORTED = ["__main__", "tests.faults.launcher", "tests.faults.lively_exchange"]
_POLL_SECONDS = 0.005
_DIE_WITH_PARENT = 1
"""PR_SET_PDEATHSIG, of Linux."""

_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(_IMPORTED)


class Child:
    """A process that runs one function.

    Parameters
    ----------
    run, arguments
        What it runs; both go there by pickle.
    """

    def __init__(self, run: Callable[..., None], *arguments: object) -> None:
        self._process: ForkServerProcess = _context.Process(target=_run, args=(run, *arguments), daemon=True)
        self._process.start()

    @property
    def pid(self) -> int:
        """Its number."""
        assert self._process.pid is not None
        return self._process.pid

    @property
    def code(self) -> int | None:
        """What it ended with, minus the signal where one has ended it; `None` while it lives."""
        return self._process.exitcode

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal."""
        if self.code is None:
            os.kill(self.pid, number)

    async def kill(self) -> None:
        """End it at once, as SIGKILL does."""
        self.signal(signal.SIGKILL)
        await self.ended(10)

    async def ended(self, seconds: float) -> int:
        """Wait for its end and return its code; `TimeoutError` where it does not come in time."""
        async with asyncio.timeout(seconds):
            while self.code is None:  # noqa: ASYNC110 - a process has no event
                await asyncio.sleep(_POLL_SECONDS)
        assert self.code is not None
        return self.code


def _run(run: Callable[..., None], *arguments: object) -> None:
    """Run it for as long as the server lives that forked it, which ends with the tests, however they do."""
    ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGKILL)
    run(*arguments)


def say_into(path: Path) -> None:
    """Let what this process says go to a file, after what is there."""
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for stream in (1, 2):
        os.dup2(file, stream)
    os.close(file)
