"""A stage on AWS, as `pyproject.toml` describes it.

In: settings, and the name of a stage. Out: a `Stage`, or a SettingsError that names the nearest key. Touches: nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any

from stepmill.nearest import did_you_mean
from stepmill.stage import Settings, SettingsError
from stepmill.steps.triggers import is_schedule

_ROLE = re.compile(r"arn:aws[a-z-]*:iam::\d{12}:role/[\w+=,.@/-]{1,512}")
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_S3 = re.compile(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/.*)?")
_KEY = re.compile(r"arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:key/[\w-]+")
_TAG = re.compile(r"(?!aws:)[\w\s.:/=+@-]{1,128}")
_ALARM = re.compile(r"arn:aws[a-z-]*:cloudwatch:[a-z0-9-]+:\d{12}:alarm:.+")
_RETENTION = frozenset(
    {1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653}
)  # days CloudWatch Logs can keep (PutRetentionPolicy, API reference)
NAME_LIMIT = 20
"""Characters of a stage's name: the bucket `stepmill-<stage>-<account>-<region>` must fit into 63."""


@dataclass(frozen=True, kw_only=True)
class Stage:
    """One `[tool.stepmill.stages.<name>]`: where a pipeline is deployed, and what is there already.

    What is given in place of a resource (a bucket, a role, an image, a topic) is used and never changed.
    """

    name: str
    expected_account: str | None = None
    """Twelve digits. When given, a deployment with the credentials of another account is refused."""
    region: str
    profile: str | None = None
    """A profile of the AWS configuration files; else the environment decides, as for every AWS tool."""
    endpoint: str | None = None
    """Where the stage answers, when it is not AWS itself: a server on this machine, in a test."""
    bucket: str | None = None
    machine_role: str | None = None
    job_role: str | None = None
    function_role: str | None = None
    repository: str | None = None
    """Name of an ECR repository for the images that are built."""
    images: Mapping[str, str] = field(default_factory=dict)
    """Substitution name (`Image`, `TrainImage`) → URI of an image that exists, in place of one that is built."""
    functions: Mapping[str, str] = field(default_factory=dict)
    """Substitution name → ARN of a function that exists."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """Variables of every function of the stage. A secret is named and not written:
    `"{{resolve:secretsmanager:slack}}"` is filled in by CloudFormation."""
    kms_key: str | None = None
    subnets: tuple[str, ...] = ()
    security_groups: tuple[str, ...] = ()
    read: tuple[str, ...] = ()
    """`s3://bucket/prefix` that jobs may read, besides the stage's own bucket."""
    topic: str | None = None
    """ARN of an SNS topic that hears of failures, in place of a new one."""
    email: str | None = None
    """An address that the stage's own topic writes to."""
    schedule: str | bool | None = None
    """`cron(…)` or `rate(…)` in place of the workflow's own; false switches it off in this stage."""
    time_zone: str | None = None
    log_level: str = "ERROR"
    log_days: int = 90
    tracing: bool = True
    deployment: str = "all-at-once"
    """How the alias `live` moves: all-at-once, canary or linear."""
    percent: int = 10
    minutes: int = 10
    alarms: tuple[str, ...] = ()
    """ARNs of CloudWatch alarms that roll a canary or linear deployment back."""
    tags: Mapping[str, str] = field(default_factory=dict)
    builder: str = "auto"
    """Who builds images: docker, podman, codebuild; auto takes the first that is there; none builds none."""
    python: str = "3.12"
    """Of Lambda functions and of images made from requirements."""
    boundary: str | None = None
    """ARN of a permissions boundary for every role that is made."""


_LISTS = ("subnets", "security_groups", "read", "alarms")
_TABLES = ("images", "functions", "environment", "tags")


def stage(settings: Settings, name: str | None = None, **flags: Any) -> Stage:
    """The stage `name`, else the one that the settings choose, when it lies on AWS.

    flags: `region` and `profile` of the command line; None counts as not given. Raises SettingsError.
    """
    name = name or settings.stage
    known = settings.stages
    place = f"{settings.root / 'pyproject.toml'} [tool.stepmill.stages"
    if name == "local":
        raise SettingsError("the stage local is this machine, which nothing is deployed to; say --stage NAME")
    if name not in known:
        hint = did_you_mean(name, known, f"there are: {', '.join(known)}" if known else _EXAMPLE)
        raise SettingsError(f"there is no stage {name!r} in {place}]; {hint}")
    where = f"{place}.{name}]: "
    if len(name) > NAME_LIMIT or not re.fullmatch(r"[a-z][a-z0-9-]*[a-z0-9]", name):
        raise SettingsError(
            f"{where}a stage is named by 2 to {NAME_LIMIT} lower-case letters, digits and hyphens: it becomes part of "
            "a bucket's name"
        )
    given = {key.replace("-", "_"): value for key, value in dict(known[name]).items()}
    given |= {key: value for key, value in flags.items() if value is not None}
    keys = [each.name for each in fields(Stage) if each.name != "name"]
    for key in given:
        if key not in keys:
            raise SettingsError(f"{where}there is no setting {key!r}; {did_you_mean(key, keys, ', '.join(keys))}")
    if "region" not in given:
        raise SettingsError(f'{where}region is missing; write for instance region = "us-east-1"')
    return Stage(name=name, **{key: _checked(key, value, where) for key, value in given.items()})


