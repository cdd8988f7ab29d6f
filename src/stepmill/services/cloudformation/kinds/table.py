"""Every resource type that a stack may have, by its name.

In: nothing. Out: KINDS. Touches: nothing.
"""

from __future__ import annotations

from typing import Final

from stepmill.services.cloudformation.kinds.builds import ModelPackageGroup, Project
from stepmill.services.cloudformation.kinds.functions import Function, LogGroup, Permission
from stepmill.services.cloudformation.kinds.identity import ManagedPolicy, Policy, Role
from stepmill.services.cloudformation.kinds.kind import Kind
from stepmill.services.cloudformation.kinds.machines import (
    Activity,
    StateMachine,
    StateMachineAlias,
    StateMachineVersion,
)
from stepmill.services.cloudformation.kinds.messages import Queue, Subscription, Topic, TopicPolicy
from stepmill.services.cloudformation.kinds.schedules import Alarm, Rule, Schedule, ScheduleGroup
from stepmill.services.cloudformation.kinds.storage import Bucket, BucketPolicy, Repository

KINDS: Final[dict[str, Kind]] = {
    kind.type: kind
    for kind in (
        Bucket(),
        BucketPolicy(),
        Role(),
        ManagedPolicy(),
        Policy(),
        Function(),
        Permission(),
        StateMachine(),
        StateMachineVersion(),
        StateMachineAlias(),
        Activity(),
        LogGroup(),
        Rule(),
        Schedule(),
        ScheduleGroup(),
        Topic(),
        TopicPolicy(),
        Subscription(),
        Queue(),
        Alarm(),
        Repository(),
        Project(),
        ModelPackageGroup(),
    )
}

NAMED: Final = frozenset({"AWS::IAM::Role", "AWS::IAM::ManagedPolicy"})
"""Types that need CAPABILITY_NAMED_IAM when the template names them."""
IAM: Final = NAMED | {"AWS::IAM::Policy"}
"""Types that need CAPABILITY_IAM."""
