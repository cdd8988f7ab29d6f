"""Where the AWS console shows what runs there.

In: ARNs, names of jobs and of log groups. Out: URLs. Touches: nothing.

The console's own addresses, as its pages link to each other; AWS documents the hosts alone (AWS General Reference,
"Service endpoints"; "Getting started with AWS services in China"; AWS GovCloud (US) user guide, "Console").
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final
from urllib.parse import quote

from stepmill.stage import partition

_HOSTS: Final = {"aws-cn": "{region}.console.amazonaws.cn", "aws-us-gov": "console.amazonaws-us-gov.com"}
_JOBS: Final = {
    "training": ("jobs", "/aws/sagemaker/TrainingJobs"),
    "processing": ("processing-jobs", "/aws/sagemaker/ProcessingJobs"),
    "transform": ("transform-jobs", "/aws/sagemaker/TransformJobs"),
}


def console_urls(
    arn: str, jobs: Iterable[tuple[str, str]] = (), functions: Iterable[str] = ()
) -> dict[str, dict[str, str]]:
    """The pages of a state machine or an execution, of its jobs, and of the logs of its jobs and functions.

    arn: of the machine (an alias or a version counts as its machine) or of the execution. jobs: (kind, name), such as
    ("training", "digits-train-1"). functions: names of Lambda functions. Out: `machine` and `execution` by ARN, `job`
    by name, `log` by name of job or function; what was not asked for is left out. Raises ValueError for another ARN.
    """
    parts = arn.split(":")
    if len(parts) < 7 or parts[2] != "states" or parts[5] not in ("stateMachine", "execution", "express"):
        raise ValueError(f"{arn!r} is the ARN of no state machine and of no execution")
    region = parts[3]
    machine = ":".join([*parts[:5], "stateMachine", parts[6]]).partition("/")[0]
    found = {"machine": {machine: _page("states", region, f"/statemachines/view/{machine}")}}
    if parts[5] != "stateMachine":
        place = "v2/executions/details" if parts[5] == "execution" else "express-executions/details"
        found["execution"] = {arn: _page("states", region, f"/{place}/{arn}")}
    pages, logs = {}, {}
    for kind, name in jobs:
        place, group = _JOBS[kind]
        pages[name] = _page("sagemaker", region, f"/{place}/{quote(name, safe='')}")
        logs[name] = log_group(region, group, f"{name}/")
    for name in functions:
        logs[name] = log_group(region, f"/aws/lambda/{name}")
    return found | ({"job": pages} if pages else {}) | ({"log": logs} if logs else {})


def log_group(region: str, group: str, streams: str = "") -> str:
    """A log group's page. streams: only those whose names begin so."""
    # After its "#" the console takes texts quoted twice, with "$" in place of "%".
    place = f"logsV2:log-groups/log-group/{_twice(group)}"
    if streams:
        place += _dollars("?logStreamNameFilter=") + _twice(streams)
    return _page("cloudwatch", region, place)


def job_log_group(kind: str) -> str:
    """The log group of a kind of job: training, processing or transform."""
    return _JOBS[kind][1]


def _page(service: str, region: str, place: str) -> str:
    host = _HOSTS.get(partition(region), "{region}.console.aws.amazon.com").format(region=region)
    return f"https://{host}/{service}/home?region={region}#{place}"


def _dollars(text: str) -> str:
    return quote(text, safe="").replace("%", "$")


def _twice(text: str) -> str:
    return _dollars(quote(text, safe=""))
