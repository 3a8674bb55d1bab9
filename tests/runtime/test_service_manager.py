"""What systemd is told, over a real socket."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from zenotc.runtime.service_manager import ServiceManager


@pytest.fixture(params=["path", "abstract"])
def listener(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[socket.socket, str]]:
    name = str(tmp_path / "notify") if request.param == "path" else f"@zenotc-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.bind(name.replace("@", "\0", 1) if name.startswith("@") else name)
        sock.settimeout(2)
        yield sock, name


def test_it_hears_of_the_start_and_the_end(listener: tuple[socket.socket, str]) -> None:
    sock, name = listener
    manager = ServiceManager({"NOTIFY_SOCKET": name})
    manager.ready("trading")
    manager.stopping("cancelling")
    assert sock.recv(100) == b"READY=1\nSTATUS=trading"
    assert sock.recv(100) == b"STOPPING=1\nSTATUS=cancelling"


async def test_the_watchdog_is_fed_only_while_something_turns(listener: tuple[socket.socket, str]) -> None:
    sock, name = listener
    sock.setblocking(False)
    age = 0.0
    manager = ServiceManager({"NOTIFY_SOCKET": name, "WATCHDOG_USEC": "200000", "WATCHDOG_PID": str(os.getpid())})
    feeding = asyncio.create_task(manager.feed_watchdog(lambda: age))
    try:
        await asyncio.sleep(0.3)
        assert 4 <= len(_heard(sock)) <= 8
        age = 0.1
        await asyncio.sleep(0.3)
        assert len(_heard(sock)) <= 1
        age = 0.0
        await asyncio.sleep(0.2)
        assert _heard(sock)
    finally:
        feeding.cancel()


def _heard(sock: socket.socket) -> list[bytes]:
    heard = []
    with contextlib.suppress(BlockingIOError):
        while True:
            heard.append(sock.recv(100))
    assert set(heard) <= {b"WATCHDOG=1"}
    return heard


async def test_without_a_manager_there_is_nobody_to_tell(tmp_path: Path) -> None:
    for environment in ({}, {"NOTIFY_SOCKET": str(tmp_path / "nobody")}, {"NOTIFY_SOCKET": ""}):
        ServiceManager(environment).ready("trading")
    for unwatched in ({}, {"WATCHDOG_USEC": "soon"}, {"WATCHDOG_USEC": "100000", "WATCHDOG_PID": "1"}):
        assert ServiceManager(unwatched).watchdog_seconds is None
        await asyncio.wait_for(ServiceManager(unwatched).feed_watchdog(lambda: 0.0), 1)
