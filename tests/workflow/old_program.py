"""One program over a client that records, run with the old SDK and with ours: what was asked, and what came out.

In: the package's name and the file to write. Out: JSON: the calls a client got, and results by name. Touches: nothing
else. Dates become text, for JSON.
"""

import importlib
import json
import sys
from datetime import UTC, datetime
from pathlib import Path

import yaml

AT = datetime(2026, 11, 27, tzinfo=UTC)
MACHINE = "arn:aws:states:us-east-1:123456789012:stateMachine:digits"
RUN = "arn:aws:states:us-east-1:123456789012:execution:digits:monday"
ROLE = "arn:aws:iam::123456789012:role/machine"


class Exists(Exception):
    """What boto3 raises for a name that is taken."""

    def __init__(self):
        message = f"State Machine Already Exists: '{MACHINE}'"
        self.response = {"Error": {"Code": "StateMachineAlreadyExists", "Message": message}}
        super().__init__(message)


ANSWERS = {
    "create_state_machine": {"stateMachineArn": MACHINE, "creationDate": AT},
    "update_state_machine": {"updateDate": AT},
    "delete_state_machine": {},
    "start_execution": {"executionArn": RUN, "startDate": AT},
    "stop_execution": {"stopDate": AT},
    "describe_execution": {
        "executionArn": RUN, "stateMachineArn": MACHINE, "name": "monday", "status": "SUCCEEDED", "startDate": AT,
        "stopDate": AT, "input": '{"epochs": 3}', "output": '"ok"',
    },
    "describe_state_machine": {
        "stateMachineArn": MACHINE, "name": "digits", "roleArn": ROLE, "creationDate": AT, "type": "STANDARD",
        "definition": '{"StartAt":"P","States":{"P":{"Type":"Pass","End":true}}}',
    },
    "list_state_machines": {"stateMachines": [{"stateMachineArn": MACHINE, "name": "digits", "creationDate": AT}]},
    "list_executions": {"executions": [
        {"executionArn": RUN, "stateMachineArn": MACHINE, "name": "monday", "status": "FAILED", "startDate": AT,
         "stopDate": AT}]},
    "get_execution_history": {"events": [
        {"timestamp": AT, "type": "ExecutionStarted", "id": 1, "previousEventId": 0,
         "executionStartedEventDetails": {"input": "{}", "roleArn": ROLE}}]},
}  # fmt: skip


class Client:
    """boto3's `stepfunctions` client as far as a program uses it. Pages and page sizes are its own affair."""

    class exceptions:
        StateMachineAlreadyExists = Exists

    class _client_config:
        user_agent = ""

    def __init__(self):
        self.asked = []
        self.taken = False

    def __getattr__(self, name):
        def call(**request):
            plain = {key: value for key, value in request.items() if key not in ("PaginationConfig", "maxResults")}
            for key in ("definition", "input"):
                if key in plain:
                    plain[key] = {"text is indented": "\n" in plain[key], "value": json.loads(plain[key])}
            self.asked.append([name, plain])
            if name == "create_state_machine" and self.taken:
                raise Exists
            return ANSWERS[name]

        return call

    def get_paginator(self, name):
        class Paginator:
            paginate = staticmethod(lambda **request: [getattr(self, name)(**request)])

        return Paginator


def parsed(text):
    """A template as a value; the definition in it too, since the order of its keys says nothing."""
    template = yaml.safe_load(text)
    properties = template["Resources"]["StateMachineComponent"]["Properties"]
    properties["DefinitionString"] = json.loads(properties["DefinitionString"])
    return template


def main(package, target):
    steps, inputs, workflow, errors = (
        importlib.import_module(f"{package}.{part}") for part in ("steps", "inputs", "workflow", "exceptions")
    )
    client, found = Client(), {}
    run = inputs.ExecutionInput(schema={"epochs": int})
    first = steps.Pass("First", parameters={"n": run["epochs"]})

    def raised(call):
        try:
            call()
        except (errors.WorkflowNotFound, errors.MissingRequiredParameter, ValueError) as fault:
            named = next(kind for kind in (errors.WorkflowNotFound, errors.MissingRequiredParameter, ValueError)
                         if isinstance(fault, kind))  # fmt: skip
            return named.__name__
        return None

    made = workflow.Workflow(
        "digits", steps.Chain([first, steps.Succeed("Done")]), ROLE, [{"key": "team", "value": "vision"}], run,
        3600, "trains", "1.0", None, True, client,
    )  # fmt: skip
    early = [lambda: made.execute(inputs={"epochs": 1}), lambda: made.update(steps.Pass("Other")), made.update]
    found["before create"] = [*map(raised, early), len(made.list_executions()), made.delete()]
    found["created"] = [made.create(), made.create(), made.name, made.role, made.tags, made.timeout_seconds,
                        made.comment, made.version, made.format_json, made.state_machine_arn]  # fmt: skip
    found["wrong inputs"] = raised(lambda: made.execute(inputs={"epochs": "three"}))
    execution = made.execute("monday", {"epochs": 3})
    found["execution"] = [execution.execution_arn, str(execution.start_date), execution.get_input(),
                          execution.get_output(), execution.get_output(wait=True), execution.describe()["name"],
                          execution.list_events(), execution.list_events(5, True), execution.stop(),
                          execution.stop("cause", "error")]  # fmt: skip
    listed = made.list_executions(10, workflow.ExecutionStatus.Failed)
    found["listed"] = [[each.name, each.execution_arn, str(each.start_date), str(each.stop_date)] for each in listed]
    found["workflows"] = list(workflow.Workflow.list_workflows(5, client))
    found["updated"] = [made.update(steps.Pass("Other")), made.update(role=ROLE + "2"), made.role]
    attached = workflow.Workflow.attach(MACHINE, client)
    found["attached"] = [attached.name, attached.role, attached.state_machine_arn, attached.definition.to_dict()]
    attached.execute()
    plain = workflow.Workflow("plain", steps.Pass("P"), ROLE, format_json=False, client=client)
    client.taken = True
    found["taken"] = plain.create()
    plain.execute(inputs=[1])
    plain.delete()
    frozen = steps.FrozenGraph.from_json('{"StartAt": "P", "States": {"P": {"Type": "Succeed"}}}')
    graph = steps.Graph(steps.Chain([first]), timeout_seconds=5, comment="graph", version="1.0")
    found["graphs"] = [
        workflow.Workflow("g", each, ROLE, client=client).definition.to_dict() for each in (frozen, graph)
    ]
    texts = [made.get_cloudformation_template(), made.get_cloudformation_template('Ours: "it"')]
    found["templates"] = [parsed(text) for text in texts]
    found["statuses"] = {each.name: each.value for each in workflow.ExecutionStatus}
    Path(target).write_text(
        json.dumps({"asked": client.asked, "found": found}, indent=1, default=str, sort_keys=True) + "\n", "utf-8"
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
