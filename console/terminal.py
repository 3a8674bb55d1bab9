"""The terminal that the console runs in, and whether it is still there."""

from __future__ import annotations

import contextlib
import os
import select
import sys
import threading
import time
from collections.abc import Callable

__all__ = ["watch_terminal"]

_LOOK_SECONDS = 0.5
_LEAVE_SECONDS = 5.0


def watch_terminal(leave: Callable[[], object], exit_code: int) -> None:
    """End the console when its terminal has gone.

    A lost SSH session tells its own process group by a signal; a console in another session hears nothing, and one
    that is writing to the dead terminal cannot listen. A thread looks instead, and ends the process where leaving in
    order takes too long.

    Parameters
    ----------
    leave
        Ends the application; called from the thread.
    exit_code
        Of the process, where that does not help.
    """
    if sys.__stdin__ is None or not sys.__stdin__.isatty():
        return
    descriptor = sys.__stdin__.fileno()

    def watch() -> None:
        while not _hung_up(descriptor):
            time.sleep(_LOOK_SECONDS)
        with contextlib.suppress(RuntimeError):  # the loop has ended already
            leave()
        time.sleep(_LEAVE_SECONDS)
        os._exit(exit_code)

    threading.Thread(target=watch, name="terminal", daemon=True).start()


def _hung_up(descriptor: int) -> bool:
    poll = select.poll()
    poll.register(descriptor, 0)
    return any(event & (select.POLLHUP | select.POLLERR | select.POLLNVAL) for _, event in poll.poll(0))
