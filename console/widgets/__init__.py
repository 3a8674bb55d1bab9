"""What the console's screen is made of."""
