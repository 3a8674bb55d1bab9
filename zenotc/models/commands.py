"""What an operator or a program can ask of the desk. Every command flows through one path."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from zenotc.models.configuration import StrategyConfig

__all__ = [
    "AcceptPosition",
    "CancelQuotes",
    "ClearEmergencyStop",
    "Command",
    "CreateStrategy",
    "DeleteStrategy",
    "EmergencyStopAll",
    "PauseStrategy",
    "ResumeStrategy",
    "StartStrategy",
    "StopStrategy",
    "UpdateStrategy",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Command:
    """`command_id` is unique; `operator` says who asked."""

    command_id: str
    operator: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateStrategy(_Command):
    """Create a strategy under an id that the caller of the engine has drawn, and start it where it is enabled."""

    strategy_id: str
    config: StrategyConfig


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateStrategy(_Command):
    """Change parameters; `changes` by Python or wire names."""

    strategy_id: str
    changes: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteStrategy(_Command):
    """Forget a strategy that is stopped and flat."""

    strategy_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StartStrategy(_Command):
    """Begin to quote, from `stopped`."""

    strategy_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PauseStrategy(_Command):
    """Cancel the quotes and keep the position."""

    strategy_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ResumeStrategy(_Command):
    """Go on quoting, from `paused`."""

    strategy_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StopStrategy(_Command):
    """Cancel the quotes and hedges, and trade the position to zero where asked to."""

    strategy_id: str
    flatten_position: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptPosition(_Command):
    """End a difference between the venues' positions and ours on a strategy's markets.

    `source` says which number is right: `engine` leaves the strategy as it is and takes the rest of the venue's
    position as somebody else's, `venue` books the difference to the strategy at the mid, without PnL.
    """

    strategy_id: str
    source: Literal["engine", "venue"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelQuotes(_Command):
    """Pause every active strategy on an asset and cancel its quotes."""

    asset: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EmergencyStopAll(_Command):
    """Block every order entry, cancel everything everywhere, stop every strategy."""

    flatten_positions: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ClearEmergencyStop(_Command):
    """End the emergency stop; strategies stay stopped."""


Command = (
    CreateStrategy
    | UpdateStrategy
    | DeleteStrategy
    | StartStrategy
    | PauseStrategy
    | ResumeStrategy
    | StopStrategy
    | AcceptPosition
    | CancelQuotes
    | EmergencyStopAll
    | ClearEmergencyStop
)
