"""A workflow as a Terraform module.

In: what was built. Out: `.tf` files, the definition, zips, assets. Touches: the folder that is written.

The module is made from the two templates, resource by resource (`terraform_types`), so that it holds what `deploy`
makes and nothing else. What all workflows of a stage share is made unless `create_shared` says that it is there.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from stepmill.deploy import naming
from stepmill.deploy.exports import parts
from stepmill.deploy.exports.hcl import Block, Expression, call, document, escaped
from stepmill.deploy.exports.terraform_types import TYPES, Resource
from stepmill.deploy.exports.terraform_values import Properties, References, snake
from stepmill.deploy.refusals import DeployRefused
from stepmill.deploy.templates.app import text_of

if TYPE_CHECKING:
    from stepmill.deploy.build import Built

_DEFINITION: Final = "definition.asl.json"
_OBJECTS: Final = "aws_s3_object.assets"
_ROLES: Final = ("aws_iam_role", "aws_iam_role_policy")


def terraform(built: Built, folder: Path) -> tuple[str, ...]:
    """Write the module into an empty folder; notes on what Terraform cannot do are given back.

    Raises DeployRefused when a template holds what has no form in Terraform yet.
    """
    zips = {logical: f"functions/{logical}.zip" for logical in parts.functions(built)}
    (folder / "functions").mkdir(exist_ok=True)
    for logical, asset in parts.functions(built).items():
        asset.write(folder / zips[logical])
    parts.put_assets(built, folder, without=parts.functions(built).values())
    parts.put_contexts(built, folder)
    assets = (folder / "assets").exists()
    for name, text in files(built, zips, assets=assets).items():
        parts.put(folder, name, text)
    notes = tuple(_notes(built))
    parts.put(folder, "README.md", _readme(built, notes))
    return notes


def files(built: Built, zips: Mapping[str, str], *, assets: bool = True) -> dict[str, str]:
    """The module's texts by name. zips: logical id of a function → path of its zip. assets: there are any."""
    app, base = built.app.body["Resources"], built.base["Resources"]
    if both := set(app) & set(base):
        raise DeployRefused(f"{min(both)} is in both stacks, which one module cannot hold")
    types = {logical: made["Type"] for logical, made in {**app, **base}.items()}
    references = References(types, base, naming.bucket(built.stage))
    maker = _Maker(built, references, zips, assets)
    own = [block for logical, made in app.items() for block in maker.blocks(logical, made)]
    shared = [block for logical, made in base.items() for block in maker.blocks(logical, made)]
    roles = [block for block in own if block.labels[0] in _ROLES]
    rest = [block for block in own if block.labels[0] not in _ROLES]
    found = {
        "versions.tf": document([_versions()]),
        "variables.tf": document(_variables(built)),
        "main.tf": document([*_surroundings(built), *rest]),
        "roles.tf": document(roles),
        "shared.tf": document([*shared, *([_objects(base)] if assets else [])]),
        "outputs.tf": document(_outputs(built, references)),
        _DEFINITION: text_of(json.loads(built.bundle.template)),
    }
    return {name: text for name, text in found.items() if text}


class _Maker:
    """Turns resources into blocks, and adds what Terraform must be told and CloudFormation knows by itself."""

    def __init__(self, built: Built, references: References, zips: Mapping[str, str], assets: bool) -> None:
        self._built = built
        self._assets = assets
        self._references = references
        self._zips = zips
        both = {**built.app.body["Resources"], **built.base["Resources"]}
        self._with_rights = [
            logical
            for logical, made in both.items()
            if made["Type"] == "AWS::IAM::Role" and made["Properties"].get("Policies")
        ]

    def blocks(self, logical: str, made: Mapping[str, Any]) -> list[Block]:
        kind, own = made["Type"], logical in self._built.app.body["Resources"]
        if kind not in TYPES:
            raise DeployRefused(f"{logical} is an {kind}, which has no form in Terraform yet")
        found = dict(made["Properties"])
        if "Tags" in found:
            found["Tags"] = Expression("local.tags" if own else "local.shared_tags")
        properties = Properties(logical, found, self._references)
        stack = naming.stack(self._built.bundle, self._built.stage) if own else naming.base_stack(self._built.stage)
        resource = Resource(logical, properties, stack=stack, definition=self._definition(), zips=self._zips)
        blocks = TYPES[kind](resource)
        properties.done()
        for block in blocks:
            if not own:
                block.body.insert(0, ("count", Expression("var.create_shared ? 1 : 0")))
            if kind != "AWS::IAM::Role" and (first := self._first(kind, made["Properties"])):
                block.body.append(("depends_on", [Expression(each) for each in first]))
        return blocks

    def _first(self, kind: str, properties: Mapping[str, Any]) -> list[str]:
        """What must be there before, though no value says so: the policies of roles, without which nothing is created
        that checks its rights; and code and data of the jobs, before a machine starts them."""
        text = json.dumps(properties)
        found = [
            self._references.address(role, "aws_iam_role_policy").removesuffix("[0]")
            for role in self._with_rights
            if json.dumps({"Fn::GetAtt": [role, "Arn"]}) in text
        ]
        return [*found, *([_OBJECTS] if self._assets and kind == "AWS::StepFunctions::StateMachine" else [])]

    def _definition(self) -> Expression:
        """The file, with the names filled in: `templatefile` would read the definition's own `${…}` and `%{`."""
        names = naming.value(naming.bindings(self._built.bundle, self._built.stage))
        file = f'file("${{path.module}}/{_DEFINITION}")'
        if not names:
            return Expression(file)
        lines = []
        for name, bound in names.items():
            value = self._references.value(bound)
            said = value.text if isinstance(value, Expression) else f'"{escaped(value)}"'
            lines.append(f'"$${{{name}}}", {said})')
        indented = ",\n".join([*(f"  {line}" for line in lines[:-1]), lines[-1]])
        return Expression(f"{'replace(' * len(lines)}\n  {file},\n{indented}")


