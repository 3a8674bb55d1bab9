"""The engine's log: what is written, what is not, and what a stalled reader cannot hold up."""

from __future__ import annotations

import json
import logging
import stat
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import structlog

from zenotc.runtime import logs
from zenotc.runtime.logs import redacted, writing_logs

SECRET = "zs-0123456789abcdef"


def entries(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_ours_and_the_libraries_words_go_the_same_way(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "engine.log"
    with writing_logs(path, format="logfmt"):
        structlog.get_logger("zenotc.test").info("ready", url="http://127.0.0.1:1", strategies=3)
        structlog.get_logger("zenotc.test").debug("too small a thing")
        logging.getLogger("some.library").warning("slow %s", "client")
        logging.getLogger("some.library").info("started")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    ours, theirs = entries(path)
    assert (ours["event"], ours["level"], ours["logger"], ours["strategies"]) == ("ready", "info", "zenotc.test", 3)
    assert (theirs["event"], theirs["level"], theirs["logger"]) == ("slow client", "warning", "some.library")
    shown = capfd.readouterr().err.splitlines()
    assert len(shown) == 2
    assert "level=info event=ready" in shown[0] and "strategies=3" in shown[0]


def test_standard_error_is_json_where_nobody_watches(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with writing_logs(tmp_path / "engine.log"):
        structlog.get_logger("zenotc.test").warning("x")
    assert json.loads(capfd.readouterr().err)["event"] == "x"


def test_the_file_is_bounded_and_so_are_the_old_ones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "FILE_BYTES", 2_000)
    monkeypatch.setattr(logs, "OLD_FILES", 2)
    with writing_logs(tmp_path / "engine.log"):
        for number in range(200):
            structlog.get_logger("zenotc.test").info("something of some length", number=number)
    files = sorted(tmp_path.iterdir())
    assert [file.name for file in files] == ["engine.log", "engine.log.1", "engine.log.2"]
    assert all(file.stat().st_size <= 2_000 and stat.S_IMODE(file.stat().st_mode) == 0o600 for file in files)
    assert entries(files[0])[-1]["number"] == 199


def test_no_secret_is_written(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "engine.log"
    with writing_logs(path, level="debug"):
        log = structlog.get_logger("zenotc.test")
        log.info("a field", api_secret=SECRET, headers={"X-API-Signature": SECRET, "Host": "here"}, keys=[[SECRET[:2]]])
        log.info(f'text: {{"apiSecret":"{SECRET}"}} ZENOTC_API_SECRET={SECRET} Authorization: Bearer {SECRET}')
        logging.getLogger("some.library").error("request %s", f"/ws?token={SECRET}&a=1")
        try:
            _fail(SECRET)
        except ValueError:
            log.exception("it failed")
            logging.getLogger("asyncio").exception("it failed there")
    written = path.read_text() + capfd.readouterr().err
    assert SECRET not in written
    assert written.count("Traceback") == 4 and written.count("&a=1") == 2 and '"Host": "here"' in written


def _fail(secret: str) -> None:
    raise ValueError(f"nothing works with secret={secret!r}")


def test_what_is_no_secret_stays() -> None:
    entry = {"event": "revoked", "api_key": "zk-1", "number": 1, "none": None}
    assert redacted(None, "info", dict(entry)) == entry


def test_a_reader_that_stands_still_holds_nothing_up(tmp_path: Path) -> None:
    """The pipe is full after 64 KiB; the process goes on, writes its file, and ends."""
    program = f"""
import structlog
from pathlib import Path
from zenotc.runtime.logs import writing_logs
with writing_logs(Path({str(tmp_path / "engine.log")!r})):
    for number in range(3000):
        structlog.get_logger("zenotc.test").info("x" * 100, number=number)
"""
    started = time.monotonic()
    with subprocess.Popen([sys.executable, "-c", program], stderr=subprocess.PIPE) as process:
        assert process.wait(20) == 0
    assert time.monotonic() - started < 15
    assert entries(tmp_path / "engine.log")[-1]["number"] == 2999


def test_a_log_that_cannot_be_written_is_nobodys_end(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with writing_logs(tmp_path / "missing" / "engine.log", format="logfmt"):
        structlog.get_logger("zenotc.test").info("all the same")
    assert capfd.readouterr().err.count("\n") == 1
