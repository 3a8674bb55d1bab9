"""The service manager that a process was started by: systemd's notification protocol, `sd_notify(3)`."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from collections.abc import Callable, Mapping

__all__ = ["ServiceManager"]


class ServiceManager:
    """Tells systemd how the process is; tells nobody where it was not started by systemd.

    Parameters
    ----------
    environment
        The process's; `NOTIFY_SOCKET` names the socket, `WATCHDOG_USEC` and `WATCHDOG_PID` say how often who is to
        be heard.

    Attributes
    ----------
    watchdog_seconds
        A process that is not heard for so long is killed; `None` is never.
    """

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        address = environment.get("NOTIFY_SOCKET", "")
        self._address = f"\0{address[1:]}" if address.startswith("@") else address
        microseconds = environment.get("WATCHDOG_USEC", "")
        is_ours = environment.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
        self.watchdog_seconds = int(microseconds) / 1e6 if is_ours and microseconds.isdecimal() else None

    def ready(self, status: str) -> None:
        """Tell that the start is over."""
        self._tell("READY=1", f"STATUS={status}")

    def stopping(self, status: str) -> None:
        """Tell that the end has begun."""
        self._tell("STOPPING=1", f"STATUS={status}")

    async def feed_watchdog(self, turn_age_seconds: Callable[[], float]) -> None:
        """Be heard for as long as something turns, until cancelled.

        Parameters
        ----------
        turn_age_seconds
            Since it last turned; at half the watchdog's time it counts as hung.
        """
        if self.watchdog_seconds is None:
            return
        while True:
            if turn_age_seconds() < self.watchdog_seconds / 2:
                self._tell("WATCHDOG=1")
            await asyncio.sleep(self.watchdog_seconds / 4)

    def _tell(self, *lines: str) -> None:
        """Send a datagram; a manager that does not listen is no reason to stop trading."""
        if not self._address:
            return
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
            sender.setblocking(False)
            sender.sendto("\n".join(lines).encode(), self._address)
