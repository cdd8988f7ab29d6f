"""What a hyperparameter may be, for tuning.

In: the arguments of the SageMaker SDK 2 classes of the same names. Out: ranges as the request has them.
Touches: nothing; nothing is checked before a request is built.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, ClassVar

from stepmill.sagemaker.built import as_text, is_placeholder


class ParameterRange:
    """Numbers from min_value to max_value, both included.

    scaling_type: how the range is searched: `Auto`, `Linear`, `Logarithmic` or `ReverseLogarithmic`.
    """

    kind: ClassVar[str] = ""

    def __init__(self, min_value: Any, max_value: Any, scaling_type: Any = "Auto") -> None:
        self.min_value = min_value
        self.max_value = max_value
        self.scaling_type = scaling_type

    def as_tuning_range(self, name: Any) -> dict[str, Any]:
        """This range as the request has it, for the hyperparameter `name`."""
        return {
            "Name": name,
            "MinValue": as_text(self.min_value),
            "MaxValue": as_text(self.max_value),
            "ScalingType": self.scaling_type,
        }


class ContinuousParameter(ParameterRange):
    """Any number from min_value to max_value, searched as scaling_type says."""

    kind = "Continuous"


class IntegerParameter(ParameterRange):
    """A whole number from min_value to max_value, searched as scaling_type says."""

    kind = "Integer"


class CategoricalParameter(ParameterRange):
    """One of several values; they arrive as text. values: a list, or one value."""

    kind = "Categorical"

    def __init__(self, values: Sequence[Any] | Any) -> None:
        several = isinstance(values, list | tuple) and not is_placeholder(values)
        self.values = [as_text(value) for value in (values if several else [values])]

    def as_tuning_range(self, name: Any) -> dict[str, Any]:
        """This range as the request has it, for the hyperparameter `name`."""
        return {"Name": name, "Values": self.values}

    def as_json_range(self, name: Any) -> dict[str, Any]:
        """The same with every value JSON-encoded, as the training toolkit of framework containers reads them."""
        return {"Name": name, "Values": [json.dumps(value, ensure_ascii=False) for value in self.values]}
