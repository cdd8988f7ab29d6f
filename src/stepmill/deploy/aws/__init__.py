"""AWS as a deployment meets it: an account, its stacks, what is live there.

In: a Stage; operations. Out: answers, events, refusals that say what to do. Touches: AWS, through botocore.
"""
