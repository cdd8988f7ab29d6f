"""The post's pipeline and what people wrote around it."""

POST = """
execution_input = ExecutionInput(schema={"PreprocessJobName": str, "TrainJobName": str, "EvaluateJobName": str})
preprocess_processor = ScriptProcessor(
    command=["python3"], image_uri=image, role=role, instance_count=1, instance_type="ml.m5.xlarge",
    max_runtime_in_seconds=1200,
)
preprocess_step = ProcessingStep(
    "preprocess step",
    processor=preprocess_processor,
    job_name=execution_input["PreprocessJobName"],
    inputs=[
        ProcessingInput(
            source="s3://my-bucket/data/input.zip", destination="/opt/ml/processing/input", input_name="input"
        ),
        ProcessingInput(
            source="s3://my-bucket/code/preprocess.py", destination="/opt/ml/processing/input/code", input_name="code"
        ),
    ],
    outputs=[
        ProcessingOutput(
            source="/opt/ml/processing/train", destination="s3://my-bucket/output/train", output_name="train"
        ),
        ProcessingOutput(
            source="/opt/ml/processing/test", destination="s3://my-bucket/output/test", output_name="test"
        ),
    ],
    container_entrypoint=["python3", "/opt/ml/processing/input/code/preprocess.py"],
)
"""

TRAIN = """
estimator = Estimator(
    image_uri=image, role=role, instance_count=1, instance_type="ml.m5.xlarge", output_path="s3://my-bucket/model",
    use_spot_instances=True, max_run=3600, max_wait=7200, hyperparameters={"epochs": 3, "optimizer": "adam"},
    metric_definitions=[{"Name": "accuracy", "Regex": "accuracy: ([0-9.]+)"}],
)
"""

