"""The sandbox exchange: a real matching engine among simulated makers and takers."""
