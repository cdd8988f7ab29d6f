"""Questions to placeholders, as text: asked of the old SDK's and of ours.

In: the classes of one of the two. Out: every answer as JSON. Touches: nothing. Run as a program by an interpreter that
has stepfunctions 2.3.0, it prints that SDK's answers.
"""

import json

SCHEMA = {"name": str, "n": int, "rate": float, "on": bool, "deep": {"x": int, "more": {"y": str}}}
FITS = {"name": "x", "n": 1, "rate": 0.5, "on": True, "deep": {"x": 1, "more": {"y": ""}}}
WRONG = {"name": 1, "n": "1", "rate": "0.5", "on": 1, "deep": {"x": None, "more": {"y": []}}}
# `run` and `state` are new inputs for each; `typed` has the schema above
CALLS = {
    # paths
    "the whole execution's input": "ExecutionInput().to_jsonpath()",
    "the whole state's input": "StepInput().to_jsonpath()",
    "a name": "ExecutionInput()['a'].to_jsonpath()",
    "a name in a name": "StepInput()['a']['b c'].to_jsonpath()",
    "an index": "StepInput()['a'][0][12].to_jsonpath()",
    "an index first": "ExecutionInput()[3]['x'].to_jsonpath()",
    "a name with quotes": 'ExecutionInput()["it\'s"].to_jsonpath()',
    "a name with double quotes": "ExecutionInput()['say \"x\"'].to_jsonpath()",
    "a name in another script": "ExecutionInput()['入力'].to_jsonpath()",
    "an empty name": "ExecutionInput()[''].to_jsonpath()",
    "get": "ExecutionInput().get('a', int).to_jsonpath()",
    "get in get": "StepInput().get('a', dict).get('b', int).to_jsonpath()",
    "of name and parent": "ExecutionInput(name='a', parent=ExecutionInput(), type=int).to_jsonpath()",
    "of name and a parent inside": "StepInput(name=0, parent=StepInput()['list']).to_jsonpath()",
    "inside a schema": "typed['deep']['more']['y'].to_jsonpath()",
    # what is refused
    "a name that is no name": "ExecutionInput()[1.5]",
    "a name that is None": "ExecutionInput()[None]",
    "get of no name": "ExecutionInput().get(('a',), str)",
    "a name that the schema lacks": "typed['other']",
    "a name that the schema lacks, inside": "typed['deep']['z']",
    "get of a name that the schema lacks": "typed.get('other', str)",
    "get as another type than the schema's": "typed.get('n', str)",
    "get as the schema's type": "typed.get('n', int).to_jsonpath()",
    "get as two types": "(run.get('a', int), run.get('a', str))",
    "get with a type after a read without": "[run['a'], run.get('a', str), run.get_schema_as_dict()][-1]",
    "a read without a type after a get": "[run.get('a', int), run['a'], run.get_schema_as_dict()][-1]",
    # schemas
    "no schema": "ExecutionInput().get_schema_as_dict()",
    "a schema": "typed.get_schema_as_dict()",
    "a schema as JSON": "typed.get_schema_as_json()",
    "a schema as pretty JSON": "typed.get_schema_as_json(pretty=True)",
    "a part of a schema": "typed['deep'].get_schema_as_dict()",
    "the end of a schema": "typed['n'].get_schema_as_dict()",
    "what was read": "[run['a'], run.get('n', int), run['d']['x'], run.get('l', list), run.get_schema_as_dict()][-1]",
    "what was read, as JSON": "[state['a'], state['d'].get('x', list), state.get_schema_as_json()][-1]",
    "what was read inside": "[run['d']['x'], run['e'], run['d'].get_schema_as_dict()][-1]",
    "an index in what was read": "[run['l'][0], run.get_schema_as_dict()][1]",
    # contains
    "what it was read from": "run.contains(run['a']['b'])",
    "in": "run['a']['b'] in run['a']",
    "not in itself": "run.contains(run)",
    "not in another": "ExecutionInput().contains(ExecutionInput()['a'])",
    "not in what is beside": "run['a'] in run['b']",
    "not in an input of another kind": "ExecutionInput().contains(StepInput()['a'])",
    "not in what is inside it": "run['a'] in run['a']['b']",
    "in a schema": "typed['deep']['x'] in typed",
    # validate
    "an input that fits": "typed.validate(FITS)",
    "more than the schema": "ExecutionInput(schema={'n': int}).validate({'n': 1, 'other': 2})",
    "nothing": "typed.validate({})",
    "None": "typed.validate(None)",
    "wrong types": "typed.validate(WRONG)",
    "a part is missing": "typed.validate({'name': 'x', 'n': 1, 'rate': 0.5, 'on': True, 'deep': {}})",
    "a value where an object should be": "ExecutionInput(schema={'deep': {'x': int}}).validate({'deep': 5})",
    "a list": "ExecutionInput(schema={'l': list}).validate({'l': [1]})",
    "no schema fits everything": "ExecutionInput().validate({'a': 1})",
    "what was read is asked for": "[run.get('n', int), run.get('s', str), run.validate({'n': 1})][-1]",
    "a state's input": "StepInput(schema={'a': {'b': str}}).validate({'a': {'b': 1}})",
    "a result's names": "list(ExecutionInput(schema={'a': str}).validate({})._fields)",
    # where JSON's types are not Python's
    "a whole number for a number": "ExecutionInput(schema={'rate': float}).validate({'rate': 1})",
    "true for a number": "ExecutionInput(schema={'n': int}).validate({'n': True})",
    "an object": "ExecutionInput(schema={'d': dict}).validate({'d': {'a': 1}})",
    "an empty object": "ExecutionInput(schema={'d': dict}).validate({'d': {}})",
    "a read without a type": "[run['a'], run.validate({'a': 1})][1]",
    "inside an object of any shape": "ExecutionInput(schema={'d': dict})['d']['x'].to_jsonpath()",
}


def answers(names):
    """Every answer, by the name of its question: JSON, types by their names, errors by theirs."""
    found = {}
    for name, call in CALLS.items():
        try:
            space = {
                **names,
                "run": names["ExecutionInput"](),
                "state": names["StepInput"](),
                "typed": names["ExecutionInput"](schema=SCHEMA),
                "FITS": FITS,
                "WRONG": WRONG,
            }
            found[name] = json.loads(json.dumps(_plain(eval(call, space))))
        except Exception as fault:  # noqa: BLE001 -- that it raises is the answer
            found[name] = f"raises {type(fault).__name__}"
    return found


def _plain(value):
    if isinstance(value, type):
        return value.__name__
    if isinstance(value, dict):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value if value is None or isinstance(value, bool | int | float | str) else "a placeholder"


if __name__ == "__main__":
    import logging

    logging.disable()  # sagemaker tells of its own defaults on standard output
    from stepfunctions.inputs.placeholders import ExecutionInput, StepInput

    print(json.dumps(answers({"ExecutionInput": ExecutionInput, "StepInput": StepInput}), indent=1, ensure_ascii=False))
