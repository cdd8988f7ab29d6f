"""The images that AWS publishes for frameworks and algorithms, by name.

In: a framework, a region, a version and a machine. Out: the ECR URI of the image, or an ImageUnknown that says what
there is. Touches: `image_uris.json` beside this file, once, when first asked; nothing of AWS. The table is made from
the SageMaker Python SDK's own by tools/make_image_uris.py.

What can be looked up: `huggingface`, `pytorch`, `sklearn`, `spark`, `tensorflow`, `xgboost`, SageMaker's built-in
algorithms (`kmeans`, `linear-learner` …), `clarify`, `debugger`, `model-monitor`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from stepmill.nearest import did_you_mean

_SUFFIXES = {
    "cn-": "amazonaws.com.cn",
    "eu-isoe-": "cloud.adc-e.uk",
    "eusc-": "amazonaws.eu",
    "us-iso-": "c2s.ic.gov",
    "us-isob-": "sc2s.sgov.gov",
    "us-isof-": "csp.hci.ic.gov",
}
_GRAVITON = ("m6g", "m6gd", "c6g", "c6gd", "c6gn", "c7g", "r6g", "r6gd")
_ON_GRAVITON = ("tensorflow", "pytorch", "xgboost", "sklearn")
_ARM64 = {
    ("xgboost", "1.5-1"): "1.5-1-arm64",
    ("xgboost", "1.3-1"): "1.3-1-arm64",
    ("sklearn", "1.0-1"): "1.0-1-arm64-cpu-py3",
}
# The tags of images that ml.p4d machines and SageMaker's distributed libraries need, where there is a second one.
_CUDA_11 = {
    "tensorflow-2.3-gpu-py37": "cu110-ubuntu18.04-v3",
    "tensorflow-2.3.1-gpu-py37": "cu110-ubuntu18.04",
    "tensorflow-2.3.2-gpu-py37": "cu110-ubuntu18.04",
    "tensorflow-1.15-gpu-py37": "cu110-ubuntu18.04-v8",
    "tensorflow-1.15.4-gpu-py37": "cu110-ubuntu18.04",
    "tensorflow-1.15.5-gpu-py37": "cu110-ubuntu18.04",
    "pytorch-1.6-gpu-py36": "cu110-ubuntu18.04-v3",
    "pytorch-1.6.0-gpu-py36": "cu110-ubuntu18.04",
    "pytorch-1.6-gpu-py3": "cu110-ubuntu18.04-v3",
    "pytorch-1.6.0-gpu-py3": "cu110-ubuntu18.04",
}
_TAGGED = ("huggingface", "pytorch-smp", "spark")  # a container_version of the caller's is part of their tags
_WITHOUT_P2 = {"pytorch": (1, 13), "tensorflow": (2, 12)}


class ImageUnknown(ValueError):
    """There is no such image. message: what was asked and does not exist. hint: what does."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(f"{message}; {hint}")
        self.message, self.hint = message, hint


@cache
def table() -> dict[str, Any]:
    """The whole table; read once, when first asked. `source` and `date` say where it is from."""
    read: dict[str, Any] = json.loads(Path(__file__).with_suffix(".json").read_text("utf-8"))
    return read


