"""A repeated request gets the first one's outcome, also from an engine that has been restarted since."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass, replace
from typing import Any

import orjson

from zenotc.exceptions import OutcomeUnknownError, StrategyError, ZenOTCError
from zenotc.gateway.answers import answer, error_answer, unexpected_error
from zenotc.models.commands import CreateStrategy, PastCommand
from zenotc.models.wire import decode, utc_from_ns

__all__ = ["MAX_REMEMBERED", "REMEMBERED_SECONDS", "IdempotencyMemory", "Outcome"]

MAX_REMEMBERED = 10_000
REMEMBERED_SECONDS = 86_400
_NOT_CARRIED_OUT = frozenset({429, 503})


@dataclass(frozen=True, slots=True)
class Outcome:
    """An answer as it was sent: HTTP status and body."""

    status: int
    body: bytes


@dataclass(frozen=True, slots=True)
class _Seen:
    fingerprint: str
    outcome: asyncio.Future[Outcome] | Outcome
    since: float
    """Unix time, s."""


class IdempotencyMemory:
    """Remembers the outcomes of the newest requests that change state, for a day.

    Parameters
    ----------
    past
        Commands of earlier engines, the oldest first. A repetition of one whose outcome was never written is told
        that, and not carried out; but a stop that trades nothing is: to stop twice does no harm, not to stop does.
    clock
        Unix time, s.
    """

    def __init__(self, past: Iterable[PastCommand] = (), clock: Callable[[], float] = time.time) -> None:
        self._seen: OrderedDict[str, _Seen] = OrderedDict()
        self._clock = clock
        for command in past:
            self._recall(command)

    async def once(self, request_id: str, fingerprint: str, run: Callable[[], Coroutine[Any, Any, Outcome]]) -> Outcome:
        """Carry a request out unless it has been before, and return its outcome.

        A duplicate that arrives while the first is under way waits for it. The first goes on when its client
        is gone. What was refused without being carried out (429, 503) is not remembered.

        Parameters
        ----------
        request_id
            Drawn from the API key and the idempotency key.
        fingerprint
            Tells one request from another: method, path and body.
        run
            Carries it out.

        Raises
        ------
        StrategyError
            As `refuse_conflict`.
        """
        self.refuse_conflict(request_id, fingerprint)
        seen = self._seen.get(request_id)
        if seen is None:
            task = asyncio.create_task(run())
            seen = self._seen[request_id] = _Seen(fingerprint, task, self._clock())
            task.add_done_callback(lambda task: self._settle(request_id, task))
            self._forget()
        if isinstance(seen.outcome, Outcome):
            return seen.outcome
        return await asyncio.shield(seen.outcome)

    def refuse_conflict(self, request_id: str, fingerprint: str) -> None:
        """Refuse a key that came before with another request.

        Raises
        ------
        StrategyError
            If it did (409, `idempotency_conflict`).
        """
        self._forget()
        seen = self._seen.get(request_id)
        if seen is not None and seen.fingerprint != fingerprint:
            raise StrategyError("the idempotency key came before with another request", code="idempotency_conflict")

    def _settle(self, request_id: str, task: asyncio.Task[Outcome]) -> None:
        """Keep the answer in the task's place, which holds all that a refusal has passed through, to the connection."""
        outcome = None if task.cancelled() else _settled(task)
        if outcome is None or outcome.status in _NOT_CARRIED_OUT:
            self._seen.pop(request_id, None)
        elif request_id in self._seen:
            self._seen[request_id] = replace(self._seen[request_id], outcome=outcome)

    def _forget(self) -> None:
        """Forget the oldest outcomes: those of yesterday, and those that there is no room for."""
        now = self._clock()
        while self._seen:
            oldest = next(iter(self._seen.values()))
            settled = isinstance(oldest.outcome, Outcome) or oldest.outcome.done()
            if not settled or (len(self._seen) <= MAX_REMEMBERED and now - oldest.since <= REMEMBERED_SECONDS):
                return
            self._seen.popitem(last=False)

    def _recall(self, command: PastCommand) -> None:
        fingerprint = command.idempotency_key.rpartition(":")[2]
        outcome = _recalled(command)
        unheard = command.outcome is None and command.only_stops
        self._seen.pop(command.command_id, None)
        if outcome.status not in _NOT_CARRIED_OUT and not unheard:
            self._seen[command.command_id] = _Seen(fingerprint, outcome, command.received_ns / 1e9)


def _recalled(command: PastCommand) -> Outcome:
    """Return the answer to a command that an earlier engine has received."""
    if command.outcome == "done":
        status = 201 if command.name == CreateStrategy.__name__ else 200
        response = answer(orjson.Fragment(command.body), status, utc_from_ns(command.received_ns))
        return Outcome(response.status_code, bytes(response.body))
    if command.outcome is None:
        return _refused(
            OutcomeUnknownError(
                "the engine ended before it wrote what this request came to: look at what it was to change, and send "
                "it under another key where that is still wanted",
                details={"commandId": command.command_id, "receivedAt": utc_from_ns(command.received_ns)},
            )
        )
    refusal = decode(command.body)
    return _refused(
        ZenOTCError(
            refusal["message"],
            code=command.outcome,
            details=refusal.get("details"),
            status_code=refusal.get("statusCode", OutcomeUnknownError.default_status),
        )
    )


def _settled(task: asyncio.Task[Outcome]) -> Outcome:
    """Return the answer to a request that has been carried out or refused."""
    error = task.exception()
    if error is None:
        return task.result()
    return _refused(error if isinstance(error, ZenOTCError) else unexpected_error())


def _refused(error: ZenOTCError) -> Outcome:
    response = error_answer(error)
    return Outcome(response.status_code, bytes(response.body))
