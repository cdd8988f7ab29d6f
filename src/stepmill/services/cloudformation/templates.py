"""A template: read, held against what CloudFormation allows, and put in order.

In: text. Out: Template, or ServiceError (ValidationError) in CloudFormation's words. Touches: imports PyYAML, if it is
installed, for a template that is no JSON.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-anatomy.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from typing import Any, Final

from stepmill.nearest import nearest
from stepmill.services.cloudformation.kinds.table import KINDS
from stepmill.services.cloudformation.values import (
    CONDITIONS,
    FUNCTIONS,
    PSEUDO,
    Reference,
    conditions_in,
    function_of,
    invalid,
    references,
)

_SECTIONS: Final = frozenset(
    {"AWSTemplateFormatVersion", "Conditions", "Description", "Mappings", "Metadata", "Outputs", "Parameters"}
    | {"Resources"}
)
_NOT_HERE: Final = ("Transform", "Rules", "Hooks")
_OF_RESOURCE: Final = frozenset(
    {"Condition", "CreationPolicy", "DeletionPolicy", "DependsOn", "Metadata", "Properties", "Type", "UpdatePolicy"}
    | {"UpdateReplacePolicy"}
)
_DELETION: Final = ("Delete", "Retain", "RetainExceptOnCreate", "Snapshot")


@dataclass(frozen=True)
class Resource:
    """One resource as the template has it: `properties` are not resolved."""

    name: str
    type: str
    properties: dict[str, Any]
    condition: str | None
    depends: tuple[str, ...]
    deletion: str
    replace: str
    metadata: dict[str, Any]


@dataclass(frozen=True)
class Template:
    """A template whose names all lead somewhere. `resources` are in order: each comes after what it needs."""

    text: str
    description: str
    parameters: dict[str, dict[str, Any]]
    mappings: dict[str, Any]
    conditions: dict[str, Any]
    resources: dict[str, Resource]
    outputs: dict[str, dict[str, Any]]
    metadata: dict[str, Any]


def parse(text: str) -> Template:
    """Read and check a template."""
    body = _read(text)
    for section in _NOT_HERE:
        if section in body:
            raise invalid(f"{section} is not run on this machine; send a template without it")
    if extra := sorted(body.keys() - _SECTIONS):
        raise invalid(f"Invalid template property or properties [{', '.join(extra)}]")
    found = Template(
        text,
        str(body.get("Description") or ""),
        _section(body, "Parameters"),
        _section(body, "Mappings"),
        _section(body, "Conditions"),
        {name: _resource(name, one) for name, one in _section(body, "Resources").items()},
        _section(body, "Outputs"),
        _section(body, "Metadata"),
    )
    if not found.resources:
        raise invalid("Template format error: At least one Resources member must be defined.")
    _types(found)
    _functions([one.properties for one in found.resources.values()] + list(found.outputs.values()))
    _names(found)
    _conditions(found)
    return Template(**{**vars(found), "resources": _ordered(found)})


def needs(template: Template, resource: Resource) -> set[str]:
    """The resources that must be there before this one, by name."""
    led = {reference.name for reference in references(resource.properties)}
    return {name for name in (*led, *resource.depends) if name in template.resources}


def _read(text: str) -> dict[str, Any]:
    try:
        body = json.loads(text)
    except ValueError as fault:
        if text.lstrip()[:1] == "{":
            where = f" (line {fault.lineno}, column {fault.colno})" if isinstance(fault, json.JSONDecodeError) else ""
            raise invalid(f"Template format error: JSON not well-formed.{where}") from None
        body = _yaml(text)
    if not isinstance(body, dict):
        raise invalid("Template format error: unsupported structure.")
    return body


def _yaml(text: str) -> Any:
    try:
        import yaml
    except ImportError:
        raise invalid(
            "Template format error: this machine reads JSON; a YAML template needs PyYAML: pip install pyyaml"
        ) from None

    loads: Any = type("Loader", (yaml.SafeLoader,), {})  # with CloudFormation's short forms, `!Ref` and its like

    def short(loader: Any, suffix: str, node: Any) -> Any:
        if isinstance(node, yaml.ScalarNode):
            value: Any = loader.construct_scalar(node)
        elif isinstance(node, yaml.SequenceNode):
            value = loader.construct_sequence(node, deep=True)
        else:
            value = loader.construct_mapping(node, deep=True)
        return {suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}": value}

    # a version such as 2012-10-17 is text, as CloudFormation reads it
    loads.yaml_implicit_resolvers = {
        first: [pair for pair in pairs if pair[0] != "tag:yaml.org,2002:timestamp"]
        for first, pairs in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }
    loads.add_multi_constructor("!", short)
    try:
        return yaml.load(text, loads)  # noqa: S506 - a SafeLoader with the short forms
    except yaml.YAMLError as fault:
        mark = getattr(fault, "problem_mark", None)
        where = f" (line {mark.line + 1}, column {mark.column + 1})" if mark is not None else ""
        raise invalid(f"Template format error: YAML not well-formed.{where}") from None


def _section(body: Mapping[str, Any], name: str) -> dict[str, Any]:
    found = body.get(name)
    if found is None:
        return {}
    if not isinstance(found, dict) or not all(isinstance(one, dict) for one in found.values() if name != "Metadata"):
        raise invalid(f"Template format error: every {name} member must be an object.")
    if name in ("Resources", "Outputs", "Parameters"):
        for key in found:
            if not key.isalnum() or not key.isascii():
                raise invalid(f"Template format error: {name[:-1]} name {key} is non alphanumeric.")
    return found


def _resource(name: str, body: Mapping[str, Any]) -> Resource:
    if extra := sorted(body.keys() - _OF_RESOURCE):
        raise invalid(f"Invalid template resource property '{extra[0]}'")
    kind, given = body.get("Type"), body.get("Properties") or {}
    if not isinstance(kind, str):
        raise invalid(f"Template format error: [/Resources/{name}] Every Resources object must contain a Type member.")
    if not isinstance(given, dict):
        raise invalid(f"Template format error: [/Resources/{name}/Properties] 'null' values are not allowed")
    depends = body.get("DependsOn") or []
    for policy in ("DeletionPolicy", "UpdateReplacePolicy"):
        if body.get(policy, "Delete") not in _DELETION:
            raise invalid(f"Template format error: Unrecognized {policy} {body[policy]} for resource {name}")
    return Resource(
        name,
        kind,
        given,
        body.get("Condition"),
        tuple([depends] if isinstance(depends, str) else depends),
        str(body.get("DeletionPolicy", "Delete")),
        str(body.get("UpdateReplacePolicy", "Delete")),
        dict(body.get("Metadata") or {}),
    )


def _types(template: Template) -> None:
    lost = sorted({one.type for one in template.resources.values()} - KINDS.keys())
    if lost:
        near = nearest(lost[0], KINDS)
        hint = f" Did you mean {near}?" if near else ""
        raise invalid(f"Template format error: Unrecognized resource types: [{', '.join(lost)}].{hint}")
    for one in template.resources.values():
        kind = KINDS[one.type]
        if function_of(one.properties) is not None:
            raise invalid(f"Template format error: the properties of {one.name} must be an object")
        if extra := sorted(one.properties.keys() - set(kind.properties.split())):
            near = nearest(extra[0], kind.properties.split())
            hint = f" Did you mean {near}?" if near else ""
            raise invalid(
                f"Properties validation failed for resource {one.name} with message: #: extraneous key [{extra[0]}] is "
                f"not permitted.{hint}"
            )
        if missing := [name for name in kind.required.split() if name not in one.properties]:
            raise invalid(
                f"Properties validation failed for resource {one.name} with message: #: required key [{missing[0]}] "
                "not found"
            )


def _functions(value: Any) -> None:
    name = function_of(value)
    if name is not None and name.startswith("Fn::") and name not in FUNCTIONS:
        if name in CONDITIONS:
            raise invalid(f"Template error: {name} is only allowed in Conditions")
        raise invalid(f"Template error: {name} is not answered on this machine")
    for part in value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ():
        _functions(part)


def _names(template: Template) -> None:
    for section, holders in (
        ("Resources", [one.properties for one in template.resources.values()]),
        ("Outputs", list(template.outputs.values())),
    ):
        found = [reference for holder in holders for reference in references(holder)]
        if section == "Resources":
            found += [Reference(name) for one in template.resources.values() for name in one.depends]
        lost = sorted({one.name for one in found if not _leads(template, one)})
        if lost:
            names = ", ".join(lost)
            raise invalid(
                f"Template format error: Unresolved resource dependencies [{names}] in the {section} block of the "
                "template"
            )
        for one in found:
            if not one.attribute:
                continue
            if one.attribute not in KINDS[template.resources[one.name].type].attributes.split():
                raise invalid(
                    f"Template error: resource {one.name} does not support attribute type {one.attribute} in Fn::GetAtt"
                )


def _leads(template: Template, reference: Reference) -> bool:
    if reference.name in template.resources:
        return True
    return not reference.attribute and (reference.name in template.parameters or reference.name in PSEUDO)


def _conditions(template: Template) -> None:
    asked = [one.condition for one in template.resources.values() if one.condition]
    asked += [str(one["Condition"]) for one in template.outputs.values() if "Condition" in one]
    for holder in (*(one.properties for one in template.resources.values()), *template.outputs.values()):
        asked += conditions_in(holder)
    for name in asked:
        if name not in template.conditions:
            raise invalid(f"Template format error: Unresolved condition dependency {name} in the Resources block")
    graph: dict[str, set[str]] = {}
    for name, body in template.conditions.items():
        graph[name] = set(conditions_in(body))
        if lost := sorted(graph[name] - template.conditions.keys()):
            raise invalid(f"Template format error: Unresolved condition dependency {lost[0]} in the Conditions block")
        for reference in references(body):
            if reference.name not in template.parameters and reference.name not in PSEUDO:
                raise invalid(
                    f"Template error: Conditions can only refer to parameters; {name} refers to {reference.name}"
                )
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as circle:
        raise invalid(
            f"Template error: Found circular condition dependency: {', '.join(circle.args[1][:-1])}"
        ) from None


def _ordered(template: Template) -> dict[str, Resource]:
    graph = {name: sorted(needs(template, one)) for name, one in template.resources.items()}
    try:
        order = list(TopologicalSorter(graph).static_order())
    except CycleError as circle:
        names = sorted(set(circle.args[1]))
        raise invalid(f"Circular dependency between resources: [{', '.join(names)}]") from None
    return {name: template.resources[name] for name in order}
