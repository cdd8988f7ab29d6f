"""Roles are enforced here as on AWS: the whole policy is enough, and every right of it is needed."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from projects import Project
from stepmill.deploy.explain import Role, roles
from stepmill.deploy.policy import Scope, Statement
from stepmill.local import Local
from stepmill.local.refusals import bindings
from stepmill.services.rights import POLICY
from stepmill.stage import load_settings
from stepmill.steps.bundle import Bundle
from stepmill.workflow import Workflow
from stepmill.workflow.loading import loading
