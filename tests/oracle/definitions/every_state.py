"""Every state that calls nothing, with every field it has, and the joints between states."""

DEFINITIONS = {
    "a pass with everything": """
run = ExecutionInput(schema={"a": str})
first = Pass("With a result", comment="constant", result={"list": [1, 2.5, None], "deep": {"x": True}},
             input_path="$.in", output_path="$.out", result_path="$.result", output_schema={"result": {"deep": dict}})
second = Pass("With parameters", parameters={"a": run["a"], "before": first.output()["result"]["deep"]},
              input_path=None, result_path=None)
third = Pass("That hands nothing on", output_path=None)
definition = Chain([first, second, third])
""",
    "results that look empty": """
definition = Chain([Pass("Nought", result=0), Pass("False", result=False), Pass("Empty text", result=""),
                    Pass("Empty list", result=[]), Pass("Empty object", result={})])
""",
    "ends with everything": """
choice = Choice("Which?", comment="one of two", input_path="$.in", output_path="$.out", output_schema={"a": str})
good = Pass("Read", parameters={"a": choice.output()["a"]})
good.next(Succeed("Good", comment="over", input_path="$.a", output_path="$.b"))
choice.add_choice(ChoiceRule.StringEquals(variable="$.a", value="x"), good)
choice.default_choice(Fail("Bad", comment="over too", error="Bad", cause="it is not x"))
definition = choice
""",
    "ends with nothing": """
choice = Choice("Which?")
choice.add_choice(ChoiceRule.IsPresent(variable="$.a", value=True), Succeed("Good"))
choice.add_choice(ChoiceRule.IsNull(variable="$.b", value=True), Fail("Bad"))
definition = choice
""",
    "waits with everything": """
every = dict(comment="until then", input_path="$.in", output_path="$.out", output_schema={"at": str})
seconds = Wait("Seconds", seconds=10, **every)
timestamp = Wait("Timestamp", timestamp="2026-11-27T09:00:00Z", **every)
by_seconds = Wait("Seconds by path", seconds_path="$.seconds", **every)
by_timestamp = Wait("Timestamp by path", timestamp_path="$.at", **every)
definition = Chain([seconds, timestamp, by_seconds, by_timestamp,
                    Pass("Read", parameters={"at": by_timestamp.output()["at"]})])
""",
    "a parallel with everything": """
run = ExecutionInput(schema={"a": str})
over = Succeed("Over")
both = Parallel(
    "Both", comment="at once", input_path="$.in", output_path="$.out", result_path="$.both",
    parameters={"a": run["a"]}, output_schema={"both": list},
    retry=[Retry(error_equals=["X"], interval_seconds=1, max_attempts=9, backoff_rate=1.0),
           Retry(error_equals=["States.ALL"])],
    catch=[Catch(error_equals=["X", "Y"], next_step=over, result_path="$.error"),
           Catch(error_equals=["States.ALL"], next_step=Fail("Failed", error="E", cause="C"))],
)
for name in ("one", "two", "three"):
    both.add_branch(Pass(name, result=name))
definition = Chain([both, Pass("Read", parameters={"all": both.output()["both"]}), over])
""",
    "a parallel of one retry and one catch": """
both = Parallel("Both", retry=Retry(error_equals=["States.ALL"]),
                catch=Catch(error_equals=["States.ALL"], next_step=Fail("Failed")))
both.add_branch(Chain([Pass("a"), Pass("b")]))
definition = both
""",
    "a map with everything": """
run = ExecutionInput(schema={"items": list, "limit": int})
each = Map(
    "Each", iterator=Pass("Item"), comment="one by one", input_path="$.in", output_path="$.out", result_path="$.each",
    items_path="$.items", max_concurrency=5, output_schema={"each": list},
    parameters={"limit": run["limit"], "item.$": "$$.Map.Item.Value", "index.$": "$$.Map.Item.Index"},
    retry=[Retry(error_equals=["States.ALL"], max_attempts=1)],
    catch=[Catch(error_equals=["States.ALL"], next_step=Fail("Failed", error="E", cause="C"))],
)
definition = Chain([each, Pass("Read", parameters={"all": each.output()["each"]})])
""",
    "a map that gets its iterator later": """
each = Map("Each", retry=Retry(error_equals=["A"]), catch=Catch(error_equals=["B"], next_step=Succeed("Fine")))
each.attach_iterator(Pass("thrown away"))
each.attach_iterator(Chain([Pass("a"), Wait("b", seconds=1)]))
definition = each
""",
    "a map in a map in a parallel": """
inner = Map("Inner", iterator=Pass("Cell"), items_path="$.cells")
outer = Map("Outer", iterator=Chain([Pass("Row"), inner]), items_path="$.rows", max_concurrency=0)
both = Parallel("Both")
both.add_branch(outer)
both.add_branch(Parallel("Empty handed"))
both.branches.pop()
both.add_branch(Succeed("At once"))
definition = both
""",
    "a chain that grows": """
chain = Chain()
chain.append(Pass("a"))
chain.append(Pass("b"))
tail = Chain(steps=[Pass("c"), Chain([Pass("d"), Succeed("e")])])
for step in tail:
    chain.append(step)
definition = chain
""",
    "a way back": """
begin = Pass("Begin")
check = Choice("Again?")
check.add_choice(ChoiceRule.And([ChoiceRule.IsNumeric("$.n", True), ChoiceRule.NumericLessThan("$.n", 3)]), begin)
check.default_choice(Succeed("Over"))
begin.next(check)
definition = begin
""",
    "catchers that lead back in": """
work = Task("Work", resource="arn:aws:states:::lambda:invoke", parameters={"FunctionName": "work"})
repair = Task("Repair", resource="arn:aws:states:::lambda:invoke", parameters={"FunctionName": "repair"})
repair.next(work)
work.add_catch(Catch(error_equals=["Broken"], next_step=repair, result_path="$.error"))
work.add_catch(Catch(error_equals=["States.ALL"], next_step=Chain([Pass("Tell"), Fail("Failed", error="E")])))
work.add_retry(Retry(error_equals=["Busy"], interval_seconds=1, max_attempts=0, backoff_rate=2))
repair.add_retry([Retry(error_equals=["Busy"]), Retry(error_equals=["States.ALL"], max_attempts=1)])
definition = Chain([work, Succeed("Worked")])
""",
    "parameters that are replaced": """
run = ExecutionInput(schema={"a": str})
step = Task("Work", resource="arn:aws:states:::lambda:invoke", parameters={"FunctionName": "old"})
step.update_parameters({"FunctionName": "new", "Payload": {"a": run["a"]}})
definition = step
""",
    "choices in every shape": """
run = StepInput(schema={"status": str, "count": int, "when": str, "flag": bool})
choice = Choice("Which?")
ends = [Succeed(name) for name in ("a", "b", "c", "d")]
choice.add_choice(ChoiceRule.Or(rules=[
    ChoiceRule.And(rules=[ChoiceRule.StringEquals(variable=run["status"], value="x"),
                          ChoiceRule.Not(rule=ChoiceRule.BooleanEquals(variable=run["flag"], value=False))]),
    ChoiceRule.NumericLessThanEqualsPath(variable=run["count"], value="$.limit")]), ends[0])
choice.add_choice(rule=ChoiceRule.TimestampGreaterThan(variable=run["when"], value="2026-01-01T00:00:00Z"),
                  next_step=ends[1])
choice.add_choice(ChoiceRule.Not(ChoiceRule.Or([ChoiceRule.IsString("$.x", True), ChoiceRule.IsNull("$.x", True)])),
                  ends[2])
choice.default_choice(next_step=ends[3])
definition = Chain([Pass("Begin"), choice])
""",
    "schemas of inputs": """
run = ExecutionInput(schema={"text": str, "number": int, "ratio": float, "flag": bool, "list": list,
                             "deep": {"one": str, "two": {"three": dict}}})
given = StepInput(schema={"items": list, "first": {"name": str}})
definition = Chain([
    Pass("From the execution", parameters={"a": run["text"], "b": {"c": run["number"], "d": [{"e": run["ratio"]}]},
                                           "f": run["deep"]["two"]["three"], "g": run["flag"], "h": run["list"]}),
    Pass("From the step", parameters={"whole.$": "$", "time.$": "$$.State.EnteredTime"}),
])
""",
}
