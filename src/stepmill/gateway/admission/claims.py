"""What a request claims about who signed it, read from its head and not yet believed.

In: a Request. Out: a Claim, or ServiceError when it is malformed. Touches: nothing.

Signature Version 4, from the Authorization header or from a presigned query, never both; Version 2 from a presigned
query of S3 alone. Version 2 elsewhere and the asymmetric 4A are refused by name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import unquote

from stepmill.gateway.admission import version2
from stepmill.gateway.admission.canonical import ALGORITHM, escaped
from stepmill.gateway.admission.refusals import S3, refused
from stepmill.gateway.messages import Request
from stepmill.services.operations import ServiceError

WEEK = 604800
"""The longest a presigned request may live, in seconds (AWS: X-Amz-Expires is at most 604,800)."""
_PARAMETERS = {
    "x-amz-algorithm": "X-Amz-Algorithm",
    "x-amz-credential": "X-Amz-Credential",
    "x-amz-date": "X-Amz-Date",
    "x-amz-expires": "X-Amz-Expires",
    "x-amz-signedheaders": "X-Amz-SignedHeaders",
    "x-amz-signature": "X-Amz-Signature",
    "x-amz-security-token": "X-Amz-Security-Token",
    "x-amz-content-sha256": "X-Amz-Content-Sha256",
}
_NEEDED = ("X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Date", "X-Amz-Expires", "X-Amz-SignedHeaders")
_SIGNS = ("x-amz-algorithm", "x-amz-credential", "x-amz-signature")
_stamp = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})T([0-9]{2})([0-9]{2})([0-9]{2})Z", re.ASCII).fullmatch
_hex64 = re.compile(r"[0-9a-f]{64}").fullmatch
_word = re.compile(r"[a-z0-9-]{1,64}").fullmatch


class Claim(NamedTuple):
    """Who a request says it is from.

    when: as it was signed (`20300101T120000Z`). at: the same in epoch seconds. expires: seconds a presigned request
    lives, None for a header. token: a session token, if one was sent. payload: the X-Amz-Content-Sha256 of a
    presigned query, if any. family: how its service words refusals. version: 4, or 2: then `when` is when it expires,
    and there are no date, region and signed headers.
    """

    key_id: str
    date: str
    region: str
    service: str
    signed_headers: tuple[str, ...]
    signature: str
    when: str
    at: float
    expires: int | None
    presigned: bool
    token: str | None
    payload: str | None
    family: str
    version: int = 4

    @property
    def scope(self) -> str:
        """What the signing key is good for."""
        return f"{self.date}/{self.region}/{self.service}/aws4_request"


def claim_of(request: Request, family: str) -> Claim:
    """Read the claim. Raises ServiceError when there is none, or more than one, or when it is malformed."""
    header = request.headers.get("authorization")
    if family == S3 and request.query and version2.speaks(request.query):
        if header is not None or any(name.lower() in _SIGNS for name, _ in version2.named(request.query)):
            raise _twice(family)
        return _from_version2(request)
    query = _parameters(request, family)
    signed_query = any(_PARAMETERS[name] in query for name in _SIGNS)
    if header is not None and signed_query:
        raise _twice(family)
    if header is not None:
        return _from_header(request, header, family)
    if signed_query:
        return _from_query(query, family)
    if "AWSAccessKeyId=" in request.query or "SignatureVersion=" in request.query:
        raise _unsupported(family, "AWS Signature Version 2")
    raise refused(family, "missing")


def _twice(family: str) -> ServiceError:
    if family == S3:
        words = "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature query string"
        message = f"{words} parameter or the Authorization header should be specified"
        return ServiceError("InvalidArgument", message, 400)
    return refused(family, "incomplete", "A signature belongs in the Authorization header or in the query, once.")


def _from_header(request: Request, header: str, family: str) -> Claim:
    algorithm, _, rest = header.partition(" ")
    _check_algorithm(algorithm, family)
    parts: dict[str, str] = {}
    for piece in rest.split(","):
        name, equals, value = piece.strip().partition("=")
        if not equals or not value or name in parts or name not in ("Credential", "SignedHeaders", "Signature"):
            raise refused(family, "incomplete")
        parts[name] = value
    if missing := [name for name in ("Credential", "Signature", "SignedHeaders") if name not in parts]:
        words = " ".join(f"Authorization header requires '{name}' parameter." for name in missing)
        raise refused(family, "incomplete", None if family == S3 else words)
    when, at = _moment(request.headers, family)
    token = request.headers.get("x-amz-security-token")
    return _claim(
        (parts["Credential"], parts["SignedHeaders"], parts["Signature"]), when, at, family, None, token, None
    )


def _from_query(query: Mapping[str, str], family: str) -> Claim:
    _check_algorithm(query.get("X-Amz-Algorithm", ALGORITHM), family)
    for name in (*_NEEDED, "X-Amz-Signature"):
        if not query.get(name):
            words = f"AWS query-string parameters must include '{name}'. Re-examine the query-string parameters."
            if family == S3:
                words = (
                    "Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential,"
                    " X-Amz-Signature, X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters."
                )
            raise _bad_query(family, words)
    when, expires = query["X-Amz-Date"], query["X-Amz-Expires"]
    at = _seconds(when)
    if at is None:
        raise _bad_query(family, "X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\"")
    if not (expires.isascii() and expires.removeprefix("-").isdigit()):
        raise _bad_query(family, "X-Amz-Expires should be a number")
    if expires.startswith("-"):
        raise _bad_query(family, "X-Amz-Expires must be non-negative")
    if len(expires) > 9 or int(expires) > WEEK:
        words = "X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less"
        raise _bad_query(family, f"{words} than {WEEK} seconds")
    three = (query["X-Amz-Credential"], query["X-Amz-SignedHeaders"], query["X-Amz-Signature"])
    token, payload = query.get("X-Amz-Security-Token"), query.get("X-Amz-Content-Sha256")
    return _claim(three, when, at, family, int(expires), token, payload)


def _from_version2(request: Request) -> Claim:
    """S3's own refusals, as its users report them; only the one for other methods is ours."""
    if request.method not in version2.METHODS:
        raise _unsupported(S3, "AWS Signature Version 2")
    version2.check_query(request.query)
    found: dict[str, str] = {}
    for name, value in version2.named(request.query):
        if name in version2.PARAMETERS:
            if name in found:
                raise ServiceError("InvalidArgument", f"{name} must be given once.", 400)
            found[name] = (value or b"").decode("latin-1")
    if not all(found.get(name) for name in version2.PARAMETERS):
        words = "Query-string authentication requires the Signature, Expires and AWSAccessKeyId parameters"
        raise ServiceError("AccessDenied", words, 403)
    key_id, signature, expires = (found[name] for name in version2.PARAMETERS)
    if not (expires.isascii() and expires.isdigit() and len(expires) < 16):
        words = f"Invalid date (should be seconds since epoch): {expires[:64]}"
        raise ServiceError("AccessDenied", words, 403)
    carried = version2.carried(request.query, standard=True)
    token = request.headers.get("x-amz-security-token", carried.get("x-amz-security-token"))
    stated = request.headers.get("x-amz-content-sha256", carried.get("x-amz-content-sha256"))
    return Claim(key_id, "", "", "s3", (), signature, expires, float(expires), 0, True, token, stated, S3, 2)


