"""The template that the old SDK's `get_cloudformation_template` gives: one state machine, nothing around it.

In: a name, a role, a definition. Out: YAML. Touches: nothing.
"""

from __future__ import annotations

import json
from typing import Any

_DESCRIPTION = "CloudFormation template for AWS Step Functions - State Machine"


def template(name: str, role: str | None, definition: dict[str, Any], description: str | None) -> str:
    """The template's text. The definition stands in it as a literal block, indented, so that a person can read it.

    Texts are written as JSON, which YAML reads as they are.
    """
    block = json.dumps(definition, indent=2)  # ASCII alone: nothing in it ends the block or needs an escape
    lines = (f"        {line}" for line in block.split("\n"))
    return "\n".join(
        [
            "AWSTemplateFormatVersion: '2010-09-09'",
            f"Description: {json.dumps(description or _DESCRIPTION)}",
            "Resources:",
            "  StateMachineComponent:",
            "    Type: AWS::StepFunctions::StateMachine",
            "    Properties:",
            f"      StateMachineName: {json.dumps(name)}",
            "      DefinitionString: |-",
            *lines,
            f"      RoleArn: {json.dumps(role)}",
            "",
        ]
    )
