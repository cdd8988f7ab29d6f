"""The small process that owns one job: it starts the job once, watches it, and leaves a result that cannot be torn.

In: a job folder with `job.json`; over a pipe the environment and the secrets, which never touch the disk. Out:
`log`, `metrics.jsonl`, `status.jsonl` and at last `exit.json`. Touches: that folder, the job's processes, the
object store.
Run as `python -I -S supervisor.py FOLDER ROOT OBJECTS SITE`, in its own session, with the lock of the folder as file 3
and the pipe as file 4. The held lock is the sign of life. SIGTERM stops the job with its grace, SIGINT and SIGQUIT kill
it now.
It outlives whoever started it, so it imports the standard library and our lightest rooms only.
"""

from __future__ import annotations

import gc
import os
import sys

LOCK, PIPE = 3, 4

_AT_ONCE = 2000
"""Files that are removed before the job counts as over: about 10 ms."""


def main(arguments: list[str]) -> int:
    """Runs the job of a folder. Ends without a trace when nobody finished saying what the job's environment is."""
    gc.disable()  # loading modules makes no garbage, and looking for some takes a tenth of the time
    folder, root, objects, site = arguments
    os.umask(0o077)
    os.chdir("/")
    sys.path.insert(0, root)
    if site and site != root:
        sys.path.append(site)
    os.set_inheritable(LOCK, False)
    # Here, because a script is compiled at each start and a module is not.
    import json

    from stepmill.jobs.lifetime import Supervisor

    gc.freeze()
    gc.enable()
    said = b""
    while block := os.read(PIPE, 1 << 16):
        said += block
    os.close(PIPE)
    try:
        given = json.loads(said)
    except ValueError:
        return 1
    supervisor = Supervisor(folder, objects, given)
    supervisor.run()
    left = supervisor.clear(_AT_ONCE)
    os.close(LOCK)
    # The job is over for everybody who waits, for the lock or for this process; nobody has to wait for more tidying up.
    if left and os.fork() == 0:
        supervisor.clear(sys.maxsize)
    return 0


if __name__ == "__main__":
    os._exit(main(sys.argv[1:]))
