"""AWS would take every definition that this repository generates: cfn-lint's rule of state machines says so, and
botocore's model of SageMaker says so of every request in them.

Generated are the oracle's definitions, the golden and the ready-made pipelines, and those of the examples. What is
known only at run time is replaced by a value that is legal where it stands, or left alone where cfn-lint knows
expressions.
"""

import json
import os
import re
import runpy
from pathlib import Path

import pytest
from definitions import DEFINITIONS, HEAD
from test_oracle_definitions import compiled

from stepmill import steps
from stepmill.workflow import Workflow

ROOT = Path(__file__).parents[2]
GOLDEN = ROOT / "tests" / "golden" / "pipelines"
READY_MADE = ROOT / "tests" / "template" / "ready_made.json"
SUBSTITUTION = re.compile(r"\$\{([A-Za-z][A-Za-z0-9]*)\}")
SAMPLES = {
    "Bucket": "stepmill-local",
    "Role": "arn:aws:iam::123456789012:role/job",
    "Image": "123456789012.dkr.ecr.us-east-1.amazonaws.com/digits@sha256:" + "0" * 64,
    "Stage": "prod",
    "Function": "arn:aws:lambda:us-east-1:123456789012:function:digits",
    "Activity": "arn:aws:states:us-east-1:123456789012:activity:label",
}

# Where cfn-lint 1.58 is wrong or older than AWS: field → why; (type, field) → why.
EXPRESSIONS = {
    "HeartbeatSeconds": "JSONata: an expression stands where JSONPath has HeartbeatSecondsPath (guide, 'Task')",
    "TimeoutSeconds": "JSONata: an expression stands where JSONPath has TimeoutSecondsPath (guide, 'Task')",
    "MaxConcurrency": "JSONata: an expression stands where JSONPath has MaxConcurrencyPath (guide, 'Map')",
    "ToleratedFailureCount": "JSONata: an expression, as above",
    "ToleratedFailurePercentage": "JSONata: an expression, as above; and it may have decimals",
}
UNKNOWN = {
    ("Succeed", "InputPath"): "Amazon States Language, 'Input and output processing': all but Fail have it",
    ("Succeed", "OutputPath"): "the same",
    (
        "Parallel",
        "Parameters",
    ): "guide, 'Parallel workflow state' and 'Parameters': Task, Map, Parallel and Pass have it",
}
# Java's classes of characters, and an end that is there several times, in Python's words.
CLASSES = [
    (r"\$\{\d+,\d+\}", ""), (r"\\p\{L\}", r"\\w"), (r"\\p\{Z\}", r"\\s"), (r"\\p\{N\}", r"\\d"), (r"\\p\{M\}", ""),
    (r"\\p\{Alnum\}", "a-zA-Z0-9"), (r"\\p\{S\}", "$+<=>^`|~"), (r"\\p\{P\}", r"!-#%-*,-/:;?@\\[-\\]_{}"),
    (r"\\uD800\\uDC00-\\uDBFF\\uDFFF", r"\\U00010000-\\U0010FFFF"),
]  # fmt: skip


def bound(text: str) -> dict:
    """A template with its names filled in."""
    return json.loads(SUBSTITUTION.sub(lambda found: SAMPLES[re.search(r"[A-Z][a-z]+$", found[1])[0]], text))


def generated() -> dict[str, str]:
    """Every definition, before its names are filled in."""
    found = {name: json.dumps(compiled(HEAD + source)) for name, source in DEFINITIONS.items()}
    found |= {path.name: path.read_text("utf-8") for path in sorted(GOLDEN.glob("*.json"))}
    for name, asked in json.loads(READY_MADE.read_text("utf-8")).items():
        found |= {f"ready-made {name}, {asked[0][1]}": json.dumps(one[2]) for one in asked if one[0] == "create"}
    for file in sorted(ROOT.glob("examples/*/pipeline.py")):
        for name, thing in runpy.run_path(str(file), run_name="pipeline").items():
            if isinstance(thing, Workflow):
                found[f"examples/{file.parent.name}:{name}"] = thing.bundle().template
    for file in sorted((ROOT / "tests" / "steps").glob("*/pipeline.py")):
        definition = runpy.run_path(str(file))["definition"]
        for language in ("JSONPath", "JSONata"):
            bundle = steps.compile(file.parent.name, definition, query_language=language)
            found[f"{file.parent.name} in {language}"] = bundle.template
    return found


