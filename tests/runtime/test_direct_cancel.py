"""Cancelling at a venue without an engine: what it says where the venue does not prove anything."""

from __future__ import annotations

import socket
import time

import pytest

from zenotc.exceptions import ZenOTCError
from zenotc.runtime.direct_cancel import cancel_everything
from zenotc.runtime.venues_file import VenueAddress


async def test_a_venue_that_says_nothing_has_proved_nothing() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = VenueAddress(f"ws://127.0.0.1:{silent.getsockname()[1]}/v", "key", "a-secret")
        started = time.monotonic()
        with pytest.raises(ZenOTCError, match=r"v cannot be reached at ws://127.0.0.1:\d+/v") as refused:
            await cancel_everything("v", address, 0.5)
    assert time.monotonic() - started < 3
    assert "a-secret" not in str(refused.value) + repr(address)
