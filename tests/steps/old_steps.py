"""What a program asks of steps made with the old SDK, besides the whole definition: run with that SDK and with ours.

In: the package's name and the file to write. Out: JSON: answers by name. Touches: nothing else.

An answer that is an exception is its class, or the nearest base that Python itself has.
"""

import enum
import importlib
import json
import logging
import sys
from pathlib import Path

QUESTIONS = {}
BUILT_IN = (TypeError, ValueError, AttributeError, KeyError)


def question(make):
    QUESTIONS[make.__name__] = make
    return make


def refused(make):
    """The class of what is raised; None when nothing is."""
    try:
        make()
    except Exception as fault:  # noqa: BLE001 -- the answer is what it is
        known = next((one.__name__ for one in BUILT_IN if isinstance(fault, one)), None)
        named = type(fault).__name__
        return named if named == "DuplicateStatesInChain" else known
    return None


def dicts(*things):
    return [thing.to_dict() for thing in things]


class Old:
    """The names of the old SDK in one place. package: `stepfunctions`, or ours."""

    def __init__(self, package):
        self.modules = [
            importlib.import_module(f"{package}.{name}")
            for name in (
                "steps",
                "steps.states",
                "steps.choice_rule",
                "steps.integration_resources",
                "inputs",
                "steps.fields",
            )
        ]

    def __getattr__(self, name):
        return next(getattr(module, name) for module in self.modules if hasattr(module, name))


@question
def a_state_alone(s):
    both = s.Parallel("Both", retry=s.Retry(error_equals=["A"]))
    both.add_branch(s.Pass("One"))
    both.add_branch(s.Chain([s.Pass("Two"), s.Succeed("Three")]))
    each = s.Map("Each", iterator=s.Pass("Item"), items_path="$.items", max_concurrency=2)
    each.add_catch(s.Catch(error_equals=["B"], next_step=s.Fail("Failed"), result_path=None))
    return dicts(
        s.Pass("P", result={"x": [1]}), s.Wait("W", seconds=0), s.Fail("F", error="E"), s.Succeed("S"), both, each
    )


@question
def a_state_in_the_middle_of_a_chain(s):
    first = s.LambdaStep("First", parameters={"FunctionName": "f"}, output_schema={"Payload": {"n": int}})
    read = s.Pass("Read", parameters={"n": first.output()["Payload"]["n"], "deep": [{"n": first.output()["Payload"]}]})
    which = s.Choice("Which?")
    which.add_choice(s.ChoiceRule.NumericLessThan(first.output()["Payload"]["n"], 3), s.Succeed("Few"))
    before = dicts(first, read, which)
    s.Chain([first, read, which, s.Fail("Many")])
    return [before, dicts(first, read, which)]


@question
def a_state_that_is_not_complete(s):
    return dicts(s.Choice("Asks nothing"), s.Parallel("Runs nothing"), s.Task("Calls", resource="anything at all"))


@question
def a_state_with_no_values(s):
    return dicts(
        s.Pass("A", comment=None, parameters=None),
        s.Pass("B", input_path=None, output_path=None, result_path=None),
        s.Task("C", resource="r", timeout_seconds=None, retry=None, catch=None),
    )


@question
def services_alone(s):
    steps = [
        s.DynamoDBGetItemStep("A", parameters={"TableName": "t"}), s.SnsPublishStep("B", wait_for_callback=True),
        s.GlueStartJobRunStep("C"), s.GlueStartJobRunStep("D", wait_for_completion=False), s.EksCallStep("E"),
        s.StepFunctionsStartExecutionStep("F"), s.EmrCancelStepStep("G"), s.GlueDataBrewStartJobRunStep("H"),
    ]  # fmt: skip
    resources = [step.resource for step in steps]
    steps[1].update_parameters({"Message": {"token.$": "$$.Task.Token"}})
    return [dicts(*steps), resources]


@question
def fields_as_attributes(s):
    task = s.Task(
        "T", resource="arn:x", comment="c", timeout_seconds=3, heartbeat_seconds=1, parameters={"a": 1},
        input_path="$.x", result_path=None, output_path="$.y",
    )  # fmt: skip
    retry = s.Retry(error_equals=["A"], interval_seconds=1, max_attempts=0, backoff_rate=1.5)
    catch = s.Catch(error_equals=["A", "B"], next_step=s.Chain([s.Pass("P"), s.Pass("Q")]), result_path="$.e")
    wait, fail = s.Wait("W", timestamp_path="$.t"), s.Fail("F", error="E", cause="C")
    each = s.Map("M", iterator=s.Pass("I"), items_path="$.i", max_concurrency=3)
    return [
        [task.state_id, task.state_type, task.type, task.resource, task.comment, task.timeout_seconds],
        [task.heartbeat_seconds, task.parameters, task.input_path, task.result_path, task.output_path],
        [task.timeout_seconds_path, task.next_step, task.retries, task.catches, task.output_schema],
        [retry.error_equals, retry.interval_seconds, retry.max_attempts, retry.backoff_rate, retry.to_dict()],
        [catch.error_equals, catch.result_path, catch.next_step.state_id, catch.to_dict()],
        [wait.seconds, wait.timestamp, wait.timestamp_path, fail.error, fail.cause],
        [each.iterator.state_id, each.items_path, each.max_concurrency, each.state_type],
    ]