@pytest.fixture(scope="module")
def definitions():
    os.environ.setdefault("AWS_DEFAULT_REGION", "us-east-1")
    return generated()


# -- cfn-lint


def template(definitions: dict[str, dict]) -> str:
    """One CloudFormation template, a state machine for each definition."""
    machine = {"Type": "AWS::StepFunctions::StateMachine"}
    properties = {"RoleArn": SAMPLES["Role"], "DefinitionSubstitutions": {"Bucket": SAMPLES["Bucket"]}}
    resources = {
        f"M{number}": {**machine, "Properties": {**properties, "Definition": definition}}
        for number, definition in enumerate(definitions.values())
    }
    return json.dumps({"AWSTemplateFormatVersion": "2010-09-09", "Resources": resources})


def is_wrong(found, definition: dict) -> bool:
    """Whether cfn-lint refuses what AWS takes."""
    *way, field = found.path[4:]
    state = definition
    for part in way:
        state = state[part]
    if "was unexpected" in found.message:
        return (state.get("Type"), field) in UNKNOWN
    return field in EXPRESSIONS and ("{%" in found.message or "is not of type 'integer'" in found.message)


@pytest.mark.slow
def test_cfn_lint_takes_every_generated_definition(definitions):
    api, config = pytest.importorskip("cfnlint.api"), pytest.importorskip("cfnlint.config")
    machines = {name: bound(text) for name, text in definitions.items()}
    # The Bucket stays a name for CloudFormation to fill, wherever a text may hold one.
    machines |= {f"{name}, unbound": json.loads(text) for name, text in definitions.items() if "Activity}" not in text}
    told = []
    for found in api.lint(template(machines), config=config.ManualArgs(regions=["us-east-1"])):
        name, definition = list(machines.items())[int(found.path[1][1:])]
        if found.rule.id.startswith("E") and not is_wrong(found, definition):
            told.append(f"{name}: {found.rule.id} {found.message} at /{'/'.join(map(str, found.path[4:]))}")
    assert not told, "\n".join(told)


# -- botocore


def tasks(machine: dict):
    """(name, state) of every Task, wherever it is nested."""
    for name, state in machine["States"].items():
        if state["Type"] == "Task":
            yield name, state
        for inner in (*state.get("Branches", ()), state.get("Iterator"), state.get("ItemProcessor")):
            if inner is not None:
                yield from tasks(inner)


def pattern_of(shape):
    text = shape.metadata.get("pattern")
    if text is None:
        return None
    for java, python in CLASSES:
        text = re.sub(java, python, text)
    return re.compile(text)


CANDIDATES = [
    "a", "s3://bucket/key", SAMPLES["Role"], SAMPLES["Image"], "1", "a1", "https://bucket.s3.amazonaws.com/key",
    "arn:aws:sagemaker:us-east-1:123456789012:model/digits", "arn:aws:kms:us-east-1:123456789012:key/1", "subnet-1",
    "arn:aws:sagemaker:us-east-1:123456789012:model-package/digits/1", "/opt/ml/a",
]  # fmt: skip


