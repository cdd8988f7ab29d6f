"""A pipeline means the same in both languages: made-up pipelines are run in both and come to the same end."""

import random

import pytest

from stepmill import testing
from stepmill.asl.problems import InvalidDefinition
from stepmill.inputs import ExecutionInput, StepInput, either
from stepmill.steps import Choice, Fail, Map, Parallel, Pass, S3GetObjectStep, Succeed, Task, Wait
from stepmill.steps import compile as compiled

RUN = ExecutionInput({"a": 1, "b": "x", "c": True, "l": list})
GIVEN = {"a": 2, "b": "B'{}", "c": True, "l": [{"q": 1, "z": 2}, {"q": 2, "z": 1}]}
KINDS = ("Pass", "Task", "Task", "S3", "Choice", "Wait", "Fail", "Succeed", "Parallel", "Map")


class Maker:
    """Pipelines out of a number."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.made = []

    def value(self):
        values = [
            RUN["a"], f"{RUN['b']}-{RUN['a']}", "it's {x}", 1, None, StepInput(), [RUN["b"], "k", RUN["a"]],
            {"z": RUN["l"]}, f"{RUN['c']} \\ {RUN['b']}", RUN["a"] + 2, [{"p": RUN["b"]}, 2],
        ]  # fmt: skip
        if before := [state for state in self.made if state.type == "Task"]:
            one, two = self.random.choice(before), self.random.choice(before)
            values += [one.result["A"], one.result["L"][0]["x"], f"{one.result['A']}!", one.output()]
            values.append(either(one.result["A"], two.result["A"]))
            values += [read.json["n"] for read in before if isinstance(read, S3GetObjectStep)][:2]
        return self.random.choice(values)

    def state(self, depth):
        kind = self.random.choice(KINDS if depth < 2 else KINDS[:6])
        name = f"{self.random.choice(['S', '状態', 'Parse', 'Error', 'Input'])}{len(self.made)}"
        match kind:
            case "Pass":
                state = Pass(name, parameters={"x": self.value(), "y": self.value()})
            case "Task":
                call = {"FunctionName": "f", "Payload": {"p": self.value()}}
                state = Task(name, resource="arn:aws:states:::lambda:invoke", parameters=call)
            case "S3":
                state = S3GetObjectStep(name, self.random.choice(["s3://b/k.json", f"s3://b/{RUN['b']}/k"]))
            case "Wait":
                state = Wait(name, seconds=self.random.choice([1, RUN["a"]]))
            case "Fail":
                state = Fail(name, error="E", cause=self.random.choice(["c", f"{RUN['b']}"]))
            case "Succeed":
                state = Succeed(name)
            case "Choice":
                state = Choice(name)
            case "Parallel":
                state = Parallel(name)
                self.made.append(state)
                for _ in range(self.random.randint(1, 2)):
                    state.add_branch(self.pipeline(depth + 1))
                return state
            case "Map":
                state = Map(name, items_path=RUN["l"])
                self.made.append(state)
                state.attach_iterator(self.pipeline(depth + 1))
                return state
        self.made.append(state)
        return state

    def pipeline(self, depth=0):
        states = [self.state(depth) for _ in range(self.random.randint(1, 5))]
        for index, state in enumerate(states):
            later = states[index + 1 :] or [Pass(f"End of {state.state_id}")]
            if isinstance(state, Choice):
                rule = self.random.choice([RUN["c"], RUN["a"] > 1, (RUN["b"] == "x") & ~RUN["c"], RUN["a"] != 2])
                state.add_choice(rule, self.random.choice(later))
                state.default_choice(later[0])
            elif state.type not in ("Fail", "Succeed") and index + 1 < len(states):
                state.next(later[0])
        return states[0]


class Scripted(dict):
    def __missing__(self, state):
        return testing.succeed({"A": "val", "L": [{"x": 5}], "Payload": state, "Body": '{"n": 1}'})


def end(definition, language):
    tasks = testing.ScriptedTasks()
    tasks._outcomes = Scripted()
    result = testing.run(compiled("same", definition, query_language=language).template, GIVEN, tasks)
    return result.status, result.error, result.cause, result.output


@pytest.mark.parametrize("hundred", range(3))
def test_a_pipeline_comes_to_the_same_end_in_both_languages(hundred):
    ended = 0
    for seed in range(hundred * 100, hundred * 100 + 100):
        definition = Maker(seed).pipeline()
        try:
            in_jsonata = end(definition, "JSONata")
        except InvalidDefinition as refused:
            assert all(problem.code.startswith("value.") for problem in refused.problems), (seed, refused)
            continue
        assert in_jsonata == end(definition, "JSONPath"), seed
        assert in_jsonata[1] in (None, "E"), (seed, in_jsonata)
        ended += 1
    assert ended > 50
