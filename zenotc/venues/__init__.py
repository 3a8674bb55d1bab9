"""Venues: one protocol, the sandbox exchange and the replay of recorded markets."""
