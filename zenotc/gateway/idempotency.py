"""A repeated request gets the first one's outcome."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from zenotc.exceptions import StrategyError, ZenOTCError

__all__ = ["IdempotencyMemory", "Outcome"]

_MAX_REMEMBERED = 10_000
_NOT_CARRIED_OUT = frozenset({429, 503})


@dataclass(frozen=True, slots=True)
class Outcome:
    """An answer as it was sent: HTTP status and body."""

    status: int
    body: bytes


class IdempotencyMemory:
    """Remembers the outcomes of the newest requests that change state, by API key and idempotency key."""

    def __init__(self) -> None:
        self._seen: OrderedDict[tuple[str, str], tuple[bytes, asyncio.Task[Outcome]]] = OrderedDict()

    async def once(
        self, api_key: str, idempotency_key: str, fingerprint: bytes, run: Callable[[], Coroutine[Any, Any, Outcome]]
    ) -> Outcome:
        """Carry a request out unless it has been before, and return its outcome.

        A duplicate that arrives while the first is under way waits for it. The first goes on when its client
        is gone. What was refused without being carried out (429, 503) is not remembered.

        Parameters
        ----------
        fingerprint
            Tells one request from another: method, path and body.
        run
            Carries it out.

        Raises
        ------
        StrategyError
            If the key came before with another request (409, `idempotency_conflict`).
        """
        place = (api_key, idempotency_key)
        known = self._seen.get(place)
        if known is not None and known[0] != fingerprint:
            raise StrategyError("the idempotency key came before with another request", code="idempotency_conflict")
        if known is None:
            known = (fingerprint, asyncio.create_task(run()))
            self._seen[place] = known
            known[1].add_done_callback(lambda task: self._settle(place, task))
        return await asyncio.shield(known[1])

    def _settle(self, place: tuple[str, str], task: asyncio.Task[Outcome]) -> None:
        if task.cancelled() or _status(task) in _NOT_CARRIED_OUT:
            self._seen.pop(place, None)
        while len(self._seen) > _MAX_REMEMBERED and next(iter(self._seen.values()))[1].done():
            self._seen.popitem(last=False)


def _status(task: asyncio.Task[Outcome]) -> int:
    error = task.exception()
    if error is None:
        return task.result().status
    return error.status_code if isinstance(error, ZenOTCError) else 500
