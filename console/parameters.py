"""The parameters of a strategy as a person reads and types them: everything is read off the model's own fields."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, Literal

from zenotc.models.configuration import PARAMETER_GROUPS, StrategyConfig

__all__ = ["PARAMETERS", "Kind", "Parameter", "default_of", "text_of"]

Kind = Literal["text", "number", "choice", "flag"]


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter.

    Parameters
    ----------
    group
        The documentation's heading that it stands under.
    unit
        `bps`, `USD`, `base` (units of the asset) and so on; '' where it has none.
    choices
        What can be chosen; of a flag yes and no.
    required
        Whether a strategy cannot be created without it.
    optional
        Whether it may be left out for good: what is not given is not checked.
    """

    name: str
    group: str
    kind: Kind
    unit: str
    meaning: str
    choices: tuple[str, ...] = ()
    required: bool = False
    optional: bool = False

    def unit_in(self, asset: str) -> str:
        """Return the unit, sizes in that of an asset."""
        return (asset or "base") if self.unit == "base" else self.unit

    def parse(self, text: str) -> object:
        """Return what was typed as the model takes it; what is no number is left for the model to refuse."""
        if self.kind == "flag":
            return text == "yes"
        if self.kind == "number":
            try:
                return Decimal(text)
            except InvalidOperation:
                return text
        return text


def text_of(value: object) -> str:
    """Return a value as it is typed: numbers in full and without trailing zeros, '' for none."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (Decimal, int, float)):
        number = Decimal(str(value))
        return f"{number.normalize():f}" if number else "0"
    return str(value)


def default_of(name: str, given: Mapping[str, Any]) -> object:
    """Return a parameter's default beside the ones that are given, `None` where it has none or they are missing."""
    field = StrategyConfig.model_fields[name]
    if field.is_required():
        return None
    try:
        return field.get_default(call_default_factory=True, validated_data=dict(given))
    except (KeyError, TypeError):  # it follows a parameter that is missing or is not a number yet
        return None


def _parameter(name: str, group: str, schema: Mapping[str, Any]) -> Parameter:
    variants = [schema, *schema.get("anyOf", ())]
    variants += [inner for variant in variants[1:] for inner in variant.get("anyOf", ())]
    types = {variant.get("type") for variant in variants}
    kind: Kind = "text"
    if "enum" in schema:
        kind = "choice"
    elif "boolean" in types:
        kind = "flag"
    elif types & {"number", "integer"}:
        kind = "number"
    return Parameter(
        name=name,
        group=group,
        kind=kind,
        unit=next((variant["unit"] for variant in variants if "unit" in variant), ""),
        meaning=schema["description"],
        choices=("yes", "no") if kind == "flag" else tuple(schema.get("enum", ())),
        required=StrategyConfig.model_fields[name].is_required(),
        optional="null" in types,
    )


def _parameters() -> dict[str, Parameter]:
    schemas = StrategyConfig.model_json_schema(by_alias=False)["properties"]
    return {name: _parameter(name, group, schemas[name]) for group, names in PARAMETER_GROUPS.items() for name in names}


PARAMETERS: Mapping[str, Parameter] = _parameters()
"""All parameters by name, group by group."""
