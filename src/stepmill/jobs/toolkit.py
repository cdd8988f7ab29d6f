"""What a job's instance runs: the command of its request, or the entry point rules of the SageMaker training toolkit.

In: a request and the interpreter of the job's environment. Out: a command with its folder and the toolkit's variables.
Touches: the mode of a script that is to be executed.
Source: `_entry_point_type.py`, `entry_point.py`, `environment.py` and `mapping.py` of the toolkit (sagemaker.md 3.1).
"""

from __future__ import annotations

import json
import os
import shlex

from . import contract

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    Request = Mapping[str, Any]

CODE = "/opt/ml/code"
LEVEL = 20
_INSTALL = "{ [ ! -f requirements.txt ] || python -m pip install -r requirements.txt; } && "
# How a FrameworkProcessor's script starts (sagemaker/processing_request.py, which is not imported by every job).
FRAMEWORK = (
    "cd /opt/ml/processing/input/code && { [ ! -f sourcedir.tar.gz ] || tar -xzf sourcedir.tar.gz; } && "
    f'{_INSTALL}exec "$@"'
)
_RESERVED = ("_tuning_objective_metric", "default_user_module_name")


class Unstartable(Exception):
    """There is nothing to run on this machine; the message names what would have to run."""


class Entry:
    """A command, the folder it starts in, what it adds to the environment, and whether the toolkit's rules made it."""

    __slots__ = ("command", "cwd", "toolkit", "variables")

    def __init__(self, command: list[str], cwd: str, variables: dict[str, str], *, toolkit: bool) -> None:
        self.command = command
        self.cwd = cwd
        self.variables = variables
        self.toolkit = toolkit


def decoded(request: Request) -> dict[str, Any]:
    """The hyperparameters as the toolkit reads them: each value as JSON, and as it is when it is not JSON."""
    found: dict[str, Any] = {}
    for key, text in (request.get("HyperParameters") or {}).items():
        try:
            found[key] = json.loads(text)
        except ValueError:
            found[key] = text
    return found


def program(request: Request) -> str | None:
    """The entry point script, if the request names one for the toolkit."""
    value = decoded(request).get("sagemaker_program") or (request.get("Environment") or {}).get("SAGEMAKER_PROGRAM")
    return str(value) if value else None


def submitted(request: Request) -> str | None:
    """Where the code comes from: an `s3://` archive, or a folder below `/opt/ml`."""
    value = decoded(request).get("sagemaker_submit_directory")
    value = value or (request.get("Environment") or {}).get("SAGEMAKER_SUBMIT_DIRECTORY")
    return str(value) if value else None


def starts_framework(request: Request) -> bool:
    """Whether this is a processing job whose code may bring a `requirements.txt` to be installed."""
    return FRAMEWORK in ((request.get("AppSpecification") or {}).get("ContainerEntrypoint") or ())


def refusal(kind: str, request: Request) -> list[str]:
    """The sentence for a request whose program only an image knows; empty when the request names its program."""
    if kind == "processing":
        app = request.get("AppSpecification") or {}
        if app.get("ContainerEntrypoint"):
            return []
        return [
            f"AppSpecification.ContainerEntrypoint is missing: what the image {app.get('ImageUri')} runs by itself "
            "cannot be run without a container engine; give ContainerEntrypoint"
        ]
    algorithm = request.get("AlgorithmSpecification") or {}
    if algorithm.get("ContainerEntrypoint") or program(request):
        return []
    return [
        f"the image {algorithm.get('TrainingImage')} brings its own `train` program, which cannot be run without a "
        "container engine; give an entry point (hyperparameter sagemaker_program) or ContainerEntrypoint"
    ]


def entry(kind: str, request: Request, tree: str, region: str, python: str) -> Entry:
    """What to run for this request, once its code lies in `tree`. Raises Unstartable."""
    refused = refusal(kind, request)
    if refused:
        raise Unstartable(refused[0])
    app = request.get("AppSpecification" if kind == "processing" else "AlgorithmSpecification") or {}
    if app.get("ContainerEntrypoint"):
        command = [str(word) for word in [*app["ContainerEntrypoint"], *(app.get("ContainerArguments") or [])]]
        # the job's environment was made with the requirements in its code
        command = [word.replace(_INSTALL, "") if word == FRAMEWORK else word for word in command]
        return Entry(command, "/opt/ml/processing" if kind == "processing" else CODE, {}, toolkit=False)
    script = program(request)
    assert script is not None
    folder = f"{tree}/code"
    arguments = command_arguments(user_hyperparameters(request))
    if os.path.exists(f"{folder}/setup.py"):
        command = [python, "-m", script.removesuffix(".py").replace("/", "."), *arguments]
    elif script.endswith(".py"):
        command = [python, script, *arguments]
    else:
        if os.path.isfile(f"{folder}/{script}"):
            os.chmod(f"{folder}/{script}", 0o755)  # noqa: S103 - the toolkit does; the folder above is private
        command = ["/bin/sh", "-c", " ".join([f"./{script}", *map(shlex.quote, arguments)])]
    return Entry(command, CODE, variables(request, region, script, arguments), toolkit=True)


