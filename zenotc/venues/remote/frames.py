"""What a venue and its client say to each other.

    venue                       client
    Challenge     ──────────▶
                  ◀──────────   Login
    Welcome       ──────────▶
                  ◀──────────   Subscribe, Ask ...
    Update ...    ──────────▶

A login displaces the account's earlier connection, and what that one has asked and the venue has not handled yet is
dropped: once a client is welcome, nothing that was sent before can still happen. Updates begin with the subscription;
what was reported while nobody was connected is not said again. A refusal is the code that the connection closes with.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass

from zenotc.models.market import Instrument, PublicTrade
from zenotc.models.orders import Report, Request

__all__ = [
    "DISPLACED",
    "REFUSED",
    "Ask",
    "BookChange",
    "Challenge",
    "Frame",
    "Levels",
    "Login",
    "Subscribe",
    "Update",
    "Welcome",
    "proof_of",
]

REFUSED = 4001
"""Close code: the login was wrong, or did not come in time."""

DISPLACED = 4002
"""Close code: the account has logged in again elsewhere."""

Levels = tuple[tuple[int, int], ...]
"""`(price_ticks, quantity_lots)`, zero for a level that is gone."""


@dataclass(frozen=True, slots=True)
class Challenge:
    """The venue's name, and what the login must prove the secret with; never the same twice."""

    venue: str
    nonce: str


@dataclass(frozen=True, slots=True)
class Login:
    """Who the client is, and that it knows the secret."""

    key: str
    proof: str


@dataclass(frozen=True, slots=True)
class Welcome:
    """The login was right; these are the markets."""

    instruments: tuple[Instrument, ...]


@dataclass(frozen=True, slots=True)
class Subscribe:
    """Send market data of these assets from now on, beginning with their whole books."""

    assets: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Ask:
    """A request."""

    request: Request


@dataclass(frozen=True, slots=True)
class BookChange:
    """Levels of one book that have changed, or all that there are."""

    asset: str
    whole: bool
    bids: Levels
    asks: Levels


@dataclass(frozen=True, slots=True)
class Update:
    """What happened at one time: the books change, then reports are heard, then trades, then the books."""

    books: tuple[BookChange, ...] = ()
    reports: tuple[Report, ...] = ()
    trades: tuple[PublicTrade, ...] = ()
    heartbeat: bool = False


Frame = Challenge | Login | Welcome | Subscribe | Ask | Update


def proof_of(secret: str, challenge: Challenge) -> str:
    """Return the lowercase hex HMAC-SHA256 that answers a challenge."""
    return hmac.new(secret.encode(), f"{challenge.venue}\n{challenge.nonce}".encode(), hashlib.sha256).hexdigest()
