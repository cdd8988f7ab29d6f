"""History in, pictures out: the graph of a definition, what became of each state, tables of executions.

In: an ASL machine, a Digest, metric curves. Out: coordinates and text. Touches: nothing.

What a person looks at is made here; where it is shown, and what happens when a key is pressed, never is.
"""
