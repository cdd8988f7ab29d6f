"""A stand-in for sagemaker 2's session, for both sides: it knows a region and a bucket, and speaks to nobody."""

from unittest.mock import MagicMock

session = MagicMock()
session.default_bucket.return_value = "bucket"
session.default_bucket_prefix = None
session.boto_region_name = "us-east-1"
session.boto_session.region_name = "us-east-1"
session.local_mode = False
session.config = None
session.sagemaker_config = {}
session.settings = MagicMock(include_jobs_in_git_config=False)
session.expand_role.side_effect = lambda role: role
