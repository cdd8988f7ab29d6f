"""ASL in, Python out: a definition that somebody wrote by hand, as the program that compiles back to it.

In: a definition. Out: the text of a Python module. Touches: nothing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from .module import Module
from .reading import read

__all__ = ["python_of"]


def python_of(definition: str | Mapping[str, Any], name: str = "workflow") -> str:
    """The Python of a definition: a module with one `workflow`, whose ASL is equal to the definition given.

    Args:
        definition: Amazon States Language, as JSON text or parsed. Names in `${…}` may be unfilled.
        name: the state machine's name, 1 to 80 characters as AWS allows them.

    Raises:
        InvalidDefinition: with everything that is wrong with the definition, each at its JSON pointer; also when
            something in it, though legal, cannot be said.
    """
    text = definition if isinstance(definition, str) else json.dumps(definition, ensure_ascii=False)
    return Module(read(text), name).text()
