"""What every test may ask for."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from projects import Project
from stores import local as local

# Started in the background of a shell, we would hand on to every command that Ctrl-C is ignored.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project folder to write a pipeline into."""
    return Project(tmp_path)
