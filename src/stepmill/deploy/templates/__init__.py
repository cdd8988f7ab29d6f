"""The stacks: a stage's, and a workflow's, piece by piece.

In: a Bundle and a Stage. Out: CloudFormation templates as JSON values. Touches: nothing.
"""
