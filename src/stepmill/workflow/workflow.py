"""A state machine, written in Python or as Amazon States Language.

In: steps, a Graph or a definition's text. Out: a state machine and its executions. Touches: nothing itself; the local
stage through `stepmill.local`, another through the client it was given.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from stepmill.asl.problems import InvalidDefinition, Problem
from stepmill.exceptions import MissingRequiredParameter, WorkflowNotFound
from stepmill.logger import logger
from stepmill.stage import load_settings

from .calls import dated, over, pages
from .cloudformation import template
from .definition import DefinitionText, Made, Written, checked
from .execution import Execution, ExecutionStatus
from .lists import ExecutionsList, Html, WorkflowList
from .loading import refuse_on_import
from .pictures import Picture, graph

if TYPE_CHECKING:
    from stepmill.local import Local
    from stepmill.steps.bundle import Bundle

    from .there import There


class Workflow:
    """A state machine, written in Python.

    Args:
        name: 1 to 80 characters, as AWS allows.
        definition: a state or a Chain: the machine starts there and holds what can be reached from it. Or a Graph or a
            FrozenGraph. What is written already goes into `Workflow.from_definition`.
        role: ARN of the machine's role; left out, one is made (shape only on this machine).
        tags: as for CreateStateMachine, a list of `{"key": …, "value": …}`.
        execution_input: the ExecutionInput, in case no step reads it.
        timeout_seconds, comment, version: the machine's own fields.
        state_machine_arn: the machine this is, when it exists already.
        format_json: whether definitions and inputs are sent indented.
        client: a boto3 `stepfunctions` client; without one the workflow talks to its stage.
        query_language: "JSONPath" or "JSONata"; left out, it is JSONPath, as in ASL.
        substitutions: names in `${…}` that your own deployment fills in, besides Stepmill's.
        stage: "local" unless named here or by STEPMILL_STAGE; never AWS because credentials happen to exist. A stage on
            AWS is one of `pyproject.toml`: executions are started, listed and looked at there, once it is deployed.
        schedule: when `stepmill deploy` has it started: "cron(0 3 * * ? *)", "rate(1 day)" (EventBridge Scheduler).
        time_zone: in which cron is read, such as "Asia/Tokyo"; UTC when left out.
        new_data: "s3://${Bucket}/incoming/": each new object under it starts an execution, once it is deployed.
    """

    def __init__(
        self,
        name: str,
        definition: Any,
        role: str | None = None,
        tags: Sequence[dict[str, str]] = (),
        execution_input: Any = None,
        timeout_seconds: int | None = None,
        comment: str | None = None,
        version: str | None = None,
        state_machine_arn: str | None = None,
        format_json: bool = True,
        client: Any = None,
        *,
        query_language: str | None = None,
        substitutions: Collection[str] = (),
        stage: str | None = None,
        schedule: str | None = None,
        time_zone: str = "UTC",
        new_data: str | None = None,
    ) -> None:
        from stepmill.steps.source import here
        from stepmill.steps.triggers import Triggers

        self.name = name
        self.role = role
        self.tags = list(tags)
        self.workflow_input = execution_input
        self.timeout_seconds, self.comment, self.version = timeout_seconds, comment, version
        self.state_machine_arn = state_machine_arn
        self.format_json = format_json
        self._client = client
        self._there: There | None = None
        self._source = str(here())
        self._definition = checked(name, definition)
        self._stage = stage
        self._query_language = query_language
        self._substitutions = tuple(substitutions)
        self._triggers = Triggers(schedule, time_zone, new_data)
        self._bundle: Bundle | None = None
        self._local: Local | None = None

    def __repr__(self) -> str:
        return f"Workflow(name={self.name!r}, role={self.role!r}, state_machine_arn={self.state_machine_arn!r})"

    def _repr_html_(self) -> str:
        from stepmill.console.html import link

        return link("Workflow", self.state_machine_arn, local=self.client is None)

    # what it is

    @classmethod
    def from_definition(cls, definition: str | Mapping[str, Any], name: str = "workflow", **more: Any) -> Workflow:
        """A Workflow of Amazon States Language as it is: its text is not touched.

        Args:
            definition: the JSON's text (kept byte by byte), or its value.
            name: the machine's name.
            more: as in Workflow: role, tags, client, stage, execution_input, …

        Raises:
            ValueError: the text is no JSON object.
            InvalidDefinition: with every fault AWS would refuse it for, each with its place in the JSON.
        """
        from stepmill.asl.checks import check
        from stepmill.asl.places import HERE

        kept = Written.of(definition)
        found = check(json.loads(kept.text))
        if problems := [
            problem for problem in found if problem.code != HERE
        ]:  # what runs only on AWS is told here later
            raise InvalidDefinition(problems)
        return cls(name, kept, **more)

    def bundle(self) -> Bundle:
        """The Definition and what it needs, compiled once. Raises InvalidDefinition with every Problem in it."""
        if self._bundle is None:
            about = {"timeout_seconds": self.timeout_seconds, "comment": self.comment, "version": self.version}
            more = {
                "query_language": self._query_language,
                "substitutions": self._substitutions,
                "execution_input": self.workflow_input,
                "source": self._source,
            }
            made = Made(self.name, self._definition, about, more, self._triggers)
            self._bundle = made.bundle()
        return self._bundle

    @property
    def definition(self) -> DefinitionText:
        """The Amazon States Language of this workflow, before names such as `${Bucket}` are filled in."""
        return DefinitionText(self.bundle().template)

    @property
    def execution_input(self) -> Any:
        """What was given as `execution_input=`."""
        return self.workflow_input

    def render_graph(self, portrait: bool = False) -> Picture:
        """The graph, as a notebook shows it; `portrait` draws it from top to bottom. Drawn here, without a network."""
        return graph(self.definition.to_dict(), portrait)

    def get_cloudformation_template(self, description: str | None = None) -> str:
        """A CloudFormation template in YAML that holds this state machine alone, as the old SDK writes it.

        What the definition names of a region (images, functions) stays as it is. description: the template's own.
        Raises InvalidDefinition.
        """
        return template(self.name, self.role, self.definition.to_dict(), description)

    # where it lives

    def use(self, local: Local) -> Workflow:
        """Talk to this store from now on, instead of the one that the settings name."""
        self._local = local
        return self

    @property
    def local(self) -> Local:
        """The store this workflow talks to, when its stage is this machine."""
        if self._local is None:
            from stepmill.local import open_local

            settings = load_settings(stage=self._stage)
            if settings.stage != "local":
                raise ValueError(f"workflow {self.name!r}: the stage {settings.stage!r} lies on AWS and has no store")
            self._local = open_local(settings)
        return self._local

    @property
    def client(self) -> Any:
        """The client this workflow talks to: the one that was given, or one of its stage; None on this machine.

        Raises SettingsError for a stage that is not in `pyproject.toml`, DeployRefused where AWS cannot be asked.
        """
        if self._client is None and self._local is None and (there := self._on_aws()) is not None:
            self._client = there.client
        return self._client

    @client.setter
    def client(self, client: Any) -> None:
        self._client, self._there = client, None

    def _on_aws(self) -> There | None:
        """The stage, when it lies on AWS and nothing else was given."""
        if self._there is None and self._client is None and self._local is None:
            settings = load_settings(stage=self._stage)
            if settings.stage != "local":
                from .there import There

                self._there = There(settings)
        return self._there

    def _refuse_there(self, verb: str) -> None:
        there = self._on_aws()
        if there is not None:
            file = self._source.rpartition(":")[0] or "FILE"
            raise ValueError(
                f"{verb}() does not change what is on AWS: a stage has more than a state machine; "
                f"`stepmill deploy {file} --stage {there.name}` does it, and shows first what would change"
            )

    def _call(self, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        if self.client is not None:
            return over(self.client)(operation, request)
        answer: dict[str, Any] = dated(self.local.call("states", operation, request))
        return answer

    # what it does

    def create(self) -> str:
        """Make the state machine. Out: its ARN.

        On this machine it is brought to this very definition, its code stored, its environments built. With a client,
        a machine of that name that has another definition is left as it is (the old SDK's rule): use `update`.
        Raises InvalidDefinition; ValueError in a stage on AWS, which `stepmill deploy` brings it to.
        """
        refuse_on_import("create")
        self._refuse_there("create")
        if self.client is None:
            self.state_machine_arn = self.local.deploy(self.bundle(), self.role)
        elif self.state_machine_arn is None:
            try:
                answer = self._call("CreateStateMachine", {"name": self.name, **self._request(), "tags": self.tags})
                self.state_machine_arn = str(answer["stateMachineArn"])
            except self.client.exceptions.StateMachineAlreadyExists as refusal:
                self.state_machine_arn = str(refusal).split("'")[1]
                logger.warning("%s exists already and is left as it is; update() changes it", self.state_machine_arn)
        return str(self.state_machine_arn)

    def update(self, definition: Any = None, role: str | None = None) -> str:
        """Give the state machine another definition or role. Out: its ARN. Executions that run keep theirs.

        Raises:
            WorkflowNotFound: with a client, before `create` or `attach`.
            MissingRequiredParameter: with a client, when neither is given.
        """
        refuse_on_import("update")
        self._refuse_there("update")
        if self.client is not None and definition is None and role is None:
            raise MissingRequiredParameter("update() needs a definition or a role: what should become different?")
        if self.client is not None and self.state_machine_arn is None:
            raise WorkflowNotFound(
                f"workflow {self.name!r} is not on AWS yet: call create() or Workflow.attach() first"
            )
        if definition is not None:
            self._definition, self._bundle = checked(self.name, definition), None
        self.role = role or self.role
        if self.client is None:
            return self.create()
        self._call("UpdateStateMachine", {"stateMachineArn": self.state_machine_arn, **self._request()})
        return str(self.state_machine_arn)

    def execute(self, name: str | None = None, inputs: Any = None) -> Execution:
        """Start an execution and return at once.

        inputs: what the execution's input is, as a JSON value (default `{}`), checked against the schema of the
        ExecutionInput: a wrong type or an unknown key raises InvalidDefinition. On this machine the process that hosts
        the engine stays until its executions end. With a client, before `create`, WorkflowNotFound is raised. In a
        stage on AWS it is started through the alias of what is deployed there; DeployRefused is raised where it is not.
        """
        refuse_on_import("execute")
        given = {} if inputs is None else inputs
        problems = self.bundle().manifest.schema.check(given)
        if problems:
            raise InvalidDefinition(tuple(problems))
        there = self._on_aws()
        target = self.state_machine_arn
        if there is not None and target is None:
            target = there.alias(self.bundle(), self._source.rpartition(":")[0] or "FILE")
        if target is None:
            if self.client is not None:
                raise WorkflowNotFound(f"workflow {self.name!r} is not on AWS yet: call create() first")
            target = self.create()
        request: dict[str, Any] = {"stateMachineArn": target}
        if name is not None:
            request["name"] = name
        if inputs is not None or self.client is None:
            request["input"] = json.dumps(given, ensure_ascii=False, indent=4 if self.format_json else None)
        answer = self._call("StartExecution", request)
        if self.client is None:
            self.local.stay()
        arn = str(answer["executionArn"])
        return Execution(self, arn, answer.get("startDate"), ExecutionStatus.Running, self.client, name)

    def list_executions(
        self, max_items: int = 100, status_filter: ExecutionStatus | str | None = None, html: bool = False
    ) -> Any:
        """The executions of this state machine, newest first, at most `max_items`; none before it is made.

        status_filter: an ExecutionStatus, or RUNNING, SUCCEEDED, FAILED, TIMED_OUT or ABORTED. html: as a table.
        """
        found = ExecutionsList()
        there, machine = self._on_aws(), self.state_machine_arn
        if there is not None and machine is None:
            there.alias(self.bundle(), self._source.rpartition(":")[0] or "FILE")
            machine = there.machine(self.bundle())
        if machine is not None:
            status = status_filter.value if isinstance(status_filter, ExecutionStatus) else status_filter
            request: dict[str, Any] = {"stateMachineArn": machine} | ({"statusFilter": status} if status else {})
            rows = pages(self._call, "ListExecutions", "executions", request, max_items)
            found += [
                Execution(
                    self, row["executionArn"], row["startDate"], row["status"], self.client, row["name"],
                    row.get("stopDate"),
                )
                for row in rows
            ]  # fmt: skip
        return Html(found.to_html()) if html else found

    def delete(self) -> None:
        """Delete the state machine, if there is one; what it ran stays readable."""
        self._refuse_there("delete")
        if self.state_machine_arn is not None:
            self._call("DeleteStateMachine", {"stateMachineArn": self.state_machine_arn})
            self.state_machine_arn = None

    @classmethod
    def list_workflows(
        cls, max_items: int = 100, client: Any = None, html: bool = False, *, stage: str | None = None
    ) -> Any:
        """The state machines of the stage, or of the client's account, as ListStateMachines has them, at most
        `max_items`; `html` makes them a table. stage: as in Workflow."""
        asked = cls("list", None, client=client, stage=stage)
        found = WorkflowList(pages(asked._call, "ListStateMachines", "stateMachines", {}, max_items))
        return Html(found.to_html()) if html else found

    @classmethod
    def attach(cls, state_machine_arn: str, client: Any = None, *, stage: str | None = None) -> Workflow:
        """A Workflow for a state machine that exists already, with the definition it has.

        Raises ServiceError (StateMachineDoesNotExist, InvalidArn), or boto3's ClientError with a client.
        """
        asked = cls("attach", None, client=client, stage=stage)
        found = asked._call("DescribeStateMachine", {"stateMachineArn": state_machine_arn})
        return cls(
            found["name"],
            Written(found["definition"]),
            role=found["roleArn"],
            state_machine_arn=found["stateMachineArn"],
            client=client,
            stage=stage,
        )

    def _request(self) -> dict[str, Any]:
        """The definition and the role as they are sent to a client, which fills no names."""
        bundle, place = self.bundle(), f"Workflow({self.name!r})"
        found = [
            Problem(
                place,
                "client.name",
                f"the definition still asks for ${{{need}}}, and a client fills no names",
                "give the bucket, the role, the image or the function in the steps, as the old SDK wants them",
            )
            for need in bundle.needs
        ]
        if self.role is None:
            found.append(Problem(place, "no-role", "AWS needs a role to create a state machine with", "give role="))
        if found:
            raise InvalidDefinition(tuple(found))
        return {"definition": self.definition.to_json(pretty=self.format_json), "roleArn": self.role}
