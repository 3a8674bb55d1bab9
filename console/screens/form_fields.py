"""The parameters of a form, a line each: typed where they stand, with the reason beside what is refused."""

from __future__ import annotations

from rich.cells import cell_len
from textual import events
from textual.message import Message

from console.draft import Draft
from console.formatting import clean, fit
from console.ink import Ink, Line, Span, line
from console.parameters import Parameter, text_of
from console.widgets.sheet import Sheet

__all__ = ["FormFields"]

_NAME_WIDTH = 25
_VALUE_WIDTH = 20
_UNIT_WIDTH = 5
_LONGEST = 80
"""No parameter is longer: a paste that went astray stays short."""


class FormFields(Sheet, can_focus=True):
    """One parameter has the cursor; what is typed goes there.

    Parameters
    ----------
    draft
        What is typed.
    """

    class Changed(Message):
        """Something was typed, or the cursor has moved."""

        def __init__(self, *, typed: bool) -> None:
            super().__init__()
            self.typed = typed

    def __init__(self, draft: Draft) -> None:
        super().__init__()
        self.draft = draft
        self._parameters = draft.parameters
        self._at = 0
        self._cursor = len(self._text)
        self._top = 0

    @property
    def parameter(self) -> Parameter:
        """The parameter that has the cursor."""
        return self._parameters[self._at]

    @property
    def _text(self) -> str:
        return self.draft.texts[self.parameter.name]

    def go_to(self, name: str) -> None:
        """Move the cursor to a parameter."""
        self._move_to(next(index for index, parameter in enumerate(self._parameters) if parameter.name == name))

    def refill(self) -> None:
        """Show texts that have come from elsewhere."""
        self._cursor = len(self._text)
        self.draw()

    # What is shown ---------------------------------------------------------------------------------------------------

    def lines(self, width: int, height: int) -> list[Line]:
        """Return the groups and parameters in view, the one with the cursor among them."""
        written: list[Line] = []
        at = 0
        group = ""
        for index, parameter in enumerate(self._parameters):
            if parameter.group != group:
                group = parameter.group
                written += [*[Line()] * bool(written), line((group, "strong"))]
            if index == self._at:
                at = len(written)
            written.append(self._line(parameter, width, here=index == self._at))
        lead = 2 if self._at == 0 else 1
        self._top = min(max(self._top, at - height + 2), max(0, at - lead), max(0, len(written) - height))
        return written[self._top : self._top + height]

    def _line(self, parameter: Parameter, width: int, *, here: bool) -> Line:
        draft, name = self.draft, parameter.name
        reason = draft.refused.get(name)
        quiet: Span = ("▪ ", "own") if draft.is_changed(name) else ("  ", "plain")
        mark: Span = ("✗ ", "alarm") if reason else ("▸ ", "key") if here else quiet
        value = self._value(parameter, here=here)
        unit = f" {clean(parameter.unit_in(draft.asset), _UNIT_WIDTH):<{_UNIT_WIDTH}} "
        if reason is not None:  # it needs the room of the unit and of what was not typed
            *value, (last, ink) = value
            value.append((last.rstrip() + "  ", ink))
            unit = ""
        spans = [mark, (name.ljust(_NAME_WIDTH), "strong" if here else "muted"), *value, (unit, "faint")]
        room = width - sum(cell_len(text) for text, _ in spans)
        note, ink = self._note(parameter, reason)
        spans.append((fit(note, room), ink))
        return Line(tuple(spans), "selection" if here else "ground")

    def _note(self, parameter: Parameter, reason: str | None) -> Span:
        if reason is not None:
            return clean(reason), "alarm"
        if parameter.required and not self.draft.texts[parameter.name].strip():
            return "required", "caution"
        return parameter.meaning, "faint"

    def _value(self, parameter: Parameter, *, here: bool) -> list[Span]:
        """Write the text with the cursor in it, or the default that an empty one stands for."""
        text = clean(self.draft.texts[parameter.name])
        width = _VALUE_WIDTH
        ink: Ink = "plain" if text else "faint"
        shown = text or self._default(parameter)
        if parameter.choices:
            ends = ("‹", "›") if here else (" ", " ")
            return [(fit(f"{ends[0]}{shown}{ends[1]}", width), ink)]
        if not here:
            return [(fit(f" {shown}", width), ink)]
        if not text:
            return [(" ", "plain"), (shown[:1] or " ", "cursor"), (fit(shown[1:], width - 2), "faint")]
        skipped = max(0, self._cursor - width + 3)
        seen = text[skipped : skipped + width - 2]
        at = self._cursor - skipped
        before, under, after = seen[:at], seen[at : at + 1] or " ", seen[at + 1 :]
        rest = max(0, width - 1 - cell_len(before) - cell_len(under))
        return [(f" {before}", "plain"), (under, "cursor"), (fit(after, rest), "plain")]

    def _default(self, parameter: Parameter) -> str:
        if parameter.required:
            return ""
        if parameter.optional:
            return "not checked"
        return text_of(self.draft.default(parameter.name)) or "–"

    # What is typed ---------------------------------------------------------------------------------------------------

    def on_key(self, event: events.Key) -> None:
        """Take what belongs to the parameter with the cursor; the rest is for the screen."""
        if self._take(event):
            event.stop()
            event.prevent_default()

    def _take(self, event: events.Key) -> bool:
        key = event.key
        if key in _STEPS:
            self._move_to(self._at + _STEPS[key])
        elif key in ("ctrl+home", "ctrl+end"):
            self._move_to(0 if key == "ctrl+home" else len(self._parameters) - 1)
        elif self.parameter.choices:
            return self._choose(key)
        elif key in ("left", "right", "home", "end"):
            moved = {"left": self._cursor - 1, "right": self._cursor + 1, "home": 0, "end": len(self._text)}
            self._cursor = min(max(moved[key], 0), len(self._text))
            self._announce(typed=False)
        elif key == "backspace":
            self._replace(max(self._cursor - 1, 0), self._cursor, "")
        elif key == "delete":
            self._replace(self._cursor, self._cursor + 1, "")
        elif key == "ctrl+u":
            self._replace(0, len(self._text), "")
        elif event.is_printable and event.character:
            self._replace(self._cursor, self._cursor, event.character)
        else:
            return False
        return True

    def on_paste(self, event: events.Paste) -> None:
        """Insert a line of what is pasted."""
        event.stop()
        if not self.parameter.choices:
            self._replace(self._cursor, self._cursor, clean((event.text.splitlines() or [""])[0], _LONGEST))

    def on_click(self, event: events.Click) -> None:
        """Move the cursor to the parameter that was clicked."""
        y = event.get_content_offset_capture(self).y
        if 0 <= y < len(self._drawn):
            words = self._drawn[y].text.split()
            name = next((word for word in words[:2] if word in self.draft.texts), None)
            if name is not None:
                self.go_to(name)

    def _choose(self, key: str) -> bool:
        """Turn to another choice; the key that empties it goes back to the default."""
        choices, name = self.parameter.choices, self.parameter.name
        present = self._text or text_of(self.draft.default(name))
        at = choices.index(present) if present in choices else 0
        step = {"left": -1, "right": 1, "space": 1}.get(key)
        initial = next((choice for choice in choices if choice[0] == key), None)
        if step is not None:
            self.draft.type(name, choices[(at + step) % len(choices)])
        elif initial is not None:
            self.draft.type(name, initial)
        elif key in ("backspace", "delete", "ctrl+u"):
            self.draft.type(name, "")
        else:
            return False
        self._announce(typed=True)
        return True

    def _replace(self, start: int, end: int, text: str) -> None:
        present = self._text
        self.draft.type(self.parameter.name, (present[:start] + text + present[end:])[:_LONGEST])
        self._cursor = min(start + len(text), len(self._text))
        self._announce(typed=True)

    def _move_to(self, index: int) -> None:
        self._at = min(max(index, 0), len(self._parameters) - 1)
        self._cursor = len(self._text)
        self._announce(typed=False)

    def _announce(self, *, typed: bool) -> None:
        self.draw()
        self.post_message(self.Changed(typed=typed))


_STEPS = {"up": -1, "down": 1, "shift+tab": -1, "tab": 1, "enter": 1, "pageup": -8, "pagedown": 8}
"""Keys that move the cursor, by so many parameters: no key of theirs can send anything."""