@question
def fields_that_are_changed(s):
    task = s.Task("T", resource="r", parameters={"a": 1})
    task.fields["parameters"]["b"] = 2
    task.parameters["c"] = 3
    task.fields["comment"] = "now"
    task.fields["timeout_seconds"] = 5
    succeed, wait = s.Succeed("S"), s.Wait("W", seconds=1)
    for step in (succeed, wait):
        step.update_parameters({"there is": "none"})
    retry = s.Retry(error_equals=["A"])
    retry.fields["max_attempts"] = 1
    return [*dicts(task, succeed, wait, retry), task.fields["parameters"], "comment" in task.fields]


@question
def links(s):
    a, b, c = s.Pass("A"), s.Pass("B"), s.Pass("C")
    chain = s.Chain([a, b])
    chain.append(c)
    which, fail = s.Choice("Which?"), s.Fail("F")
    which.add_choice(s.ChoiceRule.IsNull("$.a", True), s.Succeed("S"))
    followed = which.next(fail)
    return [
        chain.state_id, [step.state_id for step in chain], [step.state_id for step in chain.steps],
        a.next_step is b, c.next_step, a.next(b) is b, followed is fail, which.default is fail, which.next_step,
        [[rule.to_dict(), step.state_id] for rule, step in which.choices],
    ]  # fmt: skip


@question
def rules(s):
    rule = s.ChoiceRule
    made = [
        rule.StringEquals(variable="$.a", value="x"), rule.NumericLessThan("$.a", 1.5), rule.IsPresent("$.b", False),
        rule.TimestampEqualsPath("$.a", "$.b"), rule.StringMatches("$.a", "log-*.txt"),
        s.Rule("$.a", "BooleanEquals", True),
        rule.And([rule.IsNull("$.a", True), rule.Not(rule.IsString("$.b", True))]), s.CompoundRule("Or", [s.NotRule(
            rule.BooleanEqualsPath(s.StepInput(schema={"flag": bool})["flag"], "$.b"))]),
    ]  # fmt: skip
    kinds = (s.BaseRule, s.Rule, s.CompoundRule, s.NotRule)
    return [dicts(*made), [str(one) for one in made], [[isinstance(one, kind) for kind in kinds] for one in made],
            [made[0].variable, made[0].operator, made[0].value, made[6].operator, len(made[6].rules)]]  # fmt: skip


