"""What every test may ask for."""

from __future__ import annotations

from pathlib import Path

import pytest

from projects import Project


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project folder to write a pipeline into."""
    return Project(tmp_path)
