"""What can only fail, or never happen, when a definition runs: found by walking every way through it.

In: a definition that passed `check`. Out: Problems, all of them warnings. Touches: nothing.

The input of an execution and what a Task answers can be anything; what states make of them is followed as shapes.
Only what fails on every way there is told. Each set of states is walked until nothing new comes to any of them; then
each state that is reached is looked at once more, and told.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from stepmill.asl.catches import never_matched
from stepmill.asl.checks import targets
from stepmill.asl.decisions import ways_out
from stepmill.asl.modes import is_distributed
from stepmill.asl.paths import compile_reference
from stepmill.asl.pathsyntax import Step, parse_path
from stepmill.asl.places import Place
from stepmill.asl.problems import Problem
from stepmill.asl.results import result_of
from stepmill.asl.shapes import ANY, NONE, TEXT, Shape, an_array, an_object, constant, join, joined, put
from stepmill.asl.sight import PATH, Sight, items_of, warning

_AGAIN: Final = 6  # how often a state in a loop is walked before its input counts as anything
_ERROR: Final = an_object({"Error": TEXT, "Cause": TEXT})
_FIELDS: Final = {
    "Task": ("TimeoutSeconds", "HeartbeatSeconds", "Credentials"),
    "Map": ("MaxConcurrency", "ToleratedFailureCount", "ToleratedFailurePercentage"),
    "Wait": ("Seconds", "Timestamp"),
    "Fail": ("Error", "Cause"),
}
_TAKES: Final = {
    "TimeoutSeconds": ("number", "string"),
    "HeartbeatSeconds": ("number", "string"),
    "MaxConcurrency": ("number", "string"),
    "ToleratedFailureCount": ("number", "string"),
    "ToleratedFailurePercentage": ("number", "string"),
    "Seconds": ("number", "string"),
    "Timestamp": ("string",),
    "Error": ("string",),
    "Cause": ("string",),
}
Variables = Mapping[str, Shape]


class Way(NamedTuple):
    """What comes to a state: its input, and the variables that may have a value."""

    data: Shape
    variables: Variables

    def join(self, other: Way) -> Way:
        """What comes on one of two ways."""
        names = dict.fromkeys((*self.variables, *other.variables))
        variables = {name: join(self.variables.get(name, NONE), other.variables.get(name, NONE)) for name in names}
        return Way(join(self.data, other.data), variables)


def warnings(definition: Mapping[str, Any]) -> list[Problem]:
    """Everything that AWS takes and that can only fail or never happen, in the order of the text.

    Places are JSON pointers. A definition that passed `check` is expected; what is wrong in another way is passed over.
    """
    language = definition.get("QueryLanguage", "JSONPath")
    found: dict[tuple[str, str, str], Problem] = {}

    def tell(problem: Problem) -> None:
        found.setdefault((problem.place, problem.code, problem.message), problem)

    block = _Block(definition, Place("", "", language), mapped=False)
    block.tell(Way(ANY, {}), tell)
    order = {pointer: index for index, pointer in enumerate(_pointers(definition, ""))} if found else {}
    return sorted(found.values(), key=lambda problem: order.get(problem.place, len(order)))


def _pointers(value: Any, pointer: str) -> Iterator[str]:
    yield pointer
    if isinstance(value, dict | list):
        place = Place(pointer, "", "")
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _pointers(item, place.at(key).pointer)


def _nothing(problem: Problem) -> None:
    return None


class _Block:
    """One set of states: the whole machine, a branch, or what a Map does with an item."""

    def __init__(self, machine: Any, place: Place, *, mapped: bool) -> None:
        self.place = place
        self.mapped = mapped
        states = machine.get("States") if isinstance(machine, dict) else None
        self.states: dict[str, Any] = states if isinstance(states, dict) else {}
        self.start = machine.get("StartAt") if isinstance(machine, dict) else None

    def output(self, way: Way) -> Shape:
        """What the last states give, when the first one is given this."""
        return self._walk(way)[1]

    def tell(self, way: Way, tell: Any) -> None:
        """Tell what is wrong with each state that is reached."""
        for name, here in self._walk(way)[0].items():
            state = _State(self, name, here, tell)
            for problem in never_matched(self.states[name], state.place):
                tell(problem)
            list(state.leave())

    def _walk(self, way: Way) -> tuple[dict[str, Way], Shape]:
        ways: dict[str, Way] = {}
        if not isinstance(self.start, str) or self.start not in self.states:
            return ways, ANY
        order = self._order(self.start)
        ways[self.start] = way
        waiting = {self.start}
        visits: dict[str, int] = {}
        ends: dict[str, Shape] = {}
        while waiting:
            for name in [name for name in order if name in waiting]:
                waiting.discard(name)
                ends[name] = NONE
                for target, out in _State(self, name, ways[name], _nothing).leave():
                    if target is None:
                        ends[name] = join(ends[name], out.data)
                    elif isinstance(target, str) and isinstance(self.states.get(target), dict):
                        before = ways.get(target)
                        after = out if before is None else before.join(out)
                        if after == before:
                            continue
                        visits[target] = visits.get(target, 0) + 1
                        if visits[target] > _AGAIN:
                            after = Way(ANY, dict.fromkeys(after.variables, ANY))
                            if after == before:
                                continue
                        ways[target] = after
                        waiting.add(target)
        return ways, joined(ends.values())

    def _order(self, start: str) -> list[str]:
        """Each state after those that lead to it, loops apart, so that most are walked once."""
        done: list[str] = []
        seen = {start}
        stack = [(start, iter([target for _, _, target in targets(self.states[start])]))]
        while stack:
            name, following = stack[-1]
            for target in following:
                if target not in seen and target in self.states:
                    seen.add(target)
                    stack.append((target, iter([each for _, _, each in targets(self.states[target])])))
                    break
            else:
                done.append(name)
                stack.pop()
        return done[::-1]


class _State:
    """One state, with what comes to it."""

    def __init__(self, block: _Block, name: str, way: Way, tell: Any) -> None:
        self.block = block
        self.state: dict[str, Any] = block.states[name]
        self.way = way
        self.report = tell
        language = self.state.get("QueryLanguage", block.place.language)
        self.jsonata = language == "JSONata"
        self.place = Place(block.place.at("States", name).pointer, name, language)
        self.sight = Sight(tell, language, way.data, way.variables, {"input": way.data}, block.mapped)
        self.kind = self.state.get("Type")

    def leave(self) -> Iterator[tuple[str | None, Way]]:
        """Where it can go on (None: at an end), and what comes there."""
        if self.kind == "Choice":
            yield from self._choose()
            return
        data = self.way.data if self.jsonata else self._edge("InputPath", self.sight)
        within = self.sight.of(data)
        # Whether AWS reads these of the input before or after InputPath is not recorded: what either has is taken.
        self._small_fields(self.sight.of(join(self.way.data, data)))
        if self.kind == "Fail":
            return
        result = self._result(data, within)
        yield from self._catch()
        after = self.sight if self.kind in ("Pass", "Wait", "Succeed") else self.sight.seeing("result", result)
        yield self.state.get("Next"), self._complete(self.state, self.place, result, after)

    # ---- before the work

    def _edge(self, field: str, sight: Sight) -> Shape:
        """InputPath or OutputPath: absent changes nothing, null stands for {}."""
        if field not in self.state:
            return sight.data
        path = self.state[field]
        return an_object({}) if path is None else sight.path(path, self.place.at(field))

    def _small_fields(self, sight: Sight) -> None:
        for field in _FIELDS.get(str(self.kind), ()):
            value = self.state.get(field)
            if f"{field}Path" in self.state and not self.jsonata:
                where = self.place.at(f"{field}Path")
                text = self.state[f"{field}Path"]
                sight.needs(sight.path(text, where), _TAKES[field], where, text)
            elif self.jsonata and value is not None:
                where = self.place.at(field)
                shape = sight.template(value, where)
                if field in _TAKES and isinstance(value, str):
                    kinds = _TAKES[field] if field in ("Timestamp", "Error", "Cause") else ("number",)
                    sight.needs(shape, kinds, where, value)
            elif field == "Credentials" and value is not None:
                sight.template(value, self.place.at(field))

    # ---- the work

    def _result(self, data: Shape, within: Sight) -> Shape:
        field = "Arguments" if self.jsonata else "Parameters"
        if self.kind == "Map":
            return self._map(within)
        if self.kind == "Pass" and not self.jsonata and "Result" in self.state:
            return constant(self.state["Result"])
        given = data
        if field in self.state:
            given = within.template(self.state[field], self.place.at(field))
        if self.kind == "Task":
            return result_of(self.state.get("Resource"))
        if self.kind == "Parallel":
            branches = self.state.get("Branches")
            blocks = [
                self._block(branch, self.place.at("Branches", index), mapped=self.block.mapped)
                for index, branch in enumerate(branches if isinstance(branches, list) else ())
            ]
            return an_array([self._inside(block, given) for block in blocks])
        return given

    def _map(self, within: Sight) -> Shape:
        state, read = self.state, "ItemReader" in self.state
        items = within.data
        where = self.place.at("Items" if self.jsonata else "ItemsPath")
        if self.jsonata and "Items" in state:
            items = within.template(state["Items"], where)
        elif not self.jsonata and "ItemsPath" in state and not read:
            items = within.path(state["ItemsPath"], where)
        distributed = is_distributed(state)
        if not read and where.field in state:
            takes = ("array", "object") if distributed or self.jsonata else ("array",)
            within.needs(items, takes, where, state[where.field] if isinstance(state[where.field], str) else "it")
        item = ANY if read or "ItemBatcher" in state else items_of(items)
        inside = Sight(within.tell, within.language, within.data, within.variables, within.parts, mapped=True)
        for field in ("ItemReader", "ItemBatcher", "ResultWriter"):
            if isinstance(state.get(field), dict):
                inside.template(state[field], self.place.at(field))
        for field in ("ItemSelector", "Parameters"):
            if field in state and not (self.jsonata and field == "Parameters"):
                made = inside.template(state[field], self.place.at(field))
                item = ANY if "ItemBatcher" in state else made
        name = "ItemProcessor" if "ItemProcessor" in state else "Iterator"
        out = self._inside(self._block(state.get(name), self.place.at(name), mapped=True), item)
        return ANY if distributed else an_array(item=out)

    def _block(self, machine: Any, place: Place, *, mapped: bool) -> _Block:
        # The language of inner states comes from the whole machine, not from the state around them.
        return _Block(machine, Place(place.pointer, "", self.block.place.language), mapped=mapped)

    def _inside(self, block: _Block, data: Shape) -> Shape:
        if not data:
            return ANY
        way = Way(data, self.way.variables)
        if self.report is not _nothing:
            block.tell(way, self.report)
        return block.output(way) or ANY

    # ---- after the work

    def _choose(self) -> Iterator[tuple[str | None, Way]]:
        sight = self.sight
        data = self.way.data if self.jsonata else self._edge("InputPath", sight)
        alive, default = ways_out(self.state, self.place, sight.of(data))
        edge = {"OutputPath": self.state["OutputPath"]} if "OutputPath" in self.state else {}
        for index in alive:
            rule = self.state["Choices"][index]
            if isinstance(rule, dict) and isinstance(rule.get("Next"), str):
                made = {key: rule[key] for key in ("Assign", "Output") if key in rule}
                yield rule["Next"], self._complete({**made, **edge}, self.place.at("Choices", index), data, sight)
        if default and isinstance(self.state.get("Default"), str):
            made = {key: self.state[key] for key in ("Assign", "Output") if key in self.state}
            yield self.state["Default"], self._complete({**made, **edge}, self.place, data, sight)

    def _catch(self) -> Iterator[tuple[str | None, Way]]:
        entries = self.state.get("Catch")
        for index, entry in enumerate(entries if isinstance(entries, list) else ()):
            if isinstance(entry, dict) and isinstance(entry.get("Next"), str):
                sight = self.sight.seeing("errorOutput", _ERROR)
                yield entry["Next"], self._complete(entry, self.place.at("Catch", index), _ERROR, sight)

    def _complete(self, fields: Mapping[str, Any], place: Place, result: Shape, sight: Sight) -> Way:
        """Output and variables of a state, a rule or a Catch. Variables are seen as they were before."""
        variables = dict(self.way.variables)
        if self.jsonata:
            output = result
            if "Output" in fields:
                output = sight.template(fields["Output"], place.at("Output"))
            self._assign(fields, place, sight, variables)
            return Way(output, variables)
        if "ResultSelector" in fields:
            result = sight.of(result).template(fields["ResultSelector"], place.at("ResultSelector"))
        self._assign(fields, place, sight.of(result), variables)
        output = result
        if "ResultPath" in fields:
            output = self._put(fields["ResultPath"], place.at("ResultPath"), result)
        if "OutputPath" in fields:
            output = self._edge("OutputPath", sight.of(output))
        return Way(output, variables)

    def _assign(self, fields: Mapping[str, Any], place: Place, sight: Sight, variables: dict[str, Shape]) -> None:
        if isinstance(fields.get("Assign"), dict):
            variables.update(sight.template(fields["Assign"], place.at("Assign")).fields)

    def _put(self, text: Any, place: Place, result: Shape) -> Shape:
        raw = self.way.data
        if text is None:
            return raw
        try:
            compile_reference(text)
            steps: tuple[Step, ...] = parse_path(text).steps
        except (ValueError, TypeError, AttributeError):
            return ANY
        made = put(raw, steps, result)
        if not made:
            was = " or ".join(sorted(raw.kinds))
            said = f"'{text}' cannot be written: the state's input is always {was}"
            if raw.kinds & {"object", "array"}:
                said = f"'{text}' cannot be written into any input that comes here"
            self.report(warning(place, PATH, said, "A ResultPath makes objects on its way, and replaces nothing else."))
            return ANY
        return made
