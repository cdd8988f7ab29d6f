"""CloudWatch Logs' filter patterns of terms.

In: a pattern. Out: a question to ask of each message. Touches: nothing.
Terms, quoted phrases, `?` for any of several, `-` for none of them. Patterns that take a message apart (JSON, columns,
regular expressions) are refused by name.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from stepmill.services.operations import ServiceError

_TERM = re.compile(r'\s*([?-]?)(?:"((?:[^"\\]|\\.)*)"|([^\s"]+))')
_PLAIN = re.compile(r"[\w]+")


def matcher(pattern: str) -> Callable[[str], bool]:
    """Whether a message has what `pattern` asks for; every message has what an empty one does. Case matters."""
    text = pattern.strip()
    for start, kind in (("{", "JSON"), ("[", "space-delimited"), ("%", "regular expression")):
        if text.startswith(start):
            raise _bad(f"{kind} filter patterns are not answered on this machine; use terms: {pattern}")
    wanted: list[str] = []
    unwanted: list[str] = []
    either: list[str] = []
    place = 0
    while place < len(text):
        found = _TERM.match(text, place)
        if found is None:
            raise _bad(f"Invalid filter pattern: {pattern}")
        sign, quoted, plain = found.groups()
        if plain is not None and not _PLAIN.fullmatch(plain):
            # AWS: terms with anything but letters, digits and underscores stand in quotes.
            raise _bad(f"Invalid filter pattern: {pattern}; put {plain} in double quotes")
        term = plain if plain is not None else re.sub(r"\\(.)", r"\1", quoted)
        {"": wanted, "-": unwanted, "?": either}[sign].append(term)
        place = found.end()

    def matches(message: str) -> bool:
        if any(term in message for term in unwanted) or not all(term in message for term in wanted):
            return False
        # AWS ignores `?` terms beside other ones.
        return not either or bool(wanted or unwanted) or any(term in message for term in either)

    return matches


def _bad(message: str) -> ServiceError:
    return ServiceError("InvalidParameterException", message)
