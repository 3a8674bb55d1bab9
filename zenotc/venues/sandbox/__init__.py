"""The sandbox exchange: a real matching engine among simulated makers and takers."""

from zenotc.venues.sandbox.demo import demo_venues
from zenotc.venues.sandbox.exchange import SandboxExchange
from zenotc.venues.sandbox.markets import Market, quiet_market

__all__ = ["Market", "SandboxExchange", "demo_venues", "quiet_market"]
