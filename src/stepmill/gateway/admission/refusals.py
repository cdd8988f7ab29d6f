"""The words in which each family of AWS services refuses those who may not ask.

In: a request's head, what is wrong with it. Out: ServiceError. Touches: nothing.

What belongs here is refusing before an operation is known; what operations refuse is theirs to word. Nothing here ever
holds a secret, a signature that would be right, or the text it is made of.

Codes and sentences are AWS's: the common errors of each API reference; S3's list of error codes (AmazonS3 API,
ErrorResponses). Services that speak JSON 1.x answer 400 where the REST ones (Lambda) and the query ones answer 403.
"""

from __future__ import annotations

import re

from stepmill.gateway.admission import version2
from stepmill.gateway.messages import Request
from stepmill.services.operations import ServiceError

S3, QUERY, JSON, REST = "s3", "query", "json", "rest"

_MISSING = "Missing Authentication Token"
_UNKNOWN = "The security token included in the request is invalid."
_MISMATCH = (
    "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key"
    " and signing method. Consult the service documentation for details."
)
_MALFORMED = (
    "The authorization header is malformed; the authorization header requires three components: Credential,"
    " SignedHeaders, and Signature."
)
_WORDS: dict[tuple[str, str], tuple[str, str, int]] = {
    (S3, "missing"): ("AccessDenied", "Access Denied", 403),
    (S3, "unknown"): ("InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our records.", 403),
    (S3, "token"): ("InvalidToken", "The provided token is malformed or otherwise invalid.", 400),
    (S3, "incomplete"): ("AuthorizationHeaderMalformed", _MALFORMED, 400),
    (S3, "mismatch"): (
        "SignatureDoesNotMatch",
        "The request signature we calculated does not match the signature you provided. Check your key and signing"
        " method.",
        403,
    ),
    (QUERY, "missing"): ("MissingAuthenticationToken", "Request is missing Authentication Token", 403),
    (QUERY, "unknown"): ("InvalidClientTokenId", _UNKNOWN, 403),
    (QUERY, "token"): ("InvalidClientTokenId", _UNKNOWN, 403),
    (QUERY, "incomplete"): ("IncompleteSignature", "The request signature does not conform to AWS standards.", 400),
    (QUERY, "mismatch"): ("SignatureDoesNotMatch", _MISMATCH, 403),
}
for _family, _status in ((JSON, 400), (REST, 403)):
    _WORDS |= {
        (_family, "missing"): ("MissingAuthenticationTokenException", _MISSING, _status),
        (_family, "unknown"): ("UnrecognizedClientException", _UNKNOWN, _status),
        (_family, "token"): ("UnrecognizedClientException", _UNKNOWN, _status),
        (_family, "incomplete"): (
            "IncompleteSignatureException",
            "The request signature does not conform to AWS standards.",
            _status,
        ),
        (_family, "mismatch"): ("InvalidSignatureException", _MISMATCH, _status),
    }

_SCOPE = re.compile(r"Credential=[^,]*/[0-9]{8}/[^/,]*/([a-z0-9-]{1,64})/aws4_request")
# Read before anything is decoded: what decodes to a `&` in another parameter must not pass for a border.
_QUERY_SCOPE = re.compile(
    r"(?:^|&)X-Amz-Credential=[^&]*(?:/|%2[Ff])[0-9]{8}(?:/|%2[Ff])[a-z0-9-]*(?:/|%2[Ff])([a-z0-9-]{1,64})"
    r"(?:/|%2[Ff])aws4_request(?:&|$)"
)
_TARGETS = {"AWSStepFunctions": "states", "SageMaker": "sagemaker", "Logs_20140328": "logs"}
_DATED = re.compile(r"/20[0-9]{2}-[0-9]{2}-[0-9]{2}/")


def service_of(request: Request) -> str:
    """The service a request is most likely for, by AWS's signing name (`states`, `s3`); `s3` when nothing tells.

    A guess from what anyone may write, to word refusals and to choose a limit before anything is verified. Never a
    reason to trust.
    """
    headers = request.headers
    if found := _SCOPE.search(headers.get("authorization", "")):
        return found[1]
    if found := _QUERY_SCOPE.search(request.query):
        return found[1]
    if "authorization" not in headers and request.query and version2.speaks(request.query):
        return "s3"
    if target := headers.get("x-amz-target"):
        prefix = target.partition(".")[0]
        return _TARGETS.get(prefix, prefix.partition("_")[0].lower())
    if _form(request):
        return "sts"
    if _DATED.match(request.path):  # Lambda's paths begin with the date of its API
        return "lambda"
    return "s3"


def family_of(service: str, request: Request) -> str:
    """How `service` words what it refuses: S3, QUERY (XML, IAM and STS), JSON (X-Amz-Target) or REST (Lambda)."""
    if service == "s3":
        return S3
    if _form(request) or service in ("sts", "iam"):
        return QUERY
    return JSON if "x-amz-target" in request.headers else REST


def _form(request: Request) -> bool:
    return request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded")


def refused(family: str, kind: str, message: str | None = None) -> ServiceError:
    """What a service of `family` answers.

    kind: `missing` (no signature at all), `unknown` (no such key), `token` (a session token that is none of ours),
    `incomplete` (a malformed signature), `mismatch` (a wrong one). message: instead of AWS's usual sentence.
    """
    code, words, status = _WORDS[family, kind]
    return ServiceError(code, message or words, status)


def malformed(family: str, message: str) -> ServiceError:
    """HTTP that cannot be understood in one way only."""
    return ServiceError("InvalidRequest" if family == S3 else "MalformedHttpRequestException", message, 400)


def too_large(family: str, limit: int, operation: str = "") -> ServiceError:
    """A body of more than `limit` bytes. S3 answers 400 (its list of error codes), Lambda and the others 413."""
    if family == S3:
        return ServiceError("EntityTooLarge", "Your proposed upload exceeds the maximum allowed size", 400)
    # Lambda's sentence, as its users report it; for the others only the code is known (their common errors).
    purpose = f" for the {operation} operation" if operation else ""
    return ServiceError("RequestEntityTooLargeException", f"Request must be smaller than {limit} bytes{purpose}", 413)


def incomplete_body() -> ServiceError:
    """A body that ended before its head said."""
    return ServiceError("IncompleteBody", "The request body terminated unexpectedly", 400)