def user_hyperparameters(request: Request) -> dict[str, Any]:
    """The hyperparameters that are for the script: those the toolkit does not keep for itself."""
    return {k: v for k, v in decoded(request).items() if not k.startswith("sagemaker_") and k not in _RESERVED}


def command_arguments(values: Mapping[str, Any]) -> list[str]:
    """`--key value` for each, keys sorted, one-letter keys with one dash; values as Python's `str` writes them."""
    words: list[str] = []
    for key in sorted(values):
        value = values[key]
        if value is None:
            text = ""
        elif isinstance(value, dict):
            text = ",".join(f"{name}={value[name]}" for name in sorted(value))
        else:
            text = str(value)
        words += [f"-{key}" if len(key) == 1 else f"--{key}", text]
    return words


def variables(request: Request, region: str, script: str, arguments: list[str]) -> dict[str, str]:
    """The toolkit's variables: `SM_*`, with dashes kept in names and, as a convenience for shells, also as `_`."""
    every = decoded(request)
    own = user_hyperparameters(request)
    framework = {key: value for key, value in every.items() if key not in own}
    resources = contract.resource_config("training", request)
    channels = {name: f"/opt/ml/input/data/{name}" for name in contract.input_data_config(request)}
    name = contract.name_of("training", request)
    groups = {group["instance_group_name"]: group for group in resources["instance_groups"]}
    module = script.removesuffix(".py").replace("/", ".")
    level = every.get("sagemaker_container_log_level", LEVEL)
    numbers = {"num_cpus": contract.processors(), "num_gpus": contract.gpus(), "num_neurons": 0}
    shared: dict[str, Any] = {
        "current_host": contract.HOST,
        "hosts": [contract.HOST],
        "current_instance_type": resources["current_instance_type"],
        "current_instance_group": contract.GROUP,
        "current_instance_group_hosts": [contract.HOST],
        "instance_groups": [contract.GROUP],
        "instance_groups_dict": groups,
        "distribution_instance_groups": [],
        "is_hetero": False,
        "network_interface_name": resources["network_interface_name"],
        "resource_config": resources,
        "input_data_config": contract.input_data_config(request),
        "input_dir": "/opt/ml/input",
        "input_config_dir": "/opt/ml/input/config",
        "output_dir": "/opt/ml/output",
        "output_data_dir": "/opt/ml/output/data",
        "output_intermediate_dir": "/opt/ml/output/intermediate",
        "model_dir": "/opt/ml/model",
        "module_dir": submitted(request) or CODE,
        "module_name": module,
        "framework_module": None,
        "log_level": level,
        "user_entry_point": script,
        **numbers,
    }
    training = shared | {
        "additional_framework_parameters": framework,
        "channel_input_dirs": channels,
        "hyperparameters": own,
        "is_master": True,
        "master_hostname": contract.HOST,
        "job_name": name,
    }
    made = {f"SM_{key.upper()}": _text(value) for key, value in shared.items()}
    made |= {
        "SM_HPS": _text(own),
        "SM_FRAMEWORK_PARAMS": _text(framework),
        "SM_CHANNELS": _text(sorted(channels)),
        "SM_TRAINING_ENV": _text(training),
        "SM_USER_ARGS": _text(arguments),
    }
    for prefix, named in (("SM_CHANNEL", channels), ("SM_HP", own)):
        for key in sorted(named):
            made[f"{prefix}_{key.upper()}".replace("-", "_")] = _text(named[key])
        for key in sorted(named):
            made[f"{prefix}_{key.upper()}"] = _text(named[key])
    own_names = {"SAGEMAKER_JOB_NAME": name, "SAGEMAKER_REGION": region, "CURRENT_HOST": contract.HOST}
    path = os.pathsep.join(filter(None, [CODE, str((request.get("Environment") or {}).get("PYTHONPATH", ""))]))
    return made | own_names | {"PYTHONPATH": path}


INSTALLED = "stepmill-requirements.txt"
"""In the folder of an environment: the requirements that it was made of."""


def requirements_note(tree: str, python: str) -> str:
    """A line for the log when the code's `requirements.txt` is not what the interpreter's environment was made of.

    On AWS the toolkit installs that file when the job starts. Here it is installed before the job, into a cached
    environment, or not at all: a job never installs anything by itself.
    """
    try:
        with open(f"{tree}/code/requirements.txt", encoding="utf-8") as file:
            wanted = file.read()
    except (OSError, UnicodeDecodeError):
        return ""
    home = os.path.dirname(os.path.dirname(python))
    try:
        with open(f"{home}/{INSTALLED}", encoding="utf-8") as file:
            if wanted.strip() in file.read():
                return ""
    except OSError:
        pass
    return f"stepmill: requirements.txt of the code is not installed by the job; it runs with {python} as it is"


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
