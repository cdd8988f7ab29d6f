"""The session and the role that programs written for the SageMaker Python SDK begin with.

In: a region and a bucket, if they are to be others than the stage's. Out: what descriptions ask a session: its region
and its default bucket. Touches: the environment and `pyproject.toml`, to learn the region; nothing of AWS.
"""

from __future__ import annotations

import os
from typing import Any

from stepmill.sagemaker.built import attribute
from stepmill.stage import load_settings

_VARIABLES = ("STEPMILL_REGION", "AWS_REGION", "AWS_DEFAULT_REGION")


class Session:
    """Says which region images are pulled in and which bucket is the default one. It holds no connection.

    boto_session: an object whose `region_name` is the region; left out, the region is that of `STEPMILL_REGION`,
    `AWS_REGION` or `AWS_DEFAULT_REGION`, else the stage's setting (`us-east-1`). default_bucket: a bucket's name; left
    out, the bucket of the stage, written `${Bucket}`. default_bucket_prefix: kept as it is given. sagemaker_client,
    sagemaker_runtime_client, sagemaker_featurestore_runtime_client, settings, sagemaker_metrics_client: accepted, not
    used.
    """

    def __init__(
        self,
        boto_session: Any = None,
        sagemaker_client: Any = None,
        sagemaker_runtime_client: Any = None,
        sagemaker_featurestore_runtime_client: Any = None,
        default_bucket: str | None = None,
        settings: Any = None,
        sagemaker_metrics_client: Any = None,
        default_bucket_prefix: str | None = None,
    ) -> None:
        self.boto_session = boto_session
        self.default_bucket_prefix = default_bucket_prefix
        self._bucket = default_bucket

    @property
    def boto_region_name(self) -> str:
        """The region."""
        named = attribute(self.boto_session, "region_name")
        found = named or next((os.environ[name] for name in _VARIABLES if os.environ.get(name)), None)
        return str(found) if found else load_settings().region

    def default_bucket(self) -> str:
        """The bucket's name; `${Bucket}`, which the stage fills in, when none was given."""
        return "${Bucket}" if self._bucket is None else self._bucket


def get_execution_role(sagemaker_session: Any = None, use_default: bool = False) -> None:
    """The role of jobs: None, which means the one that the stage generates for them.

    The SageMaker Python SDK asks AWS who runs the program. Here nobody is asked, so a definition is the same whoever
    compiles it; give a role's ARN to use one of your own. sagemaker_session, use_default: accepted, not used.
    """


def region_of(session: Any = None) -> str:
    """The region that images are pulled in: the session's, else that of `Session()`.

    session: any object with `boto_region_name`; None will do.
    """
    named = attribute(session, "boto_region_name")
    return named if isinstance(named, str) else Session().boto_region_name