@question
def arguments_that_contradict(s):
    rule, pattern = s.ChoiceRule, s.IntegrationPattern
    token, sync = pattern.WaitForTaskToken, pattern.WaitForCompletion
    retry, step = s.Retry(error_equals=["A"]), s.Pass("P")
    return {
        name: refused(make)
        for name, make in {
            "a field of another state": lambda: s.Pass("A", resource="r"),
            "a field no state has": lambda: s.Task("A", tomeout_seconds=3),
            "parameters of Succeed": lambda: s.Succeed("A", parameters={}),
            "parameters of Choice": lambda: s.Choice("A", parameters={}),
            "input_path of Fail": lambda: s.Fail("A", input_path="$"),
            "result_path of Wait": lambda: s.Wait("A", seconds=1, result_path="$"),
            "timeout of Parallel": lambda: s.Parallel("A", timeout_seconds=1),
            "timeout of Map": lambda: s.Map("A", timeout_seconds=1),
            "retry of Choice": lambda: s.Choice("A", retry=retry),
            "a field no Retry has": lambda: s.Retry(error_equals=["A"], attempts=3),
            "a field no Catch has": lambda: s.Catch(step, error_equals=["A"], interval_seconds=3),
            "a field no Graph has": lambda: s.Graph(step, name="x"),
            "two timeouts": lambda: s.Task("A", timeout_seconds=1, timeout_seconds_path="$.x"),
            "two heartbeats": lambda: s.LambdaStep("A", heartbeat_seconds=1, heartbeat_seconds_path="$.x"),
            "two times": lambda: s.Wait("A", seconds=1, timestamp="2026-11-27T09:00:00Z"),
            "no time": lambda: s.Wait("A"),
            "a retry of Pass": lambda: step.add_retry(retry),
            "a catcher of Wait": lambda: s.Wait("A", seconds=1).add_catch(s.Catch(step, error_equals=["A"])),
            "after Succeed": lambda: s.Succeed("A").next(step),
            "after Fail": lambda: s.Chain([s.Fail("A"), step]),
            "a chain that is no list": lambda: s.Chain(step),
            "a step twice in a chain": lambda: s.Chain([step, step]),
            "a step twice, later": lambda: s.Chain([step]).append(step),
            "the name of an empty chain": lambda: s.Chain().state_id,
            "a graph of a list": lambda: s.Graph([step]),
            "a graph of a name": lambda: s.Graph("P"),
            "a frozen graph of a text": lambda: s.FrozenGraph("{}"),
            "eks:call.sync": lambda: s.EksCallStep("A", integration_pattern=sync),
            "eks with a token": lambda: s.EksRunJobStep("A", integration_pattern=token),
            "databrew with a token": lambda: s.GlueDataBrewStartJobRunStep("A", integration_pattern=token),
            "a pattern that is a text": lambda: s.StepFunctionsStartExecutionStep("A", integration_pattern="sync"),
            "a rule about no path": lambda: rule.StringEquals("a", "x"),
            "a number that is a text": lambda: rule.NumericEquals("$.a", "1"),
            "a text that is a number": lambda: rule.StringEquals("$.a", 1),
            "a Boolean that is a text": lambda: rule.BooleanEquals("$.a", "true"),
            "a question that is a text": lambda: rule.IsPresent("$.a", "yes"),
            "a path that is none": lambda: rule.StringEqualsPath("$.a", "b"),
            "patterns that are there": lambda: s.is_integration_pattern_valid(sync, [sync, token]),
            "a pattern that is not": lambda: s.is_integration_pattern_valid(sync, [token]),
        }.items()
    }


@question
def graphs(s):
    a, b = s.Pass("A"), s.Pass("B")
    graph = s.Graph(s.Chain([a, b]), comment="c", timeout_seconds=5, version="1.0")
    frozen = s.FrozenGraph.from_json(graph.to_json())
    return [
        graph.to_dict(), json.loads(graph.to_json(pretty=True)), json.loads(str(graph)), list(graph.states),
        graph.contains(a), graph.contains(s.Pass("C")), graph.comment, graph.timeout_seconds, graph.version,
        graph.fields, frozen.to_dict(), frozen.definition, isinstance(frozen, s.Graph),
        s.FrozenGraph(definition={"StartAt": "A", "Else": 1}).to_json(), json.loads(str(frozen)),
    ]  # fmt: skip


@question
def texts(s):
    things = [s.Pass("A", result=1), s.Retry(error_equals=["A"]), s.Catch(s.Pass("B"), error_equals=["A"])]
    return [[json.loads(str(thing)), json.loads(thing.to_json()), str(thing).count("\n")] for thing in things]


@question
def arns(s):
    class Api(enum.Enum):
        DoIt = "doIt"

    pattern, arn = s.IntegrationPattern, s.get_service_integration_arn
    return [arn("service", Api.DoIt, one, version) for one in pattern for version in (None, 2)] + [arn("s", Api.DoIt)]


@question
def a_bare_state(s):
    bare = s.State("S", "Pass", comment="c", result_path=None)
    return [bare.to_dict(), bare.state_type, s.State("T", state_type="Succeed", output_schema={"a": str}).to_dict()]


@question
def names_of_fields(s):
    return {field.name: field.value for field in s.Field}


@question
def a_default_that_is_replaced(s):
    said = []
    handler = logging.Handler()
    handler.emit = lambda record: said.append([record.levelname, "Which?" in record.getMessage()])
    loggers = [logging.getLogger(name) for name in ("stepfunctions.states", "stepmill")]
    for logger in loggers:
        logger.addHandler(handler)
        logger.setLevel(logging.WARNING)  # that SDK silences all logs when it is imported
    which = s.Choice("Which?")
    which.default_choice(s.Pass("A"))
    which.default_choice(s.Pass("B"))
    s.Chain([which, s.Pass("C")])
    for logger in loggers:
        logger.removeHandler(handler)
        logger.setLevel(logging.NOTSET)
    return said


def main(package, target):
    old = Old(package)
    answers = {name: make(old) for name, make in QUESTIONS.items()}
    Path(target).write_text(json.dumps(answers, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
