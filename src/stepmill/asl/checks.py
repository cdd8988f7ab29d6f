"""placeholder"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stepmill.asl.problems import Problem


def check_machine(definition: Mapping[str, Any], *, express: bool = False) -> list[Problem]:
    return []