def _claim(
    three: tuple[str, str, str],
    when: str,
    at: float,
    family: str,
    expires: int | None,
    token: str | None,
    payload: str | None,
) -> Claim:
    credential, names, signature = three
    presigned = expires is not None

    def wrong(message: str) -> ServiceError:
        if family == S3 and not presigned:
            message = f"The authorization header is malformed; {message}"
        return _bad_query(family, message) if presigned else refused(family, "incomplete", message)

    parts = credential.rsplit("/", 4)
    if len(parts) != 5 or not parts[0]:
        raise wrong("Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term.")
    key_id, date, region, service, terminator = parts
    if terminator != "aws4_request":
        raise wrong(f"Credential should be scoped with a valid terminator: 'aws4_request', not '{terminator[:64]}'.")
    if not _word(region) or not _word(service):
        raise wrong("Credential should be scoped to a valid region and service.")
    signed = _names(names)
    if not signed:
        raise wrong("SignedHeaders must be lower-case names, sorted, each once.")
    if date != when[:8]:
        if family == S3:
            raise wrong(
                f'Invalid credential date "{date[:64]}". This date is not the same as X-Amz-Date: "{when[:8]}".'
            )
        raise refused(
            family,
            "mismatch",
            f"Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP:"
            f" '{date[:64]}' != '{when[:8]}', from '{when}'.",
        )
    if not _hex64(signature):  # no signature looks like that, so none that is right does
        raise refused(family, "mismatch")
    return Claim(key_id, date, region, service, signed, signature, when, at, expires, presigned, token, payload, family)


