"""Amazon S3: buckets and objects, kept as folders of plain files.

In: S3 requests as boto3 spells them; a body may be bytes, text, JSON, or a Reader. Out: responses; what GetObject gives
as the body is a Slice of the file, to be closed by whoever sends it. Touches: the bucket folders, through objects.
What S3 says of a request belongs here; how bytes lie on the disk is objects', how they travel is gateway's.
"""

from __future__ import annotations

from stepmill.objects.folder import FolderStore
from stepmill.services.s3.buckets import Buckets
from stepmill.services.s3.copies import Copies
from stepmill.services.s3.listings import Listings
from stepmill.services.s3.multipart import Multipart
from stepmill.services.s3.single import Single, text_of

__all__ = ["S3", "text_of"]


class S3(Buckets, Single, Copies, Listings, Multipart):
    """The operations of S3 over one store; what is not among them is refused by name.

    `owner` is the account of all buckets, `region` where they say they are.
    """

    def __init__(self, objects: FolderStore, owner: str, region: str = "us-east-1") -> None:
        self._begin(objects, owner, region)
