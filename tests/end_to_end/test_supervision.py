"""The engine as a service: what its manager hears, and how it ends however often it is told to."""

from __future__ import annotations

import signal
import socket
import time
from pathlib import Path

import pytest

from tests.end_to_end.engine_process import engine
from tests.runtime.desks import look
from zenotc.journal import Journal
from zenotc.journal.records import OrderRecord, OrderStateRecord

ENDED = {"filled", "cancelled", "rejected"}


def test_systemd_hears_it_for_as_long_as_the_trading_loop_turns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = tmp_path / "notify"
    monkeypatch.setenv("NOTIFY_SOCKET", str(address))
    monkeypatch.setenv("WATCHDOG_USEC", "800000")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(address))
        manager.settimeout(20)
        with engine(tmp_path, "--empty") as process:
            while not (heard := manager.recv(4096)).startswith(b"READY=1"):
                assert heard == b"WATCHDOG=1"
            assert b"STATUS=reached at http://127.0.0.1:" in heard
            assert {manager.recv(4096) for _ in range(5)} == {b"WATCHDOG=1"}
            process.send_signal(signal.SIGSTOP)
            _drain(manager)
            manager.settimeout(1.0)
            with pytest.raises(TimeoutError):
                manager.recv(4096)
            process.send_signal(signal.SIGCONT)
            manager.settimeout(20)
            assert manager.recv(4096) == b"WATCHDOG=1"
            process.send_signal(signal.SIGTERM)
            while (heard := manager.recv(4096)) == b"WATCHDOG=1":
                pass
            assert heard == b"STOPPING=1\nSTATUS=cancelling every order"
            assert process.wait(20) == 0


def _drain(manager: socket.socket) -> None:
    manager.settimeout(0.05)
    with pytest.raises(TimeoutError):
        while True:
            manager.recv(4096)


@pytest.mark.parametrize("again_after", [0.2, pytest.param(1.0, marks=pytest.mark.nightly)])
def test_a_second_sigterm_does_not_skip_the_cancels(tmp_path: Path, again_after: float) -> None:
    """The exchange is half a second away, so that the cancels are under way when the second one comes."""
    with engine(tmp_path, "--order-latency-ms", "500") as process:
        _await_orders(tmp_path)
        process.send_signal(signal.SIGTERM)
        time.sleep(again_after)
        for _ in range(3):
            process.send_signal(signal.SIGTERM)
            time.sleep(0.02)
        assert process.wait(20) == 0
    assert open_orders(tmp_path) == {}
    assert '"event": "ended"' in (tmp_path / "engine.log").read_text()


def test_sigterm_until_it_has_ended_is_still_no_failure(tmp_path: Path) -> None:
    with engine(tmp_path) as process:
        _await_orders(tmp_path)
        while process.poll() is None:
            process.send_signal(signal.SIGTERM)
            time.sleep(0.001)
        assert process.returncode == 0
    assert open_orders(tmp_path) == {}


def test_a_hung_engine_that_is_aborted_says_where_it_was(tmp_path: Path) -> None:
    with engine(tmp_path, "--empty") as process:
        process.send_signal(signal.SIGABRT)
        assert process.wait(20) == -signal.SIGABRT
        assert process.stderr is not None
        assert "Fatal Python error: Aborted" in process.stderr.read()


def _await_orders(state_dir: Path) -> None:
    deadline = time.monotonic() + 20
    while look(state_dir / "journal.db", "SELECT count(*) FROM order_states WHERE state = 'resting'") < 2:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def open_orders(state_dir: Path) -> dict[str, str | None]:
    """Return the orders that the journal does not know to have ended, with the last that it knows of them."""
    with Journal.open(state_dir / "journal.db", now_ns=0) as journal:
        states = {state.client_order_id: state.state for state in journal.records(OrderStateRecord)}
        orders = [order.client_order_id for order in journal.records(OrderRecord)]
    assert orders
    return {order_id: states.get(order_id) for order_id in orders if states.get(order_id) not in ENDED}
