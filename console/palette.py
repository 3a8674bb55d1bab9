"""The command palette: every action that the console's key may do, found by its name, as a key would do it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import cast

from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.content import Content

from console.actions import ACTIONS, Action, refusal_of
from console.app import ConsoleApp

__all__ = ["Actions"]

_LEFT_OUT = frozenset({"palette", "next", "previous", "back"})


class Actions(Provider):
    """Offers the registry's actions; one that cannot be done now says why."""

    async def discover(self) -> Hits:
        """Offer all of them."""
        for action, shown, do in self._offered():
            yield DiscoveryHit(shown, do, text=action.label)

    async def search(self, query: str) -> Hits:
        """Offer those whose name or meaning has the letters."""
        matcher = self.matcher(query)
        for action, shown, do in self._offered():
            score = matcher.match(f"{action.label} {action.meaning}")
            if score > 0:
                yield Hit(score, shown, do, text=action.label)

    def _offered(self) -> Iterator[tuple[Action, Content, Callable[[], object]]]:
        app = cast(ConsoleApp, self.app)
        targets = app.targets()
        for action in ACTIONS:
            if action.id not in _LEFT_OUT and action.permitted(targets.permission):
                yield (
                    action,
                    _shown(action, app.keymap.shown(action), refusal_of(action, targets)),
                    partial(app.choose, action.id),
                )


def _shown(action: Action, keys: str, reason: str | None) -> Content:
    """Return an action in two lines; never as markup: a strategy's name may stand in the reason."""
    words = action.meaning if reason is None else f"Not now: {reason}"
    return Content.assemble((action.label.ljust(20), "bold"), (keys, "dim"), "\n", (words, "dim not bold"))
