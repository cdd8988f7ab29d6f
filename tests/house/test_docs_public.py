"""Every public name says what it is, what it takes and what it raises; the page about them is made from that."""

from __future__ import annotations

import dataclasses
import enum
import importlib
import inspect
import re
from collections.abc import Iterator
from typing import Any

import pytest

import stepmill

ROOMS = (
    "stepmill.steps",
    "stepmill.sagemaker",
    "stepmill.inputs",
    "stepmill.workflow",
    "stepmill.template",
    "stepmill.local",
)
ELSEWHERE = "mean what they mean in"  # the sentence of those who leave arguments to SageMaker's own documents


def exported() -> Iterator[Any]:
    names = [(room, name) for room in ROOMS for name in importlib.import_module(room).__all__]
    for room, name in [*names, *(("stepmill", name) for name in stepmill.__all__ if name != "__version__")]:
        thing = getattr(importlib.import_module(room), name)
        if inspect.isclass(thing) or inspect.isfunction(thing):
            yield pytest.param(thing, id=f"{room}.{name}")


EXPORTED = list(exported())
CLASSES = [param for param in EXPORTED if inspect.isclass(param.values[0])]


@pytest.mark.parametrize("thing", EXPORTED)
def test_a_public_name_has_a_docstring_of_its_own(thing: Any):
    said = (vars(thing)["__doc__"] if inspect.isclass(thing) else thing.__doc__) or ""
    assert said and not said.startswith(f"{thing.__name__}("), "a dataclass makes itself a docstring that says nothing"


@pytest.mark.parametrize("thing", CLASSES)
def test_every_public_method_has_a_docstring(thing: Any):
    silent = [
        name
        for name, member in inspect.getmembers_static(thing)
        if not name.startswith("_")
        and (inspect.isfunction(member) or isinstance(member, property | classmethod | staticmethod))
        and not inspect.getdoc(member)
    ]
    assert silent == []


@pytest.mark.parametrize("thing", EXPORTED)
def test_a_docstring_speaks_of_every_argument(thing: Any):
    said = inspect.getdoc(thing) or ""
    if inspect.isclass(thing) and not dataclasses.is_dataclass(thing):
        said += inspect.getdoc(thing.__init__) or ""
    if ELSEWHERE in said or (inspect.isclass(thing) and issubclass(thing, Exception | enum.Enum)):
        return
    words = set(re.findall(r"\w+", said))
    taken = [name for name in inspect.signature(thing).parameters if not name.startswith("_")]
    assert [name for name in taken if name not in words] == []
