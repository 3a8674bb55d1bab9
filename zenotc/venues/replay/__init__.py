"""Recorded market data played back as a venue, with our own orders matched against it."""

from zenotc.venues.replay.recording import RecordingError
from zenotc.venues.replay.venue import ReplayVenue

__all__ = ["RecordingError", "ReplayVenue"]
