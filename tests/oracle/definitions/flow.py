"""Ways through a pipeline as people drew them: joins, branches, loops, second attempts, ways out."""

CALLS = """
def call(name, **fields):
    return LambdaStep(name, parameters={"FunctionName": name.lower().replace(" ", "-"), "Payload.$": "$"}, **fields)
"""

DEFINITIONS = {
    "a diamond": CALLS
    + """
begin, left, right, join = call("Begin"), call("Left"), call("Right"), call("Join")
which = Choice("Which?")
which.add_choice(ChoiceRule.StringEquals(variable=begin.output()["Payload"]["side"], value="left"), left)
which.add_choice(ChoiceRule.StringEquals(variable=begin.output()["Payload"]["side"], value="right"), right)
which.default_choice(join)
begin.next(which)
left.next(join)
right.next(join)
join.next(Succeed("Over"))
definition = begin
""",
    "a choice in the middle of a chain": CALLS
    + """
shortcut = Succeed("Nothing to do")
check = Choice("Anything new?", comment="an empty list is nothing")
check.add_choice(ChoiceRule.Not(ChoiceRule.IsPresent(variable="$.Payload.files[0]", value=True)), shortcut)
definition = Chain([call("List files"), check, call("Read files"), call("Write table")])
""",
    "a choice that leads to chains": CALLS
    + """
size = StepInput(schema={"rows": int})
choice = Choice("How many rows?")
choice.add_choice(ChoiceRule.NumericLessThan(variable=size["rows"], value=1000),
                  Chain([call("Small"), call("Small again")]))
choice.add_choice(ChoiceRule.And([ChoiceRule.NumericGreaterThanEquals(variable=size["rows"], value=1000),
                                  ChoiceRule.NumericLessThan(variable=size["rows"], value=1000000)]),
                  Chain([call("Middle"), Wait("Cool down", seconds=30), call("Middle again")]))
choice.default_choice(Chain([Fail("Too many", error="TooMany", cause="more than a million rows")]))
definition = choice
""",
    "a choice whose default is replaced": CALLS
    + """
choice = Choice("Again?")
choice.add_choice(ChoiceRule.BooleanEquals("$.again", True), call("Work"))
choice.default_choice(Fail("Never reached"))
definition = Chain([choice, Succeed("Over")])
""",
    "chains made of chains": CALLS
    + """
load = Chain([call("Extract"), call("Transform"), call("Load")])
check = Chain([call("Count"), call("Compare")])
definition = Chain([Pass("Begin"), load, Chain([]), check, Succeed("Over")])
""",
    "the ends of two chains meet": CALLS
    + """
report = call("Report")
good, bad = Chain([call("Publish"), report]), Chain([call("Roll back"), report])
verdict = Choice("Good?")
verdict.add_choice(ChoiceRule.NumericGreaterThan("$.score", 0.75), good)
verdict.default_choice(bad)
definition = Chain([call("Score"), verdict])
definition.steps[-1].default_choice(bad)
""",
    "polling": CALLS
    + """
start, look = call("Start export", result_path="$.export"), call("Look", result_path="$.status")
wait = Wait("Wait a minute", seconds=60)
done = Choice("Done?")
done.add_choice(ChoiceRule.StringEquals("$.status.Payload", "DONE"), Succeed("Exported"))
done.add_choice(ChoiceRule.StringMatches("$.status.Payload", "FAILED*"), Fail("Export failed", error="Export"))
done.default_choice(wait)
wait.next(look)
look.next(done)
definition = Chain([start, wait])
""",
    "a counter": """
count = Pass("Count", parameters={"n.$": "States.MathAdd($.n, 1)"})
enough = Choice("Enough?")
enough.add_choice(ChoiceRule.NumericLessThanPath(variable="$.n", value="$$.Execution.Input.times"), count)
enough.default_choice(Succeed("Enough"))
definition = Chain([Pass("Nought", result={"n": 0}), count, enough])
""",
    "errors by kind": CALLS
    + """
tell = call("Tell", comment="somebody must look at it")
tell.next(Fail("Stopped", error="Stopped", cause="somebody was told"))
again = dict(interval_seconds=2, max_attempts=6, backoff_rate=2)
work = call(
    "Work", timeout_seconds=300,
    retry=[Retry(error_equals=["Lambda.ServiceException", "Lambda.SdkClientException"], **again),
           Retry(error_equals=["States.Timeout"], max_attempts=0),
           Retry(error_equals=["States.ALL"], interval_seconds=30, max_attempts=2, backoff_rate=1.5)],
    catch=[Catch(error_equals=["BadRow"], next_step=call("Skip row"), result_path="$.skipped"),
           Catch(error_equals=["States.Timeout", "States.TaskFailed"], next_step=tell, result_path="$.error"),
           Catch(error_equals=["States.ALL"], next_step=Chain([Pass("Note"), tell]), result_path=None)],
)
definition = work
""",
    "one catcher for every step": CALLS
    + """
failed = Fail("Failed", error="Pipeline", cause="see the history")
catch = Catch(error_equals=["States.ALL"], next_step=failed)
retry = Retry(error_equals=["States.TaskFailed"], interval_seconds=15, max_attempts=2, backoff_rate=4.0)
steps = [call(f"Step {number}") for number in range(5)]
for step in steps:
    step.add_retry(retry)
    step.add_catch(catch)
definition = Chain(steps)
""",
    "lists of retries and catchers are added": CALLS
    + """
work, both = call("Work"), Parallel("Both")
both.add_branch(call("One"))
both.add_branch(call("Two"))
for step in (work, both):
    step.add_retry([Retry(error_equals=["A"]), Retry(error_equals=["B"], max_attempts=1)])
    step.add_catch([Catch(error_equals=["A"], next_step=Succeed(f"Fine after {step.state_id}")),
                    Catch(error_equals=["States.ALL"], next_step=Fail(f"Failed in {step.state_id}"))])
work.retries.append(Retry(error_equals=["C"]))
definition = Chain([work, both])
""",
    "branches of every kind": CALLS
    + """
inner = Parallel("Inner", result_path=None)
inner.add_branch(Wait("For nine", timestamp_path="$.nine"))
inner.add_branch(Pass("At once"))
one = Choice("Only on Mondays")
one.add_choice(ChoiceRule.TimestampGreaterThanEqualsPath(variable="$.now", value="$.monday"), Succeed("It is"))
one.default_choice(Fail("It is not", error="NotMonday"))
both = Parallel("Both", comment="three at once")
both.add_branch(Chain([call("First"), inner, call("Last")]))
both.add_branch(one)
both.add_branch(call("Alone"))
definition = Chain([both, call("Join")])
""",
    "what a branch hands out": """
prices = Parallel("Prices", parameters={"day.$": "$.day", "currency": "EUR"}, result_path="$.prices",
                  output_schema={"prices": list})
for shop in ("north", "south"):
    prices.add_branch(LambdaStep(f"Ask {shop}", parameters={
        "FunctionName": "price", "Payload": {"shop": shop, "day.$": "$.day"}}, output_path="$.Payload"))
least = LambdaStep("Least", parameters={"FunctionName": "least", "Payload": {"of": prices.output()["prices"]}})
definition = Chain([prices, least])
""",
    "a map over what a step found": CALLS
    + """
found = LambdaStep("Find", parameters={"FunctionName": "find"}, output_path="$.Payload",
                   output_schema={"files": list, "bucket": str})
each = Map("Each file", items_path="$.files", max_concurrency=10, parameters={
    "file.$": "$$.Map.Item.Value", "index.$": "$$.Map.Item.Index", "bucket": found.output()["bucket"]})
read = call("Read", retry=Retry(error_equals=["States.ALL"], max_attempts=2))
empty = Choice("Empty?")
empty.add_choice(ChoiceRule.Or([ChoiceRule.IsNull("$.Payload", True), ChoiceRule.StringEquals("$.Payload", "")]),
                 Succeed("Skipped"))
each.attach_iterator(Chain([read, empty, call("Store")]))
each.add_catch(Catch(error_equals=["States.ALL"], next_step=Fail("A file failed"), result_path="$.error"))
definition = Chain([found, each, call("Index")])
""",
    "maps in maps": CALLS
    + """
cell = Map("Cells", iterator=call("Cell"), items_path="$.cells", result_path="$.done")
row = Map("Rows", iterator=Chain([Pass("Row", input_path="$.row"), cell]), items_path="$.rows", max_concurrency=2)
definition = Chain([row, Pass("Sum", result_path="$.sum", result={"rows": "all"})])
""",
    "fields that are set later": CALLS
    + """
step = call("Work")
step.fields["comment"] = "set later"
step.fields["timeout_seconds"] = 60
step.fields["parameters"]["InvocationType"] = "RequestResponse"
step.parameters["Qualifier"] = "live"
step.next_step = Succeed("Over")
definition = step
""",
    "long names and other letters": """
long = "A" + "b" * 78 + "c"
definition = Chain([Pass(long), Pass("Größe prüfen — ок, 完了?"), Succeed("a/b.c'd")])
""",
}
