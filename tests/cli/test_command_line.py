from __future__ import annotations

import json
import math
import socket
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest
import typer

from zenotc.cli.answers import clean
from zenotc.cli.options import parse_speed, recordings
from zenotc.exceptions import ValidationError
from zenotc.runtime.state_directory import StateDirectory
from zenotc.strategy_file import DEMO, read_strategies


def zenotc(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "zenotc", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_every_command_explains_itself_and_its_exit_codes() -> None:
    top = zenotc("--help")
    assert top.returncode == 0
    for command in ("serve", "console", "strategies", "emergency-stop", "keys"):
        assert command in top.stdout
    for command in ("serve", "console", "emergency-stop"):
        assert "Exit codes" in zenotc(command, "--help").stdout


def test_keys_are_created_listed_and_revoked(tmp_path: Path) -> None:
    created = zenotc("keys", "create", "--name", "wall switch", "--scope", "STOP", "--state-dir", tmp_path, "--json")
    assert created.returncode == 0, created.stderr
    key = json.loads(created.stdout)
    assert StateDirectory.open(tmp_path).keys().verify(key["apiKey"], key["apiSecret"])
    listed = zenotc("keys", "list", "--state-dir", tmp_path)
    assert f"{key['apiKey']}  wall switch  STOP" in listed.stdout
    assert key["apiSecret"] not in listed.stdout
    assert zenotc("keys", "create", "--name", "wall switch", "--state-dir", tmp_path).returncode == 1
    assert zenotc("keys", "revoke", "wall switch", "--state-dir", tmp_path).returncode == 0
    again = zenotc("keys", "revoke", "wall switch", "--state-dir", tmp_path)
    assert (again.returncode, again.stderr) == (1, "zenotc: there is no key wall switch\n")


def test_an_emergency_stop_that_reaches_nobody_says_so(tmp_path: Path) -> None:
    state = StateDirectory.open(tmp_path)
    state.provide_credentials("sandbox")
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
    stop = zenotc("emergency-stop", "--url", url, "--state-dir", tmp_path)
    assert stop.returncode == 2, stop
    assert "cannot be reached" in stop.stderr
    assert stop.stdout == ""


def test_speeds() -> None:
    assert parse_speed("2.5") == 2.5
    assert parse_speed("max") == math.inf
    for refused in ("0", "-1", "nan", "fast"):
        with pytest.raises(typer.BadParameter, match="neither a number above 0 nor 'max'"):
            parse_speed(refused)


def test_several_recordings_may_follow_one_replay() -> None:
    a, b, c = Path("a"), Path("b"), Path("c")
    assert recordings([a], [b, c]) == recordings([a, b, c], None) == (a, b, c)
    assert recordings(None, None) == ()
    with pytest.raises(typer.BadParameter, match="follow --replay"):
        recordings(None, [a])


def test_text_from_outside_cannot_move_the_cursor() -> None:
    assert clean("a\x1b[2Jb\nc") == "a·[2Jb·c"


def test_the_demo_strategies_are_valid_and_have_loss_limits() -> None:
    strategies = read_strategies(DEMO)
    assert [strategy.asset for strategy in strategies] == ["BTC", "ETH", "SOL"]
    for strategy in strategies:
        assert strategy.enabled
        assert strategy.circuit_breaker_enabled
        assert strategy.max_daily_loss is not None


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[[strategy]\n", "cannot be read"),
        ("strategy = 1\n", "nothing else"),
        ("[other]\n", "nothing else"),
        ('[[strategy]]\nname = "a"\n', "strategy 1: "),
        ('[[strategy]]\nname = "a"\nsize = 1\n', "size"),
    ],
)
def test_a_strategy_file_that_is_wrong_is_refused_with_the_place(tmp_path: Path, text: str, reason: str) -> None:
    path = tmp_path / "strategies.toml"
    path.write_text(text)
    with pytest.raises(ValidationError, match=reason):
        read_strategies(path)


def test_numbers_of_a_strategy_file_are_exact(tmp_path: Path) -> None:
    path = tmp_path / "strategies.toml"
    path.write_text(
        '[[strategy]]\nname = "a"\nasset = "BTC"\nbase_spread_bps = 10\nquote_size = 0.1\nmax_position = 1.000000001\n'
    )
    (strategy,) = read_strategies(path)
    assert strategy.max_position == Decimal("1.000000001")
