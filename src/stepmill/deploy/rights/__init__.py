"""The least rights of a Bundle's roles, and why each is there.

In: a Bundle and the values of its names. Out: statements, documents, lines of text. Touches: nothing.
"""
