"""Writes the pages that are made from the code: `python tools/make_docs.py`, or `--check` to say which are not current.

In: the tables and docstrings of the code, the old SDK's names, the headings of decisions. Out: pages in docs/reference,
docs/decisions/README.md. Touches: those pages alone. A page that needs judgement is written by hand and does not belong
here.
"""

from __future__ import annotations

import dataclasses
import enum
import importlib
import inspect
import re
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

DOCS = Path(__file__).resolve().parents[1] / "docs"
WIDTH = 110
ROOMS = {
    "stepmill.steps": "The states of a pipeline and what joins them. All of these but `Bundle`, `FunctionSource`, "
    "`ImageSource`, `Manifest`, `State` and `compile` can also be imported from `stepmill` itself.",
    "stepmill.sagemaker": "Descriptions of SageMaker jobs.",
    "stepmill.inputs": "Values known only at run time.",
    "stepmill.workflow": "What a user holds. `loading` is what `stepmill run` imports a file under.",
    "stepmill.template": "Whole pipelines, ready-made, as the old SDK has them.",
    "stepmill.local": "This machine's stage, for programs that want more than `Workflow` gives.",
    "stepmill.deploy.rights.policy": "What the roles of a pipeline must be allowed on AWS.",
    "stepmill.testing": "A world of scripted tasks and a clock that jumps, for tests of definitions.",
    "stepmill.callbacks.slack": "One file of the standard library that a job can carry to AWS.",
}
COMPILERS = {"build", "check_read", "links", "machines", "version"}  # methods between a state and the compiler


def integrations() -> str:
    """What a Task state can call, with what its role needs for it."""
    from stepmill.asl.integrations import INTEGRATIONS

    waits = {"request": "the answer", "sync": "the job's end", "token": "the task token"}
    rows = [
        f"| `{row.arn}` | {waits[row.pattern]} | `{row.error_prefix}.…` | {', '.join(f'`{a}`' for a in row.actions)} |"
        for row in INTEGRATIONS
    ]
    return "\n".join(
        [
            "# What a Task state can call",
            "",
            "Made from `src/stepmill/asl/integrations.py` by `make docs`. Anything else is refused by name before",
            "a run begins. Permissions are what the state machine's role needs on AWS; on which resources, and how a",
            "run here is held to them, is in [Least rights](../howto/least-rights.md).",
            "",
            "Beside these rows, `arn:aws:states:::aws-sdk:<service>:<operation>` calls any operation that is answered",
            "on this machine: those of Step Functions (`sfn`), SageMaker, Lambda and S3 that are listed below, and of",
            'other services what moto has (`pip install "stepmill[serve]"`), which keeps it in memory. Services and',
            "operations are named as the AWS SDK for Java 2 names them.",
            "[What differs](../parity.md#other-services-of-aws).",
            "",
            "| Resource | Waits for | Its errors | Permissions |",
            "|---|---|---|---|",
            *rows,
            "",
            "A function's own ARN as Resource calls the function, as on AWS.",
            "",
            "## Operations answered on this machine",
            "",
            "What `Local.call(service, operation, request)` answers, and `stepmill serve` over HTTP. Any other",
            "operation of these services is refused by name, except of `sagemaker` and `sts`: those are moto's, as are",
            "all other services.",
            "",
            "| Service | Operation | What it does here |",
            "|---|---|---|",
            *operations(),
            "",
        ]
    )


def operations() -> Iterator[str]:
    """A row for every operation that a service of this machine answers."""
    from stepmill.services.reach import PROVIDERS

    for service, paths in PROVIDERS.items():
        providers = [path.rpartition(".") for path in paths]
        found = {
            answered: paragraph(method)
            for module, _, name in providers
            for _, method in inspect.getmembers(getattr(importlib.import_module(f"stepmill.services.{module}"), name))
            if (answered := getattr(method, "__stepmill_operation__", None))
        }
        for answered, said in sorted(found.items()):
            yield f"| `{service}` | `{answered}` | {said} |"


def python() -> str:
    """Every public name with its signature and what its docstring says first."""
    lines = [
        "# Python",
        "",
        "Made from the docstrings by `make docs`. Names that are not here are not public and may change without a",
        "word. How they are used is in [the tour](../tour.md) and in",
        "[Use it from Python](../howto/use-it-from-python.md).",
        "",
    ]
    for room, purpose in ROOMS.items():
        module = importlib.import_module(room)
        lines += [f"## {room}", "", purpose, ""]
        names = getattr(module, "__all__", None) or [n for n, v in vars(module).items() if own(module, n, v)]
        for name in sorted(names):
            thing = getattr(module, name)
            if inspect.isclass(thing) or inspect.isfunction(thing):
                lines += [f"### {name}", "", *described(name, thing), ""]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines))


def own(module: Any, name: str, thing: Any) -> bool:
    """Whether a module without `__all__` itself makes this public name."""
    return not name.startswith("_") and getattr(thing, "__module__", "") == module.__name__


def described(name: str, thing: Any) -> Iterator[str]:
    """One class or function."""
    if not (inspect.isclass(thing) and issubclass(thing, Exception)):
        yield from ("```text", *signature(name, thing), "```", "")
    yield from prose(thing)
    if not inspect.isclass(thing):
        return
    bases = [base.__name__ for base in thing.__mro__[1:] if base.__module__.startswith("stepmill")]
    public = next((base for base in bases if base in exported()), None)
    if public and not issubclass(thing, Exception):
        yield from ("", f"And what [{public}](#{public.lower()}) has.")
    rows, rules = [], []
    for key, member in sorted(members(thing).items()):
        function = member.fget if isinstance(member, property) else getattr(member, "__func__", member)
        said = paragraph(function)
        if said.startswith("ASL's `"):
            rules.append(key)
        elif isinstance(member, property):
            rows.append(f"- `{key}`: {said}")
        else:
            rows.append(f"- `{' '.join(part.strip() for part in signature(key, function, bound=True))}`: {said}")
    if rules:
        rows.append(f"- ASL's operators, each of a variable and a value: {', '.join(f'`{rule}`' for rule in rules)}")
    if rows:
        yield from ("", *rows)


