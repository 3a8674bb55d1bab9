"""The terminal application: it draws what the engine reports and asks the engine for what the operator wants."""

import os

os.environ.setdefault("TEXTUAL_FPS", "250")  # how soon a key may be painted after another paint: 4 ms
