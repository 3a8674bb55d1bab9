"""What can be asked of an event: its type, strategy, severity and fields by name, and words in all that it says."""

from __future__ import annotations

from functools import partial

from console.filters import Facet, Language
from console.severity import SEVERITIES, severity_of
from console.store import Store, Wire

__all__ = ["event_language"]

_TEXTS = ("asset", "side", "reason", "operator", "code", "venue", "breaker")
_NUMBERS = ("price", "quantity", "layer", "seq")


def event_language(store: Store) -> Language[Wire]:
    """Return what the log's filter understands."""

    def name(event: Wire) -> str:
        strategy_id = event.get("strategyId")
        return store.name(strategy_id if isinstance(strategy_id, str) else None)

    def field(name: str, event: Wire) -> object:
        return event.get(name)

    facets: list[Facet[Wire]] = [
        Facet(("type",), partial(field, "type")),
        Facet(("severity",), lambda event: severity_of(event.get("type")), "level", SEVERITIES),
        Facet(("strategy", "name"), name),
        *(Facet((text,), partial(field, text)) for text in _TEXTS),
        *(Facet((number,), partial(field, number), "number") for number in _NUMBERS),
    ]
    return Language(facets, lambda event: f"{name(event)} {' '.join(map(str, event.values()))}")
