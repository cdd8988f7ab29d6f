"""Masks secrets before anything is written: in lines of a log, in texts and in JSON values.

In: the values registered as secret, then text. Out: the same text with `***` where a secret stood. Touches: nothing.
Here belongs how a secret is recognised. Where it is masked is decided by whoever writes: there is one such place each
for logs (the job's supervisor) and for history (the store).
"""

from __future__ import annotations

import re
from binascii import b2a_base64
from collections.abc import Iterable, Mapping

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

MASK = "***"
SHORTEST = 6
"""Registered values with fewer characters are not masked: they would blank out ordinary words."""

_PEM_BEGIN = r"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----"
_PEM_END = r"-----END (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----"

# Each known format is looked for only where its literal part occurs: `in` costs a hundredth of a regular expression,
# and none is compiled before it is needed (re keeps what it compiled).
# Group 1, where there is one, is the part that tells what it was and stays.
_FORMATS: tuple[tuple[tuple[str, ...], str], ...] = (
    (("PRIVATE KEY",), _PEM_BEGIN + r"[\s\S]*?(?:" + _PEM_END + r"|\Z)"),
    (("AKIA", "ASIA"), r"(?<![A-Za-z0-9])(?:AKIA|ASIA)[A-Z0-9]{16}(?![A-Za-z0-9])"),
    (
        ("ecret", "ECRET"),
        r"(?i)(secret_?(?:access_?)?key\\?[\"']?\s{0,4}[=:]\s{0,4}\\?[\"']?)[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+])",
    ),
    (
        ("ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_"),
        r"gh[pousr]_[A-Za-z0-9]{20,255}|github_pat_[A-Za-z0-9_]{22,255}",
    ),
    (("xox", "xapp-"), r"(?:xox[a-z]-|xapp-)[A-Za-z0-9-]{8,}"),
    (
        ("hooks.slack.com",),
        r"(hooks\.slack\.com)(?:\\?/|%2[Ff])(?:services|workflows|triggers)(?:\\?/|%2[Ff])(?:[\w+-]|\\?/|%2[Ff])+",
    ),
    (("eyJ",), r"eyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{4,}\.[A-Za-z0-9_-]*"),
)


def _masked(match: re.Match[str]) -> str:
    return (match[1] if match.re.groups else "") + MASK


_UNRESERVED = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~")


class Redactor:
    """Masks registered values (also base64-, URL- and JSON-escaped) and the well-known formats of keys and tokens.

    `secrets` is a mapping of names to values, or the values alone. Formats known without registration: AWS access key
    ids, secret access keys next to their name, GitHub and Slack tokens, Slack webhook addresses, JSON web tokens and
    PEM private keys.
    """

    def __init__(self, secrets: Mapping[str, str] | Iterable[str] = ()) -> None:
        self._forms: tuple[str, ...] = ()
        self.add(secrets.values() if isinstance(secrets, Mapping) else secrets)

    def add(self, values: Iterable[str]) -> None:
        """Register more values; what is masked from now on masks them too."""
        forms = set(self._forms)
        for value in values:
            forms.update(_forms(value))
        self._forms = tuple(sorted(forms, key=lambda form: (-len(form), form)))

    def text(self, text: str) -> str:
        """`text` with every secret in it masked."""
        for form in self._forms:
            if form in text:
                text = text.replace(form, MASK)
        for triggers, pattern in _FORMATS:
            for trigger in triggers:
                if trigger in text:
                    text = re.sub(pattern, _masked, text)
                    break
        return text

    def value(self, value: Any) -> Any:
        """A JSON value with every string and every key in it masked; numbers, booleans and null stay."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            return {self.text(key) if isinstance(key, str) else key: self.value(item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [self.value(item) for item in value]
        return value

    def stream(self) -> LineRedactor:
        """A masker for lines that follow one another: it remembers that it is inside a private key."""
        return LineRedactor(self)

    def cut(self, text: str, limit: int) -> int:
        """The last place at or before `limit` where `text` can be cut without cutting through a secret.

        0 when the secret starts the text: whoever cuts then has to wait for the rest.
        """
        place = min(limit, len(text))
        moved = True
        while moved:
            moved = False
            for start, end in self._spans(text):
                if start < place < end:
                    place, moved = start, True
        return place

    def _spans(self, text: str) -> Iterable[tuple[int, int]]:
        for form in self._forms:
            start = text.find(form)
            while start >= 0:
                yield start, start + len(form)
                start = text.find(form, start + 1)
        for triggers, pattern in _FORMATS[1:]:
            if any(trigger in text for trigger in triggers):
                for match in re.finditer(pattern, text):
                    yield match.span()


class LineRedactor:
    """Masks one line after another; every line of a private key but its first becomes `***`."""

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor
        self._inside = False

    def line(self, text: str) -> str:
        """The next line, masked. It has no line end."""
        if self._inside:
            end = re.search(_PEM_END, text)
            if end is None:
                return MASK
            self._inside = False
            return MASK + self.line(text[end.end() :]) if end.end() < len(text) else MASK
        if "PRIVATE KEY" in text:
            begins = [match.end() for match in re.finditer(_PEM_BEGIN, text)]
            self._inside = bool(begins) and re.search(_PEM_END, text[begins[-1] :]) is None
        return self._redactor.text(text)


def _forms(value: str) -> Iterable[str]:
    """The ways in which a secret is commonly written down."""
    for part in {value, value.strip(), *(line.strip() for line in value.splitlines())}:
        # A line of a long secret has to be longer than a whole secret: keys have lines such as "}" and "  type".
        if len(part) < (SHORTEST if part in (value, value.strip()) else 12):
            continue
        data = part.encode("utf-8", "surrogateescape")
        yield part
        yield from _base64(data)
        for safe in (_UNRESERVED, _UNRESERVED | {0x2F}):
            escaped = "".join(chr(byte) if byte in safe else f"%{byte:02X}" for byte in data)
            yield escaped
            yield re.sub("%[0-9A-F]{2}", lambda match: match[0].lower(), escaped)
            yield escaped.replace("%20", "+")
        yield from _json(part)


def _base64(data: bytes) -> Iterable[str]:
    """Base64 of the value, at each of the three places it can take inside something longer."""
    for shift in range(3):
        padded = bytes(shift) + data
        text = b2a_base64(padded, newline=False).decode()
        # Characters that share bits with a neighbour differ from case to case and are left out.
        text = text[(0, 2, 3)[shift] : len(padded) // 3 * 4 + (0, 1, 2)[len(padded) % 3]]
        if len(text) >= SHORTEST:
            yield text
            yield text.replace("+", "-").replace("/", "_")


def _json(text: str) -> Iterable[str]:
    """The value inside a JSON text, and inside a JSON text that is itself a value in one, as in AWS's histories."""
    for once in (_escaped(text, ascii_only=False), _escaped(text, ascii_only=True)):
        yield once
        yield once.replace("/", "\\/")
        yield _escaped(once, ascii_only=False)
        yield _escaped(once, ascii_only=True)


def _escaped(text: str, *, ascii_only: bool) -> str:
    names = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\b": "\\b", "\f": "\\f"}
    made = ""
    for char in text:
        if char in names:
            made += names[char]
        elif char < " " or (ascii_only and char > "~"):
            units = char.encode("utf-16-be", "surrogatepass")
            made += "".join(f"\\u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2))
        else:
            made += char
    return made
