"""What happened, written once and read by everyone.

In: events and records. Out: the same, in order. Touches: the store's file (`sqlite`), nothing else.
"""
