"""The asyncio process around the engine."""
