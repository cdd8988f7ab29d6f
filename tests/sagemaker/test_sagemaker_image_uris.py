"""Images are found by the names that SageMaker's SDKs know them by."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from stepmill.sagemaker import image_uris
from stepmill.sagemaker.image_uris import ImageUnknown, get_training_image_uri, retrieve

HERE = Path(__file__).parent
REGIONS = ("us-east-1", "eu-central-1", "cn-north-1", "us-gov-west-1", "ap-southeast-7", "us-iso-east-1", "mars-1")
MACHINES = (None, "ml.m5.large", "ml.p3.2xlarge", "ml.p4d.24xlarge", "ml.p2.xlarge", "ml.c6g.large", "ml.inf1.xlarge",
            "ml.trn1.2xlarge", "local", "local_gpu", "bogus")  # fmt: skip
PYTHONS = (None, "py3", "py39", "py312")
SCOPES = (None, "training", "inference")


def questions() -> Iterator[dict[str, Any]]:
    """Every framework and version of the table, on every kind of machine; each version in every kind of region."""
    images = image_uris.table()["images"]
    for framework, table in images.items():
        if "neuron" in framework:
            continue
        parts = [table] if "versions" in table else list(table.values())
        versions = [*dict.fromkeys(v for p in parts for v in (*p["versions"], *p.get("version_aliases", ())))]
        versions += [None, "0"]
        bases = {b for p in parts for v in p["versions"].values() for b in (*v, *v.get("version_aliases", ()))}
        bases = sorted(bases - {"version_aliases"}) if framework == "huggingface" else [None]
        few = framework == "huggingface"
        machines = (None, "ml.m5.large", "ml.p3.2xlarge") if few else MACHINES
        pythons = (None, "py310") if few else PYTHONS
        for version, python, machine, scope, base in product(versions, pythons, machines, SCOPES, bases):
            wide = machine == "ml.m5.large" and python is None and base == bases[0]
            for region in REGIONS if wide else REGIONS[:1]:
                asked = {"framework": framework, "region": region, "version": version, "py_version": python,
                         "instance_type": machine, "image_scope": scope, "base_framework_version": base}  # fmt: skip
                yield {name: value for name, value in asked.items() if value is not None}
    for version, base in (("4.12", "pytorch1.9"), ("4.12.3", "pytorch1.9.1")):
        yield {"framework": "huggingface", "region": "us-east-1", "version": version, "base_framework_version": base,
               "instance_type": "ml.inf1.xlarge"}  # fmt: skip


def known(question: dict[str, Any]) -> str | None:
    try:
        return retrieve(**question)
    except ImageUnknown:
        return None


@pytest.mark.slow
@pytest.mark.parametrize("variable", ["STEPMILL_ORACLE_PYTHON", "STEPMILL_ORACLE3_PYTHON"])
def test_every_image_of_the_table_is_the_one_that_sagemakers_sdk_names(variable: str, tmp_path: Path) -> None:
    if not (python := os.environ.get(variable)):
        pytest.skip(f"{variable} names no interpreter with that SDK")
    asked = list(questions())
    (tmp_path / "asked.json").write_text(json.dumps(asked))
    program = [python, HERE / "oracle_image_uris.py", tmp_path / "asked.json", tmp_path / "answers.json"]
    subprocess.run(program, check=True, capture_output=True)
    answers = json.loads((tmp_path / "answers.json").read_text())
    newer = variable == "STEPMILL_ORACLE3_PYTHON"
    different = [
        (question, theirs, ours)
        for question, theirs in zip(asked, answers, strict=True)
        if (ours := known(question)) != theirs
        and (theirs is not None or (newer and "version" in question))
        # the newest is another one for the older table; "transformersNone" is no tag
        and not (question.get("version") is None and (not newer or question["framework"] == "huggingface"))
        # SDK 3 writes "4.26.0" into the tag where "4.26" was asked for; SDK 2, which we follow, writes what was asked
        and not (newer and question["framework"] == "huggingface" and question.get("version", "").count(".") == 1)
    ]
    assert len(asked) > 10_000
    assert sum(answer is not None for answer in answers) > 2_000
    assert different[:5] == []


@pytest.mark.parametrize(
    ("asked", "uri"),
    [
        (("sklearn", "us-east-1", "1.4-2", "py3", "ml.m5.large"),
         "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.4-2-cpu-py3"),
        (("xgboost", "us-east-1", "1.7-1"), "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.7-1"),
        (("kmeans", "cn-north-1"), "390948362332.dkr.ecr.cn-north-1.amazonaws.com.cn/kmeans:1"),
    ],
)  # fmt: skip
def test_an_image_is_named_by_framework_region_and_version(asked: tuple[str, ...], uri: str) -> None:
    assert retrieve(*asked) == uri


def test_one_image_is_there_for_processors_and_another_for_gpus() -> None:
    found = [
        get_training_image_uri("us-east-1", "pytorch", "2.8.0", "py312", instance_type=machine)
        for machine in ("ml.m5.large", "ml.g5.xlarge")
    ]
    host = "763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-training"
    assert found == [f"{host}:2.8.0-cpu-py312", f"{host}:2.8.0-gpu-py312"]


@pytest.mark.parametrize(
    ("asked", "message", "hint"),
    [
        ({"framework": "sklern"}, "there is no framework 'sklern'", "did you mean 'sklearn'?"),
        ({"framework": "sklearn", "version": "1.4"}, "there is no sklearn version '1.4'", "did you mean '1.4-2'?"),
        ({"framework": "pytorch", "version": "2.8.0", "py_version": "py39", "instance_type": "ml.m5.large",
          "image_scope": "training"}, "there is no py_version 'py39' of pytorch 2.8.0", "there is: py312"),
        ({"framework": "pytorch", "version": "2.8.0", "image_scope": "training"},
         "pytorch has images for cpu and gpu", "say which by instance_type="),
        ({"framework": "pytorch", "version": "2.8.0", "image_scope": "trainig"},
         "there is no pytorch image_scope 'trainig'", "did you mean 'training'?"),
        ({"framework": "lda", "region": "eu-south-2"}, "AWS publishes no lda 1 image in 'eu-south-2'", "eu-west-1"),
        ({"framework": "kmeans", "region": "us-eats-1"}, "AWS publishes no kmeans 1 image in 'us-eats-1'",
         "did you mean 'us-east-1'?"),
        ({"framework": "kmeans", "instance_type": "ml.c6g.large"}, "there is no kmeans image for c6g machines",
         "Graviton machines run"),
        ({"framework": "tensorflow", "version": "2.13.0", "image_scope": "training", "instance_type": "ml.p2.xlarge"},
         "tensorflow 2.13.0 does not run on ml.p2 machines", "instance_type="),
        ({"framework": "pytorch", "version": "2.8.0", "image_scope": "training", "instance_type": "m5.large"},
         "there is no instance type 'm5.large'", "ml.m5.large"),
    ],
)  # fmt: skip
def test_what_is_not_published_is_said_with_what_is(asked: dict[str, str], message: str, hint: str) -> None:
    with pytest.raises(ImageUnknown) as said:
        retrieve(**{"region": "us-east-1", **asked})
    assert message in said.value.message
    assert hint in said.value.hint


def test_the_table_says_where_it_is_from() -> None:
    assert image_uris.table()["source"].startswith("image_uri_config of sagemaker-core ")
    assert Path(image_uris.__file__).with_suffix(".json").stat().st_size < 60_000
