"""What can be asked of an event: its type, strategy, severity and fields by name, and words in all that it says."""

from __future__ import annotations

from functools import partial

from console.filters import Facet, Language
from console.narrative import Names
from console.severity import SEVERITIES, severity_of
from console.store import Wire

__all__ = ["event_language"]

_TEXTS = ("asset", "side", "reason", "operator", "code", "venue", "breaker")
_NUMBERS = ("price", "quantity", "layer", "seq")


def event_language(names: Names) -> Language[Wire]:
    """Return what the log's filter understands."""

    def field(name: str, event: Wire) -> object:
        return event.get(name)

    facets: list[Facet[Wire]] = [
        Facet(("type",), partial(field, "type")),
        Facet(("severity",), lambda event: severity_of(event.get("type")), "level", SEVERITIES),
        Facet(("strategy", "name"), names.name_in),
        Facet(("engine",), names.engine_in),
        *(Facet((text,), partial(field, text)) for text in _TEXTS),
        *(Facet((number,), partial(field, number), "number") for number in _NUMBERS),
    ]
    return Language(facets, lambda event: f"{names.name_in(event)} {' '.join(map(str, event.values()))}")
