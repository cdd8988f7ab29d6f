"""One request in, one response out: who asks, what is asked, who answers, and in which words.

In: a Request. Out: a Response, always. Touches: what it is given to call; no socket.
The order is the safety of it: the head is judged before the body is read, the signature before anything is understood.
"""

from __future__ import annotations

import io
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import cache
from typing import Any

from stepmill.gateway.admission.canonical import tidied
from stepmill.gateway.admission.guard import Guard
from stepmill.gateway.admission.refusals import QUERY, REST, S3, family_of
from stepmill.gateway.admission.signatures import admit, said, service_of, verify
from stepmill.gateway.messages import Request, Response
from stepmill.gateway.protocols import parse, refuse, respond
from stepmill.gateway.protocols.models import NoModel, ServiceModel, load
from stepmill.gateway.protocols.routing import Router
from stepmill.services.operations import ServiceError

Call = Callable[[str, str, dict[str, Any]], dict[str, Any]]
Elsewhere = Callable[[str, Request], Response]

# Services of which we keep a part, and others the rest. Of what we keep alone, nobody else may answer a part: it would
# be from a second world, in which our machines, functions and objects are not.
_SHARED = frozenset({"sagemaker", "sts"})
_SPEAKERS = {S3: "s3", QUERY: "sts", REST: "lambda"}  # whose words a service without a model of its own borrows
_BUG = "An internal error occurred; this is a bug of Stepmill, and the server has said more about it."


class Gateway:
    """Answers AWS's requests.

    call: answers an operation, as `services.operations.Operations.call` does. elsewhere: answers a request for a
    service, or a part of one, that `owned` does not name. keys: secrets by key id. owned: the operations that `call`
    answers, by service, under AWS's signing names. hosts: names this server is called by besides this machine's own.
    clock: gives the time in epoch seconds. report: is told what should not have happened.
    """

    def __init__(
        self,
        call: Call,
        elsewhere: Elsewhere,
        keys: Mapping[str, str],
        *,
        owned: Mapping[str, frozenset[str]],
        clock: Callable[[], float],
        report: Callable[[BaseException], None],
        hosts: Iterable[str] = (),
    ) -> None:
        self._call = call
        self._elsewhere = elsewhere
        self._keys = dict(keys)
        self._owned = owned
        self._clock = clock
        self._report = report
        self._guard = Guard(hosts)

    def handle(self, request: Request) -> Response:
        """Answer one request. Raises ConnectionError only, when the client left while its body was read."""
        request_id, service = str(uuid.uuid4()), service_of(request)
        try:
            self._guard.check(request)
            claim = admit(request, self._keys, self._clock())
            service = claim.service
            body = verify(request, claim, self._keys[claim.key_id], limit=self._guard.limit(request))
            return self._answer(service, replace(request, headers=said(request, claim), body=body), request_id)
        except ServiceError as refusal:
            return refuse(_speaker(service, request), refusal, request_id, request)
        except ConnectionError:
            raise
        except Exception as bug:  # noqa: BLE001 - one request's fault must not be the server's
            self._report(bug)
            failure = ServiceError("InternalError" if service == "s3" else "InternalFailure", _BUG, 500)
            return refuse(_speaker(service, request), failure, request_id, request)

    def _answer(self, service: str, request: Request, request_id: str) -> Response:
        owned = self._owned.get(service)
        if owned is None:
            return self._elsewhere(service, request)
        if service != "s3":  # where `a//b` is another key than `a/b`
            request = replace(request, path=tidied(request.path))
        found = _router(service).find(request)
        name = found.operation.name
        if name not in owned:
            if service in _SHARED:
                assert isinstance(request.body, io.BytesIO), "a body outside S3 is whole"
                request.body.seek(0)
                return self._elsewhere(service, request)
            raise _not_here(service, name)
        return respond(found.operation, self._call(service, name, parse(found, request)), request_id)


def _not_here(service: str, name: str) -> ServiceError:
    if service == "s3":
        return ServiceError("NotImplemented", f"{name} is not answered on this machine.", 501)
    return ServiceError("UnknownOperationException", f"{service}:{name} is not answered on this machine.")


@cache
def _router(service: str) -> Router:
    return Router(load(service))


def _speaker(service: str, request: Request) -> ServiceModel:
    """The model in whose words a refusal is sent; `service` is what anybody may have written."""
    try:
        return load(service)
    except NoModel:
        return load(_SPEAKERS.get(family_of(service, request), "states"))
