"""An execution's input is checked before anything starts, and every fault is told at once."""

import pytest

from stepmill.inputs import InputSchema

SCHEMA = InputSchema.of({"data": str, "epochs": 20, "rate": 0.1, "fresh": True, "deep": {"n": int}})


def told(given):
    return [str(problem) for problem in SCHEMA.check(given)]


def test_an_input_that_fits_has_no_problem_and_defaults_may_be_left_out():
    assert told({"data": "s3://b", "deep": {"n": 1}}) == []
    assert told({"data": "s3://b", "deep": {"n": 1}, "epochs": 3, "rate": 1, "fresh": False}) == []


def test_all_faults_are_told_at_once():
    assert told({"epoch": 3, "epochs": 2.5, "fresh": 1, "deep": {"m": 1}}) == [
        "input: there is no input 'epoch'\n    did you mean 'epochs'? [input.unknown]",
        "input.data: the input 'data' is missing\n    it must be text [input.missing]",
        "input.epochs: 'epochs' must be a whole number, not a number (2.5) [input.type]",
        "input.fresh: 'fresh' must be true or false, not a whole number (1) [input.type]",
        "input.deep: there is no input 'm'\n    the pipeline knows n [input.unknown]",
        "input.deep.n: the input 'n' is missing\n    it must be a whole number [input.missing]",
    ]


def test_true_is_no_number_and_null_is_given():
    assert "true or false (true)" in told({"data": "x", "deep": {"n": 1}, "epochs": True})[0]
    assert "null (null)" in told({"data": None, "deep": {"n": 1}})[0]


def test_a_schema_without_names_fits_everything():
    assert InputSchema.of({}).check({"anything": 1}) == []


def test_a_schema_is_the_same_after_a_journey_as_json():
    again = InputSchema.from_dict(SCHEMA.to_dict())
    assert again.given == SCHEMA.given
    assert again.defaults == {"epochs": 20, "rate": 0.1, "fresh": True}


@pytest.mark.parametrize(
    ("schema", "said"),
    [
        ({"p": {"lr": 0.1}}, "nested defaults"),
        ({"p": {"lr": float, "n": 2}}, "nested defaults"),
        ({"s": set}, "which JSON does not have"),
        ({"s": {1, 2}}, "no JSON value"),
        ({1: int}, "is no text"),
    ],
)
def test_what_cannot_be_a_schema_is_kept_for_the_compiler_to_tell(schema, said):
    (fault,) = InputSchema.of(schema).faults
    assert said in fault[0]
