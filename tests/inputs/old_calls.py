"""Questions to placeholders, as text: asked of the old SDK's and of ours.

In: the classes of one of the two. Out: every answer as JSON. Touches: nothing. Run as a program by an interpreter that
has stepfunctions 2.3.0, it prints that SDK's answers.
"""

import json

TYPED = (
    "ExecutionInput(schema={'name': str, 'n': int, 'rate': float, 'on': bool, 'deep': {'x': int, 'more': {'y': str}}})"
)
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
    "inside a schema": f"{TYPED}['deep']['more']['y'].to_jsonpath()",
    # what is refused
    "a name that is no name": "ExecutionInput()[1.5]",
    "a name that is None": "ExecutionInput()[None]",
    "get of no name": "ExecutionInput().get(('a',), str)",
    "a name that the schema lacks": f"{TYPED}['other']",
    "a name that the schema lacks, inside": f"{TYPED}['deep']['z']",
    "get of a name that the schema lacks": f"{TYPED}.get('other', str)",
    "get as another type than the schema's": f"{TYPED}.get('n', str)",
    "get as the schema's type": f"{TYPED}.get('n', int).to_jsonpath()",
    "get as two types": "(lambda run: (run.get('a', int), run.get('a', str)))(ExecutionInput())",
    "get with a type after a read without": "(lambda run: [run['a'], run.get('a', str), run.get_schema_as_dict()][-1])(ExecutionInput())",
    "a read without a type after a get": "(lambda run: [run.get('a', int), run['a'], run.get_schema_as_dict()][-1])(ExecutionInput())",
    # schemas
    "no schema": "ExecutionInput().get_schema_as_dict()",
    "a schema": f"{TYPED}.get_schema_as_dict()",
    "a schema as JSON": f"{TYPED}.get_schema_as_json()",
    "a schema as pretty JSON": f"{TYPED}.get_schema_as_json(pretty=True)",
    "a part of a schema": f"{TYPED}['deep'].get_schema_as_dict()",
    "the end of a schema": f"{TYPED}['n'].get_schema_as_dict()",
    "what was read": "(lambda run: [run['a'], run.get('n', int), run['d']['x'], run['d'].get('y', float), run.get_schema_as_dict()][-1])(ExecutionInput())",
    "what was read, as JSON": "(lambda i: [i['a'], i['d'].get('x', list), i.get_schema_as_json()][-1])(StepInput())",
    "what was read inside": "(lambda run: [run['d']['x'], run['e'], run['d'].get_schema_as_dict()][-1])(ExecutionInput())",
    "an index in what was read": "(lambda run: [run['l'][0], run.get_schema_as_dict()][1])(ExecutionInput())",
    # contains
    "what it was read from": "(lambda run: run.contains(run['a']['b']))(ExecutionInput())",
    "in": "(lambda run: run['a']['b'] in run['a'])(ExecutionInput())",
    "not in itself": "(lambda run: run.contains(run))(ExecutionInput())",
    "not in another": "ExecutionInput().contains(ExecutionInput()['a'])",
    "not in what is beside": "(lambda run: run['a'] in run['b'])(ExecutionInput())",
    "not in an input of another kind": "ExecutionInput().contains(StepInput()['a'])",
    "not in what is inside it": "(lambda run: run['a'] in run['a']['b'])(ExecutionInput())",
    "in a schema": f"(lambda run: run['deep']['x'] in run)({TYPED})",
    # validate
    "an input that fits": f"{TYPED}.validate({{'name': 'x', 'n': 1, 'rate': 0.5, 'on': True, 'deep': {{'x': 1, 'more': {{'y': ''}}}}}})",
    "more than the schema": "ExecutionInput(schema={'n': int}).validate({'n': 1, 'other': 2})",
    "nothing": f"{TYPED}.validate({{}})",
    "None": f"{TYPED}.validate(None)",
    "wrong types": f"{TYPED}.validate({{'name': 1, 'n': '1', 'rate': '0.5', 'on': 1, 'deep': {{'x': None, 'more': {{'y': []}}}}}})",
    "a part is missing": f"{TYPED}.validate({{'name': 'x', 'n': 1, 'rate': 0.5, 'on': True, 'deep': {{}}}})",
    "a value where an object should be": "ExecutionInput(schema={'deep': {'x': int}}).validate({'deep': 5})",
    "a list": "ExecutionInput(schema={'l': list}).validate({'l': [1]})",
    "no schema fits everything": "ExecutionInput().validate({'a': 1})",
    "what was read is asked for": "(lambda run: [run.get('n', int), run.get('s', str), run.validate({'n': 1})][-1])(ExecutionInput())",
    "a state's input": "StepInput(schema={'a': {'b': str}}).validate({'a': {'b': 1}})",
    "a result's names": "list(ExecutionInput(schema={'a': str}).validate({})._fields)",
    # where JSON's types are not Python's
    "a whole number for a number": "ExecutionInput(schema={'rate': float}).validate({'rate': 1})",
    "true for a number": "ExecutionInput(schema={'n': int}).validate({'n': True})",
    "an object": "ExecutionInput(schema={'d': dict}).validate({'d': {'a': 1}})",
    "an empty object": "ExecutionInput(schema={'d': dict}).validate({'d': {}})",
    "a read without a type": "(lambda run: [run['a'], run.validate({'a': 1})][1])(ExecutionInput())",
    "inside an object of any shape": "ExecutionInput(schema={'d': dict})['d']['x'].to_jsonpath()",
}


def answers(names):
    """Every answer, by the name of its question: JSON, types by their names, errors by theirs."""
    found = {}
    for name, call in CALLS.items():
        try:
            found[name] = json.loads(json.dumps(_plain(eval(call, dict(names)))))
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
