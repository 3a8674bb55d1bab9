"""The durable log of commands, orders, fills and events."""

from zenotc.journal.journal import Journal, JournalError

__all__ = ["Journal", "JournalError"]
