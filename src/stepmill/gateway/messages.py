"""One HTTP request and one HTTP response, whoever carries them.

In: nothing. Out: `Request`, `Response`, what a header cannot hold. Touches: nothing.
"""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from stepmill.objects.bodies import Slice

if TYPE_CHECKING:
    from stepmill.objects.bodies import Reader

CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
"""What the value of a header cannot hold."""


@dataclass(slots=True)
class Request:
    """A request whose head has arrived; its body is read when somebody wants it.

    method: upper case. path: as it stood in the request line, percent-encoded, beginning with `/`. query: what stood
    after the `?`, as it was; may be empty. headers: names in lower case; those that came several times are joined by
    `,`, as they are signed. body: gives its bytes in pieces, b"" at the end.
    """

    method: str
    path: str
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Reader = field(default_factory=io.BytesIO)

    @property
    def length(self) -> int | None:
        """The size of the body in bytes as the head tells it: None when it comes in chunks, 0 when it says nothing."""
        text = self.headers.get("content-length")
        if text is None:
            return None if "transfer-encoding" in self.headers else 0
        return int(text)


@dataclass(slots=True)
class Response:
    """What is sent back. headers: names as they are written, without Content-Length, which the body gives."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | Slice = b""
