"""Objects: the bytes behind `s3://` URLs, and the archives that travel as objects.

In: buckets, keys, folders. Out: files. Touches: one folder of buckets and the folders it is told to fill or read.
Nothing here speaks HTTP (that is gateway's) or knows what a job is. Job supervisors import it under `python -I -S`,
so only light standard-library modules are loaded at import.
"""
