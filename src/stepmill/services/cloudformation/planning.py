"""The difference between a stack and a template: what would be made, changed, replaced, removed.

In: a stack's resources, its template, the new one and its parameters. Out: Changes. Touches: nothing.
What only the execution makes is `values.UNKNOWN`, so a change that hangs on it is conditional, as on AWS.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from stepmill.services.cloudformation import parameters as parameter_values
from stepmill.services.cloudformation.kinds.table import KINDS
from stepmill.services.cloudformation.templates import Resource, Template
from stepmill.services.cloudformation.values import (
    NO_VALUE,
    UNKNOWN,
    Reference,
    holds,
    invalid,
    references,
    resolve,
    unknown,
)

_MISSING: Final = object()


class Names:
    """What the names of a template mean; `made` knows the resources. See values.Scope."""

    def __init__(
        self,
        template: Template,
        parameters: Mapping[str, str],
        pseudo: Mapping[str, Any],
        made: Callable[[Reference], Any],
    ) -> None:
        self._template = template
        self._parameters = parameters
        self._pseudo = pseudo
        self._made = made

    def reference(self, name: Reference) -> Any:
        """See Scope."""
        if name.name == "AWS::NoValue":
            return NO_VALUE
        if name.name in self._pseudo:
            return self._pseudo[name.name]
        if name.name in self._parameters:
            return parameter_values.value_of(self._template.parameters[name.name], self._parameters[name.name])
        return self._made(name)

    def condition(self, name: str) -> bool:
        """See Scope."""
        return holds(self._template.conditions[name], self)

    def mapping(self, name: str, first: str, second: str) -> Any:
        """See Scope."""
        try:
            return self._template.mappings[name][first][second]
        except (KeyError, TypeError):
            raise invalid(f"Template error: Unable to get mapping for {name}::{first}::{second}") from None

    def live(self) -> dict[str, Resource]:
        """The resources whose conditions hold, in order."""
        return {
            name: one
            for name, one in self._template.resources.items()
            if one.condition is None or self.condition(one.condition)
        }


@dataclass
class Change:
    """One resource that would be another. before, after: contexts; None where there is none."""

    action: str
    logical: str
    type: str
    physical: str = ""
    replacement: str = ""
    policy: str = ""
    scope: list[str] = field(default_factory=list)
    details: list[dict[str, Any]] = field(default_factory=list)
    before: dict[str, Any] | None = None
    after: dict[str, Any] | None = None


def pseudo_of(stack: Mapping[str, Any], region: str, account: str) -> dict[str, Any]:
    """The pseudo parameters of a stack."""
    return {
        "AWS::AccountId": account,
        "AWS::NotificationARNs": list(stack.get("more", {}).get("NotificationARNs") or ()),
        "AWS::Partition": "aws",
        "AWS::Region": region,
        "AWS::StackId": stack["id"],
        "AWS::StackName": stack["name"],
        "AWS::URLSuffix": "amazonaws.com",
    }


def properties_of(resource: Resource, names: Names, tags: Mapping[str, str]) -> dict[str, Any]:
    """A resource's properties without functions, and with the stack's tags where it takes some; its own come first."""
    found: dict[str, Any] = resolve(resource.properties, names)
    if tags and KINDS[resource.type].tagged:
        own = list(found.get("Tags") or ())
        known = {one.get("Key") for one in own if isinstance(one, Mapping)}
        found["Tags"] = own + [{"Key": key, "Value": value} for key, value in tags.items() if key not in known]
    return found


def changed(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """The names of properties that are not the same, sorted."""
    return sorted(
        name for name in before.keys() | after.keys() if before.get(name, _MISSING) != after.get(name, _MISSING)
    )


def plan(
    before: Mapping[str, dict[str, Any]],
    old: Template | None,
    old_parameters: Mapping[str, str],
    new: Template,
    parameters: Mapping[str, str],
    tags: Mapping[str, str],
    pseudo: Mapping[str, Any],
) -> list[Change]:
    """What would change. `before` are the resources that are there."""
    state: dict[str, str] = {}

    def made(reference: Reference) -> Any:
        if reference.name not in live:
            raise invalid(
                f"Template format error: Unresolved resource dependencies [{reference.name}] in the Resources block of "
                "the template"
            )
        found = before.get(reference.name)
        if found is None or state.get(reference.name) == "new":
            return UNKNOWN
        if not reference.attribute:
            return found["physical"]
        if state.get(reference.name) == "altered" and reference.attribute in KINDS[found["type"]].volatile.split():
            return UNKNOWN
        return found["attributes"].get(reference.attribute, UNKNOWN)

    names = Names(new, parameters, pseudo, made)
    live = names.live()
    found = []
    for logical, resource in live.items():
        props = properties_of(resource, names, tags)
        had = before.get(logical)
        if had is None:
            state[logical] = "new"
            found.append(Change("Add", logical, resource.type, after=_context(resource, props)))
            continue
        change = _modified(had, resource, props, old, old_parameters, parameters)
        if change is None:
            continue
        state[logical] = "altered" if change.replacement == "False" else "new"
        found.append(change)
    for logical, had in before.items():
        if logical not in live:
            kept = had["deletion"].startswith("Retain")
            found.append(
                Change(
                    "Remove",
                    logical,
                    had["type"],
                    had["physical"],
                    policy="Retain" if kept else "Delete",
                    before=_shown(had),
                )
            )
    return found


def _modified(
    had: Mapping[str, Any],
    resource: Resource,
    props: dict[str, Any],
    old: Template | None,
    old_parameters: Mapping[str, str],
    parameters: Mapping[str, str],
) -> Change | None:
    kind = KINDS[resource.type]
    names = changed(had["properties"], props)
    scope = ["Properties"] if [name for name in names if name != "Tags"] else []
    scope += ["Tags"] if "Tags" in names else []
    for key, now, said in (
        ("deletion", resource.deletion, "DeletionPolicy"),
        ("replace", resource.replace, "UpdateReplacePolicy"),
        ("metadata", resource.metadata, "Metadata"),
    ):
        if had[key] != now:
            scope.append(said)
    if had["type"] == resource.type and not scope:
        return None
    details, replacement = [], "False"
    raw = old.resources.get(resource.name) if old is not None else None
    before = raw.properties if raw is not None else {}
    for name in names:
        dynamic = unknown(props.get(name))
        anew = name in kind.replaced.split()
        if anew:
            replacement = "Conditional" if dynamic and replacement != "True" else "True"
        causes = _causes(
            before.get(name, _MISSING), resource.properties.get(name, _MISSING), old_parameters, parameters
        )
        target = {
            "Attribute": "Tags" if name == "Tags" else "Properties",
            **({"Name": name} if name != "Tags" else {}),
            "RequiresRecreation": ("Conditionally" if dynamic else "Always") if anew else "Never",
            "Path": f"/Properties/{name}",
            **_values(had["properties"].get(name, _MISSING), props.get(name, _MISSING)),
        }
        for source, entity in causes:
            details.append(
                {
                    "Target": target,
                    "Evaluation": "Dynamic" if dynamic else "Static",
                    "ChangeSource": source,
                    **({"CausingEntity": entity} if entity else {}),
                }
            )
    for said in scope:
        if said not in ("Properties", "Tags"):
            target = {"Attribute": said, "RequiresRecreation": "Never", "Path": f"/{said}"}
            details.append({"Target": target, "Evaluation": "Static", "ChangeSource": "DirectModification"})
    if had["type"] != resource.type:
        replacement = "True"
    policy = ""
    if replacement != "False":
        policy = "ReplaceAndRetain" if resource.replace.startswith("Retain") else "ReplaceAndDelete"
    return Change(
        "Modify",
        resource.name,
        resource.type,
        had["physical"],
        replacement,
        policy,
        scope,
        details,
        _shown(had),
        _context(resource, props),
    )


def _causes(
    before: Any, after: Any, old_parameters: Mapping[str, str], parameters: Mapping[str, str]
) -> list[tuple[str, str]]:
    """Why a property is another: (ChangeSource, CausingEntity)."""
    if before is _MISSING or after is _MISSING or before != after:
        return [("DirectModification", "")]
    found = []
    for one in references(after):
        if one.name in parameters:
            if old_parameters.get(one.name) != parameters[one.name]:
                found.append(("ParameterReference", one.name))
        elif one.attribute:
            found.append(("ResourceAttribute", f"{one.name}.{one.attribute}"))
        elif not one.name.startswith("AWS::"):
            found.append(("ResourceReference", one.name))
    return list(dict.fromkeys(found)) or [("DirectModification", "")]


def _values(before: Any, after: Any) -> dict[str, str]:
    found = {"AttributeChangeType": "Add" if before is _MISSING else "Remove" if after is _MISSING else "Modify"}
    if before is not _MISSING:
        found["BeforeValue"] = _text(before)
    if after is not _MISSING:
        found["AfterValue"] = _text(after)
    return found


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def _context(resource: Resource, props: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {"Properties": dict(props)}
    if resource.metadata:
        found["Metadata"] = resource.metadata
    if resource.deletion != "Delete":
        found["DeletionPolicy"] = resource.deletion
    if resource.replace != "Delete":
        found["UpdateReplacePolicy"] = resource.replace
    return found


def _shown(had: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {"Properties": dict(had["properties"])}
    if had["metadata"]:
        found["Metadata"] = had["metadata"]
    if had["deletion"] != "Delete":
        found["DeletionPolicy"] = had["deletion"]
    if had["replace"] != "Delete":
        found["UpdateReplacePolicy"] = had["replace"]
    return found
