"""Where in a VPC a processing job runs.

In: the arguments of the SageMaker SDK's class of the same name. Out: attributes of the same names. Touches: nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


class NetworkConfig:
    """Isolation, encryption between containers, security groups and subnets (`CreateProcessingJob` NetworkConfig)."""

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
