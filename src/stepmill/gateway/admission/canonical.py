"""What is signed in a request: Signature Version 4's canonical form of it, and the signature of that.

In: a Request, the names of its signed headers, the hash of its body, a key. Out: text, and hex. Touches: nothing.

What belongs here is the arithmetic, the same for whoever signs; who may ask is judged in `signatures`.

A request has exactly one form here, so no two requests that mean different things share a signature: an escaped `/`
stays apart from a bare one, and a bare `+` from both `%2B` and `%20`.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from urllib.parse import quote, unquote_to_bytes

from stepmill.gateway.messages import Request

ALGORITHM = "AWS4-HMAC-SHA256"
EMPTY = hashlib.sha256(b"").hexdigest()
_plain = re.compile(r"[A-Za-z0-9\-._~]*").fullmatch
_plain_path = re.compile(r"[A-Za-z0-9\-._~/]*").fullmatch


def canonical_request(request: Request, signed: Sequence[str], payload: str, service: str) -> bytes | None:
    """The text whose hash is signed; None when a header that should be signed is not there.

    signed: lower-case names, sorted. payload: the hex SHA-256 of the body, or the word that stands for it. service:
    S3 signs its path as it is, the others a tidied one with its escapes escaped again.
    """
    headers = canonical_headers(request.headers, signed)
    if headers is None:
        return None
    path = request.path
    if service == "s3":
        path = path if _plain_path(path) else "/".join(_once(segment) for segment in path.split("/"))
    else:
        path = quote(tidied(path), safe="/")
    query = "&".join(f"{name}={value}" for name, value in escaped(request.query) if name != "X-Amz-Signature")
    text = f"{request.method}\n{path}\n{query}\n{headers}\n{';'.join(signed)}\n{payload}"
    return text.encode("latin-1", "replace")


def tidied(path: str) -> str:
    """A path without `.`, `..` and empty segments; what every service but S3 means by it, so route by this one."""
    if "//" not in path and "/." not in path:
        return path or "/"
    kept: list[str] = []
    for segment in path.split("/"):
        if segment == "..":
            del kept[-1:]
        elif segment not in ("", "."):
            kept.append(segment)
    return "/" + "/".join(kept) + ("/" if kept and path.endswith("/") else "")


def escaped(query: str) -> list[tuple[str, str]]:
    """The parameters of a query, each name and value escaped in the one canonical way, sorted."""
    if not query:
        return []
    split = (piece.partition("=") for piece in query.split("&"))
    return sorted((_once(name), _once(value)) for name, _, value in split)


def _once(text: str) -> str:
    """`text` escaped once, however it was escaped before."""
    if _plain(text):
        return text
    return "+".join(quote(unquote_to_bytes(part), safe="") for part in text.split("+"))


def canonical_headers(headers: Mapping[str, str], signed: Sequence[str]) -> str | None:
    """One line a header, spaces trimmed and inner ones collapsed; None when one is missing.

    Values are taken as Latin-1, each character a byte of the wire, for that is what was signed.
    """
    lines = []
    for name in signed:
        value = headers.get(name)
        if value is None:
            return None
        if value.isascii():
            lines.append(f"{name}:{' '.join(value.split())}\n")
        else:  # str.split would also split at a byte that is a space in Latin-1 and half a letter in UTF-8
            lines.append(f"{name}:{b' '.join(octets(value).split()).decode('latin-1')}\n")
    return "".join(lines)


def octets(value: str) -> bytes:
    """The bytes a header's value had on the wire: Latin-1, or UTF-8 from a client that has no wire."""
    return value.encode("latin-1") if not value or max(value) <= "\xff" else value.encode()


@lru_cache(maxsize=64)
def signing_key(secret: str, date: str, region: str, service: str) -> bytes:
    """The key that a secret gives for one day, region and service."""
    key = f"AWS4{secret}".encode()
    for part in (date, region, service, "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return key


def signature(key: bytes, when: str, scope: str, canonical: bytes) -> str:
    """The hex signature of a canonical request made at `when` (`20300101T120000Z`) under `scope`."""
    text = f"{ALGORITHM}\n{when}\n{scope}\n{hashlib.sha256(canonical).hexdigest()}"
    return hmac.digest(key, text.encode(), "sha256").hex()


class Seal:
    """The chain of signatures along a body that comes in chunks: each covers its chunk and the signature before."""

    __slots__ = ("_key", "_scope", "_when", "previous")

    def __init__(self, key: bytes, when: str, scope: str, first: str) -> None:
        self._key = key
        self._when = when
        self._scope = scope
        self.previous = first

    def chunk(self, digest: str) -> str:
        """The signature of the next chunk, whose data has the hex SHA-256 `digest`."""
        return self._next("PAYLOAD", f"{EMPTY}\n{digest}")

    def trailer(self, digest: str) -> str:
        """The signature of the trailers."""
        return self._next("TRAILER", digest)

    def _next(self, kind: str, rest: str) -> str:
        text = f"{ALGORITHM}-{kind}\n{self._when}\n{self._scope}\n{self.previous}\n{rest}"
        self.previous = hmac.digest(self._key, text.encode(), "sha256").hex()
        return self.previous
