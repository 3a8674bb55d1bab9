"""One engine that the console is open on: how it is reached, what is known of it, and who commands it."""

from __future__ import annotations

from collections.abc import Callable

from console.access import Access
from console.common import Common
from console.link import Link
from console.operator import Operator
from console.store import Store

__all__ = ["Engine"]


class Engine:
    """What the console has of an engine.

    Parameters
    ----------
    access
        How it is reached.
    name
        What it is called, '' where it is the only one.
    common
        What it has in common with the others.
    operator
        Who gives the commands.
    changed
        Called when a command was sent and when it has ended.
    """

    def __init__(self, access: Access, name: str, common: Common, operator: str, changed: Callable[[], None]) -> None:
        self.store = Store(common.clock, access.shown_address, name, common.utc_now, access.read_only, common=common)
        self.link = Link(access.client, self.store)
        self.operator = Operator(access.client, self.store, operator, self._commands_changed)
        self._changed = changed

    def _commands_changed(self) -> None:
        self.link.ask_now()
        self._changed()
