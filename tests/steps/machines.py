"""Definitions that nobody wrote: state machines for Hypothesis, valid by the way they are made."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import strategies as st

TEXT = st.text(st.characters(exclude_characters="$"), max_size=12) | st.sampled_from(
    ['"', "'", 'it\'s "both"', "\\", "\n", "${Bucket}", "${OrdersTable}", "{% 'no' %}", "\ue000", "\ue001x", "é", "前"]
)
KEY = st.text(max_size=6).map(lambda text: text.replace("$", "")) | st.sampled_from(["a", "b c", "None", "state_id"])
JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEY, inner, max_size=3),
    max_leaves=8,
)
PATH = st.sampled_from(["$", "$.a", "$.a['b c'][0]", "$$.Execution.Id", "$.x.y"])
REFERENCE = st.sampled_from([None, "$", "$.a", "$.a.b"])
DYNAMIC = PATH | st.sampled_from(["States.UUID()", "States.Format('{} it\\'s', $.a)"])
EXPRESSION = st.sampled_from(["{% $states.input.a %}", "{%1+1%}", "{% 'a' & \"b\" %}", "{%\n $now()\n%}"])
WHOLE = st.integers(1, 99)
PASCAL = st.sampled_from(["Train", "train", "Trained?", "for", "workflow", "前", "List", "9", "a b", "A_B", "step"])


def optional(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Some of these fields."""
    return st.fixed_dictionaries({}, optional=fields)


PATH_TEMPLATE = st.builds(
    lambda constant, dynamic: {**constant, **{f"{key}_.$": text for key, text in dynamic.items()}},
    st.dictionaries(KEY.map(lambda key: key.removesuffix(".$")), JSON, max_size=2),
    st.dictionaries(st.sampled_from(["p", "q", "r s"]), DYNAMIC, max_size=2),
)
JSONATA_TEMPLATE = st.dictionaries(KEY, EXPRESSION | st.integers() | st.lists(EXPRESSION, max_size=2), max_size=3)
COMMON = {
    "JSONPath": {"InputPath": PATH | st.none(), "OutputPath": PATH | st.none()},
    "JSONata": {"Output": JSONATA_TEMPLATE | EXPRESSION | st.none()},
}
RESULT = {
    "JSONPath": {"Parameters": PATH_TEMPLATE, "ResultSelector": PATH_TEMPLATE, "ResultPath": REFERENCE},
    "JSONata": {"Arguments": JSONATA_TEMPLATE | EXPRESSION | st.none()},
}
RETRY = st.lists(
    st.builds(
        lambda errors, more: {"ErrorEquals": errors, **more},
        st.lists(st.sampled_from(["A", "States.Timeout", "Lambda.Unknown"]), min_size=1, max_size=2),
        optional(
            IntervalSeconds=WHOLE, MaxAttempts=WHOLE, BackoffRate=st.sampled_from([1, 1.5, 2.0]), MaxDelaySeconds=WHOLE,
            JitterStrategy=st.sampled_from(["FULL", "NONE"]), Comment=TEXT,
        ),
    ),
    min_size=1,
    max_size=2,
)  # fmt: skip


class Names:
    """State names, each once."""

    def __init__(self) -> None:
        self.count = 0

    def new(self, text: str) -> str:
        """A name that no other state has."""
        self.count += 1
        return f"{text} {self.count}" if self.count % 3 else f"{text}{self.count}"


@st.composite
def definitions(draw: st.DrawFn) -> dict[str, Any]:
    """A whole state machine."""
    language = draw(st.sampled_from(["JSONPath", "JSONata"]))
    machine = draw(machines(language, language, Names(), depth=0))
    head = draw(optional(Comment=TEXT, TimeoutSeconds=WHOLE, Version=st.sampled_from(["1.0", ""])))
    if language == "JSONata" or draw(st.booleans()):
        head["QueryLanguage"] = language
    return {**head, **machine}


@st.composite
def machines(draw: st.DrawFn, top: str, language: str, names: Names, depth: int) -> dict[str, Any]:
    """One machine: the last state ends, the others lead on to it, and round and round."""
    own = [names.new(draw(PASCAL)) for _ in range(draw(st.integers(1, 4 if depth == 0 else 2)))]
    states = {}
    for index, name in enumerate(own):
        onward = own[index + 1] if index + 1 < len(own) else None
        states[name] = draw(a_state(top, language, names, depth, own, onward))
    return {"StartAt": own[0], "States": dict(draw(st.permutations(list(states.items()))))}


