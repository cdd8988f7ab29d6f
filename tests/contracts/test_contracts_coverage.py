"""No operation is answered without a test that boto3 asks for it."""

from __future__ import annotations

from pathlib import Path

import pytest
from botocore import xform_name

from stepmill.services.reach import owned

TESTS = "".join(path.read_text(encoding="utf-8") for path in Path(__file__).parent.glob("test_contracts_*.py"))


@pytest.mark.parametrize("service", sorted(owned()))
def test_every_operation_of_a_service_is_asked_for_over_both_roads(service: str):
    names = [xform_name(operation) for operation in sorted(owned()[service])]
    assert [name for name in names if not any(f"{before}{name}" in TESTS for before in ('"', "."))] == []
