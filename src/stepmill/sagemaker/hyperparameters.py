"""Hyperparameters, and the training script that is named by two of them.

In: an estimator and what the step adds. Out: texts by name, and a Code. Touches: the script's files, to pack them.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from stepmill.assets import AssetError, pack_source_dir
from stepmill.sagemaker.built import Built, Place, as_text, at_run_time, attribute, inside, is_isolated, is_placeholder
from stepmill.sagemaker.estimator import Estimator
from stepmill.sagemaker.session import region_of

MOUNTED = "/opt/ml/input/data/code/sourcedir.tar.gz"


@dataclass
class Code:
    """The script of a training job.

    program: its path in the archive; None when the image brings its own. uri: where the archive lies. channel: its URI
    when an isolated container must get it as the channel `code`. environment: set instead of hyperparameters.
    """

    program: str | None = None
    uri: str = ""
    channel: str | None = None
    environment: dict[str, str] = field(default_factory=dict)

    def directory(self) -> str:
        """What `sagemaker_submit_directory` says."""
        return MOUNTED if self.channel else self.uri


def training_code(estimator: Any, place: Place, built: Built, what: str = "training") -> Code:
    """Pack what entry_point=, source_dir= and dependencies= name; what: what the script is for."""
    entry, folder = attribute(estimator, "entry_point"), attribute(estimator, "source_dir")
    dependencies = attribute(estimator, "dependencies") or ()
    for name in ("git_config", "code_location"):
        if attribute(estimator, name):
            built.complain(
                f"no-{name.replace('_', '-')}",
                f"{name}= is not supported",
                "check the repository out and give its path"
                if name == "git_config"
                else "code lies under a name made of its content, so that it is stored once; leave it out",
            )
    if entry is None:
        if folder is not None or dependencies:
            given = "source_dir=" if folder is not None else "dependencies="
            built.complain("entry-missing", f"{given} is given without entry_point=", 'say which file runs: "train.py"')
        return Code()
    if at_run_time(entry) or (at_run_time(folder) and not str(folder).startswith("s3://")):
        built.complain("code-at-run-time", "entry_point= and source_dir= are packed before the run", "give a path")
        return Code()
    script = os.fspath(entry)
    if folder is not None and os.fspath(folder).startswith("s3://"):
        return _isolated(estimator, Code(script, os.fspath(folder)))
    base = place.base or Path()
    try:
        if folder is None:
            asset = pack_source_dir(script, None, dependencies, base=base)
            script = Path(script).name
        else:
            script = inside(script, os.fspath(folder), base)
            asset = pack_source_dir(os.fspath(folder), script, dependencies, base=base)
    except AssetError as error:
        built.complain(error.code, f"the {what} script: {error.message}", error.hint)
        return Code()
    return _isolated(estimator, Code(script, built.keep(asset, place)))


def _isolated(estimator: Any, code: Code) -> Code:
    isolated = is_isolated(estimator)
    if not is_placeholder(isolated) and isolated:
        code.channel = code.uri
    return code


def training_hyperparameters(
    estimator: Any, added: Any, mini_batch_size: Any, code: Code, built: Built, place: Place, prefix: Any, classic: bool
) -> Any:
    """All hyperparameters as texts by name; one Placeholder when they are known only at run time as a whole.

    prefix: where the job writes, without its name. classic: whether the script is also told what the old SDK tells it,
    its job's name, the region and the log level.
    """
    own = attribute(estimator, "hyperparameters")
    own = own() if callable(own) and not is_placeholder(own) else own
    whole = added if is_placeholder(added) else own if is_placeholder(own) and added is None else None
    if whole is not None:
        if code.program is not None:
            code.environment = {"SAGEMAKER_PROGRAM": code.program, "SAGEMAKER_SUBMIT_DIRECTORY": code.directory()}
        return whole
    if is_placeholder(own):
        built.complain(
            "hyperparameters-twice",
            "the estimator's hyperparameters are one run-time value, so the step's cannot be joined to them",
            "give them in one place",
        )
        own = None
    if not isinstance(own or {}, Mapping) or not isinstance(added or {}, Mapping):
        built.complain("bad-hyperparameters", "hyperparameters= is not a dict", "give {name: value}")
        return None
    # Another library's toolkit estimator has encoded its own already; encoding them again would quote them twice.
    ours, framework = isinstance(estimator, Estimator), attribute(estimator, "_framework_name")
    encode = code.program is not None and ours
    launch = {**(own or {}), **(estimator.launch_hyperparameters() if ours else {})}
    values = {str(name): _text(name, value, encode, built) for name, value in launch.items()}
    if framework == "tensorflow" and (folder := _model_dir(estimator, place, prefix)) is not None:
        values["model_dir"] = _text("model_dir", folder, True, built)
    for name, value in (added or {}).items():
        # The step's texts go to a framework as they are, as the old SDK sends them; its toolkit reads both forms.
        encode = code.program is not None and not (framework and isinstance(value, str))
        values[str(name)] = _text(name, value, encode, built)
    if mini_batch_size is not None:
        values["mini_batch_size"] = as_text(mini_batch_size)
    if code.program is not None:
        values["sagemaker_program"] = json.dumps(code.program, ensure_ascii=False)
        values["sagemaker_submit_directory"] = json.dumps(code.directory(), ensure_ascii=False)
        level = attribute(estimator, "container_log_level", 20)
        if classic or is_placeholder(level) or level != 20:
            values["sagemaker_container_log_level"] = as_text(level)
        if classic:
            values["sagemaker_job_name"] = f'"{place.job_name}"'
            values["sagemaker_region"] = json.dumps(region_of(attribute(estimator, "sagemaker_session")))
    return values


def _model_dir(estimator: Any, place: Place, prefix: Any) -> Any:
    """Where a TensorFlow script is told to write its model; False means that it is not told."""
    given = getattr(estimator, "model_dir", None)
    if given is not None:
        return None if given is False else given
    if (attribute(estimator, "distribution", {}).get("mpi") or {}).get("enabled"):
        return "/opt/ml/model"
    return f"{str(prefix).rstrip('/')}/{place.job_name}/model"


def _text(name: Any, value: Any, encode: bool, built: Built) -> str:
    if is_placeholder(value) or (isinstance(value, str) and at_run_time(value)):
        return as_text(value)
    if at_run_time(value):
        built.complain(
            "run-time-value-inside",
            f"hyperparameter {name!r} has a run-time value inside a {type(value).__name__}",
            "give the whole of it as one run-time value, or each part its own hyperparameter",
        )
        return ""
    if not encode:
        return str(value)
    try:
        return json.dumps(value, ensure_ascii=False)
    except (TypeError, ValueError):
        built.complain("not-json", f"hyperparameter {name!r} is {value!r}", "give text, a number, a list or a dict")
        return ""
