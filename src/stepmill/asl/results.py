"""What a Task's answer is, where AWS says so for certain.

In: a Resource. Out: a shape. Touches: nothing.
"""

from __future__ import annotations

import re
from typing import Any, Final

from stepmill.asl.shapes import ANY, Shape, an_object, simple

# Step Functions guide, "Invoke an AWS Lambda function with Step Functions": the answer of lambda:invoke. Of Lambda's
# own model (boto3): FunctionError and LogResult can be there too.
_INVOKE: Final = re.compile(r"arn:aws[a-z-]*:states:::lambda:invoke")
_INVOKED: Final = an_object(
    {
        "ExecutedVersion": simple("string"),
        "FunctionError": simple("string"),
        "LogResult": simple("string"),
        "Payload": ANY,
        "SdkHttpMetadata": ANY,
        "SdkResponseMetadata": ANY,
        "StatusCode": simple("number"),
    }
)


def result_of(resource: Any) -> Shape:
    """The shape of what a Task answers; anything, unless it is known."""
    return _INVOKED if isinstance(resource, str) and _INVOKE.fullmatch(resource) else ANY
