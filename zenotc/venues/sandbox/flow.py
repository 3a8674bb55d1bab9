"""What the others do in one market, in the order of time."""

from __future__ import annotations

from dataclasses import dataclass, field
from heapq import heapify, heapreplace
from random import Random

from zenotc.models.market import Instrument
from zenotc.venues.sandbox.fair_price import FairPrice, PriceParameters
from zenotc.venues.sandbox.matching import MatchingEngine
from zenotc.venues.sandbox.participants import (
    InformedParameters,
    InformedTaker,
    Maker,
    MakerParameters,
    NoiseParameters,
    NoiseTaker,
    Participant,
    TradingPlace,
)

__all__ = ["Flow", "FlowParameters"]


@dataclass(frozen=True, slots=True)
class FlowParameters:
    """Who is there and what they trade around; `None` leaves the participants of that kind out."""

    price: PriceParameters
    makers: MakerParameters | None = field(default_factory=MakerParameters)
    noise: NoiseParameters | None = field(default_factory=NoiseParameters)
    informed: InformedParameters | None = field(default_factory=InformedParameters)


class Flow:
    """The simulated participants of one market.

    Deterministic: every participant has a random stream of his own, so that what we do changes their trades
    but not their intentions.

    Parameters
    ----------
    seed
        Seeds the fair price together with the asset, and the participants together with venue and asset.
    start_ns
        When they begin, nanoseconds since the Unix epoch.
    """

    def __init__(
        self, engine: MatchingEngine, instrument: Instrument, parameters: FlowParameters, seed: int, start_ns: int
    ) -> None:
        asset, stream = instrument.asset, f"{seed}/{instrument.venue}/{instrument.asset}"
        self.fair = FairPrice(f"{seed}/{asset}/fair", start_ns, parameters.price)
        place = TradingPlace(engine, instrument, self.fair)
        participants: list[Participant] = []
        if parameters.makers is not None:
            participants.extend(
                Maker(place, parameters.makers, rank, Random(f"{stream}/maker-{rank}"))
                for rank in range(parameters.makers.makers)
            )
        if parameters.noise is not None:
            participants.append(NoiseTaker(place, parameters.noise, Random(f"{stream}/noise")))
        if parameters.informed is not None:
            participants.append(InformedTaker(place, parameters.informed, Random(f"{stream}/informed")))
        self._agenda = [(start_ns, number, who) for number, who in enumerate(participants)]
        heapify(self._agenda)

    def next_time(self) -> int | None:
        """Return when somebody acts next, ns since the Unix epoch; `None` where nobody is there."""
        return self._agenda[0][0] if self._agenda else None

    def act(self) -> None:
        """Let the next participant act."""
        now_ns, number, who = self._agenda[0]
        heapreplace(self._agenda, (who.act(now_ns), number, who))
