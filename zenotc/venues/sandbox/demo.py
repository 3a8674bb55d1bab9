"""The two venues of the sandbox."""

from __future__ import annotations

from zenotc.venues.sandbox.exchange import SandboxExchange
from zenotc.venues.sandbox.markets import HEDGE_MARKETS, QUOTING_MARKETS

__all__ = ["demo_venues"]


def demo_venues(seed: int, start_ns: int, latency_ns: int) -> tuple[SandboxExchange, SandboxExchange]:
    """Return the venue to quote on and the tighter, deeper one to hedge on, which follow the same fair prices.

    Parameters
    ----------
    seed
        Of both venues.
    start_ns
        When they open, nanoseconds since the Unix epoch.
    latency_ns
        One way, nanoseconds.
    """
    quoting = SandboxExchange("sandbox", markets=QUOTING_MARKETS, seed=seed, latency_ns=latency_ns, start_ns=start_ns)
    hedge = SandboxExchange("sandbox-hedge", markets=HEDGE_MARKETS, seed=seed, latency_ns=latency_ns, start_ns=start_ns)
    return quoting, hedge
