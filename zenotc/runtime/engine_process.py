"""The process of an engine, found by what only it has: the journal's lock."""

from __future__ import annotations

import contextlib
import fcntl
import os
import select
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

__all__ = ["EngineProcess"]


class EngineProcess:
    """The process that runs the engine of a state directory, whatever a file says about its number.

    Parameters
    ----------
    lock
        The journal's lock file; whoever holds it has the journal, and nobody else runs the engine.
    """

    def __init__(self, lock: Path) -> None:
        self._lock = lock

    @property
    def running(self) -> bool:
        """Whether somebody holds the lock."""
        try:
            descriptor = os.open(self._lock, os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError:
            return False
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(descriptor)
        return False

    def kill(self, timeout: float) -> int | None:
        """Kill it, stopped or hung as it may be, and return its number; `None` where it cannot be found.

        The kernel names the lock's holder, and the signal goes to the process that was looked at: a number that has
        been given to another process in between is not met.

        Parameters
        ----------
        timeout
            Seconds that it may take to be gone.

        Raises
        ------
        OSError
            If it cannot be killed: it is somebody else's, or `TimeoutError` where it is not gone in time.
        """
        if sys.platform != "linux":
            return None
        for pid in _processes():
            with contextlib.ExitStack() as at_end:
                try:
                    process = os.pidfd_open(pid)
                except ProcessLookupError:
                    continue
                at_end.callback(os.close, process)
                if not self._held_by(pid):
                    continue
                signal.pidfd_send_signal(process, signal.SIGKILL)
                if not select.select([process], [], [], timeout)[0]:
                    raise TimeoutError(f"process {pid} is not gone {timeout:g} s after it was killed")
                return pid
        return None

    def _held_by(self, pid: int) -> bool:
        """Whether a process holds the lock on one of its descriptors."""
        lock = self._lock.stat()
        with contextlib.suppress(OSError):  # it has ended, or is not ours to look into
            for name in os.listdir(f"/proc/{pid}/fd"):
                with contextlib.suppress(OSError):
                    found = os.stat(f"/proc/{pid}/fd/{name}")
                    if (found.st_dev, found.st_ino) == (lock.st_dev, lock.st_ino):
                        return "FLOCK" in Path(f"/proc/{pid}/fdinfo/{name}").read_text()
        return False


def _processes() -> Iterator[int]:
    return (int(name) for name in os.listdir("/proc") if name.isdecimal() and int(name) != os.getpid())
