"""How the console reaches an engine, and what it calls it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from console.formatting import clean

if TYPE_CHECKING:
    from zenotc.sdk.client import ZenOTCClient

__all__ = ["Access"]

NAME_LENGTH = 24


@dataclass(frozen=True, slots=True)
class Access:
    """How an engine is reached.

    Parameters
    ----------
    client
        The SDK's client of it; the console does not close it.
    name
        What it is called where there are several; its address where none is given.
    address
        Where it is, as the header shows it; the client's where none is given.
    read_only
        Whether the console only looks.
    """

    client: ZenOTCClient
    name: str = ""
    address: str = ""
    read_only: bool = False

    @property
    def shown_address(self) -> str:
        """Where it is, without how it is spoken to."""
        return self.address or str(self.client.base_url).split("://", 1)[-1].rstrip("/")

    @property
    def shown_name(self) -> str:
        """What it is called; a slash ends the name where a strategy's id follows it."""
        return clean(self.name or self.shown_address, NAME_LENGTH).replace("/", "_")