DEFINITIONS = {
    "the post's snippet": POST + "definition = Chain([preprocess_step])",
    "the post's pipeline": POST
    + TRAIN
    + """
train_step = TrainingStep(
    "train step", estimator=estimator, job_name=execution_input["TrainJobName"],
    data={
        "train": TrainingInput(s3_data="s3://my-bucket/output/train", content_type="application/x-npy"),
        "test": TrainingInput(s3_data="s3://my-bucket/output/test"),
    },
)
evaluate_step = ProcessingStep(
    "evaluate step", processor=preprocess_processor, job_name=execution_input["EvaluateJobName"],
    inputs=[ProcessingInput(source="s3://my-bucket/model", destination="/opt/ml/processing/model", input_name="model")],
    outputs=[ProcessingOutput(source="/opt/ml/processing/evaluation", destination="s3://my-bucket/evaluation",
                              output_name="evaluation", s3_upload_mode="Continuous")],
    container_entrypoint=["python3", "evaluate.py"], container_arguments=["--threshold", "0.9"],
)
lambda_step = LambdaStep(
    "experiments step",
    parameters={"FunctionName": "experiments", "Payload": {"report": evaluate_step.output()["ProcessingJobName"]}},
)
lambda_step.add_retry(
    Retry(error_equals=["States.TaskFailed"], interval_seconds=15, max_attempts=2, backoff_rate=4.0)
)
fail = Fail("failed", error="PipelineFailed", cause="A step failed")
catch = Catch(error_equals=["States.ALL"], next_step=fail)
for step in (preprocess_step, train_step, evaluate_step, lambda_step):
    step.add_catch(catch)
definition = Chain([preprocess_step, train_step, evaluate_step, lambda_step])
""",
    "a choice between fresh and last data": POST
    + """
latest = LambdaStep("latest", parameters={"FunctionName": "latest", "Payload": {"input.$": "$"}})
choice = Choice("new data?")
choice.add_choice(ChoiceRule.BooleanEquals(variable="$$.Execution.Input['DataUpdate']", value=True), preprocess_step)
choice.default_choice(latest)
preprocess_step.next(latest)
definition = Chain([choice])
""",
    "processing with everything": """
processor = ScriptProcessor(
    command=["python3"], image_uri=image, role=role, instance_count=2, instance_type="ml.c5.xlarge",
    volume_size_in_gb=50, volume_kms_key="volume-key", output_kms_key="output-key", env={"A": "b", "C": "d"},
)
definition = ProcessingStep(
    "p", processor=processor, job_name="fixed-name",
    inputs=[ProcessingInput(source="s3://b/in", destination="/opt/ml/processing/in", input_name="in",
                            s3_data_distribution_type="ShardedByS3Key", s3_compression_type="None")],
    outputs=[ProcessingOutput(source="/opt/ml/processing/out", destination="s3://b/out", output_name="out")],
    experiment_config={"ExperimentName": "e", "TrialName": "t"}, kms_key_id="step-key", tags={"team": "vision"},
    container_arguments=["--a", "1"], container_entrypoint=["python3", "x.py"],
    timeout_seconds=600, comment="all of it",
)
""",
    "training by references": TRAIN
    + """
run = ExecutionInput(schema={"name": str, "params": dict, "train": str, "out": str})
definition = TrainingStep(
    "t", estimator=estimator, job_name=run["name"], data={"train": TrainingInput(s3_data=run["train"])},
    hyperparameters=run["params"], output_data_config_path=run["out"], experiment_config={"ExperimentName": "e"},
    tags={"team": "vision"},
)
""",
    "training with text hyperparameters": TRAIN
    + """
run = ExecutionInput(schema={"name": str, "optimizer": str})
plain = Estimator(image_uri=image, role=role, instance_count=1, instance_type="ml.m5.xlarge", output_path="s3://b/m")
definition = TrainingStep(
    "t", estimator=plain, job_name=run["name"], data="s3://b/train",
    hyperparameters={"optimizer": run["optimizer"], "epochs": "3"}, wait_for_completion=False,
)
""",
    "training in one channel": TRAIN
    + """definition = TrainingStep("t", estimator=estimator, job_name="one", data="s3://b/train")""",
    "lambdas": """
run = ExecutionInput(schema={"a": str, "b": {"c": int}})
first = LambdaStep("first", parameters={"FunctionName": "f", "Payload": {"x": run["a"], "deep": {"y": run["b"]["c"]}}},
                   timeout_seconds=30, heartbeat_seconds=10, result_path="$.first", comment="hello",
                   input_path="$", output_path="$")
second = LambdaStep("second", wait_for_callback=True,
                    parameters={"FunctionName": "f", "Payload": {"token.$": "$$.Task.Token", "all": first.output()}})
body = {"list": [{"k": run["a"]}], "s": second.output()["z z"][0]}
third = LambdaStep("third", parameters={"FunctionName": "f", "Payload": body},
                   retry=Retry(error_equals=["A"]), catch=[Catch(error_equals=["B"], next_step=Succeed("over"),
                                                                 result_path="$.error")])
definition = Chain([first, second, third])
""",
    "all rules of a choice": """
step_input = StepInput(schema={"a": str})
choice = Choice("c", comment="many", input_path="$.x", output_path="$")
R = ChoiceRule
rules = [
    R.StringEquals("$.a", "x"), R.StringEqualsPath("$.a", "$.b"), R.StringLessThan("$.a", "x"),
    R.StringLessThanPath("$.a", "$.b"), R.StringGreaterThan("$.a", "x"), R.StringGreaterThanPath("$.a", "$.b"),
    R.StringLessThanEquals("$.a", "x"), R.StringLessThanEqualsPath("$.a", "$.b"),
    R.StringGreaterThanEquals("$.a", "x"), R.StringGreaterThanEqualsPath("$.a", "$.b"), R.StringMatches("$.a", "*.log"),
    R.NumericEquals("$.n", 1), R.NumericEqualsPath("$.n", "$.m"), R.NumericLessThan("$.n", 1.5),
    R.NumericLessThanPath("$.n", "$.m"), R.NumericGreaterThan("$.n", 1), R.NumericGreaterThanPath("$.n", "$.m"),
    R.NumericLessThanEquals("$.n", 1), R.NumericLessThanEqualsPath("$.n", "$.m"), R.NumericGreaterThanEquals("$.n", 1),
    R.NumericGreaterThanEqualsPath("$.n", "$.m"), R.BooleanEquals("$.t", True), R.BooleanEqualsPath("$.t", "$.u"),
    R.TimestampEquals("$.d", "2026-11-23T00:00:00Z"), R.TimestampEqualsPath("$.d", "$.e"),
    R.TimestampLessThan("$.d", "2026-11-23T00:00:00Z"), R.TimestampLessThanPath("$.d", "$.e"),
    R.TimestampGreaterThan("$.d", "2026-11-23T00:00:00Z"), R.TimestampGreaterThanPath("$.d", "$.e"),
    R.TimestampLessThanEquals("$.d", "2026-11-23T00:00:00Z"), R.TimestampLessThanEqualsPath("$.d", "$.e"),
    R.TimestampGreaterThanEquals("$.d", "2026-11-23T00:00:00Z"), R.TimestampGreaterThanEqualsPath("$.d", "$.e"),
    R.IsNull("$.q", True), R.IsPresent("$.q", True), R.IsString("$.q", False), R.IsNumeric("$.q", True),
    R.IsTimestamp("$.q", True), R.IsBoolean("$.q", True),
    R.And([R.StringEquals(step_input["a"], "x"), R.Not(R.NumericEquals("$.n", 1))]),
    R.Or([R.StringEquals("$.a", "x"), R.And([R.IsPresent("$.b", True), R.IsNull("$.b", False)])]),
]
end = Pass("end")
for rule in rules:
    choice.add_choice(rule, end)
choice.default_choice(Fail("none", error="NoRule", cause="nothing fits"))
definition = choice
""",
    "a chain in a chain": """
inner = Chain([Pass("b"), Pass("c")])
definition = Chain([Pass("a"), inner, Wait("d", seconds=3), Succeed("e", comment="end")])
""",
    "the step after a choice is its default": """
choice = Choice("c")
choice.add_choice(ChoiceRule.IsPresent(variable="$.a", value=True), Pass("x"))
definition = Chain([Pass("a"), choice, Pass("z")])
""",
    "a loop": """
look = Task("look", resource="arn:aws:states:::lambda:invoke", parameters={"FunctionName": "f"})
done = Choice("done?")
wait = Wait("wait", seconds=60)
done.add_choice(ChoiceRule.StringEquals(variable=look.output()["status"], value="ok"), Succeed("end"))
done.default_choice(wait)
wait.next(look)
definition = Chain([look, done])
""",
    "parallel branches": """
parallel = Parallel("both", comment="at once", result_path="$.both")
parallel.add_branch(Pass("one", result={"a": 1}))
parallel.add_branch(Chain([Pass("two", parameters={"v.$": "$.x"}), Wait("three", seconds_path="$.s")]))
parallel.add_retry(Retry(error_equals=["States.ALL"], max_attempts=1))
parallel.add_catch(Catch(error_equals=["States.ALL"], next_step=Fail("bad", error="E", cause="C")))
definition = Chain([parallel, Wait("four", timestamp="2026-11-23T00:00:00Z"), Wait("five", timestamp_path="$.t")])
""",
    "map over items": """
loop = Map("each", iterator=Chain([Pass("i"), Pass("j")]), items_path="$.items", max_concurrency=2,
           parameters={"item.$": "$$.Map.Item.Value", "index.$": "$$.Map.Item.Index"},
           retry=Retry(error_equals=["X"]), catch=Catch(error_equals=["Y"], next_step=Succeed("fine")))
definition = loop
""",
    "passes": """
run = ExecutionInput()
definition = Chain([
    Pass("a", result={"list": [1, 2.5, None, "x"], "t": True}),
    Pass("b", parameters={"all": run, "one": run["k"][0]["m n"], "plain": 1, "list": [{"x": run["y"]}, 2]}),
    Pass("c", input_path="$.a", output_path="$.b", result_path="$.c"),
    Pass("d", result_path=None),
])
""",
}