def retrieve(
    framework: str,
    region: str,
    version: str | None = None,
    py_version: str | None = None,
    instance_type: str | None = None,
    accelerator_type: str | None = None,
    image_scope: str | None = None,
    container_version: str | None = None,
    distribution: Mapping[str, Any] | None = None,
    base_framework_version: str | None = None,
    training_compiler_config: Any = None,
    sdk_version: str | None = None,
    inference_tool: str | None = None,
    serverless_inference_config: Any = None,
    sagemaker_session: Any = None,
) -> str:
    """The URI of the image that AWS publishes, such as
    `683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.4-2-cpu-py3`.

    framework: its name, or an algorithm's. region: where the image is pulled. version, py_version: such as "1.4-2" and
    "py3"; may be left out where there is one only. instance_type: tells a processor from a GPU, Graviton and Neuron.
    accelerator_type: `ml.eia…`. image_scope: `training`, `inference`, `eia` or `inference_graviton`; not needed where
    one image does all. container_version: the end of the tag, for Spark (`v1`) and Hugging Face. distribution: as in an
    estimator. base_framework_version: for Hugging Face, such as "pytorch2.1". sdk_version: of Neuron, the newest when
    left out. inference_tool: `neuron`. serverless_inference_config: anything but None means a processor.
    training_compiler_config: refused. sagemaker_session: not used, no one is asked.

    The rules are those of the SageMaker Python SDK 2. Raises ImageUnknown, a ValueError: no such framework, version,
    Python, scope or machine, or a region without it. JumpStart's arguments are not here.
    """
    if training_compiler_config is not None:
        raise ImageUnknown("the Training Compiler's images are not known here", "pass image_uri=")
    family = _family(instance_type)
    scope = _scope(framework, family, image_scope)
    if framework in ("huggingface", "pytorch") and not inference_tool and family.startswith(("inf", "trn")):
        inference_tool = "neuron"
    config, scope = _config(framework, scope, accelerator_type, inference_tool)
    versions, aliases = config["versions"], config.get("version_aliases", {})
    version = _version(version, versions, aliases, framework)
    entry = versions[aliases.get(version, version)]
    base = base_framework_version
    if framework == "huggingface":
        entry, full_base = _base(entry, base)
        if "neuron" in entry["repository"]:  # their tags have the whole versions
            version, base = aliases.get(version, version), full_base
    py_version, entry = _python(py_version, entry, f"{framework} {version}", framework)
    registry = _registry(region, entry["registries"], f"{framework} {version}")
    repository: str = entry["repository"]
    processors = config.get("processors") or entry.get("processors")
    processor = _processor(instance_type, family, processors, framework, serverless_inference_config)
    _check_p2(framework, version, family)
    asked = container_version
    if entry.get("container_version"):
        container_version = entry["container_version"][processor]
    elif asked is not None and framework not in _TAGGED and "neuron" not in repository:
        raise ImageUnknown(f"{framework} {version} has no images by container_version", "leave container_version= out")
    if "neuron" in repository and "sdk_versions" in entry:
        container_version = f"{sdk_version or max(entry['sdk_versions'])}-{container_version}"
    prefix = entry.get("tag_prefix", version)
    if framework == "huggingface":
        prefix = f"{str(base).removeprefix('pytorch').removeprefix('tensorflow')}-transformers{version}"
    if repository in (f"{framework}-inference-graviton", f"{framework}-inference-arm64"):
        container_version = f"{container_version}-sagemaker"
    tag = "-".join(part for part in (prefix, inference_tool or processor, py_version, container_version) if part)
    if framework in ("xgboost", "sklearn") and scope == "inference_graviton":
        tag = _ARM64[framework, version]
    elif (family == "p4d" or "smdistributed" in (distribution or {})) and (cuda := _CUDA_11.get(f"{framework}-{tag}")):
        tag = f"{tag}-{cuda}"
    host = f"{registry}.dkr.ecr.{region}.{_suffix(region)}"
    return f"{host}/{repository}:{tag}" if tag else f"{host}/{repository}"


def get_training_image_uri(
    region: str,
    framework: str,
    framework_version: str | None = None,
    py_version: str | None = None,
    image_uri: str | None = None,
    distribution: Mapping[str, Any] | None = None,
    compiler_config: Any = None,
    tensorflow_version: str | None = None,
    pytorch_version: str | None = None,
    instance_type: str | None = None,
) -> str:
    """The image a framework estimator trains in. image_uri: given, it is the answer.

    tensorflow_version, pytorch_version: what Hugging Face's image is based on. The other arguments, and what is raised:
    as in `retrieve`, compiler_config being its training_compiler_config.
    """
    if image_uri:
        return image_uri
    base, container_version = None, None
    if tensorflow_version is not None or pytorch_version is not None:
        base = f"pytorch{pytorch_version}" if tensorflow_version is None else f"tensorflow{tensorflow_version}"
        if _processor(instance_type, _family(instance_type), ["cpu", "gpu"], framework, None) == "gpu":
            container_version = "cu110-ubuntu18.04"
    parallel = (distribution or {}).get("smdistributed", {}).get("modelparallel")
    if parallel is not None and "torch_distributed" in (distribution or {}) and parallel.get("enabled", True):
        framework, version = "pytorch-smp", str(framework_version)
        new = "p5" in str(instance_type) or any(each in version for each in ("2.1", "2.2", "2.3", "2.4"))
        container_version = "cu124" if "2.5" in version else "cu121" if new else "cu118"
    return retrieve(
        framework,
        region,
        version=framework_version,
        py_version=py_version,
        instance_type=instance_type,
        image_scope="training",
        container_version=container_version,
        distribution=distribution,
        base_framework_version=base,
        training_compiler_config=compiler_config,
    )


def _family(instance_type: Any) -> str:
    found = re.fullmatch(r"ml[._]([a-z\d-]+)\.?\w*", instance_type) if isinstance(instance_type, str) else None
    return found[1] if found else ""


def _one_of(word: Any, known: Iterable[str], what: str, of: str = "") -> None:
    known = list(known)
    if word not in known:
        there = f"there {'are' if len(known) > 1 else 'is'}: {', '.join(known)}"
        begun = next((each for each in known if word and each.startswith(str(word))), None)
        guess = f"did you mean {begun!r}?" if begun else did_you_mean(str(word), known) if word is not None else ""
        message = f"the {what}{of} is not said" if word is None else f"there is no {what} {word!r}{of}"
        raise ImageUnknown(message, f"{guess} ({there})" if guess else there)


