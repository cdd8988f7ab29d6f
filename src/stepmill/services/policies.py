"""What IAM policy documents allow.

In: documents, an action on a resource, the keys of the request. Out: allowed, denied, or nothing said. Touches:
nothing.

What IAM has and this does not is refused by name and never guessed: NotUnderstood. Source: IAM guide, "Policy
evaluation logic" and "IAM JSON policy elements: Condition operators".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Any, Final, Literal

Verdict = Literal["allow", "deny", "nothing"]
Context = Mapping[str, str | list[str]]
_ELEMENTS: Final = frozenset({"Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Condition"})
_VARIABLE: Final = re.compile(r"\$\{([^}]*)\}")
_FALSE: Final = ("", "false")


class NotUnderstood(ValueError):
    """A part of a policy that is not evaluated here."""


def decide(documents: Iterable[Mapping[str, Any]], action: str, resource: str, context: Context) -> Verdict:
    """What policies say of one action on one resource. A deny wins over every allow.

    context: the request's keys, such as `s3:prefix`, each with its value or values. Raises NotUnderstood.
    """
    found: Verdict = "nothing"
    keys = {name.lower(): value for name, value in context.items()}
    for document in documents:
        for statement in _list(document.get("Statement", ())):
            effect = _checked(statement)
            if _applies(statement, action, resource, keys):
                if effect == "Deny":
                    return "deny"
                found = "allow"
    return found


def _checked(statement: Any) -> str:
    if not isinstance(statement, Mapping):
        raise NotUnderstood(f"a statement is an object, not {statement!r}")
    if unknown := sorted(statement.keys() - _ELEMENTS):
        raise NotUnderstood(f"{unknown[0]} in a statement is not understood here")
    effect = statement.get("Effect")
    if effect not in ("Allow", "Deny"):
        raise NotUnderstood(f"the Effect {effect!r} is not understood here")
    for names in (("Action", "NotAction"), ("Resource", "NotResource")):
        if len(names & statement.keys()) != 1:
            raise NotUnderstood(f"a statement has either {names[0]} or {names[1]}")
    return str(effect)


def _applies(statement: Mapping[str, Any], action: str, resource: str, keys: Context) -> bool:
    actions = _list(statement.get("Action", statement.get("NotAction")))
    if any(like(str(one).lower(), action.lower()) for one in actions) != ("Action" in statement):
        return False
    resources = _list(statement.get("Resource", statement.get("NotResource")))
    hit = any(_resource(text, resource) for one in resources if (text := _filled(str(one), keys)) is not None)
    if hit != ("Resource" in statement):
        return False
    # every condition is read, so that one that is not understood is told whatever the others say
    held = [_holds(name, wanted, keys) for name, wanted in statement.get("Condition", {}).items()]
    return all(held)


def like(pattern: str, text: str) -> bool:
    """Whether a text fits a pattern with `*` and `?`."""
    return _compiled(pattern).fullmatch(text) is not None


def like_arn(pattern: str, arn: str) -> bool:
    """The same for ARNs, part by part: a `*` does not reach over a colon of the first five."""
    wanted, parts = pattern.split(":", 5), arn.split(":", 5)
    return len(wanted) == len(parts) and all(map(like, wanted, parts))


def _resource(pattern: str, resource: str) -> bool:
    return pattern == "*" or like(pattern, resource)


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile("".join({"*": ".*", "?": "."}.get(letter, re.escape(letter)) for letter in pattern), re.S)


def _filled(text: str, keys: Context) -> str | None:
    """A text with policy variables filled in; None where one has no value, so that nothing fits."""
    missing = False

    def fill(found: re.Match[str]) -> str:
        nonlocal missing
        name, _, default = found[1].partition(",")
        if name in ("*", "?", "$"):
            return name  # IAM takes it literally; as a pattern it fits itself too
        value = keys.get(name.strip().lower(), default.strip().strip("'") or None)
        missing = missing or not isinstance(value, str)
        return str(value)

    made = _VARIABLE.sub(fill, text)
    return None if missing else made


# ---- conditions

_Test = Callable[[str, str], bool]


def _number(test: Callable[[float, float], bool]) -> _Test:
    def compare(wanted: str, given: str) -> bool:
        try:
            return test(float(given), float(wanted))
        except ValueError:
            return False

    return compare


def _same(wanted: str, given: str) -> bool:
    return wanted == given


def _same_letters(wanted: str, given: str) -> bool:
    return wanted.lower() == given.lower()


# operator → its test, and whether it is the negation of that
_OPERATORS: Final[dict[str, tuple[_Test, bool]]] = {
    "StringEquals": (_same, False),
    "StringNotEquals": (_same, True),
    "StringEqualsIgnoreCase": (_same_letters, False),
    "StringNotEqualsIgnoreCase": (_same_letters, True),
    "StringLike": (like, False),
    "StringNotLike": (like, True),
    "ArnEquals": (like_arn, False),
    "ArnLike": (like_arn, False),
    "ArnNotEquals": (like_arn, True),
    "ArnNotLike": (like_arn, True),
    "Bool": (_same_letters, False),
    "NumericEquals": (_number(lambda given, wanted: given == wanted), False),
    "NumericNotEquals": (_number(lambda given, wanted: given == wanted), True),
    "NumericLessThan": (_number(lambda given, wanted: given < wanted), False),
    "NumericLessThanEquals": (_number(lambda given, wanted: given <= wanted), False),
    "NumericGreaterThan": (_number(lambda given, wanted: given > wanted), False),
    "NumericGreaterThanEquals": (_number(lambda given, wanted: given >= wanted), False),
}


def _holds(operator: str, wanted: Any, keys: Context) -> bool:
    quantifier, colon, name = operator.rpartition(":")
    if colon and quantifier not in ("ForAllValues", "ForAnyValue"):
        raise NotUnderstood(f"the condition operator {operator} is not understood here")
    optional = name.endswith("IfExists")
    name = name.removesuffix("IfExists")
    if name != "Null" and name not in _OPERATORS:
        raise NotUnderstood(f"the condition operator {operator} is not understood here")
    if not isinstance(wanted, Mapping):
        raise NotUnderstood(f"the condition {operator} is an object of keys, not {wanted!r}")
    return all(
        _key_holds(name, quantifier, optional, keys.get(key.lower()), values, keys) for key, values in wanted.items()
    )


def _key_holds(
    name: str, quantifier: str, optional: bool, given: str | list[str] | None, values: Any, keys: Context
) -> bool:
    texts = [str(value).lower() if isinstance(value, bool) else str(value) for value in _list(values)]
    if name == "Null":
        return any((given is None) == (text.lower() not in _FALSE) for text in texts)
    test, negated = _OPERATORS[name]
    if given is None:
        return optional or negated or quantifier == "ForAllValues"
    wanted = [text for one in texts if (text := _filled(one, keys)) is not None]

    def fits(value: str) -> bool:
        return any(test(one, value) for one in wanted) != negated

    several = _list(given)
    return all(map(fits, several)) if quantifier == "ForAllValues" or negated else any(map(fits, several))


def _list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [] if value is None else [value]
