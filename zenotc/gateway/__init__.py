"""Lets clients in: authentication, limits, the REST routes and the stream."""
