"""The pipeline of the crash loop: every kind of act, each start of a script written to a log outside the store."""

from __future__ import annotations

from pathlib import Path

from projects import Project

LINES = 40  # what each job says; none of them may be missing in the log of a job that completed

PIPELINE = """
    from stepmill.inputs import ExecutionInput
    from stepmill.inputs.placeholders import context
    from stepmill.sagemaker import Estimator, ScriptProcessor
    from stepmill.steps import Chain, LambdaStep, Map, Parallel, ProcessingStep, Retry, TrainingStep, Wait
    from stepmill.workflow import Workflow

    def again():
        return Retry(error_equals=["States.ALL"], interval_seconds=1, max_attempts=30, backoff_rate=1)

    def job(name, fails=0, **inputs):
        return ProcessingStep(name, ScriptProcessor(), code="work.py", retry=again(), outputs=["made"], **inputs,
                              container_arguments=[run["effects"], name, str(fails)])

    def function(name, **payload):
        return LambdaStep(name, function="functions.py:work", timeout=60, retry=again(),
                          payload={"effects": run["effects"], "state": name,
                                   "try": context("State", "RetryCount"), **payload})

    run = ExecutionInput({"effects": ""})
    prepare = job("Prepare", inputs={"raw": "raw/"})
    both = Parallel("Both")
    both.add_branch(job("Left"))
    both.add_branch(job("Right"))
    train = TrainingStep("Train", Estimator(entry_point="train.py", metric_definitions={"loss": r"loss: ([0-9.]+)"}),
                         data={"made": prepare.outputs["made"]}, hyperparameters={"effects": run["effects"]},
                         retry=again())
    each = Map("Each", items=[1, 2, 3], iterator=function("One", item=context("Map", "Item", "Value")))
    tell = function("Tell", item=0, model=train.model)
    workflow = Workflow("road", definition=Chain([prepare, job("Flaky", fails=1), both, Wait("Pause", seconds=1), train,
                                                  each, tell]), query_language="JSONata")
"""

# A job knows itself by its name, which is never the same in two attempts.
WORK = f"""
    import json, pathlib, sys, time
    effects, state, fails = sys.argv[1:]
    name = json.load(open("/opt/ml/config/processingjobconfig.json"))["ProcessingJobName"]
    with open(effects, "a") as log:
        log.write(f"{{state}} {{name}}\\n")
    starts = [line for line in open(effects) if line.startswith(state + " ")]
    for line in range({LINES}):
        print("line", line, flush=True)
        time.sleep(0.005)
    pathlib.Path("/opt/ml/processing/made/state.txt").write_text(state)
    sys.exit(1 if len(starts) <= int(fails) else 0)
"""

TRAIN = f"""
    import argparse, os, pathlib, time
    parser = argparse.ArgumentParser()
    parser.add_argument("--effects")
    effects = parser.parse_args().effects
    with open(effects, "a") as log:
        log.write(f"Train {{os.environ['TRAINING_JOB_NAME']}}\\n")
    for line in range({LINES}):
        print("line", line, flush=True)
        time.sleep(0.005)
    print("loss: 0.5")
    made = pathlib.Path(os.environ["SM_CHANNEL_MADE"], "state.txt").read_text()
    pathlib.Path(os.environ["SM_MODEL_DIR"], "model.txt").write_text(made)
"""

# A function knows its attempt from what its payload tells.
FUNCTIONS = """
    import time

    def work(event, context):
        with open(event["effects"], "a") as log:
            log.write(f"{event['state']} {event['item']}/{event['try']}\\n")
        time.sleep(0.15)
        return event["item"]
"""


def road(root: Path) -> Project:
    """A project folder with the pipeline in it."""
    project = Project(root)
    for name, text in {
        "pipeline.py": PIPELINE,
        "work.py": WORK,
        "train.py": TRAIN,
        "functions.py": FUNCTIONS,
        "raw/numbers.txt": "1 2 3\n",
    }.items():
        project.write(name, text)
    return project
