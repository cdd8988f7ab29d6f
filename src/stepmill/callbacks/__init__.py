"""What a training script may carry with it to AWS.

In: a job's own doings. Out: messages. Touches: what each file names. Every module here is one file of the standard
library that imports nothing else of Stepmill; nothing that needs the rest of the product will ever belong here.
"""
