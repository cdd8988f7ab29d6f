"""Map Runs: what a distributed Map asks the world to do with its items.

Reading them (`reading`, `formats`), making inputs of them (`batching`), starting and watching one child execution for
each (`running`, with what is on record in `records`), and writing what became of them (`writing`). What a definition
may say is in `asl/maps`; what the API answers, in `services/states/map_runs`.
"""
