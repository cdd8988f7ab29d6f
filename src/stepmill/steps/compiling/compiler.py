"""Compiles a pipeline written in Python into a Bundle.

In: the first step of a pipeline. Out: a Bundle, or all problems at once, each with the user's file and line.
Touches: the code and data files the pipeline names.

The order of the work: find the states, let each build its request, see which values are read where, give them
variables, check that they are there on every road, write everything down, check the text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator
from typing import Any, cast

from stepmill.asl.places import escape
from stepmill.asl.problems import InvalidDefinition, Problem
from stepmill.asl.text import dumps
from stepmill.inputs import ExecutionInput, InputSchema
from stepmill.inputs.expressions import Either, Ref, references
from stepmill.inputs.rendering import Language, Refusal, Scope
from stepmill.inputs.templates import expressions
from stepmill.nearest import nearest
from stepmill.stage import load_settings, partition
from stepmill.steps import names
from stepmill.steps.build import Build, Ledger
from stepmill.steps.bundle import BUCKET, JOB_ROLE, STAGE, Bundle, Manifest
from stepmill.steps.choice import Choice
from stepmill.steps.map import Map
from stepmill.steps.s3 import S3GetObjectStep
from stepmill.steps.sagemaker.step import JobStep, SageMakerStep
from stepmill.steps.state import State, Target, begun

from .bound import check_bound
from .calls import check_call
from .context_reads import check_context
from .given import schema_of
from .graph import Machine, find, language_of, machine_of
from .roads import Read, Roads, reaches
from .texts import check_head, check_texts
from .variables import Memory, Seen, check_assigned
from .writing import Writer, ordered

_NAME = re.compile(r"[^\x00-\x20<>{}\[\]?*\"#%\\^|~`$&,;:/\x7f-\x9f]{1,80}")


def compile(
    name: str,
    definition: Target,
    *,
    query_language: str | None = None,
    comment: str | None = None,
    timeout_seconds: int | None = None,
    version: str | None = None,
    execution_input: ExecutionInput | None = None,
    substitutions: Collection[str] = (),
    source: str = "",
) -> Bundle:
    """A pipeline as plain Amazon States Language and what it needs.

    Args:
        name: the state machine's name.
        definition: the first step, or a chain; the rest is found by following the links.
        query_language: "JSONPath" or "JSONata". Left out, it is JSONPath, ASL's own default, and nothing is written.
        comment, timeout_seconds, version: the state machine's own.
        execution_input: what an execution is started with, in case no step reads it.
        substitutions: names in `${…}` that whoever deploys the definition fills in, besides Stepmill's own.
        source: the line that names the pipeline, for what is wrong with it as a whole.

    Raises:
        InvalidDefinition: with everything that is wrong, in the order of the user's files.
    """
    about = {
        "Comment": comment, "QueryLanguage": query_language, "TimeoutSeconds": timeout_seconds, "Version": version
    }  # fmt: skip
    return _Compiler(name, query_language or "JSONPath", execution_input, substitutions, source).compile(
        definition, about
    )


def alone(state: State, query_language: str | None = None) -> dict[str, Any]:
    """One state as Amazon States Language, as far as it speaks for itself; where it leads to is not looked at.

    Args:
        state: the state.
        query_language: "JSONPath", when left out, or "JSONata".

    Raises:
        InvalidDefinition: with everything that is wrong with the state and with what is inside it.
    """
    return _Compiler("workflow", query_language or "JSONPath", None, (), "").alone(state)


# what is wrong only if nothing more comes, or only in some places
_LATER = frozenset({"choice.empty", "graph.empty", "context.item"})


class _Compiler:
    def __init__(
        self,
        name: str,
        query_language: str,
        execution_input: ExecutionInput | None,
        substitutions: Collection[str],
        source: str,
    ) -> None:
        self.ledger = Ledger(name, source=source, partition=partition(load_settings().region))
        self.input = execution_input
        self.others = frozenset(substitutions)
        self.name = name
        if query_language not in ("JSONPath", "JSONata"):
            guess = nearest(query_language, ("JSONPath", "JSONata")) or "JSONPath"
            self.ledger.problem(
                source or "query_language",
                "language",
                f"{query_language!r} is no language of ASL",
                f"did you mean {guess!r}?",
            )
            query_language = guess
        self.language = cast(Language, query_language)
        self.sources: dict[str, str] = {}
        self.lines: dict[str, str] = {}  # of what stands in a state and was written on a line of its own

    def compile(self, definition: Target, about: dict[str, Any]) -> Bundle:
        if not _NAME.fullmatch(self.name):
            self.ledger.problem(
                self.ledger.source or "name",
                "workflow.name",
                f"{self.name!r} cannot be a state machine's name",
                "1 to 80 characters, no spaces, brackets, quotes or other special characters",
            )
        begun(definition)
        top = find(definition, self.language, self.ledger)
        self._build(top)
        reads = list(self._reads(top))
        check_context(reads, self.ledger)
        schema = schema_of(self.input, reads, top.start, self.ledger)
        self.roads = Roads(top, self.ledger)
        memory = self._memory(top, self.roads.check(reads), schema)
        text = self._write(top, memory, schema, about)
        if problems := self.ledger.problems:
            if any(problem.code == "name.twice" for problem in problems):  # then nobody knows the roads
                problems = [problem for problem in problems if problem.code != "value.road"]
            raise InvalidDefinition(sorted(problems, key=_by_place))
        bundle = Bundle(self.name, text, self._manifest(schema))
        start = str(top.start.source) if top.start else ""
        self.ledger.notices += check_bound(bundle, {**self.sources, **self.lines}, start, self.others)
        return Bundle(self.name, text, self._manifest(schema))

    def alone(self, state: State) -> dict[str, Any]:
        top = machine_of(state, self.language, self.ledger)
        self._build(top)
        reads = list(self._reads(top))
        schema = schema_of(self.input, reads, top.start, self.ledger)
        self.roads = Roads(top, Ledger(self.name))  # which roads lead here, others say
        known = self.roads.check(reads)
        for read in reads:
            if isinstance(read.value, Ref) and read.value.root == "error":
                self.roads.caught.setdefault(read.state.state_id, top)
        memory = self._memory(top, known, schema, part=True)
        self.known = self._names()
        done = self._state(top, state, memory, "input" if schema.defaults else None)
        if problems := [problem for problem in self.ledger.problems if problem.code not in _LATER]:
            raise InvalidDefinition(sorted(problems, key=_by_place))
        return done

    # -- building

    def _build(self, top: Machine) -> None:
        ledger = self.ledger
        states = list(top.everything())
        ledger.states = {state.state_id: state for _, state in states}
        for _, state in states:
            if isinstance(state, SageMakerStep):
                for description in state.described():
                    ledger.declare_image(description, state)
                if isinstance(state, JobStep) and any(_has_no_role(each) for each in state.described()):
                    ledger.declare_role(state)
        # a step that reads an object looks at the requests of those that write: it comes after them
        for machine, state in sorted(states, key=lambda pair: isinstance(pair[1], S3GetObjectStep | Map)):
            language = language_of(state, machine)
            if language == "JSONPath" and machine.language == "JSONata":
                ledger.problem(
                    state.source,
                    "language",
                    f"{state.state_id!r} is JSONPath inside a JSONata machine",
                    "only a JSONPath workflow can have steps of the other language",
                )
            build = ledger.builds[id(state)] = Build(ledger, state, language, machine.around)
            build.fields = {**build.fields, **state.build(build)}
            check_call(build)

    def _reads(self, top: Machine) -> Iterator[Read]:
        for machine, state in top.everything():
            found: list[Any] = [self.ledger.builds[id(state)].fields]
            found.extend(catch.given for catch in state.catches)
            if isinstance(state, Choice):
                found.extend(option.given for option in state.options)
            exprs = [expr for value in found for expr in expressions(value)]
            if isinstance(state, Choice):
                exprs.extend(option.rule for option in state.options)
            for value in dict.fromkeys(value for expr in exprs for value in references(expr)):
                yield Read(machine, state, value)

    # -- variables

    def _memory(self, top: Machine, reads: list[Read], schema: InputSchema, part: bool = False) -> Memory:
        taken = {"states", *(["input"] if schema.defaults else [])}
        taken |= check_assigned(top, self.ledger, frozenset(taken))
        builds = {state.state_id: self.ledger.builds[id(state)] for _, state in top.everything()}
        memory = Memory(builds, taken, part)
        for keeper in sorted(self.roads.caught.values(), key=lambda machine: len(list(machine.chain()))):
            memory.error(keeper)  # the outermost is the plain `error`
        for read in reads:
            refs = read.value.options if isinstance(read.value, Either) else (read.value,)
            try:
                if refs[0].root == "step":
                    memory.read(read.value)
            except Refusal as refusal:
                message = f"{read.state.state_id!r}: {refusal.message}"
                self.ledger.problem(read.state.source, refusal.code, message, refusal.hint)
        try:
            memory.settle()
        except Refusal as refusal:
            self.ledger.problem(top.start.source if top.start else "", refusal.code, refusal.message, refusal.hint)
        return memory

    # -- writing

    def _write(self, top: Machine, memory: Memory, schema: InputSchema, about: dict[str, Any]) -> str:
        self.known = self._names()
        machine = self._machine(top, memory, "input" if schema.defaults else None)
        if schema.defaults:
            self._add_input(machine, schema)
            if top.start and not schema.faults:
                check_texts(top.start, schema.defaults, self.known, self.ledger)
        head = {name: value for name, value in about.items() if value is not None}
        check_head(head, self.ledger)
        return dumps({**head, **machine})

    def _names(self) -> frozenset[str]:
        ledger = self.ledger
        return frozenset(
            {
                BUCKET,
                JOB_ROLE,
                STAGE,
                *ledger.images,
                *ledger.functions,
                *ledger.activities,
                *ledger.roles.values(),
                *self.others,
            }
        )

    def _machine(self, machine: Machine, memory: Memory, variable: str | None) -> dict[str, Any]:
        states = {name: self._state(machine, state, memory, variable) for name, state in machine.states.items()}
        head = {} if machine.comment is None else {"Comment": machine.comment}
        return {**head, "StartAt": machine.start.state_id if machine.start else "", "States": states}

    def _state(self, machine: Machine, state: State, memory: Memory, variable: str | None) -> dict[str, Any]:
        build = self.ledger.builds[id(state)]
        pointer = f"{machine.pointer}/{escape(state.state_id)}"
        self.sources[pointer] = str(state.source)
        self.lines |= {f"{pointer}/Retry/{index}": str(retry.source) for index, retry in enumerate(state.retries)}
        self.lines |= {f"{pointer}/Catch/{index}": str(catch.source) for index, catch in enumerate(state.catches)}
        if machine.around == "distributed":
            variable = None  # its items are executions of their own, with an input of their own
        keeper = self.roads.caught.get(state.state_id)
        seen = Seen(memory, memory.error(keeper) if keeper else None)
        scope = Scope(seen, variable, machine.around in ("inline", "nested"), self.known)
        writer = Writer(build, scope)
        done = writer.write(memory.assigns.get(state.state_id, {}))
        for place, inner in machine.inner.get(state.state_id, ()):
            made = self._machine(inner, memory, variable)
            if place.startswith("Branches"):
                done.setdefault("Branches", []).append(made)
            elif isinstance(state, Map):
                config = state.config() if place == "ItemProcessor" or state.processor_config is not None else None
                done[place] = made if config is None else {"ProcessorConfig": config, **made}
                if place == "ItemProcessor" and state.item_processor is None and "Parameters" in done:
                    done["ItemSelector"] = done.pop("Parameters")  # the new name comes with the new name
        if state.type == "Parallel":
            done.setdefault("Branches", [])
        if state.retries:
            done["Retry"] = [writer.retry(retry) for retry in state.retries]
        self._links(machine, state, writer, done, memory)
        check_texts(state, done, self.known, self.ledger)
        return ordered(done)

    def _links(self, machine: Machine, state: State, writer: Writer, done: dict[str, Any], memory: Memory) -> None:
        for link in machine.links.get(state.state_id, ()):
            assert isinstance(link.target, State)
            target = link.target.state_id
            match link.kind:
                case "next":
                    done["Next"] = target
                case "default":
                    done["Default"] = target
                case "choice":
                    done["Choices"].append(writer.rule(link.index, target))
                case "catch":
                    readers = {name for name, keeper in self.roads.caught.items() if keeper is machine}
                    kept = memory.error(machine) if reaches(machine, link.target, readers) else None
                    done.setdefault("Catch", []).append(writer.catcher(state.catches[link.index], target, kept))
        if isinstance(state, Choice) and not state.options:
            writer.build.problem(
                "choice.empty", f"Choice {state.state_id!r} asks nothing", "add_choice(condition, step)"
            )
        elif state.type not in ("Choice", "Succeed", "Fail") and "Next" not in done:
            done["End"] = True

    def _add_input(self, machine: dict[str, Any], schema: InputSchema) -> None:
        """The first state: the execution's input laid over the defaults (reference/authoring.md 4.3)."""
        name = names.free("Input", self.ledger.states, " ")
        state: dict[str, Any] = {"Type": "Pass"}
        if self.language == "JSONata":
            defaults = json.dumps(schema.defaults, ensure_ascii=False)
            state["Assign"] = {"input": "{% $merge([" + defaults + ", $states.context.Execution.Input]) %}"}
        else:
            state["Parameters"] = {"defaults": schema.defaults, "given.$": "$$.Execution.Input"}
            state["ResultPath"] = None  # the next state is given the execution's input, as without this state
            state["Assign"] = {"input.$": "States.JsonMerge($.defaults, $.given, false)"}
        state["Next"] = machine["StartAt"]
        machine["StartAt"], machine["States"] = name, {name: state, **machine["States"]}

    # -- the result

    def _manifest(self, schema: InputSchema) -> Manifest:
        ledger = self.ledger
        return Manifest(
            assets=tuple(ledger.assets.values()),
            functions=dict(ledger.functions),
            images=dict(ledger.images),
            activities=dict(ledger.activities),
            roles=tuple(ledger.roles.values()) if len(ledger.roles) > 1 else (),
            sources=dict(self.sources),
            schema=schema,
            notices=tuple(dict.fromkeys(ledger.notices)),
        )


def _has_no_role(description: Any) -> bool:
    return getattr(description, "role", None) is None


def _by_place(problem: Problem) -> tuple[str, int]:
    file, _, line = problem.place.rpartition(":")
    return (file, int(line)) if line.isdigit() else (problem.place, 0)
