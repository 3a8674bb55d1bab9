"""A configuration as it is being typed: texts, what they mean, and what the model refuses of it."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from console.parameters import PARAMETERS, Parameter, default_of, text_of
from zenotc.exceptions import ValidationError
from zenotc.models.configuration import FIXED_PARAMETERS, StrategyConfig

__all__ = ["Draft"]


class Draft:
    """The texts of one form.

    An empty text stands for the default. Of a strategy that exists only what was changed is sent, so that a default
    goes on following the parameter that it follows.

    Parameters
    ----------
    strategy
        The configuration that is edited, `None` for a new strategy.
    lot_size
        The instrument's lot, base units, where it is known.
    """

    def __init__(self, strategy: StrategyConfig | None = None, lot_size: Decimal | None = None) -> None:
        self.strategy = strategy
        self.lot_size = lot_size
        self.refused: dict[str, str] = {}
        self._engine_refused: dict[str, tuple[str, str]] = {}
        self._began = dict.fromkeys(PARAMETERS, "") if strategy is None else _texts(strategy)
        self.texts = dict(self._began)
        self.check()

    @property
    def parameters(self) -> list[Parameter]:
        """The parameters that the form shows."""
        fixed = FIXED_PARAMETERS if self.strategy is not None else frozenset()
        return [parameter for parameter in PARAMETERS.values() if parameter.name not in fixed]

    @property
    def asset(self) -> str:
        """The asset that it is about, '' while there is none."""
        return self.texts["asset"].strip()

    @property
    def changed(self) -> list[str]:
        """The parameters that differ from what the form began with."""
        return [parameter.name for parameter in self.parameters if self.is_changed(parameter.name)]

    def is_changed(self, name: str) -> bool:
        """Return whether a parameter differs from what the form began with."""
        return self.texts[name] != self._began[name]

    @property
    def missing(self) -> list[str]:
        """The required parameters that are empty."""
        return [name for name, parameter in PARAMETERS.items() if parameter.required and not self.texts[name].strip()]

    def type(self, name: str, text: str) -> None:
        """Take another text for a parameter."""
        self.texts[name] = text
        self.check()

    def fill(self, values: Mapping[str, object]) -> None:
        """Take values over the present ones; what a strategy cannot change is left alone."""
        for parameter in self.parameters:
            if parameter.name in values:
                self.texts[parameter.name] = text_of(values[parameter.name])
        self.check()

    def given(self) -> dict[str, Any]:
        """Return the values of all that is not empty."""
        return {name: PARAMETERS[name].parse(text.strip()) for name, text in self.texts.items() if text.strip()}

    def to_send(self) -> dict[str, Any]:
        """Return what is to be sent: for a new strategy all that is given, otherwise what was changed."""
        given = self.given()
        if self.strategy is None:
            return given
        return {name: given.get(name, self.default(name)) for name in self.changed}

    def default(self, name: str) -> object:
        """Return what an empty text stands for, beside the other texts."""
        value = default_of(name, self.given())
        if name == "min_quote_size" and self.lot_size is not None and isinstance(value, Decimal):
            return max(value, self.lot_size)
        return value

    def check(self) -> None:
        """Ask the model what it refuses; a required parameter that is still empty is missing, not wrong."""
        self.refused = {}
        try:
            StrategyConfig.build(self.given(), lot_size=self.lot_size)
        except ValidationError as error:
            missing = self.missing
            self.refused = {item["field"]: item["reason"] for item in error.fields if item["field"] not in missing}
        for name, (text, reason) in self._engine_refused.items():
            if self.texts[name] == text:
                self.refused.setdefault(name, reason)

    def refuse(self, fields: list[dict[str, str]]) -> None:
        """Take what the engine refuses; it stands until the parameter is typed again."""
        self._engine_refused = {
            item["field"]: (self.texts[item["field"]], item["reason"]) for item in fields if item["field"] in self.texts
        }
        self.check()

    @property
    def valid(self) -> bool:
        """Whether nothing is missing or refused."""
        return not self.missing and not self.refused


def _texts(strategy: StrategyConfig) -> dict[str, str]:
    """Return a configuration as texts, '' for what is the default."""
    values = {name: getattr(strategy, name) for name in PARAMETERS}
    texts = {}
    for name, parameter in PARAMETERS.items():
        is_default = not parameter.required and values[name] == default_of(name, values)
        texts[name] = "" if is_default else text_of(values[name])
    return texts
