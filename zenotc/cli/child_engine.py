"""A sandbox engine that the console starts for itself and stops when it leaves."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from zenotc.exceptions import ConnectionFailedError
from zenotc.runtime.state_directory import StateDirectory

__all__ = ["ChildEngine", "find_engine"]

READY_WITHIN = 30.0
"""Seconds that an engine may take until it is ready."""

STOPPED_WITHIN = 15.0
"""Seconds that it may take to cancel its orders and end; then it is killed."""

_POLL_SECONDS = 0.05
_LAST_LINES = 20


class ChildEngine:
    """An engine process, in a session of its own so that the terminal's signals do not reach it.

    It ends with this process, however that ends: it reads from a pipe that nobody else holds open.

    Parameters
    ----------
    state_dir
        Its state directory, which also gets what it writes to the standard error stream.
    port
        Where it is to listen.
    arguments
        Further options of `zenotc serve`.
    """

    def __init__(self, state_dir: Path, port: int, arguments: Sequence[str]) -> None:
        self._state_dir = state_dir
        self._arguments = ("--state-dir", str(state_dir), "--port", str(port), *arguments)
        self._errors = state_dir / "engine.stderr"
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Start it; `ready` tells when it can be used."""
        errors = os.open(self._errors, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        try:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "zenotc",
                "serve",
                *self._arguments,
                "--end-with-stdin",
                "--log-format",
                "logfmt",
                stdin=asyncio.subprocess.PIPE,
                stdout=errors,
                stderr=errors,
                start_new_session=True,
            )
        finally:
            os.close(errors)

    async def ready(self) -> None:
        """Wait until it is ready.

        Raises
        ------
        ConnectionFailedError
            If it ends before that or takes too long; the message has the last that it wrote.
        """
        process = self._process
        if process is None:
            raise ConnectionFailedError("the engine has not been started")
        try:
            async with asyncio.timeout(READY_WITHIN):
                while StateDirectory(self._state_dir).profile().get("pid") != process.pid:
                    if process.returncode is not None:
                        raise ConnectionFailedError(f"the engine could not start:\n{self._tail()}")
                    await asyncio.sleep(_POLL_SECONDS)
        except TimeoutError:
            raise ConnectionFailedError(f"the engine was not ready after {READY_WITHIN:g} s:\n{self._tail()}") from None

    async def stop(self) -> int | None:
        """End it and return its exit code, 0 where it left no order open; `None` where it had not been started."""
        process = self._process
        if process is None:
            return None
        if process.returncode is None:
            process.terminate()
        try:
            async with asyncio.timeout(STOPPED_WITHIN):
                return await process.wait()
        except TimeoutError:
            process.kill()
            return await process.wait()

    def _tail(self) -> str:
        lines = self._errors.read_text("utf-8", errors="replace").splitlines()
        return "\n".join(lines[-_LAST_LINES:])


async def find_engine(state_dir: Path, timeout: float = 5.0) -> str | None:
    """Return the address of the engine that runs in a state directory, `None` where none answers.

    Parameters
    ----------
    state_dir
        Where it left its address.
    timeout
        Seconds that it may take to answer: one that is busy must not be taken for gone.
    """
    import httpx

    from zenotc.sdk.profile import trust

    url = StateDirectory(state_dir).profile().get("url")
    if url is None:
        return None
    try:
        async with httpx.AsyncClient(timeout=timeout, verify=trust(url) or False) as client:
            answer = await client.get(f"{url}/livez")
    except (httpx.HTTPError, httpx.InvalidURL):
        return None
    return str(url) if answer.is_success else None
