"""Builds `CreateProcessingJob` requests.

In: a processor, inputs and outputs, a Place. Out: Built. Touches: the code and data files named, to pack them.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from stepmill.assets import AssetError, pack_file, pack_folder
from stepmill.sagemaker.built import (
    Built,
    Place,
    as_text,
    at_run_time,
    attribute,
    data_uri,
    first,
    given,
    image_uri,
    inside,
    is_placeholder,
    job_tags,
    once,
    request_dict,
    segment,
    shown,
    texts,
)
from stepmill.sagemaker.limits import complete
from stepmill.sagemaker.processing import ProcessingInput, ProcessingOutput

ROOT = "/opt/ml/processing"
CODE = f"{ROOT}/input/code"
# A FrameworkProcessor's script starts in its folder, after its requirements; the last words are what to run.
START = (
    f"cd {CODE} && {{ [ ! -f sourcedir.tar.gz ] || tar -xzf sourcedir.tar.gz; }} && "
    '{ [ ! -f requirements.txt ] || python -m pip install -r requirements.txt; } && exec "$@"'
)
_CODE = {"code": ": code= adds an input of that name"}


def processing_request(
    processor: Any,
    *,
    place: Place,
    inputs: Any = None,
    outputs: Any = None,
    code: Any = None,
    source_dir: Any = None,
    container_entrypoint: Any = None,
    container_arguments: Any = None,
    experiment_config: Any = None,
    kms_key_id: Any = None,
    tags: Any = None,
    explicit_job_name: bool = False,
    parameters: Any = None,
) -> Built:
    """The `CreateProcessingJob` request of a processor: ours, sagemaker 2's or anything with the same attributes.

    inputs: a list of ProcessingInput, or `{name: URI, local path, run-time value or ProcessingInput}`; a short one is
    read at `/opt/ml/processing/<name>`. outputs: a list of names and ProcessingOutput, or `{name: None, URI, run-time
    value or ProcessingOutput}`; a short one is written at `/opt/ml/processing/<name>` and goes to
    `s3://<bucket>/<prefix>/<job name>/output/<name>`.

    code: a script, as a path or an `s3://` URI; it lies at `/opt/ml/processing/input/code` and is run by the
    processor's `command` (`python3`). source_dir: the folder `code` is in; its files lie there too, each by itself
    below one prefix named by their content, so nothing is unpacked in the container and no shell is needed.
    A `requirements.txt` in it is not installed when the job starts: `requirements=` says what the image is made of.
    A FrameworkProcessor is the exception, as in SageMaker's SDK: its script starts in that folder, by a line of shell
    that first unpacks a `sourcedir.tar.gz` and installs the `requirements.txt`, if there are such files. The SDK's
    `runproc.sh` does the same from a second input.

    parameters: joined to the request, object by object, and stronger than it.

    With the old arguments only (job name, image, role, lists of inputs and outputs) the request is the one that
    stepfunctions 2.3.0 makes, except that empty lists are left out where it sends null (reference/authoring.md §2.4).
    """
    built = Built()
    estimator = hasattr(processor, "max_run")  # it has an image and machines too, but other words for the rest
    if estimator or not (hasattr(processor, "image_uri") and hasattr(processor, "instance_type")):
        hint = "a TrainingStep takes it" if estimator else "give a ScriptProcessor or a Processor"
        built.complain("not-a-processor", f"{shown(processor)} is no processor", hint)
        return built
    request = built.request
    request["ProcessingJobName"] = place.job_name
    read = [_input(each, name, n, place, built) for n, (name, each) in enumerate(_named(inputs, "input", built), 1)]
    written = [
        _output(each, name, n, place, built) for n, (name, each) in enumerate(_named(outputs, "output", built), 1)
    ]
    entrypoint = _code(processor, code, source_dir, read, place, built)
    if read:
        request["ProcessingInputs"] = read
    output_config = given(
        Outputs=written or None,
        KmsKeyId=attribute(processor, "output_kms_key") if kms_key_id is None else kms_key_id,
    )
    if output_config:
        request["ProcessingOutputConfig"] = {"Outputs": [], **output_config}
    request["ProcessingResources"] = {
        "ClusterConfig": {
            "InstanceCount": attribute(processor, "instance_count"),
            "InstanceType": attribute(processor, "instance_type"),
            "VolumeSizeInGB": attribute(processor, "volume_size_in_gb", 30),
            **given(VolumeKmsKeyId=attribute(processor, "volume_kms_key")),
        }
    }
    entrypoint = first(container_entrypoint, entrypoint, attribute(processor, "entrypoint"))
    request["AppSpecification"] = {
        "ImageUri": image_uri(processor, place, built),
        **given(ContainerEntrypoint=texts(entrypoint), ContainerArguments=texts(container_arguments)),
    }
    role = attribute(processor, "role")
    request["RoleArn"] = place.role if role is None else role
    if (env := attribute(processor, "env")) is not None:
        request["Environment"] = env if is_placeholder(env) else {str(k): as_text(v) for k, v in env.items()}
    if (network := attribute(processor, "network_config")) is not None:
        request["NetworkConfig"] = _network(network)
    if (seconds := attribute(processor, "max_runtime_in_seconds")) is not None:
        request["StoppingCondition"] = {"MaxRuntimeInSeconds": seconds}
    if experiment_config is not None:
        request["ExperimentConfig"] = experiment_config
    if (all_tags := job_tags(first(tags, attribute(processor, "tags")), role, place)) is not None:
        request["Tags"] = all_tags
    _check_names(read, written, built)
    built.outputs = {each["OutputName"]: index for index, each in enumerate(written)}
    return complete("CreateProcessingJob", built, parameters)


def _named(things: Any, kind: str, built: Built) -> Iterator[tuple[str | None, Any]]:
    """(name or None, thing) of a list or a mapping."""
    if things is None:
        return
    if isinstance(things, Mapping):
        yield from things.items()
    elif isinstance(things, Sequence) and not isinstance(things, str):
        for each in things:
            yield (each, None) if isinstance(each, str) and kind == "output" else (None, each)
    else:
        built.complain(
            f"bad-{kind}s",
            f"{kind}s= is {things!r}",
            f"give a list of Processing{kind.title()} objects, or a dict by name",
        )


def _input(each: Any, name: str | None, number: int, place: Place, built: Built) -> dict[str, Any]:
    if is_placeholder(each) or isinstance(each, (str, os.PathLike)):
        if name is None:
            built.complain(
                "input-without-name", f"an input is {each!r}", "give inputs as a dict: {name: where it lies}"
            )
        name = name or "input"
        segment(name, "an input", built)
        source = data_uri(each, f"input {name!r}", place, built)
        return {
            "InputName": name,
            "S3Input": {
                "S3Uri": source,
                "LocalPath": f"{ROOT}/{name}",
                "S3DataType": "S3Prefix",
                "S3InputMode": "File",
            },
        }
    if not hasattr(each, "input_name"):
        built.complain("bad-input", f"input {name!r} is {each!r}", "give a URI, a path or a ProcessingInput")
        each = ProcessingInput()
    name = first(name, attribute(each, "input_name"), f"input-{number}")
    managed = attribute(each, "app_managed", False)
    result: dict[str, Any] = {"InputName": name, "AppManaged": managed}
    if (definition := attribute(each, "dataset_definition")) is not None:
        result["DatasetDefinition"] = request_dict(definition)
        return result
    source = attribute(each, "s3_input")
    fields = (
        given(
            S3Uri=attribute(source, "s3_uri"),
            LocalPath=attribute(source, "local_path"),
            S3DataType=attribute(source, "s3_data_type"),
            S3InputMode=attribute(source, "s3_input_mode"),
            S3DataDistributionType=attribute(source, "s3_data_distribution_type"),
            S3CompressionType=attribute(source, "s3_compression_type"),
        )
        if source is not None
        else given(
            S3Uri=attribute(each, "source"),
            LocalPath=attribute(each, "destination"),
            S3DataType=attribute(each, "s3_data_type", "S3Prefix"),
            S3InputMode=attribute(each, "s3_input_mode", "File"),
            S3DataDistributionType=attribute(each, "s3_data_distribution_type", "FullyReplicated"),
            S3CompressionType=attribute(each, "s3_compression_type", "None"),
        )
    )
    fields["S3Uri"] = data_uri(fields.get("S3Uri"), f"the source of input {name!r}", place, built)
    if managed is False:
        fields.setdefault("LocalPath", f"{ROOT}/{name}")
        path = fields["LocalPath"]
        if isinstance(path, str) and not at_run_time(path) and not path.startswith(f"{ROOT}/"):
            built.complain(
                "bad-local-path",
                f"input {name!r} is to lie at {path}",
                f"SageMaker puts inputs below {ROOT}/ only, for example {ROOT}/{name}",
            )
    if fields.get("S3CompressionType") == "Gzip" and fields.get("S3InputMode") != "Pipe":
        built.complain(
            "gzip-without-pipe", f"input {name!r} is Gzip", "SageMaker unpacks it in s3_input_mode='Pipe' only"
        )
    result["S3Input"] = fields
    return result


def _output(each: Any, name: str | None, number: int, place: Place, built: Built) -> dict[str, Any]:
    if isinstance(each, (str, os.PathLike)) or is_placeholder(each) or (each is None and name is not None):
        assert name is not None
        segment(name, "an output", built)
        destination = each
        short = {"LocalPath": f"{ROOT}/{name}", "S3UploadMode": "EndOfJob"}
        if isinstance(each, str) and each.startswith("/"):
            short["LocalPath"], destination = each, None
        return {
            "OutputName": name,
            "S3Output": {"S3Uri": _destination(destination, name, place, built), **short},
        }
    if not hasattr(each, "output_name"):
        built.complain("bad-output", f"output {name!r} is {each!r}", "give a name or a ProcessingOutput")
        each = ProcessingOutput()
    name = first(name, attribute(each, "output_name"), f"output-{number}")
    managed = attribute(each, "app_managed", False)
    result: dict[str, Any] = {"OutputName": name, "AppManaged": managed}
    source, destination = attribute(each, "source"), attribute(each, "destination")
    mode = attribute(each, "s3_upload_mode", "EndOfJob")
    if (nested := attribute(each, "s3_output")) is not None:
        source, destination = attribute(nested, "local_path"), attribute(nested, "s3_uri")
        mode = attribute(nested, "s3_upload_mode", "EndOfJob")
    store = attribute(each, "feature_store_output")
    if source is None and store is None and managed is False:
        source = f"{ROOT}/{name}"
    if source is not None:
        if isinstance(source, str) and not at_run_time(source) and not source.startswith("/"):
            built.complain(
                "bad-local-path", f"output {name!r} is written at {source}", f"give an absolute path below {ROOT}/"
            )
        result["S3Output"] = {
            "S3Uri": _destination(destination, name, place, built),
            "LocalPath": source,
            "S3UploadMode": mode,
        }
    if store is not None:
        result["FeatureStoreOutput"] = {"FeatureGroupName": attribute(store, "feature_group_name", store)}
    return result


def _destination(uri: Any, name: str, place: Place, built: Built) -> Any:
    if uri is None:
        return f"s3://{place.bucket}/{place.prefix}/{place.job_name}/output/{name}"
    if isinstance(uri, (str, os.PathLike)):
        text = os.fspath(uri)
        if not (at_run_time(text) or text.startswith(("s3://", "https://", "${"))):
            built.complain("bad-destination", f"output {name!r} goes to {text}", "give an s3:// URI, or leave it out")
        return text
    return uri


def _code(
    processor: Any, code: Any, source_dir: Any, read: list[dict[str, Any]], place: Place, built: Built
) -> list[Any] | None:
    """Add the input `code`; the command line that runs it."""
    if code is None and source_dir is None:
        return None
    if attribute(processor, "code_location") is not None:
        hint = "code lies under a name made of its content, so that it is stored once; leave it out"
        built.complain("no-code-location", "code_location= is not supported", hint)
    if at_run_time(code) or at_run_time(source_dir):
        built.complain("code-at-run-time", "code= and source_dir= are packed before the run starts", "give a path")
        return None
    script = None if code is None else os.fspath(code)
    uri: str | None = None
    try:
        if source_dir is not None:
            folder = os.fspath(source_dir)
            if re.match("s3://", folder):
                uri = folder
            else:
                script = script and inside(script, folder, place.base or Path())
                uri = built.keep(pack_folder(folder, script, base=place.base), place)
        elif script is not None and re.match("s3://", script):
            uri, script = script, script.rsplit("/", 1)[-1]
        elif script is not None:
            uri, script = built.keep(pack_file(script, base=place.base), place), Path(script).name
    except AssetError as error:
        built.complain(error.code, f"the code: {error.message}", error.hint)
        return None
    read.append(
        {
            "InputName": "code",
            "S3Input": {"S3Uri": uri, "LocalPath": CODE, "S3DataType": "S3Prefix", "S3InputMode": "File"},
        }
    )
    if script is None:
        if not attribute(processor, "entrypoint"):
            built.complain("entry-missing", "source_dir= is given without code=", 'say which file runs: code="main.py"')
        return None
    command = first(attribute(processor, "command"), ["python3"])
    if is_placeholder(command):
        built.complain("command-at-run-time", "command= is one run-time value", "give a list; its items may be such")
        return None
    if hasattr(processor, "estimator_cls") or hasattr(processor, "framework_entrypoint_command"):  # sagemaker 2, 3
        return ["/bin/bash", "-c", START, "start", *command, script]
    return [*command, f"{CODE}/{script}"]


def _network(network: Any) -> Any:
    if hasattr(network, "_to_request_dict") or isinstance(network, Mapping):
        return request_dict(network)
    vpc = given(SecurityGroupIds=attribute(network, "security_group_ids"), Subnets=attribute(network, "subnets"))
    return {
        "EnableNetworkIsolation": attribute(network, "enable_network_isolation", False),
        **given(
            EnableInterContainerTrafficEncryption=attribute(network, "encrypt_inter_container_traffic"),
            VpcConfig=vpc or None,
        ),
    }


def _check_names(read: list[dict[str, Any]], written: list[dict[str, Any]], built: Built) -> None:
    for kind, key, things in (("input", "InputName", read), ("output", "OutputName", written)):
        names = [each[key] for each in things]
        once(names, f"{kind}s", f"{kind}-twice", built, _CODE if kind == "input" else None)
        if len(things) > 10:
            most = "SageMaker allows 10" + (", the code included" if kind == "input" else "")
            built.complain(f"too-many-{kind}s", f"there are {len(things)} {kind}s", most)
    paths: dict[str, Any] = {}
    for each in read:
        path = each.get("S3Input", {}).get("LocalPath")
        if not isinstance(path, str) or at_run_time(path):
            continue
        other = paths.setdefault(path.rstrip("/"), each["InputName"])
        if other != each["InputName"]:
            built.complain(
                "same-local-path",
                f"inputs {other!r} and {each['InputName']!r} both lie at {path}",
                "SageMaker refuses that, with an empty message; give each a place of its own",
            )
    for each in written:
        path = each.get("S3Output", {}).get("LocalPath")
        if isinstance(path, str) and path.rstrip("/") in paths:
            name = paths[path.rstrip("/")]
            what = (
                f"{name!r} is the name of an input and of an output, so both are"
                if name == each["OutputName"]
                else f"input {name!r} and output {each['OutputName']!r} are both"
            )
            built.complain("in-and-out", f"{what} at {path}", "give one of them another name, or another path")
