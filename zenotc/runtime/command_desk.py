"""Carries out commands: into the engine, and back once it is on disk what they came to."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import structlog

from zenotc.engine.actions import Reply
from zenotc.engine.engine import Engine
from zenotc.engine.recovery import RESTART, SHUTDOWN
from zenotc.exceptions import ConnectionFailedError, OutcomeUnknownError, StrategyError, ZenOTCError
from zenotc.journal import JournalError
from zenotc.journal.records import CommandOutcomeRecord, CommandRecord
from zenotc.models.commands import (
    CancelQuotes,
    ClearEmergencyStop,
    Command,
    EmergencyStopAll,
    PauseStrategy,
    RefusedRequest,
    StopStrategy,
)
from zenotc.models.events import ErrorOccurred
from zenotc.models.wire import encode, utc_from_ns
from zenotc.runtime.clock import TradingClock
from zenotc.runtime.emergency_latch import EmergencyLatch
from zenotc.runtime.floor import Floor
from zenotc.runtime.recorder import written
from zenotc.runtime.results import cancel_result, command_result, emergency_result, emergency_state, quotes_on
from zenotc.runtime.vitals import Vitals

__all__ = ["CommandDesk"]

_STOPPING = (PauseStrategy, StopStrategy, CancelQuotes, EmergencyStopAll)
_log = structlog.get_logger()


class CommandDesk:
    """The one way of commands, whoever gives them.

    Parameters
    ----------
    engine
        Decides.
    floor
        Takes commands to the engine, and brings its replies to `replied`.
    latch
        The emergency stop's file.
    clock
        Trading time.
    wake
        Called when something has been asked for: what is next may be another thing now.
    vitals
        Times what stops something.

    Attributes
    ----------
    latch_holds
        Whether the file says what the engine last said of the emergency stop, so that a restart changes nothing; not
        before it is on disk.
    """

    def __init__(
        self,
        engine: Engine,
        floor: Floor,
        latch: EmergencyLatch,
        clock: TradingClock,
        wake: Callable[[], None],
        vitals: Vitals,
    ) -> None:
        self.latch_holds = True
        self._engine = engine
        self._floor = floor
        self._latch = latch
        self._clock = clock
        self._wake = wake
        self._vitals = vitals
        self._replies: dict[str, asyncio.Future[ZenOTCError | None]] = {}
        self._latching: set[asyncio.Task[None]] = set()
        self._restored = asyncio.Event()
        self._held: set[asyncio.Task[Any]] = set()

    async def execute(self, command: Command) -> Any:
        """Carry a command out and return what it came to.

        Raises
        ------
        ZenOTCError
            If the engine refuses it.
        """
        started = time.monotonic()
        if self._floor.journal_lost:
            command = _without_journal(command)
        if isinstance(command, EmergencyStopAll):  # its cancels leave before anything is written
            return await self._concluded(command, self._carry_out(command, started))
        self._floor.journal([self._record(command)])
        if not self._floor.restored and isinstance(command, _STOPPING):
            return await self._hold(command, started)
        return await self._concluded(command, self._obey(command, started))

    async def _obey(self, command: Command, started: float) -> Any:
        if not isinstance(command, _STOPPING):
            if self._engine.state.ending:
                raise ConnectionFailedError("the engine is ending: it can only stop", code="ending")
            if not self._floor.restored:
                raise ConnectionFailedError("the engine reads its journal: it can only stop", code="not_ready")
        if isinstance(command, ClearEmergencyStop):
            return await self._clear(command)
        return await self._carry_out(command, started)

    async def _concluded(self, command: Command, work: Awaitable[Any]) -> Any:
        """Return what a command comes to, and write that down."""
        try:
            result = await work
        except ZenOTCError as error:
            self._floor.journal([self._refusal(command, error)])
            raise
        self._floor.journal([self._outcome(command, "done", encode(result))])
        return result

    def note_refusal(self, refused: RefusedRequest, refusal: ZenOTCError) -> None:
        """Write down a request that was refused before it became a command, and why."""
        self._floor.journal([self._record(refused), self._refusal(refused, refusal)])

    async def restored(self) -> None:
        """Take what waited for the strategies of an earlier engine, which are there now; the stop outlives this one."""
        self._restored.set()
        emergency = self._engine.state.emergency
        if emergency.active and not self._latch.closed and not self._latching:
            await self.close_latch(emergency.operator or "unknown", RESTART)

    async def _hold(self, command: Command, started: float) -> Any:
        """Let what stops a strategy wait until the strategies are known: it is carried out then, whoever still waits.

        Raises
        ------
        OutcomeUnknownError
            If they are not known in time.
        """
        work = self._carry_out_restored(command, started)
        carried_out = asyncio.create_task(self._concluded(command, work), name=command.command_id)
        self._held.add(carried_out)
        carried_out.add_done_callback(self._released)
        try:
            await asyncio.wait_for(self._restored.wait(), self._deadline_seconds(command))
        except TimeoutError:
            raise OutcomeUnknownError(
                "the engine still reads its journal: this is carried out as soon as it has been read"
            ) from None
        return await carried_out

    async def _carry_out_restored(self, command: Command, started: float) -> Any:
        await self._restored.wait()
        return await self._carry_out(command, started)

    def _released(self, held: asyncio.Task[Any]) -> None:
        self._held.discard(held)
        if not held.cancelled() and isinstance(held.exception(), ZenOTCError):
            _log.info("refused after the start", command_id=held.get_name(), reason=str(held.exception()))

    async def end(self) -> bool:
        """Let nothing begin any more and cancel everything; returns whether the venues confirmed that nothing rests."""
        reply = self._replies[SHUTDOWN] = asyncio.get_running_loop().create_future()
        self._floor.end(SHUTDOWN)
        self._wake()
        await self._answer(SHUTDOWN, reply, self._engine.state.settings.command_deadline_seconds)
        return not reply.cancelled()

    async def _clear(self, command: ClearEmergencyStop) -> Any:
        """Clear the stop, its file first: while that is there, it stops the engine again."""
        await self._until_latched(self._deadline_seconds(command))
        if self._latching:
            raise StrategyError("the emergency stop's file is being written", code="latch_being_written")
        latched = self._latch.latched()
        self._open_latch()
        try:
            return await self._carry_out(command, time.monotonic())
        finally:
            if latched is not None and self._engine.state.emergency.active:
                await self.close_latch(latched.operator, latched.reason, latched.since)

    async def _carry_out(self, command: Command, started: float) -> Any:
        before = quotes_on(self._engine.state, command.asset) if isinstance(command, CancelQuotes) else {}
        reply = self._replies[command.command_id] = asyncio.get_running_loop().create_future()
        self._floor.command(command, self._record(command) if isinstance(command, EmergencyStopAll) else None)
        self._vitals.observe_stop(self._vitals.stop_sent, command, time.monotonic() - started)
        if isinstance(command, EmergencyStopAll):
            self.close_latch(command.operator, "emergency_stop")
        self._wake()
        error = await self._answer(command.command_id, reply, self._deadline_seconds(command))
        if error is None and self._floor.journal_lost and not isinstance(command, _STOPPING):
            error = OutcomeUnknownError("the journal was lost before this was written", code="journal_lost")
        if error is not None:
            raise error
        elapsed_seconds = time.monotonic() - started
        if not reply.cancelled():
            self._vitals.observe_stop(self._vitals.stop_confirmed, command, elapsed_seconds)
        if isinstance(command, EmergencyStopAll):
            await self._until_latched(self._deadline_seconds(command) - elapsed_seconds)
        return self._result(command, before, elapsed_seconds)

    async def _answer(
        self, command_id: str, reply: asyncio.Future[ZenOTCError | None], seconds: float
    ) -> ZenOTCError | None:
        """Wait for the reply; what the venues have not confirmed by the deadline is named, and goes on."""
        try:
            return await asyncio.wait_for(reply, seconds)
        except TimeoutError:
            self._engine.abandon(command_id)
            return None
        finally:
            self._replies.pop(command_id, None)

    def _deadline_seconds(self, command: Command) -> float:
        settings = self._engine.state.settings
        flatten = (isinstance(command, StopStrategy) and command.flatten_position) or (
            isinstance(command, EmergencyStopAll) and command.flatten_positions
        )
        return settings.command_deadline_seconds + (settings.flatten_deadline_seconds if flatten else 0)

    def _result(self, command: Command, before: dict[str, str], elapsed_seconds: float) -> Any:
        state = self._engine.state
        if isinstance(command, CancelQuotes):
            return cancel_result(state, before)
        if isinstance(command, EmergencyStopAll):
            return emergency_result(state, elapsed_seconds, durable=self.latch_holds)
        if isinstance(command, ClearEmergencyStop):
            return emergency_state(state, durable=self.latch_holds)
        return command_result(state, command, self._clock.now_ns())

    def _record(self, command: Command | RefusedRequest) -> CommandRecord:
        return written(command, self._clock.wall_ns())

    def _refusal(self, command: Command | RefusedRequest, error: ZenOTCError) -> CommandOutcomeRecord:
        refusal = {"message": error.message, "statusCode": error.status_code, "details": error.details}
        return self._outcome(command, error.code, encode(refusal))

    def _outcome(self, command: Command | RefusedRequest, outcome: str, body: bytes) -> CommandOutcomeRecord:
        return CommandOutcomeRecord(command.command_id, self._clock.wall_ns(), outcome, body)

    def replied(self, reply: Reply) -> None:
        """Take the engine's reply to a command."""
        future = self._replies.get(reply.command_id)
        if future is not None and not future.done():
            future.set_result(reply.error)

    # The latch -----------------------------------------------------------------------------------------------------

    def journal_lost(self, error: JournalError) -> None:
        """Let the stop that follows from it outlive the process."""
        self.close_latch(f"engine: {error}", "journal_lost")

    def close_latch(self, operator: str, reason: str, since: datetime | None = None) -> asyncio.Task[None]:
        """Let the stop in force outlive this process, as far as the disk lets it; ends when that is known.

        A thread does it: the requests to cancel leave meanwhile, and the venues are heard, however long a disk takes.
        """
        self.latch_holds = False
        latching = asyncio.create_task(self._write_latch(since or datetime.now(UTC), operator, reason), name="latch")
        self._latching.add(latching)
        latching.add_done_callback(self._latching.discard)
        return latching

    async def _until_latched(self, seconds: float) -> None:
        """Wait until the file is as it shall be, no longer than so many seconds."""
        if self._latching:
            await asyncio.wait(self._latching, timeout=max(seconds, 0))

    async def _write_latch(self, since: datetime, operator: str, reason: str) -> None:
        try:
            await asyncio.to_thread(self._latch.latch, since, operator, reason)
        except OSError as error:
            self._latch_failed("LATCH_NOT_WRITTEN", "the emergency stop will not survive a restart", error)
        else:
            self.latch_holds = True

    def _open_latch(self) -> None:
        try:
            self._latch.clear()
        except OSError as error:
            self._latch_failed("LATCH_NOT_REMOVED", "the emergency stop stays in force", error)
            reason = f"the emergency stop's file cannot be removed: {error.strerror or error}"
            raise StrategyError(reason, code="latch_not_removed") from error

    def _latch_failed(self, code: str, meaning: str, error: OSError) -> None:
        """Say that the stop is as it was asked for, and its file is not: the disk must not undo what is done."""
        self.latch_holds = False
        _log.critical(meaning, error=str(error))
        now = utc_from_ns(self._clock.now_ns())
        self._floor.journal([ErrorOccurred(timestamp=now, code=code, reason=f"{code}: {meaning}, error={error}")])


def _without_journal(command: Command) -> Command:
    """Return what of a command can be done without a journal: stopping, and no order that nobody writes down.

    Raises
    ------
    ConnectionFailedError
        If it is anything else.
    """
    if isinstance(command, EmergencyStopAll):
        return replace(command, flatten_positions=False)
    if isinstance(command, _STOPPING):
        return command
    raise ConnectionFailedError("the journal is lost: the engine can only stop", code="journal_lost")
