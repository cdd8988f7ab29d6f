"""The definitions that are compared with the old SDK's use all of it."""

import pytest
from definitions import DEFINITIONS
from oracle_coverage import used, wanted

USED = set().union(*(used(source) for source in DEFINITIONS.values()))


@pytest.mark.parametrize("name", sorted({name for name, _ in wanted()}))
def test_every_argument_of_a_class_is_used_in_a_definition(name):
    assert [argument for cls, argument in wanted() if cls == name and (cls, argument) not in USED] == []


def test_there_are_at_least_120_definitions():
    assert len(DEFINITIONS) >= 120
