"""A definition as a Python module that compiles back to it.

In: a definition that was read. Out: the module's text. Touches: nothing.

Inner machines come before the state that holds them. In each machine: its states in the order one reads them, its
Choices, the runs that join them, and at last where errors lead.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from . import order
from .calls import NULLABLE, catch_of, choice_of, class_of, option_of, retry_of, several, state_of
from .identifiers import Identifiers
from .layout import Group, Node, Word, call, lines, listed, paired, scalar
from .reading import Read
from .values import value_of

_ABOUT = {
    "QueryLanguage": "query_language",
    "Comment": "comment",
    "TimeoutSeconds": "timeout_seconds",
    "Version": "version",
}
_FALLBACKS = {"Choice": "decision", "Map": "each", "Parallel": "together"}
_CONFIGS: dict[str, dict[str, str]] = {  # what says this ProcessorConfig, when the machine inside is `item_processor=`
    '{"Mode": "INLINE"}': {},
    '{"ExecutionType": "STANDARD", "Mode": "DISTRIBUTED"}': {"mode": "DISTRIBUTED"},
    '{"ExecutionType": "EXPRESS", "Mode": "DISTRIBUTED"}': {"mode": "DISTRIBUTED", "execution_type": "EXPRESS"},
}


class Module:
    """The text of one module, as it grows."""

    def __init__(self, read: Read, name: str) -> None:
        self.read, self.name = read, name
        self.identifiers = Identifiers(["definition", "step", "workflow"])
        self.names: dict[str, str] = {}  # state → identifier
        self.used = {"Workflow"}
        self.retries: dict[str, str] = {}  # Retry as JSON → the name of what several states share
        self.body: list[str] = []

    def text(self) -> str:
        """The whole module."""
        machine = self.read.machine
        self._shared(machine)
        start = self._machine(machine, definition=True)
        about = {python: scalar(machine[asl]) for asl, python in _ABOUT.items() if asl in machine}
        if self.read.substitutions:
            about["substitutions"] = listed([scalar(name) for name in self.read.substitutions])
        self._blank()
        self._say(call("Workflow", scalar(self.name), definition=start, **about), "workflow = ")
        head = ['"""A state machine, written down by `stepmill import`."""', "", *self._imports(), ""]
        return "\n".join([*head, *self.body]) + "\n"

    def _imports(self) -> Iterable[str]:
        if "NULL" in self.used:
            yield "from stepmill.inputs import NULL"
        steps = sorted(self.used - {"Workflow", "NULL"})
        flat = f"from stepmill.steps import {', '.join(steps)}"
        yield from (
            [flat]
            if len(flat) <= 120
            else lines(Group("(", [("", Word(step)) for step in steps], ")"), "from stepmill.steps import ")
        )
        yield "from stepmill.workflow import Workflow"

    # -- lines

    def _say(self, node: Node, lead: str = "", trail: str = "") -> None:
        self.body.extend(lines(node, lead, trail))

    def _blank(self) -> None:
        if self.body and self.body[-1]:
            self.body.append("")

    def _keep(self, text: str) -> Any:
        """How a value that lies too deep gets a name: after the state's."""

        def keep(node: Node) -> str:
            name = self.identifiers.take(f"{text}_part", "part")
            self._say(node, f"{name} = ")
            return name

        return keep

    def _shared(self, machine: dict[str, Any]) -> None:
        """Retries that stand in several states are written once."""
        seen: dict[str, tuple[int, list[Any]]] = {}
        todo = [machine]
        while todo:
            for state in todo.pop(0)["States"].values():
                if "Retry" in state:
                    text = json.dumps(state["Retry"], sort_keys=True)
                    seen[text] = (seen.get(text, (0, []))[0] + 1, state["Retry"])
                todo.extend(inner for _, inner in _inside(state))
        for text, (count, retry) in seen.items():
            if count > 1:
                self.used.add("Retry")
                self.retries[text] = self.identifiers.take("retry", "retry")
                nodes = [retry_of(entry, self._keep("retry")) for entry in retry]
                self._say(several(nodes), f"{self.retries[text]} = ")

    # -- machines

    def _machine(self, machine: dict[str, Any], *, definition: bool = False) -> Node:
        """Everything of one machine; what leads into it."""
        states = machine["States"]
        runs = order.runs(machine)
        names = list(dict.fromkeys(name for run in runs for name in run))
        for name in names:
            kind = states[name]["Type"]
            self.names[name] = self.identifiers.take(name, _FALLBACKS.get(kind, kind.lower()))
        for name in names:
            if states[name]["Type"] != "Choice":
                self._state(name, states[name])
        self._choices(machine, names)
        entry = self._links(states, runs, machine.get("Comment") if not definition else None, definition)
        self._catches(states, names)
        return entry

    def _state(self, name: str, state: dict[str, Any]) -> None:
        identifier = self.names[name]
        inside = [(field, inner, self._inner(name, inner)) for field, inner in _inside(state)]
        more: dict[str, Node | None] = {}
        if state["Type"] == "Map":
            ((field, inner, entry),) = inside
            more = _processor(field, inner, state, entry)
        self._uses(state)
        self._say(state_of(name, state, self._keep(identifier), **more, **self._retry(state, identifier)),
                  f"{identifier} = ")  # fmt: skip
        if state["Type"] == "Parallel":
            for _, _, entry in inside:
                self._say(call(f"{identifier}.add_branch", entry))
        if inside:
            self._blank()

    def _inner(self, holder: str, machine: dict[str, Any]) -> Node:
        self._blank()
        self.body.append(f"# inside {scalar(holder).flat()}")
        return self._machine(machine)

    def _uses(self, state: dict[str, Any]) -> None:
        self.used.add(class_of(state))
        entries = [state, *state.get("Catch", ()), *state.get("Choices", ())]
        if any(entry.get(field, "") is None for entry in entries for field in NULLABLE):
            self.used.add("NULL")
        if "Catch" in state:
            self.used.add("Catch")
        if any("Condition" not in entry for entry in state.get("Choices", ())):
            self.used.add("ChoiceRule")

    def _retry(self, state: dict[str, Any], identifier: str) -> dict[str, Node]:
        if "Retry" not in state:
            return {}
        shared = self.retries.get(json.dumps(state["Retry"], sort_keys=True))
        if shared:
            return {"retry": Word(shared)}
        self.used.add("Retry")
        return {"retry": several([retry_of(entry, self._keep(identifier)) for entry in state["Retry"]])}

    # -- links

    def _choices(self, machine: dict[str, Any], names: list[str]) -> None:
        states = machine["States"]
        in_order, back = order.choices_in_order(machine, names)
        late: list[str] = []
        if in_order:
            self._blank()
        for name in in_order:
            state, identifier = states[name], self.names[name]
            self._uses(state)
            keep = self._keep(identifier)
            options = [choice_of(entry, self.names[entry["Next"]], keep) for entry in state["Choices"]]
            circle = [(name, entry["Next"]) in back for entry in state["Choices"]]
            at = circle.index(True) if any(circle) else len(circle)
            more: dict[str, Node] = {}
            if at:
                more["choices"] = listed([option_of(*option) for option in options[:at]])
            if "Default" in state and (name, state["Default"]) not in back:
                more["default"] = Word(self.names[state["Default"]])
            self._say(state_of(name, state, keep, **more), f"{identifier} = ")
            for rule, own in options[at:]:
                late.extend(lines(call(f"{identifier}.add_choice", *rule, **own)))
            if "Default" in state and "default" not in more:
                late.append(f"{identifier}.default_choice({self.names[state['Default']]})")
        self.body.extend(late)

    def _links(self, states: dict[str, Any], runs: list[list[str]], comment: str | None, definition: bool) -> Node:
        """What joins the runs; gives what leads to the first state."""
        start = Word(self.names[runs[0][0]])
        entry: Node = start
        chains = [[self.names[name] for name in run] for run in runs]
        alone = len(runs) == 1 and len(set(chains[0])) == len(chains[0]) and "Catch" not in states[runs[0][-1]]
        if not alone or (definition and len(chains[0]) > 1):
            self._blank()
        for index, chain in enumerate(chains):
            tail = chain.pop() if len(set(chain)) < len(chain) else None  # back to one of its own
            if len(chain) > 2 or (len(chain) == 2 and index == 0):
                self.used.add("Chain")
                node = call("Chain", listed([Word(name) for name in chain]))
                if index == 0 and definition:
                    self._say(node, "definition = ")
                    entry = Word("definition")
                elif index == 0 and alone:
                    entry = node
                else:
                    self._say(node)
            elif len(chain) == 2:
                self.body.append(f"{chain[0]}.next({chain[1]})")
            if tail is not None:
                self.body.append(f"{chain[-1]}.next({tail})")
        if comment is not None:
            self.used.add("Chain")
            inside = entry.items[0][1] if isinstance(entry, Group) else listed([start])
            entry = call("Chain", inside, comment=scalar(comment))
        return entry

    def _catches(self, states: dict[str, Any], names: list[str]) -> None:
        groups: dict[str, list[str]] = {}
        for name in names:
            if "Catch" in states[name]:
                groups.setdefault(json.dumps(states[name]["Catch"], sort_keys=True), []).append(name)
        if groups:
            self._blank()
        for members in groups.values():
            keep = self._keep(self.names[members[0]])
            entries = states[members[0]]["Catch"]
            nodes = [catch_of(entry, self.names[entry["Next"]], keep) for entry in entries]
            if len(members) == 1:
                for node in nodes:
                    self._say(call(f"{self.names[members[0]]}.add_catch", node))
                continue
            self._say(paired(*(Word(self.names[name]) for name in members)), "for step in ", ":")
            for node in nodes:
                self.body.extend(lines(call("step.add_catch", node), indent="    "))


def _inside(state: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """The machines in a state, with their field."""
    found = [("Branches", branch) for branch in state.get("Branches", ())]
    return found + [(field, state[field]) for field in ("Iterator", "ItemProcessor") if field in state]


def _processor(field: str, inner: dict[str, Any], state: dict[str, Any], entry: Node) -> dict[str, Node | None]:
    """The arguments of a Map that say what it runs, and how."""
    config = inner.get("ProcessorConfig")
    if field == "Iterator":
        more: dict[str, Node | None] = {"iterator": entry}
    else:
        more = {"item_processor": entry}
    if config is None:
        return {**more, "mode": Word("None")}
    words = _CONFIGS.get(json.dumps(config, sort_keys=True)) if field == "ItemProcessor" else None
    if words is None:
        return {**more, "processor_config": value_of(config, str)}
    return {**more, **{name: scalar(word) for name, word in words.items()}}
