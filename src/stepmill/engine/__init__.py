"""Definition and signals in, events out.

In: a compiled machine, what the world reported, the time. Out: events, and the acts they ask for. Touches: nothing,
except `loop`, which commits events and then acts on them.
"""
