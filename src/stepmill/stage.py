"""Says where a run happens: the settings of a stage, and the environment its jobs and functions are given.

In: a folder, the environment, flags. Out: `Settings`, or a `SettingsError` that names the nearest key.
Touches: reads `pyproject.toml` and looks for the store's folder; writes nothing.

What a setting means belongs here; what is done with it never does.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from stepmill.nearest import did_you_mean, nearest

STORE = ".stepmill"
PREFIX = "STEPMILL_"

KEYS = ("store", "stage", "region", "account", "bucket", "cache", "grace", "pass_env", "secrets", "functions", "stages")
_LISTS = ("pass_env", "secrets")
_PATHS = ("store", "cache")
_PATTERNS = {
    "stage": (re.compile(r"[a-z][a-z0-9-]{0,31}"), "lower-case letters, digits and hyphens, such as local or prod"),
    "region": (re.compile(r"[a-z]{2,4}(-[a-z]+)+-[0-9]+"), "an AWS region, such as us-east-1"),
    "account": (re.compile(r"[0-9]{12}"), "the 12 digits of an AWS account"),
    "bucket": (re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]"), "an S3 bucket name: 3 to 63 of a-z, 0-9, '.' and '-'"),
}
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_SECRET = re.compile(r"KEY|TOKEN|SECRET|PASSW|WEBHOOK|CREDENTIAL|PRIVATE|DSN|AUTH", re.IGNORECASE)
_CREDENTIALS = frozenset(
    {
        "AWS_ACCESS_KEY_ID",
        "AWS_PROFILE",
        "AWS_DEFAULT_PROFILE",
        "AWS_ROLE_ARN",
        "AWS_WEB_IDENTITY_TOKEN_FILE",
        "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
        "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    }
)
_PARTITIONS = {
    "cn-": "aws-cn",
    "us-gov-": "aws-us-gov",
    "us-iso-": "aws-iso",
    "us-isob-": "aws-iso-b",
    "eu-isoe-": "aws-iso-e",
    "us-isof-": "aws-iso-f",
    "eusc-": "aws-eusc",
}
_CARRIED = ("HOME", "USER", "LANG", "LANGUAGE", "TZ", "TMPDIR")


class SettingsError(ValueError):
    """A setting that cannot be: says where it stands, what is wrong with it and what would do."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What a stage is, merged: flag > `STEPMILL_*` variable > `pyproject.toml` `[tool.stepmill]` > default.

    `pass_env` and `secrets` are the exception: names given in several places add up, so that a secret named once stays
    one.
    """

    root: Path
    """Folder of the `pyproject.toml` that was read, else the folder that was started from."""
    store: Path
    """The store's folder, `…/.stepmill`: executions, jobs, objects."""
    cache: Path
    """Where environments made from requirements are kept, for all projects of this user."""
    stage: str = "local"
    region: str = "us-east-1"
    account: str = "000000000000"
    bucket: str = "stepmill-local"
    grace: float = 120.0
    """Seconds between SIGTERM and SIGKILL; SageMaker gives 120."""
    pass_env: tuple[str, ...] = ()
    """Names of the parent's environment variables that jobs and functions get."""
    secrets: tuple[str, ...] = ()
    """Names of environment variables whose values are masked everywhere; includes secret-looking `pass_env`."""
    functions: Mapping[str, str] = field(default_factory=dict)
    """Lambda function name → `file.py:handler`, the file relative to `root`."""
    stages: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Name of a stage on AWS → what its table says; `stepmill.deploy.stages` knows what that means."""


@dataclass(frozen=True)
class Endpoint:
    """Where a stage on this machine answers AWS's clients, and the key that opens it.

    url: `http://127.0.0.1:8420`. key, secret: an access key of AWS's form. region: the stage's.
    """

    url: str
    key: str
    secret: str = field(repr=False)
    region: str = "us-east-1"

    def environ(self) -> dict[str, str]:
        """The variables by which boto3, the AWS CLI and every other SDK find it (AWS SDKs and Tools reference guide,
        "Service-specific endpoints")."""
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": self.key,
            "AWS_SECRET_ACCESS_KEY": self.secret,
            "AWS_REGION": self.region,
            "AWS_DEFAULT_REGION": self.region,
            "AWS_EC2_METADATA_DISABLED": "true",
            # boto3 would ask `sync-127.0.0.1` for StartSyncExecution and TestState, which is no name.
            "AWS_DISABLE_HOST_PREFIX_INJECTION": "true",
        }


_NOWHERE = Endpoint("http://127.0.0.1:9", "stepmill", "stepmill")  # a loopback port where nobody listens


def partition(region: str) -> str:
    """The partition of a region, as it stands in ARNs: `aws`, or that of China, GovCloud, the isolated regions, the
    European sovereign cloud (botocore 1.44.5, `partitions.json`)."""
    return next((name for prefix, name in _PARTITIONS.items() if region.startswith(prefix)), "aws")


def load_settings(start: Path | None = None, environ: Mapping[str, str] | None = None, **flags: Any) -> Settings:
    """The settings in force in folder `start` (default: where the process stands).

    Flags that are None count as not given. Paths in `pyproject.toml` are relative to its folder, those of flags and
    variables to `start`. Raises SettingsError.
    """
    start = (start or Path.cwd()).absolute()
    environ = os.environ if environ is None else environ
    project = _nearest_holding(start, "pyproject.toml")
    root = project or start
    written = _from_pyproject(root) if project else None
    merged: dict[str, Any] = {}
    sources = [
        (written or {}, f"{root / 'pyproject.toml'} [tool.stepmill]: ", root),
        (_from_environ(environ), "the environment: ", start),
        ({key: value for key, value in flags.items() if value is not None}, "", start),
    ]
    for given, where, base in sources:
        for key, value in given.items():
            if key not in KEYS:
                raise SettingsError(f"{where}there is no setting {key!r}{_hint(key, KEYS)}")
            checked = _checked(key, value, where, base)
            merged[key] = tuple(dict.fromkeys((*merged.get(key, ()), *checked))) if key in _LISTS else checked
    ours = root if written is not None else None
    merged.setdefault("store", (_nearest_store(start, ours) or root) / STORE)
    merged.setdefault("cache", _cache(environ))
    masked = [name for name in merged.get("pass_env", ()) if _SECRET.search(name)]
    merged["secrets"] = tuple(dict.fromkeys((*merged.get("secrets", ()), *masked)))
    return Settings(root=root, **merged)


def clean_environment(
    parent: Mapping[str, str],
    python: str,
    region: str,
    passed: Sequence[str] = (),
    endpoint: Endpoint | None = None,
) -> dict[str, str]:
    """The environment of a job or a function: what a process needs to live, and nothing that reaches real AWS.

    `python` is the interpreter whose folder comes first in PATH; `passed` are names copied from `parent`; `endpoint` is
    where this stage is served, if it is. Then a script's own boto3 reaches this stage. Else the variables point at a
    loopback port where nobody listens, so that its call fails at once instead of reaching an account by accident.
    Passing credentials by name is asking for the real thing: then these variables stay away.
    """
    given = {name: parent[name] for name in passed if name in parent}
    made = {name: parent[name] for name in _CARRIED if name in parent}
    made |= {name: value for name, value in parent.items() if name.startswith("LC_")}
    made["PATH"] = os.pathsep.join(dict.fromkeys([str(Path(python).parent), *_path(parent)]))
    made |= {"PYTHONUNBUFFERED": "1", "AWS_REGION": region, "AWS_DEFAULT_REGION": region}
    if _CREDENTIALS.isdisjoint(given):
        made |= (endpoint or _NOWHERE).environ() | {
            "AWS_REGION": region,
            "AWS_DEFAULT_REGION": region,
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        }
    return made | given


def _path(parent: Mapping[str, str]) -> list[str]:
    return [part for part in parent.get("PATH", os.defpath).split(os.pathsep) if part]


def _nearest_holding(start: Path, name: str) -> Path | None:
    return next((folder for folder in (start, *start.parents) if (folder / name).exists()), None)


def _nearest_store(start: Path, project: Path | None) -> Path | None:
    """The nearest folder that holds a store of this user, but never above the project: one in the home folder or in
    /tmp must not take in every project below it."""
    for folder in (start, *start.parents):
        store = folder / STORE
        if store.exists() and store.stat().st_uid == os.getuid():
            return folder
        if folder == project:
            return None
    return None


def _cache(environ: Mapping[str, str]) -> Path:
    # the XDG specification says to ignore a relative value
    base = environ.get("XDG_CACHE_HOME", "")
    home = Path(environ["HOME"]) if environ.get("HOME") else Path.home()
    return (Path(base) if Path(base).is_absolute() else home / ".cache") / "stepmill"


def _from_pyproject(folder: Path) -> Mapping[str, Any] | None:
    """The table of a project that calls itself one of ours; None for any other."""
    import tomllib  # here, because most processes of ours never read a project file

    path = folder / "pyproject.toml"
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8")).get("tool", {}).get("stepmill")
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, AttributeError) as problem:
        raise SettingsError(f"{path}: cannot be read: {problem}") from problem
    if table is None:
        return None
    if not isinstance(table, dict):
        raise SettingsError(f"{path}: [tool.stepmill] must be a table of settings")
    # TOML's own habit is hyphens, Python's is underscores: both are the same key here
    return {key.replace("-", "_"): value for key, value in table.items()}


def _from_environ(environ: Mapping[str, str]) -> dict[str, Any]:
    named = {PREFIX + key.upper(): key for key in KEYS if key not in ("functions", "stages")}
    found: dict[str, Any] = {}
    for name, value in environ.items():
        if name in named and value:
            found[named[name]] = value.replace(",", " ").split() if named[name] in _LISTS else value
        elif name.startswith(PREFIX) and name not in named and nearest(name, named, 0.85):
            # a variable of another tool may begin like ours; only what is nearly one of ours is a slip
            raise SettingsError(f"the environment: there is no setting {name!r}{_hint(name, named)}")
    return found


def _checked(key: str, value: Any, where: str, base: Path) -> Any:
    if key == "stages":
        if not isinstance(value, Mapping) or not all(isinstance(each, Mapping) for each in value.values()):
            raise SettingsError(f'{where}stages must hold tables, such as [tool.stepmill.stages.dev] region = "…"')
        return {name: dict(each) for name, each in value.items()}
    if key == "functions":
        if not isinstance(value, Mapping) or not all(isinstance(v, str) and ":" in v for v in value.values()):
            raise SettingsError(f'{where}functions must be a table such as {{notify = "functions.py:notify"}}')
        return dict(value)
    if key in _LISTS:
        names = [value] if isinstance(value, str) else value
        if not isinstance(names, Sequence) or not all(isinstance(n, str) and _NAME.fullmatch(n) for n in names):
            raise SettingsError(f"{where}{key} must be a list of environment variable names, not {value!r}")
        return tuple(names)
    if key == "grace":
        return _seconds(value, where)
    if key in _PATHS:
        if not isinstance(value, str | os.PathLike) or not str(value):
            raise SettingsError(f"{where}{key} must be the path of a folder, not {value!r}")
        return Path(os.path.normpath(base / Path(value).expanduser()))
    pattern, words = _PATTERNS[key]
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise SettingsError(f"{where}{key} must be {words}, not {value!r}")
    return value


def _seconds(value: Any, where: str) -> float:
    try:
        seconds = float(value)
    except (TypeError, ValueError):
        seconds = -1.0
    if isinstance(value, bool) or not 0 <= seconds <= 86_400:
        raise SettingsError(f"{where}grace must be a number of seconds between 0 and 86400, not {value!r}")
    return seconds


def _hint(word: str, known: Sequence[str] | Mapping[str, str]) -> str:
    return "; " + did_you_mean(word, known, f"there are: {', '.join(known)}")
