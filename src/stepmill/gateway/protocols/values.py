"""Values as all protocols write them: times, numbers, headers, forms; and their refusals.

In: text or a value. Out: the other. Touches: nothing. What belongs here is what has no shape; shapes are protocols'.
"""

from __future__ import annotations

import base64
import math
import re
import time
from calendar import timegm
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from stepmill.gateway.addresses import parameters
from stepmill.gateway.messages import CONTROL
from stepmill.services.operations import ServiceError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from stepmill.objects.bodies import Reader

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_LISTED = re.compile(r'\s*(?:"((?:[^"\\]|\\.)*)"|([^,]*))\s*(?:,|$)')


class Refusal(ServiceError):
    """A ServiceError that says more: `members` stand beside its code and message in the answer."""

    def __init__(self, code: str, message: str, status: int = 400, members: Mapping[str, Any] | None = None) -> None:
        super().__init__(code, message, status)
        self.members = dict(members or {})


def unserialized(message: str) -> Refusal:
    """AWS's answer to a body whose values are not what the operation takes."""
    return Refusal("SerializationException", message)


def drain(body: Reader) -> bytes:
    """All of a body; how much that may be was settled before."""
    pieces = []
    while piece := body.read(1 << 20):
        pieces.append(piece)
    return b"".join(pieces)


def pairs(text: str) -> list[tuple[str, str]]:
    """The pairs of a query string or a form, decoded once, in order; a name alone has the value ''.

    Raises ServiceError for what is not UTF-8.
    """
    try:
        return [(name.decode(), (value or b"").decode()) for name, value in parameters(text)]
    except UnicodeDecodeError:
        raise Refusal("InvalidURI", "Couldn't parse the specified URI.") from None


def seconds(value: Any) -> float:
    """A time of a response, given as epoch seconds or a datetime, as epoch seconds."""
    if isinstance(value, datetime):
        return (value if value.tzinfo else value.replace(tzinfo=UTC)).timestamp()
    return float(value)


def time_text(value: Any, form: str) -> str:
    """A time in one of AWS's three forms: `iso8601` (to the millisecond), `rfc822`, `unixTimestamp`."""
    at = seconds(value)
    if form == "rfc822":
        year, month, day, hour, minute, second, weekday, *_ = time.gmtime(int(at))
        return f"{_DAYS[weekday]}, {day:02d} {_MONTHS[month - 1]} {year:04d} {hour:02d}:{minute:02d}:{second:02d} GMT"
    if form == "iso8601":
        whole, thousandths = divmod(round(at * 1000), 1000)
        year, month, day, hour, minute, second, *_ = time.gmtime(whole)
        return f"{year:04d}-{month:02d}-{day:02d}T{hour:02d}:{minute:02d}:{second:02d}.{thousandths:03d}Z"
    return repr(unix(at))


def unix(at: float) -> float:
    """Epoch seconds to the millisecond, as AWS sends them; a whole number without its `.0`."""
    rounded = round(at, 3)
    return int(rounded) if rounded.is_integer() else rounded


def time_read(text: str) -> float:
    """Epoch seconds of a time in any of AWS's forms. Raises ValueError."""
    text = text.strip()
    if len(text) > 10 and text[4:5] == "-":
        read = datetime.fromisoformat(text)
        return (read if read.tzinfo else read.replace(tzinfo=UTC)).timestamp()
    if text[:1].isalpha():
        day, month, rest = text.partition(",")[2].strip().replace("-", " ").split(" ", 2)
        year, clock, *_ = rest.split(" ")
        hour, minute, second = (int(part) for part in clock.split(":"))
        moment = (int(year), _MONTHS.index(month.title()) + 1, int(day), hour, minute, second)
        datetime(*moment)  # which knows the length of February
        return float(timegm(moment))
    return finite(float(text))


def finite(value: float) -> float:
    """`value`, unless it is no number at all. Raises ValueError."""
    if not math.isfinite(value):
        raise ValueError("not finite")
    return value


def float_text(value: float) -> float | str:
    """A number, or the word AWS writes for what JSON and XML have no number for."""
    if math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def float_read(text: str) -> float:
    """The number a text says; `NaN`, `Infinity` and `-Infinity` are numbers. Raises ValueError."""
    if text in ("NaN", "Infinity", "-Infinity"):
        return float(text)
    return finite(float(text))


def whole_read(text: str, kind: str = "long") -> int:
    """The `integer` or `long` a text says. Raises ValueError, also out of range."""
    if not re.fullmatch(r"[+-]?[0-9]{1,20}", text):
        raise ValueError("not a whole number")
    return in_range(int(text), kind)


def in_range(value: int, kind: str) -> int:
    """`value`, unless an `integer` (32 bits) or a `long` (64) cannot hold it. Raises ValueError."""
    limit = 1 << (31 if kind == "integer" else 63)
    if not -limit <= value < limit:
        raise ValueError("out of range")
    return value


def bool_read(text: str) -> bool:
    """The truth a text says. Raises ValueError."""
    if text not in ("true", "false", "True", "False"):
        raise ValueError("neither true nor false")
    return text in ("true", "True")


def blob_read(text: str) -> bytes:
    """The bytes a base64 text says. Raises ValueError."""
    return base64.b64decode(text, validate=True)


SCALARS: dict[str, Callable[[str], Any]] = {
    "boolean": bool_read,
    "integer": lambda text: whole_read(text, "integer"),
    "long": whole_read,
    "float": float_read,
    "double": float_read,
    "timestamp": time_read,
}
"""How what stands in a query, a header or a path is read, by the type of its shape; strings and blobs aside."""


def blob_text(value: bytes | str) -> str:
    """Bytes as base64."""
    return base64.b64encode(value.encode() if isinstance(value, str) else value).decode()


def header_list(text: str) -> list[str]:
    """The parts of a header that is a list; one with a comma in it stands in quotes."""
    found, at = [], 0
    while at < len(text) and (match := _LISTED.match(text, at)):
        found.append(match[2].strip() if match[1] is None else re.sub(r"\\(.)", r"\1", match[1]))
        at = match.end()
    return found


def header_text(value: str) -> str:
    """A value that a header can carry: what would end the header is a space, what Latin-1 lacks is an encoded word.

    S3 answers metadata beyond ASCII as RFC 2047 says.
    """
    if CONTROL.search(value):
        value = CONTROL.sub(" ", value)
    if value.isascii():
        return value
    try:
        value.encode("latin-1")
    except UnicodeEncodeError:
        return f"=?UTF-8?B?{blob_text(value.encode(errors='replace'))}?="
    return value


def header_safe(text: str) -> bool:
    """Whether a header can carry it as it is."""
    return not CONTROL.search(text) and all(ord(letter) < 256 for letter in text)
