from __future__ import annotations

import json
import os
import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest

from zenotc.exceptions import ZenOTCError
from zenotc.runtime.state_directory import StateDirectory

URL = "http://127.0.0.1:8731"


def read(path: Path) -> dict[str, object]:
    body = json.loads(path.read_text())
    assert isinstance(body, dict)
    return body


def test_it_is_found_by_the_environment_and_is_private(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZENOTC_STATE_DIR", str(tmp_path / "deep" / "state"))
    state = StateDirectory.open()
    assert state.path == (tmp_path / "deep" / "state").resolve()
    assert stat.S_IMODE(state.path.stat().st_mode) == 0o700
    assert StateDirectory.open(tmp_path / "given").path == (tmp_path / "given").resolve()


def test_a_directory_that_is_open_to_others_is_closed(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "state").mkdir()
    (tmp_path / "state").chmod(0o755)
    StateDirectory.open(tmp_path / "state")
    assert stat.S_IMODE((tmp_path / "state").stat().st_mode) == 0o700
    assert "mode 755" in caplog.text


def test_a_directory_that_cannot_be_made_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ZenOTCError, match="cannot be created"):
        StateDirectory.open(tmp_path / "file")


def test_clients_find_the_engine_and_a_key_that_works(tmp_path: Path) -> None:
    state = StateDirectory.open(tmp_path)
    state.publish(url=URL, environment="sandbox", epoch="abc")
    assert read(tmp_path / "engine.json") == {"url": URL, "pid": os.getpid(), "environment": "sandbox", "epoch": "abc"}
    credentials = read(tmp_path / "credentials")
    assert stat.S_IMODE((tmp_path / "credentials").stat().st_mode) == 0o600
    assert credentials["environment"] == "sandbox"
    assert state.keys().verify(str(credentials["apiKey"]), str(credentials["apiSecret"]))
    assert not state.keys().verify(str(credentials["apiKey"]), "another")


def test_the_local_key_stays_and_is_replaced_when_it_is_lost(tmp_path: Path) -> None:
    state = StateDirectory.open(tmp_path)
    state.publish(url=URL, environment="sandbox", epoch="abc")
    first = read(tmp_path / "credentials")
    state.publish(url=URL, environment="sandbox", epoch="abc")
    assert read(tmp_path / "credentials") == first
    (tmp_path / "credentials").unlink()
    state.publish(url=URL, environment="sandbox", epoch="abc")
    assert read(tmp_path / "credentials") != first
    assert [key.name for key in state.keys().list()] == ["local"]


def test_only_the_engine_that_published_withdraws(tmp_path: Path) -> None:
    state = StateDirectory.open(tmp_path)
    state.publish(url=URL, environment="sandbox", epoch="abc")
    state.withdraw()
    assert not (tmp_path / "engine.json").exists()
    state.withdraw()
    (tmp_path / "engine.json").write_text(json.dumps({"pid": os.getpid() + 1}))
    state.withdraw()
    assert (tmp_path / "engine.json").exists()


def test_the_latch_outlives_the_process_until_it_is_cleared(tmp_path: Path) -> None:
    since = datetime(2024, 8, 9, 0, 0, 1, tzinfo=UTC)
    assert StateDirectory.open(tmp_path).emergency.latched() is None
    StateDirectory.open(tmp_path).emergency.latch(since, "desk/anna", "operator")
    latched = StateDirectory.open(tmp_path).emergency.latched()
    assert latched is not None
    assert (latched.since, latched.operator, latched.reason) == (since, "desk/anna", "operator")
    StateDirectory.open(tmp_path).emergency.clear()
    assert StateDirectory.open(tmp_path).emergency.latched() is None
    StateDirectory.open(tmp_path).emergency.clear()


def test_a_latch_that_cannot_be_read_is_closed(tmp_path: Path) -> None:
    (tmp_path / "emergency-stop.json").write_text("")
    latched = StateDirectory.open(tmp_path).emergency.latched()
    assert latched is not None
    assert latched.operator == "unknown"
