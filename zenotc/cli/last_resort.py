"""The emergency stop where the engine does not answer: kill it, and cancel at the venues."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field

import structlog

from zenotc.exceptions import ZenOTCError
from zenotc.runtime.direct_cancel import cancel_everything
from zenotc.runtime.engine_process import EngineProcess
from zenotc.runtime.state_directory import StateDirectory

__all__ = ["LastResort", "stop_without_engine"]

_KILL_SECONDS = 2.0
_CANCEL_SECONDS = 8.0


@dataclass(slots=True)
class LastResort:
    """What is known in the end; `confirmed` is true where nothing can be open anywhere.

    Attributes
    ----------
    engine
        What became of its process, in words.
    stopped
        Whether no engine runs any more.
    cancelled
        How many orders each venue has cancelled, having proved that none is open.
    unconfirmed
        Why a venue has not proved it.
    """

    engine: str
    stopped: bool
    cancelled: dict[str, int] = field(default_factory=dict)
    unconfirmed: dict[str, str] = field(default_factory=dict)

    @property
    def confirmed(self) -> bool:
        """Whether nothing can be open anywhere, and nobody is left who would send more."""
        return self.stopped and not self.unconfirmed


async def stop_without_engine(state: StateDirectory) -> LastResort:
    """Kill the engine of a state directory, and cancel everything at the venues that are told of there.

    An exchange within the engine's process ends with it, and nothing rests there.
    """
    # What fails is in the result; standard output is for that alone.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    known = _end_engine(EngineProcess(state.journal_lock))
    try:
        venues = state.venues.read()
    except ZenOTCError as error:
        known.unconfirmed["venues"] = str(error)
        return known
    cancelling = [cancel_everything(name, address, _CANCEL_SECONDS) for name, address in venues.items()]
    results = await asyncio.gather(*cancelling, return_exceptions=True)
    for name, result in zip(venues, results, strict=True):
        if isinstance(result, BaseException):
            known.unconfirmed[name] = str(result) or type(result).__name__
        else:
            known.cancelled[name] = result
    return known


def _end_engine(engine: EngineProcess) -> LastResort:
    try:
        if not engine.running:
            return LastResort("no engine runs", stopped=True)
        pid = engine.kill(_KILL_SECONDS)
        if not engine.running:
            what = "the engine has ended" if pid is None else f"the engine was killed, process {pid}"
            return LastResort(what, stopped=True)
        return LastResort("an engine runs, and its process cannot be found", stopped=False)
    except OSError as error:
        return LastResort(f"an engine runs, and cannot be killed: {error}", stopped=False)
