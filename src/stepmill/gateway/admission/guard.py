"""The door: what is turned away by its head alone, before anyone asks who sent it.

In: a request's head. Out: nothing, or ServiceError; and how large its body may be. Touches: nothing.

What belongs here is what no signature can make good: a web page's requests, a name that is not ours, HTTP that can be
read in two ways, and sizes. Who may ask is judged in `signatures`.

Why so strict on a loopback address: any page in a browser on this machine can send requests to it. By DNS rebinding a
page may even give us its own name, so the Host must be one of ours. Browsers mark what pages send (Origin, Sec-*,
Access-Control-Request-*), and AWS's clients send none of these, so a request that has one is refused whatever its
signature. Referer is refused too: no AWS client sends it, and old browsers mark a page's link or image by nothing else.
The price is that a presigned URL does not open in a browser; `curl` and every client take it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from stepmill.gateway.addresses import bucket_in_path, has_key, parameters
from stepmill.gateway.admission import version2
from stepmill.gateway.admission.refusals import S3, family_of, malformed, service_of, too_large
from stepmill.gateway.messages import CONTROL, Request
from stepmill.services.operations import ServiceError

METHODS = ("GET", "HEAD", "PUT", "POST", "DELETE", "PATCH")
LOCAL = ("localhost", "127.0.0.1", "[::1]", "*.localhost")
"""The names that are always ours; `*.localhost` for buckets named in the host. Browsers keep these names local."""
MIB = 1 << 20
_BROWSER = ("origin", "referer")
_host = re.compile(r"(\[[0-9a-f:.]{2,45}\]|[a-z0-9]([a-z0-9._-]{0,252}))(?::[0-9]{1,5})?").fullmatch
_target = re.compile(r"[\x21-\x7e]*").fullmatch
_LAMBDA_CODE = re.compile(r"/20[0-9-]{8}/functions(/[^/]+/code)?/?").fullmatch
_LAMBDA_LAYER = re.compile(r"/20[0-9-]{8}/layers/[^/]+/versions/?").fullmatch
# Of the query of a PUT that writes an object or a part of one; any other names a subresource, whose body is XML.
_WRITES = ("x-id", "partNumber", "uploadId", *version2.PARAMETERS, *version2.STANDARD)


@dataclass(frozen=True, slots=True)
class Limits:
    """How much is read, in bytes, of whom nobody knows yet.

    headers: names and values together. names: how many headers; the number is ours, AWS gives none. target: path and
    query; S3's keys have 1,024 bytes, 3 KiB when escaped, and a presigned query follows. json: any other service's
    body (Step Functions: 1 MB a request, its quotas page; moto's services are held to the same, save those in
    `bodies`). invoke: Lambda's Invoke, 6 MB and a little for what surrounds it. code: a zip of 50 MB in base64, as
    Lambda words it. object: one PUT to S3, 5 GiB. document: an XML body of S3; its CompleteMultipartUpload names
    10,000 parts in just under 2 MB.
    """

    headers: int = 16 * 1024
    names: int = 200
    target: int = 16 * 1024
    json: int = MIB
    invoke: int = 6 * MIB + 100
    code: int = 69905067
    object: int = 5 << 30
    document: int = 2 * MIB


# DynamoDB: BatchWriteItem is up to 16 MB. Kinesis: PutRecords up to 10 MiB, in base64. ECR: a layer part of 20 MiB, in
# base64. CloudWatch Logs: a batch of 1 MiB counted as its text, which JSON escapes. Each as its API reference has it.
_BODIES = {"dynamodb": 16 * MIB, "kinesis": 14 * MIB, "ecr": 28 * MIB, "logs": 6 * MIB}


class Guard:
    """Judges the heads of requests.

    hosts: names by which this server may be called besides LOCAL, without port; `*.name` for everything below a name.
    """

    def __init__(self, hosts: Iterable[str] = (), limits: Limits | None = None) -> None:
        names = [name.lower() for name in (*LOCAL, *hosts)]
        self._names = frozenset(name for name in names if not name.startswith("*."))
        self._below = tuple(name[1:] for name in names if name.startswith("*."))
        self._limits = limits or Limits()

    def check(self, request: Request) -> None:
        """Raises ServiceError when the head alone says that this request is not to be answered."""
        headers = request.headers
        if request.method not in METHODS:
            words = "The specified method is not allowed against this resource."
            raise ServiceError("MethodNotAllowed", words, 405)
        size = 0
        for name, value in headers.items():
            if name in _BROWSER or name.startswith(("sec-", "access-control-request-")):
                words = f"Access Denied: requests from web pages are not answered, and this one bears {name[:40]}."
                raise ServiceError("AccessDenied", words, 403)
            if CONTROL.search(value):
                raise malformed(_family(request), f"The value of {name[:40]} holds a control character.")
            size += len(name) + len(value) + 4
        self._check_size(request, size)
        self._check_host(headers.get("host"), request)
        if not request.path.startswith("/") or not _target(request.path) or not _target(request.query):
            raise ServiceError("InvalidURI", "Couldn't parse the specified URI.", 400)
        self._check_body(request)

    def limit(self, request: Request) -> int:
        """The most bytes that the body of this request may have, decoded, by what its head says it is for."""
        service, path, limits = service_of(request), request.path, self._limits
        if service == "lambda":
            if path.endswith(("/invocations", "/invoke-async", "/invoke-async/")):
                return limits.invoke
            return limits.code if _LAMBDA_CODE(path) or _LAMBDA_LAYER(path) else limits.json
        if service != "s3":
            return max(limits.json, _BODIES.get(service, 0))
        if request.method != "PUT" or not has_key(bucket_in_path(request.path, request.headers.get("host", ""))):
            return limits.document
        names = (name.decode("latin-1") for name, _ in parameters(request.query))
        written = all(name in _WRITES or name.lower().startswith("x-amz-") for name in names)
        return limits.object if written else limits.document

    def _check_size(self, request: Request, size: int) -> None:
        if size > self._limits.headers or len(request.headers) > self._limits.names:
            words = "Your request header and query parameters used to make the request exceed the maximum allowed size."
            status = 400 if _family(request) == S3 else 431  # S3's list of error codes says 400; HTTP says 431
            raise ServiceError("RequestHeaderSectionTooLarge", words, status)
        if len(request.path) + len(request.query) > self._limits.target:
            # AWS's code for this is not known; the status is HTTP's.
            words = f"The path and query of the request are longer than {self._limits.target} bytes."
            raise ServiceError("RequestURITooLong", words, 414)

    def _check_host(self, host: str | None, request: Request) -> None:
        found = _host((host or "").lower())
        if found is None:  # none, or several, joined by a comma
            raise malformed(_family(request), "A request has exactly one Host header, with a name and perhaps a port.")
        name = found[1]
        if name not in self._names and not name.endswith(self._below):
            # 421, Misdirected Request: the one status that says "not by this name". AWS has no code for it.
            words = f"This server does not answer as {name}. It answers as {', '.join(sorted(self._names))}."
            raise ServiceError("MisdirectedRequest", words, 421)

    def _check_body(self, request: Request) -> None:
        headers = request.headers
        length, coding = headers.get("content-length"), headers.get("transfer-encoding")
        if length is not None and coding is not None:
            raise malformed(_family(request), "A request has Content-Length or Transfer-Encoding, not both.")
        if length is not None and not (length.isascii() and length.isdigit() and len(length) < 20):
            raise malformed(_family(request), "Content-Length must be a number of bytes.")
        if length == "0":
            return
        if length is not None:
            limit = self.limit(request)
            decoded = headers.get("x-amz-decoded-content-length")
            # The chunks' own lines come on top of an encoded object: 8 KiB is S3's smallest chunk, 100 bytes a line.
            if int(length) > (limit if decoded is None else limit + limit // 64 + 4096):
                raise self._too_large(request, limit)
            return
        family = _family(request)
        if coding is not None:
            if coding.lower() != "chunked" or (family == S3 and "x-amz-decoded-content-length" not in headers):
                words = "A header you provided implies functionality that is not implemented: Transfer-Encoding"
                raise ServiceError("NotImplemented", words, 501)
        elif family == S3 and request.method in ("PUT", "POST"):
            raise ServiceError("MissingContentLength", "You must provide the Content-Length HTTP header.", 411)

    def _too_large(self, request: Request, limit: int) -> ServiceError:
        family = _family(request)
        if family == S3 and limit != self._limits.object:
            return ServiceError("MaxMessageLengthExceeded", "Your request was too large.", 400)
        invoked = family != S3 and request.path.endswith("/invocations")
        return too_large(family, limit, "InvokeFunction" if invoked else "")


def _family(request: Request) -> str:
    return family_of(service_of(request), request)
