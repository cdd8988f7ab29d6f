"""Map Runs: what a distributed Map asks the world to do with its items.

In: acts of the engine. Out: child executions, files, outcomes. Touches: history, S3.

Reading them (`reading`, `formats`), making inputs of them (`batching`), starting and watching one child execution for
each (`running`, with what is on record in `records`), and writing what became of them (`writing`). What a definition
may say is in `asl/maps`; what the API answers, in `services/states/map_runs`.
"""
