"""A hand on a console under test: it waits for what a key does, not for a processor that has nothing to do."""

from __future__ import annotations

import asyncio
import unicodedata
from typing import Any

from textual import events
from textual.dom import DOMNode
from textual.pilot import Pilot

__all__ = ["Typist", "key_press"]

PATIENCE_SECONDS = 30.0
_MOST_TURNS = 1_000
"""Of the loop: beside a busy engine there is always something ready."""


def key_press(name: str) -> events.Key:
    """Return a key as the terminal would send it: a character, or a name as `slash`, `enter`, `ctrl+p`."""
    if len(name) == 1:
        return events.Key(name, name)
    try:
        return events.Key(name, unicodedata.lookup(_UNICODE.get(name, name.replace("_", " "))))
    except KeyError:
        return events.Key(name, None)


_UNICODE = {"slash": "SOLIDUS", "minus": "HYPHEN-MINUS", "plus": "PLUS SIGN", "underscore": "LOW LINE"}


class Typist(Pilot[Any]):
    """Presses keys on a console, each once all that the one before it was for is done with.

    Textual's own pilot waits until the process is idle: on a busy machine, or beside an engine, for a second each key.
    """

    async def press(self, *keys: str) -> None:
        """Press keys, by their characters or names, once what was under way is done, and wait for what they do."""
        await self._until_nothing_is_ready()
        for name in keys:
            await self.send(key_press(name))
        await self._until_nothing_is_ready()

    async def send(self, event: events.Key) -> None:
        """Press a key at the time that it bears, and follow it from the focused widget up to the application."""
        self.app.post_message(event)
        await self._until_read(self.app)
        if self.app.is_running and self.app.screen_stack:
            for node in (self.app.focused or self.app.screen).ancestors_with_self:
                await self._until_read(node)
            await self._wait_for_screen()

    async def press_twice(self, name: str, seconds: float = 0.2) -> None:
        """Press a key twice, so far apart by the time that the presses bear, however long the first takes."""
        first, second = key_press(name), key_press(name)
        second.time = first.time + seconds
        await self.send(first)
        await self.send(second)

    async def pause(self, delay: float | None = None) -> None:
        """Wait until every widget has read its messages, and for so many seconds."""
        await self._until_nothing_is_ready()
        await self._wait_for_screen()
        await asyncio.sleep(delay or 0)
        if self.app.screen_stack:
            self.app.screen._on_timer_update()

    async def _until_nothing_is_ready(self) -> None:
        """Wait until every task waits for something outside of this process, or for a time."""
        loop: Any = asyncio.get_running_loop()
        for _ in range(_MOST_TURNS):
            await asyncio.sleep(0)
            if not loop._ready:
                return

    async def _until_read(self, node: DOMNode) -> None:
        read = asyncio.Event()
        if node.call_later(read.set):
            async with asyncio.timeout(PATIENCE_SECONDS):
                await read.wait()
