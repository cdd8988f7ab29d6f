"""The roles of a workflow's stack, with the least rights that its Definition needs.

In: a Bundle and a Stage. Out: CloudFormation resources. Touches: nothing.

Which rights those are is decided in `policy`; here they become roles.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from stepmill.deploy import naming
from stepmill.deploy.naming import tag_list
from stepmill.deploy.rights import policy
from stepmill.deploy.templates.pieces import iam_role

if TYPE_CHECKING:
    from stepmill.deploy.rights.policy import Scope, Statement
    from stepmill.deploy.stages import Stage
    from stepmill.steps.bundle import Bundle


def scope(bundle: Bundle, stage: Stage) -> Scope:
    """Where a stack's rights hold: in whatever account and region it is made."""
    return policy.Scope(naming.PARTITION, naming.REGION, naming.ACCOUNT, naming.stack(bundle, stage))


def machine_rights(bundle: Bundle, stage: Stage) -> tuple[Statement, ...]:
    """What the state machine's role may do."""
    return policy.machine_policy(
        bundle,
        naming.bindings(bundle, stage),
        scope(bundle, stage),
        logging=stage.log_level != "OFF",
        tracing=stage.tracing,
    )


def job_rights(bundle: Bundle, stage: Stage, role: str) -> tuple[Statement, ...]:
    """What a role of the SageMaker jobs may do. role: its substitution name."""
    return policy.job_policy(
        bundle,
        naming.bindings(bundle, stage),
        scope(bundle, stage),
        role,
        read=stage.read,
        kms_key=stage.kms_key,
        vpc=bool(stage.subnets),
    )


def machine_role(bundle: Bundle, stage: Stage) -> dict[str, Any]:
    """The role that Step Functions runs the machine with."""
    said = f"Runs the workflow {naming.stack(bundle, stage)}."
    return role("states", said, machine_rights(bundle, stage), bundle, stage)


def job_role(bundle: Bundle, stage: Stage, name: str) -> dict[str, Any]:
    """A role that SageMaker runs jobs with. name: its substitution name."""
    said = f"Runs SageMaker jobs of the workflow {naming.stack(bundle, stage)}."
    return role("sagemaker", said, job_rights(bundle, stage, name), bundle, stage)


def role(
    service: str, said: str, statements: Sequence[Statement], bundle: Bundle, stage: Stage, kind: str = "rights"
) -> dict[str, Any]:
    """A role that a service takes on, with these statements as its only policy."""
    policies = {kind: policy.document(statements)} if statements else {}
    return iam_role(said, policy.trust(service, scope(bundle, stage)), policies, tag_list(bundle, stage), stage)