def sample(shape):
    """The smallest legal value of a shape."""
    match shape.type_name:
        case "structure":
            return {name: sample(shape.members[name]) for name in shape.required_members}
        case "list":
            return [sample(shape.member)] * max(1, shape.metadata.get("min", 1))
        case "map":
            return {}
        case "boolean":
            return True
        case "integer" | "long":
            return max(1, shape.metadata.get("min", 1))
        case "float" | "double":
            return 0.5
        case "timestamp":
            return 0
    if shape.enum:
        return shape.enum[0]
    for text in CANDIDATES:
        if not list(faults(shape, text, "")):
            return text
    raise AssertionError(f"no sample of {shape.name} {shape.metadata}")


def settled(value, shape):
    """A request with legal values where the text has paths, intrinsics or expressions; None: nothing is known of it."""
    if shape.type_name == "structure" and isinstance(value, dict):
        done = {}
        for key, inner in value.items():
            name = key.removesuffix(".$")
            member = shape.members.get(name)
            if member is None:  # botocore says so
                done[name] = inner
            elif name != key:
                done[name] = sample(member)
            else:
                done[name] = settled(inner, member)
        return done
    if shape.type_name == "map" and isinstance(value, dict):
        return {
            key.removesuffix(".$"): sample(shape.value) if key.endswith(".$") else settled(inner, shape.value)
            for key, inner in value.items()
        }
    if shape.type_name == "list" and isinstance(value, list):
        return [settled(item, shape.member) for item in value]
    if isinstance(value, str) and value.startswith("{%"):
        return sample(shape)
    return value


def faults(shape, value, where):
    """What botocore's validator does not look at: lengths, patterns, enumerations."""
    meta = shape.metadata
    if shape.type_name == "structure" and isinstance(value, dict):
        for name, inner in value.items():
            if name in shape.members:
                yield from faults(shape.members[name], inner, f"{where}.{name}")
        return
    if shape.type_name == "map" and isinstance(value, dict):
        for key, inner in value.items():
            yield from faults(shape.key, key, f"{where}[{key!r}]")
            yield from faults(shape.value, inner, f"{where}.{key}")
    if shape.type_name == "list" and isinstance(value, list):
        for index, inner in enumerate(value):
            yield from faults(shape.member, inner, f"{where}[{index}]")
    if isinstance(value, str | list | dict):
        if "max" in meta and len(value) > meta["max"]:
            yield f"{where} has {len(value)} entries or characters, at most {meta['max']}"
        if "min" in meta and len(value) < meta["min"]:
            yield f"{where} has {len(value)} entries or characters, at least {meta['min']}"
    elif isinstance(value, int | float) and not isinstance(value, bool) and value > meta.get("max", value):
        yield f"{where} is {value}, at most {meta['max']}"
    if isinstance(value, str) and shape.type_name == "string":
        pattern = pattern_of(shape)
        if pattern is not None and not pattern.fullmatch(value):
            yield f"{where} is {value!r}, not of the pattern {pattern.pattern}"
        if shape.enum and value not in shape.enum:
            yield f"{where} is {value!r}, none of {', '.join(shape.enum[:5])}, …"


@pytest.mark.slow
def test_botocore_takes_every_sagemaker_request_of_them(definitions):
    from botocore.session import get_session
    from botocore.validate import ParamValidator

    model = get_session().get_service_model("sagemaker")
    told, seen = [], set()
    for name, text in definitions.items():
        for state_id, state in tasks(bound(text)):
            found = re.search(r":states:::(?:aws-sdk:)?sagemaker:(\w+)", state["Resource"])
            if found is None:
                continue
            operation = found[1][0].upper() + found[1][1:]
            seen.add(operation)
            shape = model.operation_model(operation).input_shape
            request = settled(state.get("Parameters", state.get("Arguments", {})), shape)
            where = f"{name}: {state_id}"
            report = ParamValidator().validate(request, shape)
            if report.has_errors():
                told.append(f"{where}: {report.generate_report()}")
            told += [f"{where}: {fault}" for fault in faults(shape, request, operation)]
    assert not told, "\n".join(told)
    assert {"CreateTrainingJob", "CreateProcessingJob"} <= seen
