"""Puts what states want into as few statements as say the same.

In: grants, each with what wants it. Out: groups of actions and resources. Touches: nothing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fnmatch import translate
from functools import cache
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

from stepmill.asl.rights import Grant


class _Sortable(Protocol):
    def __lt__(self, other: Any, /) -> bool: ...

    def __hash__(self) -> int: ...


R = TypeVar("R", bound=_Sortable)


class Wanted(NamedTuple, Generic[R]):
    """A grant, and who wants it."""

    grant: Grant
    reason: R


@dataclass(frozen=True)
class Group(Generic[R]):
    """Actions that are all allowed on all resources. lead: the action that names it."""

    lead: str
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    condition: Mapping[str, Mapping[str, Any]]
    reasons: tuple[R, ...]
    whys: tuple[str, ...]


@dataclass
class _One(Generic[R]):
    """An action on a resource under a condition, with everyone who wants it."""

    at: int
    condition: Mapping[str, Mapping[str, Any]]
    reasons: set[R] = field(default_factory=set)
    whys: set[str] = field(default_factory=set)

    def take(self, other: _One[R]) -> None:
        self.at = min(self.at, other.at)
        self.reasons |= other.reasons
        self.whys |= other.whys


_Key = tuple[str, str, str]  # action, resource, condition as JSON


def merged(wanted: Iterable[Wanted[R]]) -> list[Group[R]]:
    """Groups that allow the same, in no order that means anything."""
    ones: dict[_Key, _One[R]] = {}
    for at, (grant, reason) in enumerate(wanted):
        for place, action in enumerate(grant.actions):
            key = (action, grant.target.arn, json.dumps(grant.condition, sort_keys=True))
            one = ones.setdefault(key, _One(at * 100 + place, grant.condition))
            one.reasons.add(reason)
            one.whys.update(filter(None, grant.target.why.split("; ")))
    return _grouped(_prefixes(_covered(ones)))


def _covered(ones: dict[_Key, _One[R]]) -> dict[_Key, _One[R]]:
    """Without what another one allows too: on a resource that covers its own, under its condition or none."""
    kept: dict[_Key, _One[R]] = {}
    by_action: dict[str, list[_Key]] = {}
    for key in ones:
        by_action.setdefault(key[0], []).append(key)
    for keys in by_action.values():
        for key in sorted(keys):
            over = [other for other in sorted(keys) if other != key and _covers(other, key)]
            # of those that cover each other none would be left, but equal ones have one key
            top = next(
                (other for other in over if not any(_covers(more, other) for more in over if more != other)), None
            )
            over_all = ones[top or key]
            one = kept.setdefault(top or key, _One(over_all.at, over_all.condition, set(), over_all.whys))
            one.at, one.reasons = min(one.at, ones[key].at), one.reasons | ones[key].reasons
    return kept


def _covers(wide: _Key, narrow: _Key) -> bool:
    return (
        wide[2] in ("{}", narrow[2])
        and (wide[1] == narrow[1] or bool(_matcher(wide[1]).match(narrow[1])))
        and not (wide[1] == narrow[1] and wide[2] == narrow[2])
    )


@cache
def _matcher(pattern: str) -> re.Pattern[str]:
    return re.compile(translate(pattern.replace("[", "[[]")))


def _prefixes(ones: dict[_Key, _One[R]]) -> dict[_Key, _One[R]]:
    """With all the prefixes that may be listed of one bucket in one condition."""
    found: dict[_Key, _One[R]] = {}
    listings: dict[tuple[str, str], list[_One[R]]] = {}
    for (action, arn, said), one in ones.items():
        if (
            set(one.condition) <= {"StringLike", "StringEquals"}
            and all(set(keys) == {"s3:prefix"} for keys in one.condition.values())
            and one.condition
        ):
            listings.setdefault((action, arn), []).append(one)
        else:
            found[action, arn, said] = one
    for (action, arn), several in listings.items():
        values = sorted({str(keys["s3:prefix"]) for one in several for keys in one.condition.values()})
        values = [v for v in values if not any(w != v and _matcher(w).match(v) for w in values)]
        operator = "StringLike" if any("*" in value for value in values) else "StringEquals"
        condition = {operator: {"s3:prefix": values[0] if len(values) == 1 else values}}
        one = _One[R](several[0].at, condition)
        for other in several:
            one.take(other)
        found[action, arn, json.dumps(condition, sort_keys=True)] = one
    return found


def _grouped(ones: dict[_Key, _One[R]]) -> list[Group[R]]:
    """All resources of an action go together, then the actions of one service that have the same ones."""
    by_action: dict[tuple[str, str], list[_Key]] = {}
    for key in ones:
        by_action.setdefault((key[0], key[2]), []).append(key)
    alike: dict[tuple[str, tuple[str, ...], str], list[_Key]] = {}
    for (action, said), keys in by_action.items():
        resources = tuple(sorted({key[1] for key in keys}))
        alike.setdefault((action.partition(":")[0], resources, said), []).extend(keys)
    groups = []
    for (_, resources, _), keys in alike.items():
        first = min(keys, key=lambda key: ones[key].at)
        groups.append(
            Group(
                first[0],
                tuple(sorted({key[0] for key in keys})),
                resources,
                ones[first].condition,
                tuple(sorted({reason for key in keys for reason in ones[key].reasons})),
                tuple(sorted({why for key in keys for why in ones[key].whys})),
            )
        )
    return groups
