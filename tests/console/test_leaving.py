"""`zenotc console` in a terminal, in its other modes: a signal leaves terminal, engine and files in order."""

from __future__ import annotations

import fcntl
import os
import pty
import signal
import struct
import sys
import termios
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from console.recording import read_recording
from tests.console.test_signals import LEAVE_ALTERNATE_SCREEN, SHOW_CURSOR, _read_until


@contextmanager
def _console(*options: str, **environment: str) -> Iterator[tuple[int, int]]:
    """Open it in a terminal of 120x40; yields its process and the terminal."""
    pid, fd = pty.fork()
    if pid == 0:
        os.environ.update({"TERM": "xterm-256color", **environment})
        os.execv(sys.executable, [sys.executable, "-m", "zenotc", "console", *options])
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
    try:
        yield pid, fd
    finally:
        os.close(fd)


def _end(pid: int, fd: int, number: signal.Signals) -> None:
    os.kill(pid, number)
    written = _read_until(fd, SHOW_CURSOR)
    assert LEAVE_ALTERNATE_SCREEN in written and SHOW_CURSOR in written
    _read_until(fd, b"\x00never")  # until the terminal is closed: nothing may wait for it to be read
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 128 + number


def test_a_demo_leaves_nothing_behind_but_its_recording_which_can_be_played(tmp_path: Path) -> None:
    file, home = tmp_path / "seen.rec", tmp_path / "tmp"
    home.mkdir()
    usual = {"ZENOTC_CONFIG_DIR": str(tmp_path / "config"), "TMPDIR": str(home)}
    with _console("--demo", "--slow-link", "--record", str(file), **usual) as (pid, fd):
        assert b"BTC Twap Hedger" in _read_until(fd, b"BTC Twap Hedger", 60)
        assert len(list(home.iterdir())) == 1
        _end(pid, fd, signal.SIGTERM)
    assert list(home.iterdir()) == []
    assert {"link", "status", "strategies"} <= {kind for _, kind, _, _ in read_recording(file)}
    with _console("--playback", str(file), "--speed", "max", SSH_CONNECTION="1.2.3.4 5 6.7.8.9 22", **usual) as (
        pid,
        fd,
    ):
        written = _read_until(fd, b"BTC Twap Hedger", 60)
        assert b"BTC Twap Hedger" in written and b"PLAYBACK" in written
        assert b"\x1b[?1000h" not in written, "over SSH the mouse is the terminal's own"
        _end(pid, fd, signal.SIGHUP)


@pytest.mark.parametrize(
    ("options", "preferences", "words"),
    [
        ((), '[keys]\nemergency_stop = "E"', b"line 2: keys.emergency_stop"),
        ((), 'theme = "pink"', b"line 1: theme"),
        (("--theme", "pink"), "", b"there is no theme 'pink'"),
        (("--profile", "desk"), "", b"no profile desk"),
        (("--profile", "desk"), '[profile.desk]\nurl = "https://x"\nkey_env = "NO_SUCH_KEY"', b"set NO_SUCH_KEY"),
        (("--demo", "--url", "http://127.0.0.1:1"), "", b"are of different engines"),
    ],
)  # fmt: skip
def test_bad_usage_is_told_and_ends_with_2(
    tmp_path: Path, options: tuple[str, ...], preferences: str, words: bytes
) -> None:
    (tmp_path / "console.toml").write_text(preferences)
    with _console(*options, ZENOTC_CONFIG_DIR=str(tmp_path)) as (pid, fd):
        written = _read_until(fd, b"\x00never", 30)
        assert b"".join(words.split()) in b"".join(written.replace("│".encode(), b"").split())
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 2
