"""A strategy's configuration under the documentation's headings: what was chosen, and what is the default."""

from __future__ import annotations

from typing import ClassVar

from console.formatting import clean, clock_time, fit, written, zone_name
from console.ink import Line, Span, line
from console.parameters import PARAMETERS, default_of
from console.store import Store, Wire
from console.widgets.detail_page import DetailPage, heading
from zenotc.models.strategy import Strategy

__all__ = ["Configuration"]

_NAME_WIDTH = 26
_VALUE_WIDTH = 12


class Configuration(DetailPage):
    """Every parameter with its value and unit, marked where it is not the default, and the last change."""

    hint: ClassVar[str] = "{edit} edit"

    def write(self, strategy: Strategy, width: int) -> list[Line]:
        """Return the last change and the groups."""
        values = {name: getattr(strategy, name) for name in PARAMETERS}
        lines = _last_change(self._store.facts.last_change(strategy.id), self._store)
        group = ""
        for parameter in PARAMETERS.values():
            if parameter.group != group:
                group = parameter.group
                lines += [Line(), heading(group)]
            value = values[parameter.name]
            chosen = parameter.required or value != default_of(parameter.name, values)
            text = "not checked" if value is None else fit(written(value), 60).rstrip()
            spans: list[Span] = [
                ("▪ " if chosen else "  ", "own"), (parameter.name.ljust(_NAME_WIDTH), "plain" if chosen else "muted"),
                (text.rjust(_VALUE_WIDTH), "strong" if chosen else "muted"),
                (f" {clean(parameter.unit_in(strategy.asset), 8):<5}" if value is not None else " " * 6, "faint"),
            ]  # fmt: skip
            if not chosen:
                spans.append(("default", "faint"))
            if width >= _NAME_WIDTH + _VALUE_WIDTH + 16 + len(parameter.meaning):
                spans.append(((" " if not chosen else " " * 8) + parameter.meaning, "faint"))
            lines.append(Line(tuple(spans)))
        return lines


def _last_change(event: Wire | None, store: Store) -> list[Line]:
    head: Span = ("▪ ", "own")
    legend = line(head, ("is not the default", "faint"))
    if event is None:
        return [line(("Not changed as far as this console has seen.", "faint")), legend]
    changes = event.get("changes")
    operator = event.get("operator")
    by = f" by {clean(operator, 40)}" if operator else ""
    time = event.get("timestamp")
    lines = [line(("Changed at ", "muted"), (f"{clock_time(time)} {zone_name(time)}{by}", "plain"))]
    for name, change in changes.items() if isinstance(changes, dict) else ():
        if isinstance(change, dict):
            old, new = (written(change.get(key)) for key in ("old", "new"))
            lines.append(line((f"  {clean(name, 40)}  ", "muted"), (f"{old} → ", "muted"), (new, "accent")))
    return [*lines, legend]
