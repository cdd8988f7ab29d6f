"""Machines of one kind among several kinds that train together.

In: the arguments of the SageMaker SDK 2 class of the same name. Out: what the request has. Touches: nothing.
"""

from __future__ import annotations

from typing import Any


class InstanceGroup:
    """Some machines of one kind (`ResourceConfig` InstanceGroups).

    instance_group_name: 1 to 64 characters, by which channels and distribution= name it. instance_type: their kind.
    instance_count: how many.
    """

    def __init__(self, instance_group_name: Any = None, instance_type: Any = None, instance_count: Any = None) -> None:
        self.instance_group_name = instance_group_name
        self.instance_type = instance_type
        self.instance_count = instance_count

    def _to_request_dict(self) -> dict[str, Any]:
        return {
            "InstanceGroupName": self.instance_group_name,
            "InstanceType": self.instance_type,
            "InstanceCount": self.instance_count,
        }
