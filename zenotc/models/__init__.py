"""The shared vocabulary: configuration, strategy, metrics, quotes, events, orders, commands. No logic."""
