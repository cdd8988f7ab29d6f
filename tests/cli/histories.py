"""Stores filled with histories in AWS's words, as the engine would have written them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from stepmill.history.events import Event
from stepmill.history.log import Record
from stepmill.history.sqlite import SqliteHistory

ARN = "arn:aws:states:us-east-1:000000000000:execution:{machine}:{name}"
DEFINITION: dict[str, Any] = {
    "StartAt": "前処理",
    "QueryLanguage": "JSONata",
    "States": {
        "前処理": {"Type": "Task", "Resource": "arn:aws:states:::sagemaker:createProcessingJob.sync", "Next": "Train"},
        "Train": {"Type": "Task", "Resource": "arn:aws:states:::sagemaker:createTrainingJob.sync", "Next": "Good?"},
        "Good?": {
            "Type": "Choice",
            "Choices": [{"Condition": "{% $report.accuracy >= 0.9 %}", "Next": "Accepted"}],
            "Default": "Rejected",
        },
        "Accepted": {"Type": "Succeed"},
        "Rejected": {"Type": "Fail", "Error": "GateRejected"},
    },
}


class Teller:
    """Writes one execution, event after event, each a second after the one before."""

    def __init__(self, machine: str = "digits", name: str = "first", at: float = 1_700_000_000.0) -> None:
        self.machine, self.name, self.at = machine, name, at
        self.arn = ARN.format(machine=machine, name=name)
        self.events: list[Event] = []

    def tell(self, type_: str, **details: Any) -> Teller:
        number = len(self.events)
        self.events.append(Event(number + 1, number, self.at + number, type_, details))
        return self

    def started(self, value: Any = None) -> Teller:
        return self.tell("ExecutionStarted", input=json.dumps(value or {}, ensure_ascii=False), roleArn="r")

    def entered(self, name: str, kind: str = "Task") -> Teller:
        return self.tell(f"{kind}StateEntered", name=name, input="{}")

    def exited(self, name: str, kind: str = "Task", **variables: Any) -> Teller:
        assigned = {key: json.dumps(value) for key, value in variables.items()}
        return self.tell(
            f"{kind}StateExited", name=name, output="{}", **({"assignedVariables": assigned} if variables else {})
        )

    def job(self, kind: str, name: str, *, fails: str = "") -> Teller:
        resource = {"training": "createTrainingJob.sync", "processing": "createProcessingJob.sync"}[kind]
        key = {"training": "TrainingJobName", "processing": "ProcessingJobName"}[kind]
        of = {"resourceType": "sagemaker", "resource": resource}
        self.tell("TaskScheduled", **of, region="us-east-1", parameters=json.dumps({key: name}))
        self.tell("TaskStarted", **of)
        if fails:
            return self.tell("TaskFailed", **of, error="States.TaskFailed", cause=json.dumps({"FailureReason": fails}))
        return self.tell("TaskSucceeded", **of, output="{}")

    def succeeded(self, value: Any = None) -> Teller:
        return self.tell("ExecutionSucceeded", output=json.dumps(value or {}))

    def failed(self, error: str, cause: str) -> Teller:
        return self.tell("ExecutionFailed", error=error, cause=cause)

    @property
    def status(self) -> str:
        last = self.events[-1].type
        ends = {"ExecutionSucceeded": "SUCCEEDED", "ExecutionFailed": "FAILED", "ExecutionTimedOut": "TIMED_OUT"}
        return ends.get(last, "ABORTED" if last == "ExecutionAborted" else "RUNNING")

    def record(self) -> dict[str, Any]:
        body: dict[str, Any] = {"arn": self.arn, "machine": self.machine, "name": self.name, "status": self.status}
        body |= {"started": self.at, "revision": "rev", "ended": None}
        return body | ({"ended": self.events[-1].at} if self.status != "RUNNING" else {})


def good(name: str = "first", **more: Any) -> Teller:
    teller = Teller(name=name, **more).started()
    teller.entered("前処理").job("processing", f"{name}-prepare").exited("前処理")
    teller.entered("Train").job("training", f"{name}-train").exited("Train", report={"accuracy": 0.97})
    teller.entered("Good?", "Choice").exited("Good?", "Choice").entered("Accepted", "Succeed").exited(
        "Accepted", "Succeed"
    )
    return teller.succeeded({"accuracy": 0.97})


def rejected(name: str = "second", **more: Any) -> Teller:
    teller = Teller(name=name, **more).started()
    teller.entered("Train").job("training", f"{name}-train").exited("Train", report={"accuracy": 0.5})
    teller.entered("Good?", "Choice").exited("Good?", "Choice").entered("Rejected", "Fail")
    return teller.failed("GateRejected", "accuracy 0.5 is below 0.9")


def broken(name: str = "third", **more: Any) -> Teller:
    teller = Teller(name=name, **more).started().entered("Train").job("training", f"{name}-train", fails="ExitCode 1")
    return teller.failed("States.TaskFailed", json.dumps({"FailureReason": "ExitCode 1"}))


def running(name: str = "fourth", **more: Any) -> Teller:
    teller = Teller(name=name, **more).started().entered("Train")
    parameters = json.dumps({"TrainingJobName": f"{name}-train"})
    return teller.tell(
        "TaskScheduled", resourceType="sagemaker", resource="createTrainingJob.sync", parameters=parameters
    )


def fill(store: Path, *tellers: Teller) -> Path:
    """A store in which these executions happened."""
    history = SqliteHistory(store / "history.db")
    history.put(Record("states", "revision", "rev", {"definition": json.dumps(DEFINITION, ensure_ascii=False)}))
    history.put(Record("stepmill", "bundle", "digits", {"sources": {"/States/Train": "pipeline.py:41"}}))
    for teller in tellers:
        history.append([(teller.arn, teller.events)], [Record("states", "execution", teller.arn, teller.record())])
    history.close()
    return store


def add_job(store: Path, kind: str, name: str, token: str, lines: list[str], **end: Any) -> Path:
    """The folder a job leaves behind (see stepmill.jobs)."""
    folder = store / "jobs" / kind / name
    folder.mkdir(parents=True)
    about = {
        "kind": kind,
        "name": name,
        "token": token,
        "created": 1_700_000_000.0,
        "grace": 1,
        "python": "",
        "request": {},
    }
    (folder / "job.json").write_text(json.dumps(about))
    (folder / "started").write_text('{"pid": 0}')
    text = "".join(f"2023-11-14T22:13:2{i % 10}.000Z out {line}\n" for i, line in enumerate(lines))
    (folder / "log").write_text(text, encoding="utf-8")
    known = {"status": "Completed", "secondary": "Completed", "started": 1_700_000_001.0, "ended": 1_700_000_003.0}
    known |= {"exit_code": 0, "reason": None, "message": None, "model": None, "sandbox": None, "metrics": []}
    (folder / "exit.json").write_text(json.dumps(known | {"transitions": []} | end))
    return folder
