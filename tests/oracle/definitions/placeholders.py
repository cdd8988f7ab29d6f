"""ExecutionInput and StepInput wherever the old SDK takes them."""

DEFINITIONS = {
    "a whole input and a value in it": """
run = ExecutionInput()
definition = Pass("p", parameters={"all": run, "deep": run["model"]["params"]["lr"], "typed": run.get("epochs", int)})
""",
    "names that are no identifiers": """
run = ExecutionInput(schema={"two words": str, "dash-ed": str, "dot.ted": str, "say": str, "": str, "1": str,
                             "入力": {"データ": str}, 'double "quotes"': str, "under_score": str, "$": str, "@": str})
definition = Pass("p", parameters={
    "a": run["two words"], "b": run["dash-ed"], "c": run["dot.ted"], "d": run["say"], "e": run[""], "f": run["1"],
    "g": run["入力"]["データ"], "h": run['double "quotes"'], "i": run["under_score"], "j": run["$"], "k": run["@"],
    "名前": run["入力"],
})
""",
    "indices": """
given = StepInput()
run = ExecutionInput()
definition = Pass("p", parameters={
    "first": given["rows"][0], "inner": given["rows"][3]["cells"][12], "root": given[0], "grid": given[1][2],
    "run": run["list"][0]["x"], "zero": run[0],
})
""",
    "dicts in lists in dicts": """
run = ExecutionInput(schema={"bucket": str, "keys": {"train": str, "test": str}, "n": int})
definition = Pass("p", parameters={
    "inputs": [
        {"name": "train", "uri": run["keys"]["train"], "more": {"bucket": run["bucket"], "list": [{"n": run["n"]}]}},
        {"name": "test", "uri": run["keys"]["test"], "flags": [True, None, 1.5, "x"]},
    ],
    "empty": {}, "none": [], "text": "$.not a path", "number": 0,
})
""",
    "get with types": """
run = ExecutionInput()
settings = run.get("settings", dict)
definition = Pass("p", parameters={
    "s": run.get("s", str), "i": run.get("i", int), "f": run.get("f", float), "b": run.get("b", bool),
    "l": run.get("l", list), "d": settings, "deep": settings.get("deep", dict).get("x", float), "again": run["i"],
})
""",
    "get of names in a schema": """
run = ExecutionInput(schema={"rate": float, "deep": {"n": int}})
definition = Pass("p", parameters={"rate": run.get("rate", float), "n": run["deep"].get("n", int), "deep": run["deep"]})
""",
    "placeholders made by hand": """
run = ExecutionInput(schema=None)
given = StepInput()
settings = ExecutionInput(name="settings", parent=run, type=dict)
definition = Pass("p", parameters={
    "settings": settings, "rate": ExecutionInput(name="rate", type=float, parent=settings), "in it": settings["x"],
    "row": StepInput(name=0, parent=StepInput(name="rows", parent=given, type=list), type=str),
})
""",
    "what a step is said to hand on": """
first = Task("first", resource="arn:aws:states:::lambda:invoke", parameters={"FunctionName": "f"},
             output_schema={"Payload": {"rows": int, "where": {"bucket": str}}})
second = Pass("second", parameters={"rows": first.output()["Payload"]["rows"], "all": first.output(),
                                    "bucket": first.output()["Payload"].get("where", dict).get("bucket", str)})
definition = Chain([first, second])
""",
    "a state that reads its own input": """
given = StepInput(schema={"name": str, "rows": {"train": int, "test": int}})
definition = Task("t", resource="arn:aws:states:::lambda:invoke", parameters={
    "FunctionName": given["name"], "Payload": {"rows": [{"train": given["rows"]["train"]}], "given": given},
})
""",
    "a Map and its items": """
run = ExecutionInput(schema={"files": list, "bucket": str, "settings": {"rate": float}})
each = StepInput(schema={"file": str, "index": int})
inside = Pass("read", parameters={"file": each["file"], "index": each["index"], "rate": run["settings"]["rate"]})
definition = Map(
    "files", iterator=inside, items_path="$$.Execution.Input['files']",
    parameters={"file.$": "$$.Map.Item.Value", "index.$": "$$.Map.Item.Index", "bucket": run["bucket"]},
)
""",
    "branches that read the same input": """
run = ExecutionInput(schema={"left": {"x": str}, "right": {"x": str}})
both = Parallel("both", parameters={"left": run["left"], "right": [{"x": run["right"]["x"]}]})
both.add_branch(Pass("left", parameters={"x": StepInput()["left"]["x"], "again": run["left"]["x"]}))
both.add_branch(Pass("right", parameters={"x": StepInput()["right"][0]["x"]}))
after = Pass("after", parameters={"left": both.output()[0]["x"], "right": both.output()[1]["x"]})
definition = Chain([both, after])
""",
    "rules about a state's input": """
given = StepInput(schema={"status": str, "rows": int, "when": str, "good": bool, "deep": {"x y": float}})
R = ChoiceRule
choice = Choice("c")
for number, rule in enumerate([
    R.StringEquals(variable=given["status"], value="ok"), R.NumericGreaterThan(variable=given["rows"], value=10),
    R.TimestampLessThan(variable=given["when"], value="2026-11-23T00:00:00Z"),
    R.BooleanEquals(variable=given["good"], value=True), R.NumericLessThanEquals(given["deep"]["x y"], 0.5),
    R.IsPresent(variable=given["deep"], value=True), R.StringMatches(given.get("status", str), "o*"),
    R.And([R.IsNumeric(given["rows"], True), R.Not(R.NumericEquals(given["rows"], 0))]),
]):
    choice.add_choice(rule, Pass(f"p{number}"))
choice.default_choice(Succeed("s"))
definition = choice
""",
    "paths of placeholders as text": """
run = ExecutionInput(schema={"go": bool, "seconds": int, "until": str, "limit": int, "items": list})
given = StepInput()
choice = Choice("go?")
choice.add_choice(ChoiceRule.BooleanEquals(variable=run["go"].to_jsonpath(), value=True), Succeed("yes"))
choice.add_choice(
    ChoiceRule.NumericGreaterThanPath(variable=given["n"].to_jsonpath(), value=run["limit"].to_jsonpath()),
    Succeed("many"),
)
choice.default_choice(Fail("no"))
definition = Chain([
    Wait("w", seconds_path=run["seconds"].to_jsonpath()), Wait("u", timestamp_path=run["until"].to_jsonpath()),
    Task("t", resource="arn:aws:states:::lambda:invoke", parameters={"FunctionName": "f"},
         timeout_seconds_path=given["t"].to_jsonpath(), heartbeat_seconds_path=given["h"].to_jsonpath(),
         input_path=given["in"][0].to_jsonpath(), output_path=given["out"].to_jsonpath()),
    Map("m", iterator=Pass("i"), items_path=run["items"].to_jsonpath()),
    Pass("p", parameters={"x.$": given["a"]["b"].to_jsonpath()}), choice,
])
""",
    "a job whose every value is given": """
run = ExecutionInput(schema={
    "name": str, "code": str, "in": str, "out": str, "args": list, "entry": list, "key": str, "experiment": dict,
    "tags": list, "env": dict,
})
processor = ScriptProcessor(command=["python3"], image_uri=image, role=role, instance_count=1,
                            instance_type="ml.m5.xlarge")
definition = ProcessingStep(
    "p", processor=processor, job_name=run["name"],
    inputs=[ProcessingInput(source=run["in"], destination="/opt/ml/processing/in", input_name="in")],
    outputs=[ProcessingOutput(source="/opt/ml/processing/out", destination=run["out"], output_name="out")],
    container_arguments=run["args"], container_entrypoint=run["entry"], kms_key_id=run["key"],
    experiment_config=run["experiment"], tags=run["tags"],
)
""",
    "one input for several steps": """
run = ExecutionInput(schema={"job": {"clean": str, "train": str}, "table": str})
clean = LambdaStep("clean", parameters={"FunctionName": run["job"]["clean"], "Payload": {"table": run["table"]}})
keep = DynamoDBPutItemStep("keep", parameters={
    "TableName": run["table"],
    "Item": {"id": {"S": run["job"]["train"]}, "rows": {"N": clean.output()["Payload"]["n"]}},
})
tell = SnsPublishStep("tell", parameters={"TopicArn": "arn:aws:sns:us-east-1:123456789012:t", "Message": run["job"]})
definition = Chain([clean, keep, tell])
""",
    "a task token beside inputs": """
run = ExecutionInput(schema={"queue": str})
definition = SqsSendMessageStep("ask", wait_for_callback=True, parameters={
    "QueueUrl": run["queue"], "MessageBody": {"token.$": "$$.Task.Token", "given": StepInput()["question"]},
})
""",
    "a name with a quote": """
run = ExecutionInput(schema={"it's": str})
definition = Pass("p", parameters={"x": run["it's"]})
""",
}

DIFFERENCES = {
    "a name with a quote": (
        "a quote in a name is written `\\'`",
        {"/States/p/Parameters/x.$": "$$.Execution.Input['it\\'s']"},
    ),
}
