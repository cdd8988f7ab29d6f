"""JSONata agrees with the reference implementation 2.0.6, on expressions made at random.

Needs `node` and, in the project's folder, `npm install --no-save jsonata@2.0.6`; skipped without them.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stepmill.asl.errors import StatesError
from stepmill.asl.jsonata import JsonataError, compile_expression
from stepmill.asl.scope import Scope

pytestmark = pytest.mark.slow

ANSWER = """
const jsonata = require('jsonata');
const lines = require('readline').createInterface({input: process.stdin});
(async () => { for await (const line of lines) {
  const {text, bindings} = JSON.parse(line);
  let answer;
  try { answer = JSON.stringify(await jsonata(text).evaluate(undefined, bindings)) ?? 'undefined'; }
  catch (wrong) { answer = 'error'; }
  process.stdout.write(JSON.stringify(answer) + '\\n');
} })();
"""
DOCUMENT = {
    "n": 3,
    "text": "s3://b/k",
    "list": [3, 1, 2],
    "one": [9],
    "empty": [],
    "nothing": None,
    "yes": True,
    "deep": {"n": 1, "list": [[1], [2, 3]], "text": "x"},
    "rows": [{"n": 1, "text": "a"}, {"n": 2, "text": "b", "list": [1]}, {"text": "c", "list": [2, 4]}],
}
VARIABLES = {"doc": DOCUMENT, "rows": DOCUMENT["rows"], "n": 3}
names = st.sampled_from([*DOCUMENT, "gone"])
bases = st.sampled_from(["$states.input", "$doc", "$rows", "$states.input.rows", "$states.input.deep", "$n", "$gone"])
literals = st.sampled_from(["1", "0", "2.5", "'a'", "'s3://b/k'", "true", "null", "[]", "[1, 'a']", "{'n': 1}"])
paths = st.builds(lambda base, tail: ".".join([base, *tail]), bases, st.lists(names, max_size=3))
operators = st.sampled_from(["+", "-", "*", "&", "=", "!=", "<", ">=", "and", "or", "in"])
conditions = st.sampled_from(["0", "-1", "n = 2", "text = 'b'", "$exists(list)", "n > 1"])
functions = st.sampled_from(
    [
        "sum",
        "count",
        "string",
        "keys",
        "exists",
        "not",
        "reverse",
        "distinct",
        "type",
        "boolean",
        "length",
        "max",
        "spread",
    ]
)


def larger(inner: Any) -> Any:
    return st.one_of(
        st.builds("({} {} {})".format, inner, operators, inner),
        st.builds("{}[{}]".format, paths, conditions),
        st.builds("({} ? {} : {})".format, inner, inner, inner),
        st.builds("${}({})".format, functions, inner),
        st.builds("$substringAfter({}, '//')".format, inner),
        st.builds("$merge([{}, {}])".format, inner, inner),
        st.builds("$append({}, {})".format, inner, inner),
        st.builds("$map({}, function($v, $i) {{ $v & $i }})".format, inner),
        st.builds("$filter({}, function($v) {{ $v.n > 1 }})".format, inner),
        st.builds("($x := {}; [$x, {}])".format, inner, inner),
        st.builds("{{'k': {}, 'l': [{}]}}".format, inner, inner),
        st.builds("{}^(>n)".format, paths),
        st.builds("{}.(n & text)".format, paths),
        st.builds("{}{{text: n}}".format, paths),
        st.builds("[{}..3]".format, inner),
    )


@pytest.fixture(scope="module")
def reference() -> Iterator[Callable[[str], str]]:
    node = shutil.which("node")
    here = Path(os.environ.get("STEPMILL_NPM") or Path(__file__).parents[2])
    if node is None or not (here / "node_modules" / "jsonata").is_dir():
        pytest.skip("node and jsonata@2.0.6 are not installed")
    with subprocess.Popen(
        [node, "-e", ANSWER], cwd=here, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        talk, listen = process.stdin, process.stdout
        assert talk is not None
        assert listen is not None

        def ask(text: str) -> str:
            bindings = {"states": {"input": DOCUMENT}, **VARIABLES}
            talk.write(json.dumps({"text": text, "bindings": bindings}) + "\n")
            talk.flush()
            return str(json.loads(listen.readline()))

        yield ask


@settings(max_examples=2000, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.recursive(paths | literals, larger, max_leaves=5))
def test_an_expression_gives_what_the_reference_gives(reference: Callable[[str], str], text: str) -> None:
    expected = reference(text)
    try:
        value = compile_expression(f"{{% {text} %}}", field="f")(Scope(input=DOCUMENT, variables=VARIABLES))
    except JsonataError:
        assert expected == "error"
    except StatesError as failed:
        assert expected == ("undefined" if "returned nothing" in failed.cause else "error")
    else:
        assert value == json.loads(expected)
