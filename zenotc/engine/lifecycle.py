"""The life of a strategy: one table (semantics, section 7).

A strategy is `stopped`, `active` or `paused`. What commands, breakers, errors and the emergency stop do to it is
looked up in `TRANSITIONS` and nowhere else. What a transition asks for is carried out by the engine:

- `CHECK` runs the checks of a start or a resume, and refuses the command where one fails;
- `CANCEL` cancels every quote and hedge, and the command is done when the venues have confirmed it;
- `END_HEDGE` ends the hedging that a breaker lets go on and takes the breaker's place; without such hedging nothing
  changes, and no event tells of it;
- `FLATTEN` cancels, then trades the position to zero; the strategy stays where the table puts it until that is
  over, and then goes through `FLATTENED`.

A transition that has an event takes the reason of what was before, and its pending resume: only a breaker brings one.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from zenotc.models.strategy import Status

__all__ = ["TRANSITIONS", "Effect", "Transition", "Trigger"]


class Trigger(Enum):
    """What moves a strategy."""

    START = "start"
    RESUME = "resume"
    PAUSE = "pause"
    STOP = "stop"
    FLATTEN = "flatten"
    FLATTENED = "flattened"
    BREAKER = "circuit_breaker"
    THROTTLE = "fill_throttle"
    ERROR = "error"
    DIFFERENCE = "position_difference"
    EMERGENCY = "emergency_stop"


class Effect(Enum):
    """What a transition asks of the engine."""

    NOTHING = "nothing"
    CHECK = "check"
    CANCEL = "cancel"
    END_HEDGE = "end_hedge"
    FLATTEN = "flatten"
    REFUSE = "refuse"


@dataclass(frozen=True, slots=True)
class Transition:
    """Where a trigger leads: the next status, what it asks for, and the event that tells of it, if any."""

    to: Status
    effect: Effect
    event: str | None = None
    refusal: str = ""


def _refuse(status: Status, why: str) -> Transition:
    return Transition(status, Effect.REFUSE, refusal=why)


_SAME = Effect.NOTHING

TRANSITIONS: dict[tuple[Trigger, Status], Transition] = {
    (Trigger.START, "stopped"): Transition("active", Effect.CHECK, "started"),
    (Trigger.START, "active"): Transition("active", _SAME),
    (Trigger.START, "paused"): _refuse("paused", "the strategy is paused: use resume"),
    (Trigger.RESUME, "stopped"): _refuse("stopped", "the strategy is stopped: use start"),
    (Trigger.RESUME, "active"): Transition("active", _SAME),
    (Trigger.RESUME, "paused"): Transition("active", Effect.CHECK, "resumed"),
    (Trigger.PAUSE, "stopped"): _refuse("stopped", "the strategy is stopped: there is nothing to pause"),
    (Trigger.PAUSE, "active"): Transition("paused", Effect.CANCEL, "paused"),
    (Trigger.PAUSE, "paused"): Transition("paused", Effect.END_HEDGE, "paused"),
    (Trigger.STOP, "stopped"): Transition("stopped", Effect.CANCEL),
    (Trigger.STOP, "active"): Transition("stopped", Effect.CANCEL, "stopped"),
    (Trigger.STOP, "paused"): Transition("stopped", Effect.CANCEL, "stopped"),
    (Trigger.FLATTEN, "stopped"): Transition("stopped", Effect.FLATTEN),
    (Trigger.FLATTEN, "active"): Transition("paused", Effect.FLATTEN, "paused"),
    (Trigger.FLATTEN, "paused"): Transition("paused", Effect.FLATTEN),
    (Trigger.FLATTENED, "stopped"): Transition("stopped", _SAME),
    (Trigger.FLATTENED, "paused"): Transition("stopped", Effect.CANCEL, "stopped"),
    (Trigger.BREAKER, "active"): Transition("paused", Effect.CANCEL, "paused"),
    (Trigger.BREAKER, "paused"): Transition("paused", _SAME),
    (Trigger.BREAKER, "stopped"): Transition("stopped", _SAME),
    (Trigger.THROTTLE, "active"): Transition("paused", Effect.CANCEL, "paused"),
    (Trigger.THROTTLE, "paused"): Transition("paused", _SAME, "paused"),
    (Trigger.THROTTLE, "stopped"): Transition("stopped", _SAME),
    (Trigger.ERROR, "active"): Transition("paused", Effect.CANCEL, "paused"),
    (Trigger.ERROR, "paused"): Transition("paused", Effect.CANCEL, "paused"),
    (Trigger.ERROR, "stopped"): Transition("stopped", Effect.CANCEL),
    (Trigger.DIFFERENCE, "active"): Transition("stopped", Effect.CANCEL, "stopped"),
    (Trigger.DIFFERENCE, "paused"): Transition("stopped", Effect.CANCEL, "stopped"),
    (Trigger.DIFFERENCE, "stopped"): Transition("stopped", Effect.CANCEL),
    (Trigger.EMERGENCY, "stopped"): Transition("stopped", Effect.CANCEL),
    (Trigger.EMERGENCY, "active"): Transition("stopped", Effect.CANCEL, "stopped"),
    (Trigger.EMERGENCY, "paused"): Transition("stopped", Effect.CANCEL, "stopped"),
}
