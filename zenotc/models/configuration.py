"""The configuration of a strategy: every parameter, its unit, its default and what is refused."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any, Literal, Self

import pydantic
from pydantic import ConfigDict, Field, ValidationInfo, model_validator

from zenotc.exceptions import ValidationError
from zenotc.models.wire import WireModel

__all__ = [
    "FIXED_PARAMETERS",
    "PARAMETER_GROUPS",
    "HedgeAlgo",
    "HedgeVenue",
    "SkewModel",
    "SpreadModel",
    "StrategyConfig",
]

SpreadModel = Literal["fixed", "volatility", "inventory"]
SkewModel = Literal["linear", "exponential", "step"]
HedgeAlgo = Literal["market", "twap", "vwap"]
HedgeVenue = Literal["internal", "external", "both"]
BreakerAction = Literal["hold", "hedge", "flatten"]

_MAX_BPS = 10_000.0
Bps = Annotated[float, Field(gt=0, le=_MAX_BPS, allow_inf_nan=False, json_schema_extra={"unit": "bps"})]
BpsOrZero = Annotated[float, Field(ge=0, le=_MAX_BPS, allow_inf_nan=False, json_schema_extra={"unit": "bps"})]
Size = Annotated[Decimal, Field(gt=0, max_digits=30, allow_inf_nan=False, json_schema_extra={"unit": "base"})]
Usd = Annotated[Decimal, Field(gt=0, max_digits=30, allow_inf_nan=False, json_schema_extra={"unit": "USD"})]
Percent = Annotated[float, Field(gt=0, allow_inf_nan=False, json_schema_extra={"unit": "%"})]
Seconds = Annotated[float, Field(gt=0, le=86_400, allow_inf_nan=False, json_schema_extra={"unit": "s"})]
Minutes = Annotated[float, Field(gt=0, le=1_440, allow_inf_nan=False, json_schema_extra={"unit": "min"})]
Factor = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Flag = Annotated[bool, Field(strict=True)]  # what trades is not guessed from "no" or 1

FIXED_PARAMETERS = frozenset({"asset", "enabled"})
"""What an update may not change: the asset for good, `enabled` because it mirrors the status."""


class StrategyConfig(WireModel):
    """What a strategy is told to do; the documented parameters and their companions.

    A configuration is a value: an update is a new one, built from what was given before and what is given
    now, so that a default that follows another parameter goes on following it.

    Raises
    ------
    pydantic.ValidationError
        If a parameter is unknown, is out of its range, or contradicts another (semantics, section 6).
        `build` turns it into `zenotc.exceptions.ValidationError`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(min_length=1, max_length=80, description="What a person calls it")
    asset: str = Field(min_length=1, max_length=20, description="The base asset it makes a market in")
    enabled: Flag = Field(default=False, description="Start it as part of create; afterwards: whether it is active")

    # Spread
    base_spread_bps: Bps = Field(description="Full distance from bid to ask")
    min_spread_bps: Bps = Field(default_factory=lambda d: d["base_spread_bps"] / 2, description="Narrowest spread")
    max_spread_bps: Bps = Field(
        default_factory=lambda d: min(d["base_spread_bps"] * 5, _MAX_BPS), description="Widest spread"
    )
    spread_model: SpreadModel = Field(default="fixed", description="What the width follows")
    volatility_multiplier: Factor = Field(default=1.0, description="Spread added per percent of volatility")
    volatility_window_minutes: Minutes = Field(default=30, description="Window of the realised volatility")

    # Quotes
    quote_size: Size = Field(description="Size of the inside quote on each side")
    min_quote_size: Size = Field(default_factory=lambda d: d["quote_size"] / 10, description="Smaller is not quoted")
    max_quote_size: Size = Field(default_factory=lambda d: d["quote_size"] * 5, description="Largest size of one order")
    quote_refresh_seconds: Seconds = Field(default=5, description="How often the targets are computed again")
    quote_layers: int = Field(default=1, ge=1, le=5, description="Prices on each side")
    layer_size_multiplier: float = Field(
        default=1.0, gt=0, le=100, allow_inf_nan=False, description="Size of a layer relative to the one inside it"
    )
    layer_spacing_bps: BpsOrZero = Field(
        default_factory=lambda d: d["base_spread_bps"] / 2, description="Distance between two layers"
    )
    requote_threshold_bps: Bps = Field(
        default_factory=lambda d: d["base_spread_bps"] / 4, description="Move of the mid that requotes at once"
    )
    refresh_tolerance_bps: BpsOrZero = Field(default=0.0, description="An order this close to its target stays")

    # Inventory
    max_position: Size = Field(description="Largest absolute position, working orders included")
    target_position: Decimal = Field(
        default=Decimal(0), max_digits=30, allow_inf_nan=False, description="Position at which there is no skew",
        json_schema_extra={"unit": "base"},
    )  # fmt: skip
    skew_factor: Factor = Field(default=0.0, description="Price skew per unit of inventory, bps")
    skew_model: SkewModel = Field(default="linear", description="How the skew grows with the inventory")
    skew_exponent: float = Field(default=1.5, ge=1, le=10, allow_inf_nan=False, description="Of the exponential skew")
    skew_step: Size = Field(default_factory=lambda d: d["quote_size"], description="Inventory per step of the skew")
    soft_position_limit: Size | None = Field(default=None, description="From here on the increasing side shrinks")
    position_reduction_factor: float = Field(
        default=0.5, ge=0, le=1, allow_inf_nan=False, description="Share of the size cut at the soft limit"
    )

    # Risk
    circuit_breaker_enabled: Flag = Field(default=True, description="Whether the breakers act")
    max_daily_loss: Usd | None = Field(default=None, description="Loss since 00:00 UTC that pauses")
    max_hourly_loss: Usd | None = Field(default=None, description="Loss within 60 minutes that pauses")
    max_drawdown_percent: Percent | None = Field(default=None, description="Fall of equity from its peak that pauses")
    max_volatility_pause: Flag = Field(default=False, description="Whether volatility pauses")
    volatility_threshold: Percent | None = Field(default=None, description="Volatility in the window that pauses")
    capital: Usd | None = Field(default=None, description="Equity at zero PnL; default max_position times the mid")
    breaker_action: BreakerAction = Field(default="hold", description="What a breaker does with the position")
    auto_resume_enabled: Flag = Field(default=False, description="Resume by itself after a breaker")
    resume_delay_minutes: Minutes = Field(default=30, description="Shortest pause before that")
    pause_on_error: Flag = Field(default=True, description="Pause after repeated rejections")

    # Hedging
    auto_hedge_enabled: Flag = Field(default=False, description="Hedge by itself beyond the threshold")
    hedge_threshold: Size | None = Field(default=None, description="Absolute position that triggers a hedge")
    hedge_target: Annotated[Decimal, Field(ge=0, max_digits=30, allow_inf_nan=False)] | None = Field(
        default=None, description="Absolute position after it", json_schema_extra={"unit": "base"}
    )
    hedge_algo: HedgeAlgo = Field(default="market", description="How it trades")
    hedge_duration_minutes: Minutes = Field(default=30, description="Length of a scheduled hedge")
    hedge_slice_seconds: Seconds = Field(default=30, description="Between two slices of it")
    hedge_venue: HedgeVenue = Field(default="external", description="Where it trades")
    max_slippage_bps: float = Field(
        default=50, gt=0, lt=10_000, allow_inf_nan=False, description="Price bound of hedges and flattens",
        json_schema_extra={"unit": "bps"},
    )  # fmt: skip

    @model_validator(mode="after")
    def _refuse_contradictions(self, info: ValidationInfo) -> Self:
        reasons = list(_contradictions(self))
        lot = (info.context or {}).get("lot_size")
        if lot is not None:
            if "min_quote_size" not in self.model_fields_set and self.min_quote_size < lot:
                self.__dict__["min_quote_size"] = lot
            sizes = ("quote_size", "min_quote_size", "max_quote_size", "max_position")
            reasons += [(name, f"must be at least one lot ({lot})") for name in sizes if getattr(self, name) < lot]
        if reasons:
            raise ValidationError.of_fields([{"field": field, "reason": reason} for field, reason in reasons])
        return self

    @classmethod
    def build(cls, values: Mapping[str, Any], *, lot_size: Decimal | None = None) -> StrategyConfig:
        """Check parameters, by their Python or their wire names, and fill in the defaults.

        Parameters
        ----------
        values
            The parameters that are given.
        lot_size
            The instrument's lot in base units, where it is known: sizes are then checked against it.

        Raises
        ------
        zenotc.exceptions.ValidationError
            With every refused parameter and the reason.
        """
        by_name = {_name_of(key): value for key, value in values.items()}
        flags = [name for name, value in by_name.items() if isinstance(value, bool) and name in _NOT_FLAGS]
        if flags:  # true is no size, and 1 is none that was meant
            raise ValidationError.of_fields([{"field": name, "reason": "must not be true or false"} for name in flags])
        try:
            return cls.model_validate(by_name, context={"lot_size": lot_size})
        except pydantic.ValidationError as error:
            raise ValidationError.of_fields(_fields_of(error)) from None

    def given(self) -> dict[str, Any]:
        """Return the parameters that were given, without the defaults that were filled in."""
        return self.model_dump(include=self.model_fields_set)

    def updated(self, changes: Mapping[str, Any], *, lot_size: Decimal | None = None) -> StrategyConfig:
        """Return the configuration that results from changed parameters, checked as a whole.

        Raises
        ------
        zenotc.exceptions.ValidationError
            As `build`, and for a parameter that cannot be updated.
        """
        by_name = {_name_of(key): value for key, value in changes.items()}
        fixed = sorted(FIXED_PARAMETERS & by_name.keys())
        if fixed:
            raise ValidationError.of_fields([{"field": name, "reason": "cannot be updated"} for name in fixed])
        return self.build({**self.given(), **by_name}, lot_size=lot_size)


