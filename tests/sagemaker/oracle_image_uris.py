"""Run by an interpreter that has sagemaker 2 or 3: asks that SDK which image is meant, for questions of ours.

In: a file of questions (arguments of `retrieve`), the file to write. Out: JSON: an answer for each, a URI or null.
Touches: no network. The look-up of AWS's host names and the tables are kept between questions, which take seconds so.
"""

import functools
import json
import logging
import sys
import warnings
from pathlib import Path

warnings.filterwarnings("ignore")
logging.disable(logging.CRITICAL)
try:
    from sagemaker import image_uris, utils
except ImportError:
    from sagemaker.core import common_utils as utils
    from sagemaker.core import image_uris

resolver = utils._botocore_resolver()
utils._botocore_resolver = lambda: resolver
image_uris.config_for_framework = functools.cache(image_uris.config_for_framework)


def answer(question):
    try:
        return image_uris.retrieve(**question)
    except Exception:  # noqa: BLE001 -- whatever it raises, it knows no image
        return None


questions = json.loads(Path(sys.argv[1]).read_text("utf-8"))
Path(sys.argv[2]).write_text(json.dumps([answer(question) for question in questions]), "utf-8")
