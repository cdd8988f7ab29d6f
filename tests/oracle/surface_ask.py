"""Run by an interpreter that has stepfunctions 2.3.0: what that SDK shows to the programs that import it.

In: the file to write. Out: JSON there, module → name → what it takes and has; `surface.json` beside this file keeps it.
Touches: no network.

A name belongs to the module that defines it; a package may show it too ("from"). Arguments stand in their order, with
their defaults. `keywords` are those that go through `**kwargs`: a state's allowed fields, the optional arguments of its
bases, and what the constructor looks for by name. A field that the constructor overwrites unread is no argument.
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

PROTOCOLS = ("__contains__", "__getitem__", "__iter__", "_repr_html_")


def modules():
    yield stepfunctions
    for found in pkgutil.walk_packages(stepfunctions.__path__, "stepfunctions."):
        yield importlib.import_module(found.name)


def shown(default):
    return f"{type(default).__name__}.{default.name}" if isinstance(default, enum.Enum) else repr(default)


def arguments(function, *, bound):
    said = []
    for parameter in list(inspect.signature(function).parameters.values())[1 if bound else 0 :]:
        if parameter.kind is parameter.VAR_KEYWORD:
            continue
        default = "" if parameter.default is parameter.empty else f"={shown(parameter.default)}"
        star = "*" if parameter.kind is parameter.VAR_POSITIONAL else ""
        said.append(f"{star}{parameter.name}{default}")
    return said


def tree(thing):
    return ast.parse(textwrap.dedent(inspect.getsource(thing)))


def text(node):
    """The text a subscript or argument stands for: a literal, or `Field.Name.value`."""
    if isinstance(node, ast.Constant):
        return node.value
    from stepfunctions.steps.fields import Field

    said = ast.unparse(node)
    return Field[said.split(".")[1]].value if said.startswith("Field.") else None


def of_kwargs(init, context):
    """The keys of kwargs that a constructor reads or writes itself."""
    for node in ast.walk(tree(init)):
        if isinstance(node, ast.Subscript) and ast.unparse(node.value) == "kwargs" and isinstance(node.ctx, context):
            yield text(node.slice)
        called = isinstance(node, ast.Call) and ast.unparse(node.func) in ("kwargs.get", "kwargs.pop")
        if called and context is ast.Load and isinstance(node.args[0], ast.Constant):
            yield text(node.args[0])


def keywords(cls):
    inits = [vars(base)["__init__"] for base in cls.__mro__[:-1] if inspect.isfunction(vars(base).get("__init__"))]
    if not inits or not any(p.kind is p.VAR_KEYWORD for p in inspect.signature(inits[0]).parameters.values()):
        return []
    taken, refused = set(), set()
    if hasattr(cls, "allowed_fields"):
        taken |= {field.value for field in cls.allowed_fields(object.__new__(cls))}
    for init in inits:
        reads, writes = set(of_kwargs(init, ast.Load)), set(of_kwargs(init, ast.Store))
        taken |= reads
        refused |= writes - reads
    for init in inits[1:]:
        taken |= {p.name for p in inspect.signature(init).parameters.values() if p.default is not p.empty}
    taken |= set(getattr(cls, f"_{cls.__name__}__allowed_kwargs", ()))
    own = {said.partition("=")[0] for said in arguments(inits[0], bound=True)}
    return sorted(taken - refused - own)


def attributes(cls):
    found = {key for key, value in vars(cls).items() if isinstance(value, property)}
    if inspect.isfunction(init := vars(cls).get("__init__")):
        for node in ast.walk(tree(init)):
            for target in getattr(node, "targets", ()):
                if isinstance(target, ast.Attribute) and ast.unparse(target.value) == "self":
                    found.add(target.attr)
    return sorted(name for name in found if not name.startswith("_"))


def methods(cls):
    for name, value in vars(cls).items():
        if name in PROTOCOLS or not name.startswith("_"):
            if isinstance(value, (classmethod, staticmethod)):
                yield name, arguments(value.__func__, bound=isinstance(value, classmethod))
            elif inspect.isfunction(value):
                yield name, arguments(value, bound=True)


def described(thing):
    if not inspect.isclass(thing):
        return {"kind": "function", "arguments": arguments(thing, bound=False)}
    if issubclass(thing, enum.Enum):
        return {"kind": "enum", "members": {member.name: member.value for member in thing}}
    bases = [base.__name__ for base in thing.__bases__ if base is not object]
    if issubclass(thing, tuple):
        return {"kind": "tuple", "arguments": list(thing._fields)}
    if issubclass(thing, Exception):
        return {"kind": "exception", "bases": bases}
    said = {"kind": "class", "bases": bases}
    own = str(getattr(thing.__init__, "__module__", "")).startswith("stepfunctions")
    said["arguments"] = arguments(thing.__init__, bound=True) if own else []
    said["keywords"] = keywords(thing)
    said["methods"] = dict(sorted(methods(thing)))
    said["attributes"] = attributes(thing)
    return said


def names(module):
    package = Path(module.__file__).name == "__init__.py"
    plain = {
        target.id
        for node in tree(module).body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for name, value in sorted(vars(module).items()):
        if name.startswith("_"):
            continue
        home = getattr(value, "__module__", None)
        if inspect.isclass(value) or inspect.isfunction(value):
            if home == module.__name__:
                yield name, described(value)
            elif package and str(home).startswith("stepfunctions."):
                yield name, {"kind": "from", "module": home}
        elif name in plain:
            yield name, {"kind": "value"}


def written(surface):
    """JSON with one line for what belongs together, so that a person can read a difference."""
    lines = ["{"]
    for module, found in surface.items():
        lines.append(f"  {json.dumps(module)}: {{")
        for name, said in found.items():
            parts = ",\n      ".join(f"{json.dumps(key)}: {json.dumps(value)}" for key, value in said.items())
            lines.append(f"    {json.dumps(name)}: {{\n      {parts}\n    }}{'' if name == list(found)[-1] else ','}")
        lines.append(f"  }}{'' if module == list(surface)[-1] else ','}")
    return "\n".join([*lines, "}", ""])


if __name__ == "__main__":
    found = {module.__name__: dict(names(module)) for module in sorted(modules(), key=lambda module: module.__name__)}
    Path(sys.argv[1]).write_text(written(found), encoding="utf-8")
