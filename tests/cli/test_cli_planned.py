"""A plan as people read it."""

from __future__ import annotations

import pytest

from deploy.cloud import DEV, built, tiny
from stepmill.assets import Asset
from stepmill.cli import planned
from stepmill.console.canvas import Look
from stepmill.deploy.aws.account import Identity
from stepmill.deploy.differences import Difference, RightChange
from stepmill.deploy.plan import Change, Plan, StackPlan

WHO = Identity("111122223333", "arn:aws:sts::111122223333:assumed-role/ml/anna")
PLAIN = Look(100, True, False)
SHA = "4be8d815592d" + "0" * 52


def stack(*changes: Change, rights=()) -> StackPlan:
    return StackPlan("tiny-dev", None, "", (), None, changes, tuple(rights))


@pytest.fixture
def plan(project, tmp_path):
    made = built(tiny(project), DEV, tmp_path)
    return lambda app, **more: Plan(made, WHO, stack(), app, **more)


def test_nothing_to_do_is_one_line(plan):
    head, said = planned.lines(plan(stack()), PLAIN)
    assert head == "tiny, stage dev: account 111122223333, us-east-1, as arn:aws:sts::111122223333:assumed-role/ml/anna"
    assert said == "no changes"


def test_every_change_has_its_sign_its_place_and_its_reason(plan):
    code = "s3://b/stepmill/code/{}/train.py"
    found = plan(
        stack(
            Change("add", "Schedule", "AWS::Scheduler::Schedule", "pipeline.py"),
            Change(
                "modify",
                "Machine",
                "AWS::StepFunctions::StateMachine",
                "pipeline.py",
                (
                    Difference("/Definition/States/Train/Arguments/HyperParameters/epochs", "20", "30"),
                    Difference("/Definition/States/Train/Arguments/Code", code.format("1" * 64), code.format(SHA)),
                    Difference("/Definition/States/Gone", {"Type": "Task"}, None),
                    Difference("/Definition/States/New", None, {"Type": "Task"}),
                    Difference("/TracingConfiguration/Enabled", True, False),
                ),
                drifted=True,
            ),
            Change("replace", "Version", "AWS::StepFunctions::StateMachineVersion", follows="Machine"),
            Change("remove", "NewData", "AWS::Events::Rule"),
            rights=[
                RightChange("MachineRole", False, "s3:PutObject", "arn:aws:s3:::b/*"),
                RightChange("MachineRole", True, "s3:GetObject", "arn:aws:s3:::b/*"),
            ],
        ),
        uploads=(Asset(SHA, code.format(SHA), "train.py"),),
        images=("Image",),
    )
    line = found.built.bundle.manifest.sources["/States/Train"]
    said = "\n".join(planned.lines(found, PLAIN)[1:]).partition("\na run costs")
    assert (
        said[0]
        == f"""
uploads
  + train.py  4be8d815592d

images
  + Image

the workflow: stack tiny-dev
  + Schedule  Scheduler::Schedule  pipeline.py
  ~ Machine  StepFunctions::StateMachine  pipeline.py, changed by hand; this takes it back
      {line} Train HyperParameters/epochs: 20 → 30
      {line} Train Code: train.py 111111111111 → train.py 4be8d815592d
      Gone: the state is gone
      New: a new state
      TracingConfiguration/Enabled: true → false
  ∓ Version  StepFunctions::StateMachineVersion  follows Machine
  − NewData  Events::Rule
  rights
    − MachineRole: s3:PutObject on arn:aws:s3:::b/*
    + MachineRole: s3:GetObject on arn:aws:s3:::b/*
"""
    )
    assert said[2].endswith("\n\n1 to add, 1 to change, 1 to replace, 1 to remove")


def test_where_there_is_no_unicode_the_signs_are_ascii(plan):
    gone = plan(stack(Change("replace", "A", "AWS::X::Y"), Change("remove", "B", "AWS::X::Y")))
    said = planned.lines(gone, Look(100, False, False))
    assert [line for line in said if line.startswith("  -")] == ["  -/+ A  X::Y", "  - B  X::Y"]
