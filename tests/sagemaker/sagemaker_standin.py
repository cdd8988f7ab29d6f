"""A value known only at run time, as strict as the real one: it is never true, equal, iterable or long.

In: a name. Out: a stand-in for a Placeholder, with a one-token text. Touches: nothing.
"""

from __future__ import annotations

from typing import Any, NoReturn


class Later:
    def __init__(self, name: str) -> None:
        self.name = name

    def to_jsonpath(self) -> str:
        return f"$.{self.name}"

    def __str__(self) -> str:
        return f"\ue000{self.name}\ue001"

    def __format__(self, spec: str) -> str:
        assert not spec
        return str(self)

    def __mul__(self, other: Any) -> Later:
        return Later(f"{self.name}*{other}")

    def __bool__(self) -> NoReturn:
        raise TypeError("known only at run time")

    __iter__ = __len__ = __bool__

    def __eq__(self, other: object) -> Any:
        return Comparison(self is other)

    def __ne__(self, other: object) -> Any:
        raise TypeError("known only at run time")

    def __hash__(self) -> int:
        return hash(self.name)


class Comparison:
    def __init__(self, same: bool) -> None:
        self.same = same

    def __bool__(self) -> bool:
        return self.same