def _scope(framework: str, family: str, scope: str | None) -> str | None:
    if family in _GRAVITON:
        if framework not in _ON_GRAVITON:
            raise ImageUnknown(
                f"there is no {framework} image for {family} machines",
                f"Graviton machines run {', '.join(_ON_GRAVITON)}; take another instance_type=",
            )
        return "inference_graviton"
    if "trn" in family and framework != "pytorch":
        raise ImageUnknown(f"there is no {framework} image for {family} machines", "Trainium machines run pytorch")
    return "training" if scope is None and framework in ("xgboost", "sklearn") else scope


def _config(
    framework: str, scope: str | None, accelerator: str | None, tool: str | None
) -> tuple[dict[str, Any], str | None]:
    """The part of the table to look into, and its scope."""
    images = table()["images"]
    if framework in ("huggingface", "pytorch") and tool in ("neuron", "neuronx"):
        framework = f"{framework}-{tool}"
    _one_of(framework, images, "framework")
    config: dict[str, Any] = images[framework]
    if accelerator is not None:
        if not accelerator.startswith("ml.eia") and accelerator != "local_sagemaker_notebook":
            raise ImageUnknown(f"there is no accelerator type {accelerator!r}", "they are named ml.eia2.medium …")
        scope = "eia"
    scopes = config.get("scope") or list(config)
    if len(scopes) == 1 or (scope is None and set(scopes) == {"training", "inference"} and "scope" in config):
        scope = scopes[0]
    _one_of(scope, scopes, f"{framework} image_scope")
    assert scope is not None
    return config if "scope" in config else config[scope], scope


def _version(version: str | None, versions: Mapping[str, Any], aliases: Mapping[str, str], framework: str) -> str:
    if len(versions) == 1 and version not in aliases and framework != "huggingface":
        return next(iter(versions))
    if version is None and framework != "huggingface":
        ends = (next(iter(versions)), list(versions)[-1])
        version = aliases.get("latest") or max(ends, key=_numbers)
    _one_of(version, [*versions, *aliases], f"{framework} version")
    assert version is not None
    return version


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", version))


def _base(entry: Mapping[str, Any], base: str | None) -> tuple[dict[str, Any], str]:
    """Hugging Face's images are based on a version of PyTorch or TensorFlow."""
    aliases = entry.get("version_aliases", {})
    _one_of(base, [*(key for key in entry if key != "version_aliases"), *aliases], "base framework version")
    assert base is not None
    whole = aliases.get(base, base)
    return entry[whole], whole


def _python(python: str | None, entry: dict[str, Any], what: str, framework: str) -> tuple[str | None, dict[str, Any]]:
    known = entry.get("py_versions") if "repository" in entry else list(entry)
    if not known or (python is None and framework == "spark"):
        return None, entry
    if python is None and len(known) == 1:
        python = known[0]
    _one_of(python, known, "py_version", f" of {what}")
    return python, entry.get(str(python)) or entry


def _registry(region: str, number: int, what: str) -> str:
    accounts: dict[str, str] = {
        name: account for account, names in table()["registries"][number].items() for name in names.split()
    }
    if region not in accounts:
        there = ", ".join(sorted(accounts))
        guess = did_you_mean(region, accounts)
        raise ImageUnknown(
            f"AWS publishes no {what} image in {region!r}", f"{guess} ({there})" if guess else f"it does in {there}"
        )
    return accounts[region]


def _processor(
    instance_type: str | None, family: str, known: list[str] | None, framework: str, serverless: Any
) -> str | None:
    if not known:
        return None
    if len(known) == 1 and not instance_type:
        return known[0]
    if serverless is not None:
        return "cpu"
    if not instance_type:
        raise ImageUnknown(f"{framework} has images for {' and '.join(known)}", "say which by instance_type=")
    if instance_type.startswith("local"):
        processor = "cpu" if instance_type == "local" else "gpu"
    elif instance_type.startswith("neuron"):
        processor = "neuron"
    elif not family:
        raise ImageUnknown(f"there is no instance type {instance_type!r}", "they are named ml.m5.large …")
    elif family in known:
        processor = family
    else:
        otherwise = "gpu" if family[0] in "gp" else "cpu"
        processor = next((each for each in ("inf", "trn") if family.startswith(each)), otherwise)
    _one_of(processor, known, "kind of machine", f" ({instance_type}) for the {framework} image")
    return processor


def _check_p2(framework: str, version: str, family: str) -> None:
    first = _WITHOUT_P2.get(framework)
    if family == "p2" and first is not None and _numbers(version) >= first:
        raise ImageUnknown(f"{framework} {version} does not run on ml.p2 machines", "take another instance_type=")


def _suffix(region: str) -> str:
    return next((suffix for start, suffix in _SUFFIXES.items() if region.startswith(start)), "amazonaws.com")
