"""The decisions of the desk, without I/O.

An `Engine` takes inputs (books, reports, commands, timers), each with its time, and returns actions
(requests for venues, events, replies). It never reads a clock, draws a random number or waits: the same
inputs give the same actions, live, in the sandbox and in a backtest.
"""
