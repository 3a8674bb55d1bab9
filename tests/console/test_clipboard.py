"""The terminal's clipboard: the sequence, what it is wrapped in, and what is copied."""

from __future__ import annotations

import base64
import re
from typing import Any

import pytest

from console.clipboard import LARGEST_BYTES, copy_sequence
from tests.console.double import fill


def test_a_text_is_asked_to_be_taken_by_the_terminal() -> None:
    assert copy_sequence("añ", {}) == f"\x1b]52;c;{base64.b64encode('añ'.encode()).decode()}\a"


def test_inside_tmux_it_is_also_passed_through_with_every_escape_doubled() -> None:
    plain = copy_sequence("x", {})
    inside = copy_sequence("x", {"TMUX": "/tmp/tmux-0/default,1,0"})
    assert inside == plain + "\x1bPtmux;\x1b" + plain + "\x1b\\"
    assert copy_sequence("x", {"TERM": "screen.xterm"}) == f"\x1bP{plain}\x1b\\"


def test_what_is_too_long_for_terminals_is_refused() -> None:
    assert len(copy_sequence("x" * LARGEST_BYTES, {})) <= 100_000
    with pytest.raises(ValueError, match="74,995 bytes are too many"):
        copy_sequence("x" * (LARGEST_BYTES + 1), {})


async def test_what_the_hand_is_on_is_copied(desk: Any, screen_text: Any, monkeypatch: Any) -> None:
    monkeypatch.delenv("TMUX", raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    async with desk() as (app, engine, pilot):
        written: list[str] = []
        app._driver.write = written.append

        async def copied() -> str:
            await pilot.press("y")
            (found,) = re.findall("\x1b]52;c;([^\a]*)\a", "".join(written))
            written.clear()
            return base64.b64decode(found).decode()

        await pilot.press("j")
        assert await copied() == "s-eth" and "The id of ETH wide" in screen_text(app)
        engine.publish(fill(7, orderId="o\x1b]52;c;evil\a"))
        await pilot.press("3", "k")
        screen_text(app)
        event = await copied()
        assert '"tradeId":"t-7"' in event and "\x1b" not in event
        await pilot.press("2")
        screen_text(app)
        assert "Position" in await copied()