_FIRST_OF_GROUP = {
    "name": "Strategy",
    "base_spread_bps": "Spread",
    "quote_size": "Quotes",
    "max_position": "Inventory",
    "circuit_breaker_enabled": "Risk",
    "auto_hedge_enabled": "Hedging",
}


def _groups() -> dict[str, tuple[str, ...]]:
    groups: dict[str, list[str]] = {}
    title = ""
    for name in StrategyConfig.model_fields:
        title = _FIRST_OF_GROUP.get(name) or title
        groups.setdefault(title, []).append(name)
    return {title: tuple(names) for title, names in groups.items()}


PARAMETER_GROUPS: Mapping[str, tuple[str, ...]] = _groups()
"""The parameters under the documentation's headings, in their order."""

_NOT_FLAGS = frozenset(name for name, field in StrategyConfig.model_fields.items() if field.annotation is not bool)
_NAME_BY_ALIAS = {field.alias: name for name, field in StrategyConfig.model_fields.items()}


def _name_of(key: str) -> str:
    return _NAME_BY_ALIAS.get(key, key)


def _fields_of(error: pydantic.ValidationError) -> list[dict[str, str]]:
    fields: list[dict[str, str]] = []
    for item in error.errors(include_url=False):
        if item["type"] == "extra_forbidden":
            fields.append({"field": str(item["loc"][0]), "reason": "unknown parameter"})
        elif item["type"] != "default_factory_not_called":
            name = _name_of(str(item["loc"][0])) if item["loc"] else "configuration"
            fields.append({"field": name, "reason": item["msg"]})
    return fields


