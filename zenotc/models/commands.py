"""What an operator or a program can ask of the desk. Every command flows through one path."""

from __future__ import annotations

import json
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
    "PastCommand",
    "PauseStrategy",
    "RefusedRequest",
    "ResumeStrategy",
    "StartStrategy",
    "StopStrategy",
    "UpdateStrategy",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Command:
    """`command_id` is unique; `operator` says who asked, `client` is the user and host that the client states.

    `idempotency_key` is what the client tells its retries by and, after the last colon, the fingerprint of the request;
    empty for what was not asked for over the network, as is `client`.
    """

    command_id: str
    operator: str
    client: str = ""
    idempotency_key: str = ""


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
    """Cancel the quotes and keep the position; `reason` is what the strategy shows as its own."""

    strategy_id: str
    reason: str = "operator"


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


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedRequest(_Command):
    """A signed request that was refused before it became a command.

    Parameters
    ----------
    name
        Of the class of the command that it asked for.
    strategy_id
        The strategy that it named, if any.
    path
        Its method and path.
    body
        What it said, cut where it is long.
    fingerprint
        Of method, target and the whole body, in hex.
    """

    name: str
    strategy_id: str | None
    path: str
    body: str
    fingerprint: str


@dataclass(frozen=True, slots=True)
class PastCommand:
    """A command of a client as the journal remembers it.

    Parameters
    ----------
    command_id, idempotency_key
        As in the command.
    name
        Of the command's class.
    arguments
        The command's other fields as JSON, by their names.
    received_ns
        Wall clock, ns since the Unix epoch.
    outcome
        `done` or an error's code; `None` where the engine ended before it was written.
    body
        The JSON of the result, or of an error's `message`, `statusCode` and `details`.
    """

    command_id: str
    idempotency_key: str
    name: str
    arguments: bytes
    received_ns: int
    outcome: str | None
    body: bytes

    @property
    def only_stops(self) -> bool:
        """Whether to carry it out again could do no harm: it stops or cancels, and trades nothing."""
        if self.name not in (command.__name__ for command in _STOPPING):
            return False
        arguments = json.loads(self.arguments)
        return not (arguments.get("flatten_position") or arguments.get("flatten_positions"))


_STOPPING = (PauseStrategy, StopStrategy, CancelQuotes, EmergencyStopAll)