@cache
def exported() -> frozenset[str]:
    """Every name that the page tells of."""
    return frozenset(name for room in ROOMS for name in getattr(importlib.import_module(room), "__all__", ()))


def members(cls: type) -> dict[str, Any]:
    """Public methods and properties of a class, those of its private bases included."""
    found: dict[str, Any] = {}
    for base in reversed(cls.__mro__):
        if base is cls or (base.__module__.startswith("stepmill") and base.__name__ not in exported()):
            for key, member in vars(base).items():
                callable_ = inspect.isfunction(member) or isinstance(member, property | classmethod | staticmethod)
                if callable_ and not key.startswith("_") and key not in COMPILERS:
                    found[key] = member
    return found


def signature(name: str, thing: Any, *, bound: bool = False) -> list[str]:
    """A call as it is written, on one line or one argument a line; of an enumeration its members, a line each."""
    if inspect.isclass(thing) and issubclass(thing, enum.Enum):
        return [f"{name}.{member.name} = {member.value!r}" for member in thing]
    given, star = [], False
    parameters = list(inspect.signature(thing).parameters.values())
    for parameter in parameters[1:] if bound and parameters and parameters[0].name in ("self", "cls") else parameters:
        if parameter.kind is parameter.KEYWORD_ONLY and not star:
            given.append("*")
        star = star or parameter.kind in (parameter.KEYWORD_ONLY, parameter.VAR_POSITIONAL)
        mark = {parameter.VAR_POSITIONAL: "*", parameter.VAR_KEYWORD: "**"}.get(parameter.kind, "")
        kind = "" if parameter.annotation in (parameter.empty, "Any") else f": {typed(parameter.annotation)}"
        default = ""
        if parameter.default is not parameter.empty:
            default = f"{' = ' if kind else '='}{value(parameter.default)}"
        given.append(f"{mark}{parameter.name}{kind}{default}")
    line = f"{name}({', '.join(given)})"
    return [line] if len(line) <= WIDTH else [f"{name}(", *(f"    {each}," for each in given), ")"]


def typed(annotation: Any) -> str:
    """An annotation as it is written in the source."""
    return annotation if isinstance(annotation, str) else getattr(annotation, "__name__", str(annotation))


def value(default: Any) -> str:
    """A default, as long as it says something by itself."""
    text = repr(default)
    return "…" if text.startswith("<") or isinstance(default, dataclasses.Field) else text


def paragraph(thing: Any) -> str:
    """The first paragraph of a docstring, as one line of a table or list."""
    return " ".join((inspect.getdoc(thing) or "").split("\n\n")[0].split())


def prose(thing: Any) -> Iterator[str]:
    """A whole docstring as Markdown: paragraphs, then what stands under Args, Raises and Attributes as lists."""
    text = "" if dataclasses.is_dataclass(thing) and (thing.__doc__ or "").startswith(f"{thing.__name__}(") else None
    for block in (inspect.getdoc(thing) or "" if text is None else text).split("\n\n"):
        head, _, rest = block.partition("\n")
        if head.rstrip(":") not in ("Args", "Raises", "Attributes") or not head.endswith(":"):
            yield from (*block.splitlines(), "")
            continue
        yield from (f"{head}", "")
        for line in rest.splitlines():
            yield f"  {line.strip()}" if line.startswith("        ") else f"- {line.strip()}"
        yield ""


def decisions() -> str:
    """The index of decisions, under the titles that the pages give themselves."""
    rows = []
    for page in sorted((DOCS / "decisions").glob("0*.md")):
        heading = page.read_text(encoding="utf-8").partition("\n")[0]
        title = re.sub(r"^#\s*\d+[\s.·:-]*", "", heading)
        rows.append(f"- [{page.name[:4]} {title}]({page.name})")
    return "\n".join(
        [
            "# Decisions",
            "",
            "One page for each choice that somebody will question: what was decided, what else there was, why, and",
            "what would change our mind. A page is not rewritten when we change it; the new one says which it",
            "replaces. `make docs` makes this list from the pages.",
            "",
            *rows,
            "",
        ]
    )


def data_science_sdk() -> str:
    """What has become of every public name of the old SDK; the facts and the comparison stand with their tests."""
    sys.path.append(str(DOCS.parent / "tests" / "oracle"))
    return str(importlib.import_module("old_sdk").page())


PAGES: dict[str, Callable[[], str]] = {
    "reference/data-science-sdk.md": data_science_sdk,
    "reference/integrations.md": integrations,
    "reference/python.md": python,
    "decisions/README.md": decisions,
}


def main(check: bool) -> int:
    """0, or 1 when `check` finds a page that differs from what the code says."""
    stale = []
    for name, make in PAGES.items():
        page, text = DOCS / name, make()
        if not page.exists() or page.read_text(encoding="utf-8") != text:
            stale.append(name)
            if not check:
                page.parent.mkdir(parents=True, exist_ok=True)
                page.write_text(text, encoding="utf-8")
    for name in stale:
        print(f"docs/{name}: {'is not what the code says; make docs' if check else 'written'}")  # noqa: T201
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main("--check" in sys.argv[1:]))
