"""Where a venue in another process is reached, as it tells the programs of the same user."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from zenotc.exceptions import ZenOTCError
from zenotc.models.wire import decode, encode
from zenotc.runtime.files import remove_durably, write_durably

__all__ = ["VenueAddress", "VenuesFile"]


@dataclass(frozen=True, slots=True)
class VenueAddress:
    """A venue's websocket, and what its account is logged in to with."""

    url: str
    key: str
    secret: str = field(repr=False)


class VenuesFile:
    """The file `venues.json` of a state directory, mode 0600: it is there while an exchange runs.

    Parameters
    ----------
    path
        The file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def publish(self, venues: Mapping[str, VenueAddress]) -> None:
        """Tell where the venues are, by their names.

        Raises
        ------
        OSError
            If the file cannot be written.
        """
        write_durably(self._path, encode({name: asdict(address) for name, address in venues.items()}))

    def read(self) -> dict[str, VenueAddress]:
        """Return the venues by their names, none where no exchange has told of any.

        Raises
        ------
        ZenOTCError
            If the file is there and cannot be read.
        """
        try:
            return {str(name): VenueAddress(**address) for name, address in decode(self._path.read_bytes()).items()}
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, TypeError, AttributeError) as error:
            raise ZenOTCError(f"{self._path} cannot be read: {error}") from error

    def withdraw(self) -> None:
        """Take back what was told."""
        remove_durably(self._path)