def _contradictions(c: StrategyConfig) -> list[tuple[str, str]]:
    """Return `(field, reason)` for each pair of parameters that cannot stand together."""
    checks: list[tuple[bool, str, str]] = [
        (c.min_spread_bps > c.base_spread_bps, "min_spread_bps", "must not be above base_spread_bps"),
        (c.max_spread_bps < c.base_spread_bps, "max_spread_bps", "must not be below base_spread_bps"),
        (c.min_quote_size > c.quote_size, "min_quote_size", "must not be above quote_size"),
        (c.max_quote_size < c.quote_size, "max_quote_size", "must not be below quote_size"),
        (
            c.soft_position_limit is not None and c.soft_position_limit >= c.max_position,
            "soft_position_limit",
            "must be below max_position",
        ),
        (abs(c.target_position) > c.max_position, "target_position", "must be within max_position"),
        (
            c.spread_model == "inventory" and c.skew_factor <= 0,
            "skew_factor",
            "must be above 0 with the inventory spread model",
        ),
        (
            c.max_volatility_pause and c.volatility_threshold is None,
            "volatility_threshold",
            "is required with max_volatility_pause",
        ),
    ]
    if c.auto_hedge_enabled:
        checks += _hedge_checks(c)
    return [(field, reason) for refused, field, reason in checks if refused]


def _hedge_checks(c: StrategyConfig) -> list[tuple[bool, str, str]]:
    threshold, target = c.hedge_threshold, c.hedge_target
    if threshold is None or target is None:
        return [
            (threshold is None, "hedge_threshold", "is required with auto_hedge_enabled"),
            (target is None, "hedge_target", "is required with auto_hedge_enabled"),
        ]
    return [
        (target >= threshold, "hedge_target", "must be below hedge_threshold"),
        (threshold >= c.max_position, "hedge_threshold", "must be below max_position"),
        (abs(c.target_position) > target, "target_position", "must be within hedge_target while hedging"),
    ]
