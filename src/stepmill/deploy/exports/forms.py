"""The forms that a workflow can be exported in, by name.

In: what was built, the name of a form, a folder. Out: an export. Touches: that folder.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

from stepmill.deploy.exports.asl import asl
from stepmill.deploy.exports.cloudformation import cloudformation
from stepmill.deploy.exports.folder import place
from stepmill.deploy.exports.sam import sam
from stepmill.deploy.exports.terraform import terraform

if TYPE_CHECKING:
    from stepmill.deploy.build import Built

FORMS: Final[Mapping[str, Callable[[Built, Path], tuple[str, ...]]]] = {
    "cloudformation": cloudformation,
    "sam": sam,
    "terraform": terraform,
    "asl": asl,
}


def export(built: Built, form: str, folder: Path) -> tuple[str, ...]:
    """Write an export, and give back notes on what its form cannot do.

    Args:
        built: a workflow, built for a stage. form: one of FORMS. folder: a new one, or one that an export of this form
            wrote; files of other people in it stay.

    Raises:
        DeployRefused: the folder holds something else, or the workflow what has no form there yet.
        AssetError: a file changed while it was packed.
    """
    about = {
        "schema": 1,
        "format": form,
        "workflow": built.bundle.name,
        "stage": built.stage.name,
        "definition": built.bundle.digest,
    }
    return place(folder, about, lambda scratch: FORMS[form](built, scratch))
