"""A venue in another process: what the two say to each other, and the client."""

from zenotc.venues.remote.venue import RemoteVenue

__all__ = ["RemoteVenue"]
