"""From a Bundle to AWS: templates, policies, assets, and the change sets that put them there.

In: a Bundle and a stage. Out: files to review; stacks on AWS. Touches: the folder it builds
into; AWS, through botocore.

What belongs here is what a deployment needs. How a definition runs never does: on AWS, AWS runs it.
"""
