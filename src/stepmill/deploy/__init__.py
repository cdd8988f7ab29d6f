"""The stage that is AWS.

In: a Bundle. Out: what an account needs to run it. Touches: nothing yet.
"""
