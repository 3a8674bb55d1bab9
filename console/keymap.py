"""Which keys stand for which action: the registry's own, and what the user has put in their place."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping

from textual.binding import Binding
from textual.keys import KEY_NAME_REPLACEMENTS

from console.actions import ACTIONS, Action, action_by_id

__all__ = ["KeyMap", "KeyMapError", "key_name"]

FIXED = "emergency_stop"
"""The action whose key is the same on every desk."""

_SHOWN = {"escape": "Esc", "enter": "⏎", "space": "Space", "up": "↑", "down": "↓", "left": "←", "right": "→",
          "pageup": "PgUp", "pagedown": "PgDn", "home": "Home", "end": "End", "tab": "Tab"}  # fmt: skip
_NAMED = frozenset({*_SHOWN, "backspace", "delete", "insert", *(f"f{number}" for number in range(1, 13))})


class KeyMapError(ValueError):
    """A key map that cannot be used.

    Parameters
    ----------
    action_id
        Where in the map.
    reason
        Why, in words.
    """

    def __init__(self, action_id: str, reason: str) -> None:
        super().__init__(reason)
        self.action_id, self.reason = action_id, reason


class KeyMap:
    """The keys of every action.

    Parameters
    ----------
    changed
        Action ids and the keys that stand for them instead of the registry's: characters, or names as `ctrl+x`, `f5`,
        `space`. An empty list takes an action its keys; the palette and the command line still have it.

    Raises
    ------
    KeyMapError
        If an action or a key is unknown, a key stands for two actions, or the emergency stop would lose its own.
    """

    def __init__(self, changed: Mapping[str, tuple[str, ...]] | None = None) -> None:
        self._changed: dict[str, tuple[str, ...]] = {}
        for action_id, keys in (changed or {}).items():
            if action_id == FIXED:
                raise KeyMapError(action_id, "the emergency stop stays on !, on every console: it cannot be rebound")
            if action_id not in {action.id for action in ACTIONS}:
                raise KeyMapError(action_id, "there is no action of this name")
            self._changed[action_id] = tuple(self._name(action_id, key) for key in keys)
        owners: dict[str, str] = {}
        for action_id in sorted((action.id for action in ACTIONS), key=lambda name: name in self._changed):
            for key in self.keys(action_by_id(action_id)):
                if key == action_by_id(FIXED).key and action_id != FIXED:
                    raise KeyMapError(action_id, "! belongs to the emergency stop")
                if key in owners:
                    raise KeyMapError(action_id, f"the key {shown(key)} stands for {owners[key]} as well")
                owners[key] = action_id
        self._owners = owners

    @staticmethod
    def _name(action_id: str, key: str) -> str:
        name = key_name(key)
        if name is None:
            raise KeyMapError(action_id, f"there is no key {key!r}")
        return name

    def keys(self, action: Action) -> tuple[str, ...]:
        """Return the names of the keys that stand for an action."""
        return self._changed.get(action.id, tuple(action.key.split(",")))

    def action_of(self, key: str) -> str | None:
        """Return the id of the action that a key stands for, by the name that the terminal library gives it."""
        return self._owners.get(key)

    def shown(self, action: Action) -> str:
        """Return the keys of an action as the footer shows them."""
        if action.id not in self._changed:
            return action.shown
        return " ".join(map(shown, self._changed[action.id])) or "–"

    @property
    def names(self) -> dict[str, str]:
        """How sentences name the keys that are not the registry's; one that has none is typed as a command."""
        return {action_id: shown(keys[0]) if keys else f":{action_id}" for action_id, keys in self._changed.items()}

    def bindings(self) -> Iterator[Binding]:
        """Yield what the application binds; the emergency key is taken before any binding."""
        for action in ACTIONS:
            if action.id != FIXED:
                for key in self.keys(action):
                    yield Binding(key, f"do('{action.id}')", action.label)


def key_name(key: str) -> str | None:
    """Return a key's name as the terminal library has it, `None` where there is none: `?` is `question_mark`."""
    *modifiers, last = [key] if len(key) == 1 else key.split("+")
    if not last or any(modifier not in ("ctrl", "alt", "shift") for modifier in modifiers):
        return None
    if len(last) == 1 and last.isprintable():
        last = last if last.isalnum() else _named(last)
    elif last not in _NAMED and _character(last) is None:
        return None
    return "+".join([*modifiers, last])


def shown(key: str) -> str:
    """Return a key's name as a person knows it: `ctrl+p` is `^P`."""
    *modifiers, last = key.split("+")
    text = _SHOWN.get(last) or _character(last) or last.upper() if len(last) > 1 else last
    if "ctrl" in modifiers:
        text = f"^{text.upper()}"
    return "".join(f"{modifier.title()}+" for modifier in modifiers if modifier != "ctrl") + text


def _named(character: str) -> str:
    name = unicodedata.name(character, "unnamed").lower().replace("-", "_").replace(" ", "_")
    return KEY_NAME_REPLACEMENTS.get(name, name)


def _character(name: str) -> str | None:
    return next((char for char in map(chr, range(33, 127)) if not char.isalnum() and _named(char) == name), None)
