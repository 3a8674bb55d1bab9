"""The terminal application: it draws what the engine reports and asks the engine for what the operator wants."""
