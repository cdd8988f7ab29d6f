"""Code and data packed and named by their content, for the local stage and for AWS alike.

In: paths and module objects. Out: Assets, each with the key it has in any bucket. Touches: the files it is given, to
read them, and the target it is told to write.

Here: what is packed, in which order, under which name. Never: uploading, buckets, images.
"""

from __future__ import annotations

from stepmill.assets.files import AssetError, Member
from stepmill.assets.pack import Asset, pack_beside, pack_data, pack_file, pack_folder, pack_function, pack_source_dir

__all__ = [
    "Asset",
    "AssetError",
    "Member",
    "pack_beside",
    "pack_data",
    "pack_file",
    "pack_folder",
    "pack_function",
    "pack_source_dir",
]