def of_arn(settings: Settings, arn: str) -> Stage:
    """The stage an ARN lies in: of that account and region, else of that region without an account, else none's.

    The account of the ARN is the stage's then, so that the credentials of another one are refused. A stage that is
    made for an ARN alone has the name of its account. Raises SettingsError.
    """
    _, _, _, region, account, *_ = arn.split(":")
    near = [name for name, given in settings.stages.items() if given.get("region") == region]
    own = [name for name in near if settings.stages[name].get("expected_account") == account]
    open_ = [name for name in near if "expected_account" not in settings.stages[name]]
    for name in own or (open_ if len(open_) == 1 else []):
        return replace(stage(settings, name), expected_account=account)
    return Stage(name=account, expected_account=account, region=region)


_EXAMPLE = 'write [tool.stepmill.stages.dev] with region = "us-east-1"'

_TEXTS: Mapping[str, tuple[re.Pattern[str], str]] = {
    "expected_account": (re.compile(r"\d{12}"), "the 12 digits of an AWS account"),
    "region": (re.compile(r"[a-z]{2,4}(-[a-z]+)+-\d+"), "an AWS region, such as us-east-1"),
    "profile": (re.compile(r".+"), "the name of a profile"),
    "endpoint": (re.compile(r"https?://\S+"), "an address, such as http://127.0.0.1:8420"),
    "bucket": (_BUCKET, "an S3 bucket name: 3 to 63 of a-z, 0-9, '.' and '-'"),
    "machine_role": (_ROLE, "the ARN of a role"),
    "job_role": (_ROLE, "the ARN of a role"),
    "function_role": (_ROLE, "the ARN of a role"),
    "repository": (re.compile(r"[a-z0-9][a-z0-9._/-]{1,255}"), "the name of an ECR repository"),
    "kms_key": (_KEY, "the ARN of a KMS key"),
    "topic": (re.compile(r"arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:[\w-]+"), "the ARN of an SNS topic"),
    "email": (re.compile(r"[^@\s]+@[^@\s]+"), "an e-mail address"),
    "time_zone": (re.compile(r"[A-Za-z][A-Za-z0-9_+/-]*"), "a name of the tz database, such as Asia/Tokyo"),
    "log_level": (re.compile(r"OFF|FATAL|ERROR|ALL"), "OFF, FATAL, ERROR or ALL"),
    "deployment": (re.compile(r"all-at-once|canary|linear"), "all-at-once, canary or linear"),
    "builder": (re.compile(r"auto|docker|podman|codebuild|none"), "auto, docker, podman, codebuild or none"),
    "python": (re.compile(r"3\.(11|12|13)"), '"3.11", "3.12" or "3.13"'),
    "boundary": (re.compile(r"arn:aws[a-z-]*:iam::(\d{12}|aws):policy/.+"), "the ARN of a policy"),
}
_ITEMS: Mapping[str, tuple[re.Pattern[str], str]] = {
    "subnets": (re.compile(r"subnet-[0-9a-f]+"), "ids of subnets"),
    "security_groups": (re.compile(r"sg-[0-9a-f]+"), "ids of security groups"),
    "read": (_S3, "s3://bucket/prefix"),
    "alarms": (_ALARM, "ARNs of CloudWatch alarms"),
}


def _checked(key: str, value: Any, where: str) -> Any:
    if key in _LISTS:
        pattern, words = _ITEMS[key]
        if isinstance(value, str) or not isinstance(value, Sequence) or not all(_fits(pattern, v) for v in value):
            raise SettingsError(f"{where}{key} must be a list of {words}, not {value!r}")
        return tuple(value)
    if key in _TABLES:
        if not isinstance(value, Mapping) or not all(isinstance(v, str) for v in value.values()):
            raise SettingsError(f"{where}{key} must be a table of names and texts, not {value!r}")
        if key == "tags" and (bad := [name for name in value if not _TAG.fullmatch(name)]):
            raise SettingsError(f"{where}tags: {bad[0]!r} cannot be the key of a tag on AWS")
        return dict(value)
    if key == "schedule" and (value is False or (isinstance(value, str) and is_schedule(value))):
        return value
    if key == "schedule":
        raise SettingsError(f"{where}schedule must be cron(…) or rate(…), or false, not {value!r}")
    if key == "tracing":
        if not isinstance(value, bool):
            raise SettingsError(f"{where}tracing must be true or false, not {value!r}")
        return value
    if key in ("log_days", "percent", "minutes"):
        return _whole(key, value, where)
    pattern, words = _TEXTS[key]
    if not _fits(pattern, value):
        raise SettingsError(f"{where}{key} must be {words}, not {value!r}")
    return value


def _fits(pattern: re.Pattern[str], value: Any) -> bool:
    return isinstance(value, str) and pattern.fullmatch(value) is not None


def _whole(key: str, value: Any, where: str) -> int:
    least, most = {"percent": (1, 99), "minutes": (1, 2100), "log_days": (1, 3653)}[key]
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise SettingsError(f"{where}{key} must be a whole number from {least} to {most}, not {value!r}")
    if key == "log_days" and value not in _RETENTION:
        raise SettingsError(f"{where}log_days must be one of {', '.join(map(str, sorted(_RETENTION)))}, not {value}")
    return value
