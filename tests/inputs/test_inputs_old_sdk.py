"""Placeholders answer as those of the Data Science SDK 2.3.0 do; where they do not, it is for a reason."""

import copy
import json
import os
import pickle
import subprocess
import sys
from pathlib import Path

import pytest

from stepmill.inputs.placeholders import ExecutionInput, Placeholder, StepInput

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))
from old_calls import CALLS, answers  # noqa: E402

PYTHON = os.environ.get("STEPMILL_ORACLE_PYTHON", "")
RECORDED = HERE / "old_answers.json"
THEIRS = json.loads(RECORDED.read_text("utf-8"))
OURS = answers({"ExecutionInput": ExecutionInput, "StepInput": StepInput})

SCHEMA = (
    "what contradicts a schema is told when the pipeline is compiled, all at once, with file, line and nearest name"
)
JSON = "JSON's types: a whole number is a number, true is none, and an object may have anything in it"
DIFFERENT = {
    "a name with quotes": ("AWS refuses their path: the quote ends the name", "$$.Execution.Input['it\\'s']"),
    "a name that the schema lacks": (SCHEMA, "a placeholder"),
    "a name that the schema lacks, inside": (SCHEMA, "a placeholder"),
    "get of a name that the schema lacks": (SCHEMA, "a placeholder"),
    "get as another type than the schema's": (SCHEMA, "a placeholder"),
    "get as two types": (SCHEMA, ["a placeholder", "a placeholder"]),
    "get with a type after a read without": ("a type may be said later", {"a": "str"}),
    "a whole number for a number": (JSON, [True, [], []]),
    "true for a number": (JSON, [False, [], [["n", "int", "bool"]]]),
    "an object": (JSON, [True, [], []]),
    "an empty object": (JSON, [True, [], []]),
    "inside an object of any shape": (JSON, "$$.Execution.Input['d']['x']"),
    "a read without a type": ("where no type was said, every value fits; theirs takes only text", [True, [], []]),
}


@pytest.mark.parametrize("call", CALLS)
def test_an_answer_is_the_old_sdk_s_or_differs_for_a_reason(call):
    if call in DIFFERENT:
        assert OURS[call] == DIFFERENT[call][1]
        assert OURS[call] != THEIRS[call], "this is no difference any more"
    else:
        assert OURS[call] == THEIRS[call]


@pytest.mark.slow
@pytest.mark.skipif(not PYTHON, reason="STEPMILL_ORACLE_PYTHON names no interpreter with stepfunctions 2.3.0")
def test_the_recorded_answers_are_what_that_sdk_says():
    """To write them anew: STEPMILL_GOLDEN=write."""
    done = subprocess.run(
        [PYTHON, "-W", "ignore", HERE / "old_calls.py"], capture_output=True, text=True, check=True, env={"HOME": "/"}
    )
    if os.environ.get("STEPMILL_GOLDEN") == "write":
        RECORDED.write_text(done.stdout, encoding="utf-8")
    assert json.loads(done.stdout) == THEIRS


def test_a_validation_result_has_the_old_names():
    result = ExecutionInput(schema={"a": str, "n": int}).validate({"n": "1"})
    assert (result.valid, result.keys_missing, result.keys_type_mismatch) == (False, ["a"], [("n", int, str)])


def test_what_has_a_default_is_never_missing():
    run = ExecutionInput({"epochs": 20, "data": str})
    assert run.validate({"data": "x"}).valid
    assert run.validate({"data": "x", "epochs": "many"}).keys_type_mismatch == [("epochs", int, str)]
    assert run.get_schema_as_json() == '{"epochs": "int", "data": "str"}'


def test_validate_and_check_agree_about_every_input_without_unknown_names():
    run = ExecutionInput({"n": int, "rate": 0.5, "deep": {"x": str}})
    for given in (
        {"n": 1, "deep": {"x": "a"}},
        {"n": True, "deep": {"x": "a"}},
        {"n": 1, "rate": 2, "deep": {"x": "a"}},
        {"n": 1, "rate": None, "deep": {"x": "a"}},
        {"n": 1, "deep": {}},
        {"n": 1, "deep": "x"},
        {},
    ):
        assert run.validate(given).valid is not bool(run.schema.check(given)), given


def test_arguments_that_do_not_go_together_are_refused():
    for wrong in (
        lambda: ExecutionInput(name="a"),
        lambda: ExecutionInput(type=int),
        lambda: ExecutionInput(parent=ExecutionInput()),
        lambda: ExecutionInput(name="a", parent=StepInput()),
        lambda: StepInput(name="a", parent="b"),
    ):
        with pytest.raises(ValueError, match="name=, type= and parent= go together"):
            wrong()
    with pytest.raises(ValueError, match="give it to the parent"):
        ExecutionInput({"b": int}, name="a", parent=ExecutionInput())
    with pytest.raises(TypeError, match="name → type or default"):
        ExecutionInput(["a"])
    with pytest.raises(ValueError, match="JSON has no set"):
        ExecutionInput().get("a", set)
    with pytest.raises(TypeError, match="ask for a name in get_schema_as_dict"):
        _ = "a" in ExecutionInput({"a": int})


def test_a_value_said_to_be_a_part_of_an_input_is_that_part():
    run = ExecutionInput({"deep": {"x": int}})
    part = ExecutionInput(name="x", type=int, parent=run["deep"])
    assert part.expr == run["deep"].get("x", int).expr
    assert part in run
    assert isinstance(part, Placeholder)


@pytest.mark.parametrize("seven", [copy.copy, copy.deepcopy, lambda value: pickle.loads(pickle.dumps(value))])
def test_an_input_keeps_its_schema_on_a_journey(seven):
    run = ExecutionInput({"epochs": 20, "deep": {"x": int}})
    again = seven(run)
    assert isinstance(again, ExecutionInput)
    assert again.schema == run.schema
    assert again["deep"]["x"].expr == run["deep"]["x"].expr
    assert again["deep"]["x"] not in run, "another input, as in the old SDK"
