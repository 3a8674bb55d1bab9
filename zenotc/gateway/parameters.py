"""What routes take in their query and body, checked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal, TypeVar

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.alias_generators import to_camel

from zenotc.exceptions import ValidationError
from zenotc.models.configuration import FIXED_PARAMETERS, StrategyConfig
from zenotc.models.status import MAX_HISTORY_POINTS
from zenotc.models.strategy import Status

__all__ = [
    "ASSET_BODY",
    "CREATE_BODY",
    "EMERGENCY_BODY",
    "OPERATOR_BODY",
    "POSITION_SOURCES",
    "SOURCE_BODY",
    "STOP_BODY",
    "UPDATE_BODY",
    "BookQuery",
    "EventsQuery",
    "HistoryQuery",
    "ListQuery",
    "choice",
    "flag",
    "take_only",
    "text",
]

C = TypeVar("C", bound=str)

_MAX_SEQ = 2**63 - 1


_RESOLUTION = (
    f"Seconds between two points, at most {MAX_HISTORY_POINTS:,} in all; what makes more is refused, and the refusal "
    "names the smallest that fits. By default 60, or the smallest that fits."
)


class _Query(BaseModel):
    model_config = ConfigDict(extra="forbid", alias_generator=to_camel)


class ListQuery(_Query):
    """Which strategies, and which page of them."""

    asset: Annotated[str, Field(max_length=20)] | None = None
    status: Status | None = None
    page: Annotated[int, Field(ge=1, le=1_000_000)] = 1
    limit: Annotated[int, Field(ge=1, le=500)] = 100


class EventsQuery(_Query):
    """Which events: those after a number, of one strategy or of all."""

    strategy_id: Annotated[str, Field(max_length=100)] | None = None
    after_seq: Annotated[int, Field(ge=0, le=_MAX_SEQ)] = 0
    limit: Annotated[int, Field(ge=1, le=5_000)] = 500


def _written_out(value: object) -> object:
    """Refuse a number, which would be taken for seconds since 1970; the description knows of none."""
    if isinstance(value, str) and value.lstrip("+-").replace(".", "", 1).isdigit():
        raise ValueError("must be a date and a time, as 2026-01-01T00:00:00Z")
    return value


Time = Annotated[AwareDatetime, BeforeValidator(_written_out)]


class HistoryQuery(_Query):
    """Which span of time, and the seconds between two points: a minute, or longer where that makes too many."""

    start: Annotated[Time | None, Field(alias="from")] = None
    end: Annotated[Time | None, Field(alias="to")] = None
    resolution: Annotated[float | None, Field(ge=1, le=86_400, allow_inf_nan=False, description=_RESOLUTION)] = None


class BookQuery(_Query):
    """How many levels on each side."""

    depth: Annotated[int, Field(ge=1, le=1_000)] = 20


def take_only(body: dict[str, Any], *names: str) -> None:
    """Refuse what a body holds beside the given fields.

    Raises
    ------
    ValidationError
        If there is another field.
    """
    unknown = sorted(body.keys() - set(names))
    if unknown:
        raise ValidationError.of_fields([{"field": name, "reason": "unknown field"} for name in unknown])


def flag(body: dict[str, Any], name: str) -> bool:
    """Return a field that is true or false, by default false.

    Raises
    ------
    ValidationError
        If it is anything else: what trades is not guessed.
    """
    value = body.get(name, False)
    if not isinstance(value, bool):
        raise ValidationError.of_fields([{"field": name, "reason": "must be true or false"}])
    return value


def text(body: dict[str, Any], name: str) -> str:
    """Return a field that is a text and not empty.

    Raises
    ------
    ValidationError
        If it is missing, empty or anything else.
    """
    value = body.get(name)
    if not isinstance(value, str) or not value.strip():
        raise ValidationError.of_fields([{"field": name, "reason": "must be a text"}])
    return value


def choice(body: dict[str, Any], name: str, choices: Sequence[C]) -> C:
    """Return a field that is one of these texts.

    Raises
    ------
    ValidationError
        If it is missing or anything else.
    """
    value = body.get(name)
    for known in choices:
        if value == known:
            return known
    raise ValidationError.of_fields([{"field": name, "reason": f"must be one of {', '.join(choices)}"}])


def _request_body(schema: dict[str, Any], *, required: bool = True) -> dict[str, Any]:
    """Return what the API's description says of a body that the route parses itself."""
    return {"requestBody": {"required": required, "content": {"application/json": {"schema": schema}}}}


def _object_of(name: str, schema: dict[str, Any], *, required: bool = True) -> dict[str, Any]:
    """Return the description of a body with one field."""
    fields = {"type": "object", "properties": {name: schema}, "additionalProperties": False}
    return _request_body(fields | ({"required": [name]} if required else {}), required=required)


def _update_schema(create: dict[str, Any]) -> dict[str, Any]:
    kept = {name: value for name, value in create["properties"].items() if name not in FIXED_PARAMETERS}
    return {**create, "title": "StrategyUpdate", "properties": kept, "required": []}


_CREATE_SCHEMA = StrategyConfig.model_json_schema(by_alias=True)
_TEXT = {"type": "string", "pattern": r"\S"}
_FLAG = {"type": "boolean", "default": False}
POSITION_SOURCES: tuple[Literal["engine", "venue"], ...] = ("engine", "venue")

CREATE_BODY = _request_body(_CREATE_SCHEMA)
UPDATE_BODY = _request_body(_update_schema(_CREATE_SCHEMA))
STOP_BODY = _object_of("flattenPosition", _FLAG, required=False)
EMERGENCY_BODY = _object_of("flattenPositions", _FLAG, required=False)
ASSET_BODY = _object_of("asset", _TEXT)
SOURCE_BODY = _object_of("source", {"type": "string", "enum": list(POSITION_SOURCES)})
OPERATOR_BODY = _object_of("operator", _TEXT, required=False)