@lru_cache(maxsize=64)  # a client signs the same headers again and again
def _names(text: str) -> tuple[str, ...]:
    """The names of SignedHeaders; none when they are not as AWS wants them."""
    names = tuple(text.split(";"))
    return names if list(names) == sorted(set(names)) and text == text.lower() and all(names) else ()


def _parameters(request: Request, family: str) -> dict[str, str]:
    """The parameters of the query that speak of signing, decoded, by AWS's spelling of their names."""
    if not request.query:
        return {}
    found: dict[str, str] = {}
    for name, value in escaped(request.query):
        proper = _PARAMETERS.get(name.lower())
        if proper is None:
            continue
        # Otherwise what is read here might not be what was signed.
        if proper != name or proper in found:
            raise _bad_query(family, f"{proper} must be given once, and spelt so.")
        found[proper] = unquote(value)
    return found


def _moment(headers: Mapping[str, str], family: str) -> tuple[str, float]:
    """When a request was signed, from X-Amz-Date or else Date: as text, and in epoch seconds."""
    when = headers.get("x-amz-date")
    if when is not None:
        at = _seconds(when)
    else:
        at = _http_date(headers.get("date", ""))
        when = "" if at is None else stamp(at)
    if at is None:
        if family == S3:
            raise ServiceError("AccessDenied", "AWS authentication requires a valid Date or x-amz-date header", 403)
        words = "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header."
        raise refused(family, "incomplete", words)
    return when, at


def stamp(at: float) -> str:
    """Epoch seconds as they are signed: `20300101T120000Z`."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y%m%dT%H%M%SZ")


@lru_cache(maxsize=64)
def _seconds(text: str) -> float | None:
    found = _stamp(text)
    if found is None:
        return None
    try:
        return datetime(*map(int, found.groups()), tzinfo=UTC).timestamp()  # type: ignore[arg-type, misc]
    except ValueError:
        return None


def _http_date(text: str) -> float | None:
    if (at := _seconds(text)) is not None:
        return at
    from email.utils import parsedate_to_datetime

    try:
        moment = parsedate_to_datetime(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (TypeError, ValueError, OverflowError):
        return None


def _check_algorithm(algorithm: str, family: str) -> None:
    if algorithm == ALGORITHM:
        return
    if algorithm.startswith("AWS4-ECDSA"):
        raise _unsupported(family, "AWS Signature Version 4A")
    if algorithm == "AWS":
        raise _unsupported(family, "AWS Signature Version 2")
    if family == S3:
        raise ServiceError("InvalidArgument", "Unsupported Authorization Type", 400)
    raise refused(family, "incomplete", f"Unsupported AWS 'algorithm': '{algorithm[:64]}'.")


def _unsupported(family: str, name: str) -> ServiceError:
    if family == S3 and name.endswith("2"):
        words = "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256."
        return ServiceError("InvalidRequest", words, 400)
    return ServiceError("NotImplemented", f"{name} is not verified here. Please use AWS4-HMAC-SHA256.", 501)


def _bad_query(family: str, message: str) -> ServiceError:
    if family == S3:
        return ServiceError("AuthorizationQueryParametersError", message, 400)
    return refused(family, "incomplete", message)
