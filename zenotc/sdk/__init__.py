"""The client: requests, the event stream, and the documented market-making calls."""
