"""What the intrinsic functions and AWS's additions to JSONata do with their values.

In: JSON values. Out: JSON values, or a Failure with the reason. Touches: nothing.

How calls are written belongs to `intrinsics` and `jsonata`.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import math
from collections.abc import Callable
from random import Random
from typing import Any, Final

from stepmill.asl import chance

MAX_TEXT: Final = 10_000
MAX_RANGE: Final = 1_000
ALGORITHMS: Final = {"MD5": "md5", "SHA-1": "sha1", "SHA-256": "sha256", "SHA-384": "sha384", "SHA-512": "sha512"}


class Failure(Exception):
    """Why a function refused its values."""


def java_text(value: Any) -> str:
    """A value as the service writes it into a text: objects as {a=1}, floats as Java does (1.0E-5)."""
    if isinstance(value, str):
        return value
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}={java_text(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(java_text, value)) + "]"
    return java_json(value)


def java_json(value: Any) -> str:
    """A value as compact JSON, with floats as Java writes them."""
    if isinstance(value, dict):
        return "{" + ",".join(f"{json.dumps(k, ensure_ascii=False)}:{java_json(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(java_json, value)) + "]"
    if isinstance(value, float):
        return _java_double(value)
    return json.dumps(value, ensure_ascii=False)


def _java_double(value: float) -> str:
    # Double.toString: plain between 1e-3 and 1e7, else one digit, the rest and an E without sign or padding.
    if value == 0 or 1e-3 <= abs(value) < 1e7:
        return repr(value)
    mantissa, _, exponent = f"{value!r}".partition("e")
    if not exponent:
        digits = repr(abs(value)).replace(".", "").lstrip("0").rstrip("0")
        power = math.floor(math.log10(abs(value)))
        mantissa = f"{'-' if value < 0 else ''}{digits[0]}.{digits[1:] or '0'}"
        return f"{mantissa}E{power}"
    if "." not in mantissa:
        mantissa += ".0"
    return f"{mantissa}E{int(exponent)}"


def same(left: Any, right: Any) -> bool:
    """Equality of JSON: `true` is not 1."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(same, left, right))
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(same(value, right[key]) for key, value in left.items())
    return bool(left == right)


def _array(value: Any, what: str = "first") -> list[Any]:
    if not isinstance(value, list):
        raise Failure(f"The {what} argument must be an array but was: {java_json(value)}")
    return value


def _text(value: Any, what: str = "first") -> str:
    if not isinstance(value, str):
        raise Failure(f"The {what} argument must be a string but was: {java_json(value)}")
    return value


def _bounded(value: Any, what: str = "first") -> str:
    text = _text(value, what)
    if len(text) > MAX_TEXT:
        raise Failure(f"The {what} argument has {len(text)} characters; {MAX_TEXT} are allowed")
    return text


