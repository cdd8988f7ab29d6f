"""A definition as a Python module that compiles back to it.

In: a definition that was read. Out: the module's text. Touches: nothing.

Inner machines come before the state that holds them. In each machine: its states in the order one reads them, its
Choices, the runs that join them, and at last where errors lead.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from . import order
from .calls import NULLABLE, catch_of, choice_of, class_of, option_of, retry_of, several, state_of
from .identifiers import Identifiers
from .layout import WIDTH, Group, Node, Word, call, lines, listed, paired, scalar
from .reading import Read
from .values import Name, value_of

_ABOUT = {
    "QueryLanguage": "query_language",
    "Comment": "comment",
    "TimeoutSeconds": "timeout_seconds",
    "Version": "version",
}
_FALLBACKS = {"Choice": "decision", "Map": "each", "Parallel": "together"}
_NEW_WORDS = frozenset({"ItemSelector", "ItemReader", "ItemBatcher", "ResultWriter", "Label"})
_CONFIGS: dict[str, dict[str, str]] = {  # what says this ProcessorConfig of an ItemProcessor
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
        self.used: set[str] = set()  # classes of `stepmill.steps`
        self.retries: dict[str, str] = {}  # Retry as JSON → the name of what several states share
        self.body: list[str] = []
        self.place = self.said = ""  # the inner machine that is written down, and the one that was said to be

    def text(self) -> str:
        """The whole module."""
        machine = self.read.machine
        self._share(machine)
        start = self._machine(machine, top=True)
        about = {python: scalar(machine[asl]) for asl, python in _ABOUT.items() if asl in machine}
        if self.read.substitutions:
            about["substitutions"] = listed([scalar(name) for name in self.read.substitutions])
        self._blank()
        self._say(call("Workflow", scalar(self.name), definition=start, **about), "workflow = ")
        head = ['"""A state machine, written down by `stepmill import`."""', "", *self._imports(), ""]
        return "\n".join([*head, *self.body]) + "\n"

    def _imports(self) -> Iterator[str]:
        if "NULL" in self.used:
            yield "from stepmill.inputs import NULL"
        steps = sorted(self.used - {"NULL"})
        flat = f"from stepmill.steps import {', '.join(steps)}"
        if len(flat) <= WIDTH:
            yield flat
        else:
            yield from lines(Group("(", [("", Word(step)) for step in steps], ")"), "from stepmill.steps import ")
        yield "from stepmill.workflow import Workflow"

    # -- lines

    def _say(self, node: Node, lead: str = "", trail: str = "") -> None:
        self._write(lines(node, lead, trail))

    def _write(self, text: Iterable[str]) -> None:
        if self.place != self.said:
            self.said = self.place
            self._blank()
            if self.place:
                self.body.append(f"# inside {self.place}")
        self.body.extend(text)

    def _blank(self) -> None:
        if self.body and self.body[-1]:
            self.body.append("")

    def _keep(self, owner: str) -> Name:
        """How a value that lies too deep gets a name: after what it is a part of."""

        def keep(node: Node) -> str:
            name = self.identifiers.take(f"{owner}_part", "part")
            self._say(node, f"{name} = ")
            return name

        return keep

    def _share(self, machine: dict[str, Any]) -> None:
        """What several states have as their Retry is written once."""
        seen: dict[str, list[Any]] = {}
        todo = [machine]
        while todo:
            for state in todo.pop()["States"].values():
                if "Retry" in state:
                    seen.setdefault(_same(state["Retry"]), []).append(state["Retry"])
                todo.extend(inner for _, inner in _inside(state))
        for text, found in seen.items():
            if len(found) > 1:
                self.used.add("Retry")
                self.retries[text] = self.identifiers.take("retry", "retry")
                nodes = [retry_of(entry, self._keep("retry")) for entry in found[0]]
                self._say(several(nodes), f"{self.retries[text]} = ")

    # -- machines

    def _machine(self, machine: dict[str, Any], *, top: bool = False) -> Node:
        """Everything of one machine; gives what leads into it."""
        states = machine["States"]
        runs = order.runs(machine)
        names = list(dict.fromkeys(name for run in runs for name in run))
        for name in names:
            kind = states[name]["Type"]
            self.names[name] = self.identifiers.take(name, _FALLBACKS.get(kind, kind.lower()))
        for name in names:
            self._uses(states[name])
            if states[name]["Type"] != "Choice":
                self._state(name, states[name])
        self._choices(states, names)
        entry = self._links(states, runs, top=top)
        self._catches(states, names)
        if top or "Comment" not in machine:
            return entry
        self.used.add("Chain")
        steps = entry.items[0][1] if isinstance(entry, Group) else listed([entry])
        return call("Chain", steps, comment=scalar(machine["Comment"]))

    def _state(self, name: str, state: dict[str, Any]) -> None:
        identifier = self.names[name]
        entries = [self._inner(name, index, state, inner) for index, (_, inner) in enumerate(_inside(state))]
        more = {}
        if state["Type"] == "Map":
            jsonata = state.get("QueryLanguage", self.read.machine.get("QueryLanguage")) == "JSONata"
            more = _processor(state, entries[0], jsonata)
        keep = self._keep(identifier)
        self._say(state_of(name, state, keep, more, self._retry(state, keep)), f"{identifier} = ")
        if state["Type"] == "Parallel":
            for entry in entries:
                self._say(call(f"{identifier}.add_branch", entry))
        if entries:
            self._blank()

    def _inner(self, holder: str, index: int, state: dict[str, Any], machine: dict[str, Any]) -> Node:
        around = self.place
        self.place = scalar(holder).flat() + (f", branch {index + 1}" if state["Type"] == "Parallel" else "")
        entry = self._machine(machine)
        self.place = around
        return entry

    def _uses(self, state: dict[str, Any]) -> None:
        self.used.add(class_of(state))
        entries = [state, *state.get("Catch", ()), *state.get("Choices", ())]
        if any(entry.get(field, "") is None for entry in entries for field in NULLABLE):
            self.used.add("NULL")
        if any("Condition" not in entry for entry in state.get("Choices", ())):
            self.used.add("ChoiceRule")

    def _retry(self, state: dict[str, Any], keep: Name) -> dict[str, Node]:
        if "Retry" not in state:
            return {}
        if shared := self.retries.get(_same(state["Retry"])):
            return {"retry": Word(shared)}
        self.used.add("Retry")
        return {"retry": several([retry_of(entry, keep) for entry in state["Retry"]])}

    # -- links

    def _choices(self, states: dict[str, Any], names: list[str]) -> None:
        in_order, back = order.choices_in_order(states, names)
        late: list[str] = []
        if in_order:
            self._blank()
        for name in in_order:
            state, identifier = states[name], self.names[name]
            keep = self._keep(identifier)
            options = [choice_of(entry, self.names[entry["Next"]], keep) for entry in state["Choices"]]
            circle = [(name, entry["Next"]) in back for entry in state["Choices"]]
            at = circle.index(True) if any(circle) else len(circle)
            more: dict[str, Node] = {}
            if at:
                more["choices"] = listed([option_of(*option) for option in options[:at]])
            if "Default" in state and (name, state["Default"]) not in back:
                more["default"] = Word(self.names[state["Default"]])
            self._say(state_of(name, state, keep, more), f"{identifier} = ")
            for rule, own in options[at:]:
                late.extend(lines(call(f"{identifier}.add_choice", *rule, **own)))
            if "Default" in state and "default" not in more:
                late.append(f"{identifier}.default_choice({self.names[state['Default']]})")
        if late:
            self._write(late)

    def _links(self, states: dict[str, Any], runs: list[list[str]], *, top: bool) -> Node:
        """What joins the runs; gives what leads to the first state: a chain, if that is all there is to say."""
        chains = [[self.names[name] for name in run] for run in runs]
        entry: Node = Word(chains[0][0])
        tails = [chain.pop() if len(set(chain)) < len(chain) else None for chain in chains]  # back into its own run
        alone = len(chains) == 1 and tails[0] is None and "Catch" not in states[runs[0][-1]]
        if not alone or (top and len(chains[0]) > 1):
            self._blank()
        for chain, tail in zip(chains, tails, strict=True):
            first = chain is chains[0]
            if len(chain) > 2 or (len(chain) == 2 and first):
                self.used.add("Chain")
                node = call("Chain", listed([Word(name) for name in chain]))
                if first and top:
                    self._say(node, "definition = ")
                    entry = Word("definition")
                elif first and alone:
                    entry = node
                else:
                    self._say(node)
            elif len(chain) == 2:
                self._write([f"{chain[0]}.next({chain[1]})"])
            if tail is not None:
                self._write([f"{chain[-1]}.next({tail})"])
        return entry

    def _catches(self, states: dict[str, Any], names: list[str]) -> None:
        groups: dict[str, list[str]] = {}
        for name in names:
            if "Catch" in states[name]:
                groups.setdefault(_same(states[name]["Catch"]), []).append(name)
        if groups:
            self.used.add("Catch")
            self._blank()
        for members in groups.values():
            first = self.names[members[0]]
            keep = self._keep(first)
            nodes = [catch_of(entry, self.names[entry["Next"]], keep) for entry in states[members[0]]["Catch"]]
            if len(members) == 1:
                for node in nodes:
                    self._say(call(f"{first}.add_catch", node))
                continue
            self._say(paired(*(Word(self.names[name]) for name in members)), "for step in ", ":")
            for node in nodes:
                self._write(lines(call("step.add_catch", node), indent="    "))


def _same(value: Any) -> str:
    """Equal for values that are the same JSON."""
    return json.dumps(value, sort_keys=True)


def _inside(state: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """The machines in a state, with their field."""
    found = [("Branches", branch) for branch in state.get("Branches", ())]
    return found + [(field, state[field]) for field in ("Iterator", "ItemProcessor") if field in state]


def _processor(state: dict[str, Any], entry: Node, jsonata: bool) -> dict[str, Node]:
    """The arguments of a Map that say what it runs, and how."""
    ((field, inner),) = _inside(state)
    config = inner.get("ProcessorConfig")
    more = {"iterator" if field == "Iterator" else "item_processor": entry}
    if config is not None:
        words = _CONFIGS.get(_same(config)) if field == "ItemProcessor" else None
        if words is None:
            return {**more, "processor_config": value_of(config, str)}
        return {**more, **{name: scalar(word) for name, word in words.items()}}
    if field == "Iterator" and not jsonata and not _NEW_WORDS & state.keys():
        return more
    return {**more, "mode": Word("None")}
