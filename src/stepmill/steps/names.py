"""Makes names of names: slugs, variables, substitutions.

In: the names users give. Out: names that SageMaker, ASL and CloudFormation take. Touches: nothing.
"""

from __future__ import annotations

import re
from collections.abc import Container, Set

_OTHER = re.compile(r"[^A-Za-z0-9]+")


def slug(text: str, fallback: str = "step") -> str:
    """ASCII letters and digits, everything else one dash; `fallback` when nothing is left."""
    return _OTHER.sub("-", text).strip("-") or fallback


def job_base(workflow: str, state: str) -> str:
    """What the names of a state's jobs begin with, not yet cut to a length."""
    return f"{slug(workflow, 'workflow')}-{slug(state)}".lower()


def variable(text: str, taken: Set[str]) -> str:
    """A variable's name: lower-case, `_` between words, `_2` when it is taken; at most 80 characters.

    A variable hides the JSONata function of its name, so the functions' names are taken too.
    """
    name = _OTHER.sub("_", text).strip("_").lower()[:70] or "step"
    if name[0].isdigit():
        name = f"step_{name}"
    return free(name, taken | FUNCTIONS, "_")


FUNCTIONS = frozenset(
    """abs append assert average base64decode base64encode boolean ceil clone contains count distinct each eval exists
    filter floor hash join keys length lookup lowercase map match max merge millis min not now number pad parse
    partition power random range reduce replace reverse round shuffle sift single sort split spread sqrt string
    substring sum trim type uppercase uuid zip""".split()  # noqa: SIM905 -- a list of words reads better so
)


def free(name: str, taken: Container[str], between: str) -> str:
    """The name, or the name with the first number that makes it new."""
    number, found = 1, name
    while found in taken:
        number += 1
        found = f"{name}{between}{number}"
    return found


def pascal(text: str, fallback: str = "Step") -> str:
    """`latest_data` → `LatestData`: what CloudFormation takes as a name."""
    words = [word for word in _OTHER.split(text) if word]
    return "".join(word[0].upper() + word[1:] for word in words) or fallback
