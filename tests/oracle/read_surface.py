"""Run by an interpreter that has stepfunctions 2.3.0: lists what a program can import from it and say to it.

In: the file to write. Out: JSON: module → name → what it is: `args` (a list of [name, default], REQUIRED without one),
`fields` (the keyword fields a state or block takes), `methods` (name → args), `members` of an enumeration, `attributes`
its constructor sets, `bases`; for a name that a package only hands on, the module it is at home in. Touches: nothing.
"""

import ast
import enum
import importlib
import inspect
import json
import pkgutil
import sys
import textwrap
import warnings
from pathlib import Path

warnings.filterwarnings("ignore")

import stepfunctions  # noqa: E402

REQUIRED = "«required»"


def said(default):
    """A default as JSON: plain values as they are, members of enumerations by name, all else by its text."""
    if default is inspect.Parameter.empty:
        return REQUIRED
    if isinstance(default, enum.Enum):
        return f"{type(default).__name__}.{default.name}"
    return default if isinstance(default, str | int | float | bool | list | dict | None) else repr(default)


def arguments(function):
    """[name, default] in order, without self; what `**kwargs` takes is in `fields`."""
    found = inspect.signature(function).parameters.values()
    plain = (one for one in found if one.kind is not one.VAR_KEYWORD and one.name not in ("self", "cls"))
    return [[one.name, said(one.default)] for one in plain]


def fields(kind):
    """The keyword fields of a block. Asking needs no object's state, only its class."""
    if not hasattr(kind, "allowed_fields"):
        return []
    return sorted(field.value for field in kind.allowed_fields(object.__new__(kind)))


def attributes(kind):
    """What its own constructor leaves on an object."""
    if not inspect.isfunction(vars(kind).get("__init__")):
        return []
    tree = ast.parse(textwrap.dedent(inspect.getsource(kind.__init__)))
    stored = (
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store) and ast.unparse(node.value) == "self"
    )
    return sorted({name for name in stored if not name.startswith("_")})


def describe(thing):
    """What is said of one name; empty parts are left out, and inherited ones stand at the base."""
    if not inspect.isclass(thing):
        return {"args": arguments(thing)}
    if issubclass(thing, enum.Enum):
        return {"members": {member.name: member.value for member in thing}}
    said_of = {"bases": [base.__name__ for base in thing.__bases__]}
    if issubclass(thing, tuple | Exception):
        return said_of
    methods = {
        name: arguments(getattr(thing, name))
        for name, member in vars(thing).items()
        if not name.startswith("_") and (inspect.isfunction(member) or isinstance(member, classmethod | staticmethod))
    }
    said_of |= {
        "args": arguments(thing.__init__) if thing.__init__ is not object.__init__ else {},
        "fields": fields(thing),
        "methods": methods,
        "attributes": attributes(thing),
    }
    return {name: value for name, value in said_of.items() if value}


PACKAGES = ("stepfunctions.steps", "stepfunctions.inputs", "stepfunctions.workflow", "stepfunctions.template",
            "stepfunctions.template.pipeline")  # fmt: skip


def main(target):
    found = {}
    for module in pkgutil.walk_packages(stepfunctions.__path__, "stepfunctions."):
        loaded = importlib.import_module(module.name)
        kinds = (
            (name, thing) for name, thing in vars(loaded).items() if inspect.isclass(thing) or inspect.isfunction(thing)
        )
        for name, thing in sorted(kinds):
            if thing.__module__ == module.name and not name.startswith("_"):
                found.setdefault(module.name, {})[name] = describe(thing)
            elif module.name in PACKAGES and thing.__module__.startswith("stepfunctions."):
                found.setdefault(module.name, {})[name] = thing.__module__
    found["stepfunctions"] = {"set_stream_logger": describe(stepfunctions.set_stream_logger)}
    Path(target).write_text(text(found), encoding="utf-8")


def text(found):
    """A name a line, so that a difference can be read."""
    lines = []
    for module, names in sorted(found.items()):
        rows = (f"  {json.dumps(name)}: {json.dumps(row, ensure_ascii=False)}" for name, row in sorted(names.items()))
        lines.append(f"{json.dumps(module)}: {{\n" + ",\n".join(rows) + "\n}")
    return "{\n" + ",\n".join(lines) + "\n}\n"


main(sys.argv[1])
