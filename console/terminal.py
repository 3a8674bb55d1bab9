"""The terminal that the console runs in, and whether it is still there."""

from __future__ import annotations

import select
import sys

__all__ = ["hung_up"]


def hung_up() -> bool:
    """Return whether the terminal at standard input has gone.

    A lost SSH session tells its own process group by a signal; a console in another session hears nothing, and would go
    on drawing for nobody.
    """
    try:
        descriptor = sys.__stdin__.fileno() if sys.__stdin__ is not None else -1
    except ValueError:
        return False
    if descriptor < 0:
        return False
    poll = select.poll()
    poll.register(descriptor, 0)
    return any(event & (select.POLLHUP | select.POLLERR | select.POLLNVAL) for _, event in poll.poll(0))
