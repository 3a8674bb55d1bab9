"""The console in a terminal of its own: a signal ends it and leaves the terminal as it was."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import sys
import termios
import time
from pathlib import Path

import pytest

CHILD = """
import sys
sys.path[:0] = [{root!r}, {here!r}]
from double import Engine
from console.app import ConsoleApp
sys.exit(ConsoleApp(Engine(), operator="jo").run())
"""
LEAVE_ALTERNATE_SCREEN, SHOW_CURSOR = b"\x1b[?1049l", b"\x1b[?25h"


def _read_until(fd: int, wanted: bytes, seconds: float = 20.0) -> bytes:
    """Read from a terminal until something has been written to it, or it is closed."""
    written, deadline = b"", time.monotonic() + seconds
    while wanted not in written and time.monotonic() < deadline:
        if not select.select([fd], [], [], 0.1)[0]:
            continue
        try:
            piece = os.read(fd, 65_536)
        except OSError:
            break
        written += piece
    return written


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGTERM])
def test_a_signal_leaves_the_terminal_clean(number: signal.Signals) -> None:
    here = Path(__file__).parent
    code = CHILD.format(root=str(here.parents[1]), here=str(here))
    pid, fd = pty.fork()
    if pid == 0:
        os.environ.update(TERM="xterm-256color")
        os.execv(sys.executable, [sys.executable, "-c", code])
    try:
        fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        assert b"SANDBOX" in _read_until(fd, b"SANDBOX")
        os.kill(pid, number)
        written = _read_until(fd, SHOW_CURSOR)
        assert LEAVE_ALTERNATE_SCREEN in written and SHOW_CURSOR in written
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 128 + number
    finally:
        os.close(fd)
