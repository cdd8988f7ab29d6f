"""Where in a VPC a processing job runs.

In: the arguments of the SageMaker SDK's class of the same name. Out: attributes of the same names. Touches: nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


class NetworkConfig:
    """Isolation, encryption between containers, security groups and subnets (`CreateProcessingJob` NetworkConfig).

    enable_network_isolation: True leaves the job nothing but its data; this machine gives it a network of its own with
    a loopback only. security_group_ids and subnets: lists of ids, both or neither; checked for form, no effect on this
    machine. encrypt_inter_container_traffic: a Boolean, likewise.
    """

    def __init__(
        self,
        enable_network_isolation: Any = None,
        security_group_ids: Sequence[Any] | None = None,
        subnets: Sequence[Any] | None = None,
        encrypt_inter_container_traffic: Any = None,
    ) -> None:
        self.enable_network_isolation = enable_network_isolation
        self.security_group_ids = security_group_ids
        self.subnets = subnets
        self.encrypt_inter_container_traffic = encrypt_inter_container_traffic