def _whole(value: Any, what: str) -> int:
    """Numbers are rounded half up, as recorded: 2.5 → 3, -2.5 → -2."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Failure(f"The {what} argument must be a number but was: {java_json(value)}")
    return value if isinstance(value, int) else math.floor(value + 0.5)


def format_text(template: Any, *values: Any) -> str:
    pieces = template if isinstance(template, tuple) else _text(template).split("{}")
    if len(pieces) - 1 != len(values):
        raise Failure(f"The template has {len(pieces) - 1} '{{}}' but {len(values)} values were given")
    out = [pieces[0]]
    for piece, value in zip(pieces[1:], values, strict=True):
        out.append(value if isinstance(value, str) else java_text(value))
        out.append(piece)
    return "".join(out)


def string_to_json(text: Any) -> Any:
    body = _text(text)
    if not body.strip():
        return None  # recorded: an empty text gives null
    try:
        return json.loads(body, parse_constant=_no_constant)
    except ValueError as wrong:
        raise Failure(f"The text is not valid JSON ({wrong})") from None


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def json_merge(left: Any, right: Any, deep: Any) -> Any:
    if not isinstance(left, dict) or not isinstance(right, dict):
        raise Failure("The first two arguments must be objects")
    if deep is not False:
        raise Failure("The third argument must be false: only the shallow merge is supported")
    return {**left, **right}


def array_partition(array: Any, size: Any) -> list[list[Any]]:
    items, count = _array(array), _whole(size, "second")
    if count < 1:
        raise Failure(f"The second argument must be a positive number but was: {count}")
    return [items[at : at + count] for at in range(0, len(items), count)]


def array_range(first: Any, last: Any, step: Any) -> list[int]:
    start, stop, by = _whole(first, "first"), _whole(last, "second"), _whole(step, "third")
    if by == 0:
        raise Failure("The third argument, the step, must not be 0")
    found = range(start, stop + (1 if by > 0 else -1), by)
    if len(found) > MAX_RANGE:
        raise Failure(f"The range has {len(found)} items; {MAX_RANGE} are allowed")
    return list(found)


def array_get_item(array: Any, index: Any) -> Any:
    items, at = _array(array), _whole(index, "second")
    if not 0 <= at < len(items):
        raise Failure(f"The index {at} is outside of the array, which has {len(items)} items")
    return items[at]


def array_unique(array: Any) -> list[Any]:
    kept: list[Any] = []
    for item in _array(array):
        if not any(same(item, other) for other in kept):
            kept.append(item)
    return kept


def base64_encode(text: Any) -> str:
    return base64.b64encode(_bounded(text).encode()).decode()


def base64_decode(text: Any) -> str:
    try:
        return base64.b64decode(_bounded(text), validate=True).decode(errors="replace")
    except (binascii.Error, ValueError) as wrong:
        raise Failure(f"The text is not valid Base64 ({wrong})") from None


def digest(data: Any, algorithm: Any) -> str:
    name = _text(algorithm, "second")
    if name not in ALGORITHMS:
        raise Failure(f"There is no algorithm '{name}'; there are {', '.join(ALGORITHMS)}")
    text = _bounded(data if isinstance(data, str) else java_json(data))
    return hashlib.new(ALGORITHMS[name], text.encode(), usedforsecurity=False).hexdigest()


def math_random(start: Any, end: Any, seed: Any = None) -> int:
    low, high = _whole(start, "first"), _whole(end, "second")
    if low >= high:
        raise Failure("The first argument must be less than the second")
    source = chance.source() if seed is None else Random(_whole(seed, "third"))  # noqa: S311 - not a secret
    return source.randrange(low, high)


def math_add(left: Any, right: Any) -> int:
    return _whole(left, "first") + _whole(right, "second")


def string_split(text: Any, separators: Any) -> list[str]:
    body, cuts = _text(text), _text(separators, "second")
    for cut in cuts[1:]:
        body = body.replace(cut, cuts[0])
    return [piece for piece in body.split(cuts[0]) if piece] if cuts else [body]


ANY_NUMBER: Final = 1_000
FUNCTIONS: Final[dict[str, tuple[Callable[..., Any], int, int]]] = {
    "Array": (lambda *items: list(items), 0, ANY_NUMBER),
    "ArrayPartition": (array_partition, 2, 2),
    "ArrayContains": (lambda array, item: any(same(item, other) for other in _array(array)), 2, 2),
    "ArrayRange": (array_range, 3, 3),
    "ArrayGetItem": (array_get_item, 2, 2),
    "ArrayLength": (lambda array: len(_array(array)), 1, 1),
    "ArrayUnique": (array_unique, 1, 1),
    "Base64Encode": (base64_encode, 1, 1),
    "Base64Decode": (base64_decode, 1, 1),
    "Format": (format_text, 1, ANY_NUMBER),
    "Hash": (digest, 2, 2),
    "JsonMerge": (json_merge, 3, 3),
    "JsonToString": (java_json, 1, 1),
    "MathAdd": (math_add, 2, 2),
    "MathRandom": (math_random, 2, 3),
    "StringSplit": (string_split, 2, 2),
    "StringToJson": (string_to_json, 1, 1),
    "UUID": (chance.new_uuid, 0, 0),
}
