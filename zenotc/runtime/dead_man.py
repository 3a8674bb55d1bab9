"""The operator's dead man: where no client is heard for too long, nobody watches, and everything is paused."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

import structlog

from zenotc.exceptions import ZenOTCError
from zenotc.models.commands import Command, PauseStrategy
from zenotc.runtime.vitals import Vitals

__all__ = ["DEAD_MAN", "DeadMan"]

DEAD_MAN = "dead_man"
"""The operator, and the reason, of such a pause."""

_LOOK_SECONDS = 0.5
_log = structlog.get_logger()


class DeadMan:
    """Pauses what trades, or would by itself, while nobody is heard; who is heard again resumes it himself.

    Parameters
    ----------
    seconds
        Of silence that are allowed.
    vitals
        Knows when a client was last heard.
    acting
        Returns the ids of the strategies that would place orders though nobody asks them to.
    execute
        The way of every command.
    """

    def __init__(
        self,
        seconds: float,
        vitals: Vitals,
        acting: Callable[[], Iterable[str]],
        execute: Callable[[Command], Awaitable[Any]],
    ) -> None:
        self._seconds = seconds
        self._vitals = vitals
        self._acting = acting
        self._execute = execute

    async def watch(self) -> None:
        """Watch until cancelled; the silence begins with it."""
        self._vitals.heard()
        while True:
            left = self._seconds - self._vitals.silence_seconds
            await asyncio.sleep(left if left > 0 else _LOOK_SECONDS)
            if self._vitals.silence_seconds >= self._seconds:
                await asyncio.gather(*(self._pause(strategy_id) for strategy_id in self._acting()))

    async def _pause(self, strategy_id: str) -> None:
        command_id = f"dead-man-{secrets.token_hex(8)}"
        _log.warning("nobody has been heard", strategy_id=strategy_id, silence_seconds=self._vitals.silence_seconds)
        try:
            await self._execute(
                PauseStrategy(command_id=command_id, operator=DEAD_MAN, strategy_id=strategy_id, reason=DEAD_MAN)
            )
        except ZenOTCError as error:
            _log.error("not paused", strategy_id=strategy_id, reason=str(error))