def _versions() -> Block:
    aws = {"source": "hashicorp/aws", "version": ">= 5.100"}
    providers = Block("required_providers", body=[("aws", aws)])
    return Block("terraform", body=[("required_version", ">= 1.3"), providers])


def _variables(built: Built) -> Iterator[Block]:
    stage = built.stage
    shared = (
        f"Make what the workflows of the stage {stage.name} share: bucket, repository, build project. "
        "False when another module or `stepmill deploy` has made them."
    )
    yield Block(
        "variable",
        ("create_shared",),
        [("description", shared), ("type", Expression("bool")), ("default", True)],
    )
    yield Block(
        "variable",
        ("tags",),
        [("description", "More tags for everything."), ("type", Expression("map(string)")), ("default", {})],
    )


def _surroundings(built: Built) -> Iterator[Block]:
    stage = built.stage
    identity = Block("data", ("aws_caller_identity", "current"))
    if stage.expected_account is not None:
        said = f"The stage {stage.name} is the account {stage.expected_account}; these credentials are of another."
        check: list[tuple[str, Any] | Block] = [
            ("condition", Expression(f'self.account_id == "{stage.expected_account}"')),
            ("error_message", said),
        ]
        identity.body.append(Block("lifecycle", body=[Block("postcondition", body=check)]))
    yield identity
    yield Block("data", ("aws_partition", "current"))
    yield Block("data", ("aws_region", "current"))
    bucket = References({}, (), "").value(naming.value(naming.bucket(stage)))
    yield Block(
        "locals",
        body=[
            ("account", Expression("data.aws_caller_identity.current.account_id")),
            ("partition", Expression("data.aws_partition.current.partition")),
            ("dns_suffix", Expression("data.aws_partition.current.dns_suffix")),
            ("region", Expression("data.aws_region.current.id")),
            ("bucket", bucket),
            ("shared_tags", _merged(naming.tags(None, stage))),
            ("tags", _merged(naming.tags(built.bundle, stage))),
        ],
    )


def _merged(tags: Mapping[str, str]) -> Expression:
    said = call("merge", dict(sorted(tags.items()))).text
    return Expression(f"{said[:-1]}, var.tags)")


def _objects(base: Mapping[str, Any]) -> Block:
    body: list[tuple[str, Any] | Block] = [
        ("for_each", Expression('fileset("${path.module}/assets", "**")')),
        ("bucket", Expression("local.bucket")),
        ("key", Expression("each.value")),
        ("source", Expression('"${path.module}/assets/${each.value}"')),
        ("source_hash", Expression('filesha256("${path.module}/assets/${each.value}")')),
    ]
    if "Bucket" in base:
        body.append(("depends_on", [Expression("aws_s3_bucket.bucket")]))
    block = Block("resource", tuple(_OBJECTS.split(".")), body)
    block.comment = "Code and data of the jobs, each under a key that says what it is."
    return block


def _outputs(built: Built, references: References) -> Iterator[Block]:
    rows = {
        "state_machine_arn": ("The state machine.", references.value({"Ref": "Machine"})),
        "live_arn": ("Its alias, through which executions are started.", references.value({"Ref": "Live"})),
        "bucket": ("Where data, code and results lie.", Expression("local.bucket")),
    }
    if "Topic" in built.app.body["Resources"]:
        rows["topic_arn"] = ("Hears of executions that failed.", references.value({"Ref": "Topic"}))
    for name, (said, value) in rows.items():
        yield Block("output", (name,), [("description", said), ("value", value)])


def _notes(built: Built) -> Iterator[str]:
    stage = built.stage
    if stage.deployment != "all-at-once":
        yield (
            f"the stage {stage.name} moves its alias {stage.deployment}; Terraform moves it at once, "
            "and no alarm rolls it back"
        )


def _readme(built: Built, notes: tuple[str, ...]) -> str:
    module = snake(naming.app(built.bundle)).replace("-", "_")
    told = "".join(f"\n{note[0].upper()}{note[1:]}.\n" for note in notes)
    return (
        f"{parts.heading(built, 'a Terraform module')}{told}\n"
        "Use it from a configuration of yours, whose provider says the region:\n\n"
        f'```hcl\nmodule "{module}" {{\n  source = "./path/to/this/folder"\n}}\n```\n\n'
        "or by itself:\n\n"
        f"```sh\n{parts.variables(built)}terraform init\nterraform apply\n```\n\n"
        "`create_shared = false` when the bucket, the repository and the build project of the stage are there already. "
        "`terraform destroy` ends with an error at a bucket or a repository that still holds something; take it out of "
        "the state first to keep it.\n"
        f"{parts.images_told(built)}"
        f"{parts.starting_told('$(terraform output -raw live_arn)')}"
    )