@st.composite
def a_state(
    draw: st.DrawFn, top: str, language: str, names: Names, depth: int, own: list[str], onward: str | None
) -> dict[str, Any]:
    """One state that leads to `onward`, and perhaps elsewhere; without it, one that ends."""
    kinds = ["Pass", "Task", "Wait"] + (["Choice"] if onward else ["Succeed", "Fail"])
    kind = draw(st.sampled_from(kinds + (["Parallel", "Map"] if depth < 2 else [])))
    done: dict[str, Any] = {"Type": kind, **draw(optional(Comment=TEXT))}
    if top == "JSONPath" and draw(st.integers(0, 5)) == 0:
        language = done["QueryLanguage"] = draw(st.sampled_from(["JSONPath", "JSONata"]))
    jsonata = language == "JSONata"
    if kind != "Fail":
        done |= draw(optional(**COMMON[language]))
    if kind not in ("Succeed", "Fail"):
        done |= draw(optional(Assign=st.fixed_dictionaries({names.new("v").replace(" ", "_"): st.integers()})))
    if kind in ("Task", "Parallel"):
        done |= draw(optional(**RESULT[language]))
    if kind in ("Task", "Parallel", "Map"):
        done |= draw(optional(Retry=RETRY))
        if draw(st.integers(0, 2)) == 0:
            done["Catch"] = [{"ErrorEquals": ["A"], "Next": draw(st.sampled_from(own))} | draw(optional(Comment=TEXT))]
            done["Catch"][0] |= draw(optional(Output=JSONATA_TEMPLATE) if jsonata else optional(ResultPath=REFERENCE))
    match kind:
        case "Pass" if not jsonata:
            done |= draw(optional(Result=JSON, Parameters=PATH_TEMPLATE, ResultPath=REFERENCE))
        case "Task":
            lambdas = ["arn:aws:states:::lambda:invoke", "arn:aws:states:::lambda:invoke.waitForTaskToken"]
            done["Resource"] = draw(st.sampled_from([*lambdas, "arn:aws:lambda:us-east-1:123456789012:function:f"]))
            field = "Arguments" if jsonata else "Parameters"
            if "states:::" in done["Resource"]:
                done[field] = {"FunctionName": "f", **(done.get(field) if isinstance(done.get(field), dict) else {})}
            done |= draw(optional(TimeoutSeconds=st.integers(100, 200) | (EXPRESSION if jsonata else st.nothing())))
        case "Wait":
            field = draw(st.sampled_from(["Seconds"] if jsonata else ["Seconds", "SecondsPath", "TimestampPath"]))
            done[field] = draw(PATH if field.endswith("Path") else (WHOLE | EXPRESSION if jsonata else WHOLE))
        case "Fail":
            done |= draw(optional(Error=EXPRESSION if jsonata else TEXT))
            done |= draw(optional(Cause=EXPRESSION) if jsonata else optional(CausePath=DYNAMIC))
        case "Choice":
            done["Choices"] = draw(st.lists(a_choice(jsonata, own), min_size=1, max_size=3))
            done["Default"] = onward
        case "Parallel":
            count = draw(st.integers(1, 2))
            done["Branches"] = [draw(inner_machine(top, names, depth)) for _ in range(count)]
        case "Map":
            done |= draw(optional(Items=EXPRESSION) if jsonata else optional(ItemsPath=PATH))
            done |= draw(optional(ItemSelector=JSONATA_TEMPLATE if jsonata else PATH_TEMPLATE, MaxConcurrency=WHOLE))
            field = draw(st.sampled_from(["Iterator", "ItemProcessor"]))
            configs = st.sampled_from([{}, {"Mode": "INLINE"}, {"Mode": "DISTRIBUTED", "ExecutionType": "EXPRESS"}])
            done[field] = {**draw(optional(ProcessorConfig=configs)), **draw(inner_machine(top, names, depth))}
    if kind not in ("Choice", "Succeed", "Fail"):
        done |= {"Next": onward} if onward else {"End": True}
    return done


@st.composite
def inner_machine(draw: st.DrawFn, top: str, names: Names, depth: int) -> dict[str, Any]:
    """A branch, or what a Map runs: its language is the whole machine's."""
    return {**draw(optional(Comment=TEXT)), **draw(machines(top, top, names, depth + 1))}


@st.composite
def a_choice(draw: st.DrawFn, jsonata: bool, own: list[str]) -> dict[str, Any]:
    """One entry of Choices."""
    done = {"Next": draw(st.sampled_from(own)), **draw(optional(Comment=TEXT))}
    if jsonata:
        return {"Condition": draw(EXPRESSION | st.booleans()), **done, **draw(optional(Output=JSONATA_TEMPLATE))}
    return {**draw(rules(3)), **done}


@st.composite
def rules(draw: st.DrawFn, depth: int) -> dict[str, Any]:
    """A JSONPath rule."""
    kind = draw(st.sampled_from(["test", "test", "And", "Or", "Not"])) if depth else "test"
    if kind == "Not":
        return {"Not": draw(rules(depth - 1))}
    if kind != "test":
        return {kind: draw(st.lists(rules(depth - 1), min_size=1, max_size=2))}
    tests = {"StringEquals": TEXT, "NumericLessThan": st.floats(-10, 10) | WHOLE, "IsPresent": st.booleans()}
    operator = draw(st.sampled_from([*tests, "StringLessThanPath"]))
    return {"Variable": draw(PATH), operator: draw(tests.get(operator, PATH))}


def same(left: Any, right: Any) -> bool:
    """Whether two values are the same JSON: 1, 1.0 and true are three things."""
    return json.dumps(left, sort_keys=True) == json.dumps(right, sort_keys=True)
