"""A program in a pseudo-terminal, and what it writes there."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import tempfile
import termios
import time
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Self

from tests.benchmarks.terminal_screen import TerminalScreen

__all__ = ["Terminal"]

_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
_END_SECONDS = 15.0
_CHUNK = 1 << 16


class Terminal:
    """Starts a program in a pseudo-terminal of its own, where nobody has preferences, and reads what it writes.

    Parameters
    ----------
    command
        The program and its arguments.
    columns, rows
        The terminal's size.

    Attributes
    ----------
    started
        When the program was started, seconds of `time.perf_counter`.
    bytes_read
        How much it has written so far.
    """

    def __init__(self, command: Sequence[str], *, columns: int = 120, rows: int = 40) -> None:
        self._end, its_end = pty.openpty()
        fcntl.ioctl(its_end, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self._preferences = tempfile.TemporaryDirectory()
        environment = {
            **os.environ,
            "TERM": "xterm-256color",
            "COLORTERM": "truecolor",
            "ZENOTC_CONFIG_DIR": self._preferences.name,
        }
        self.bytes_read = 0
        self._screen = TerminalScreen(columns, rows)
        self.started = time.perf_counter()
        self._process = subprocess.Popen(
            command, stdin=its_end, stdout=its_end, stderr=its_end, start_new_session=True, env=environment
        )
        os.close(its_end)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the program as a closed terminal would, and by force where that is not enough."""
        self._process.send_signal(signal.SIGHUP)
        ends = time.perf_counter() + _END_SECONDS
        while self._process.poll() is None and time.perf_counter() < ends:
            self.read(0.05)
        self._process.kill()
        self._process.wait(_END_SECONDS)
        os.close(self._end)
        self._preferences.cleanup()

    @property
    def cpu_seconds(self) -> float:
        """The processor time of the program so far, without its children's: user and system."""
        with open(f"/proc/{self._process.pid}/stat", "rb") as file:
            fields = file.read().rpartition(b")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS_PER_SECOND

    def press(self, key: str) -> None:
        """Press a key."""
        os.write(self._end, key.encode())

    def read(self, seconds: float) -> bytes:
        """Return what it writes next, nothing where it writes nothing for so long."""
        ready, _, _ = select.select([self._end], [], [], max(seconds, 0))
        if not ready:
            return b""
        try:
            text = os.read(self._end, _CHUNK)
        except OSError:  # it has ended, and its side is closed
            return b""
        self.bytes_read += len(text)
        self._screen.write(text)
        return text

    def read_for(self, seconds: float) -> None:
        """Read for so long what it writes."""
        ends = time.perf_counter() + seconds
        while (left := ends - time.perf_counter()) > 0:
            self.read(left)

    def until(self, shown: Callable[[str], bool], seconds: float) -> float:
        """Read until the screen shows something; return when, seconds of `time.perf_counter`.

        Parameters
        ----------
        shown
            Whether the screen's text is what was waited for.
        seconds
            How long to wait at most.

        Raises
        ------
        TimeoutError
            If it has not been shown by then.
        """
        ends = time.perf_counter() + seconds
        while (left := ends - time.perf_counter()) > 0:
            self.read(left)
            now = time.perf_counter()
            if shown(self._screen.text):
                return now
        raise TimeoutError(f"not shown within {seconds:g} s, but:\n{self._screen.text}")
