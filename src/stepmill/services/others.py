"""Every AWS service that Stepmill has no code for, answered by moto in this process.

In: an HTTP request that has been let in, as plain pieces, or an operation as boto3 spells it. Out: moto's answer, or
ServiceError. Touches: imports moto (0.7 s, 50 MB) with the first request, and keeps what it keeps in memory.

What belongs here is the door to moto and what may not pass it; never what a service does. moto is called as the WSGI
application that its own server runs; nothing is patched for botocore or boto3 of this process, and the services that
are answered by Stepmill never reach moto's versions of them, whose world is another one and empty.
"""

from __future__ import annotations

import importlib.util
import io
import re
import sys
import threading
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote, unquote_to_bytes, urlsplit

from stepmill.services.bounds import closed, guard, operation_of, refused, takes
from stepmill.services.operations import Response, ServiceError, invalid, unmet
from stepmill.services.sdk import service_model, session

IN_MEMORY: Final = (
    "every other service of AWS: its queues, tables, topics, roles, … are gone when the process that keeps them ends"
)
INSTALL: Final = 'pip install "stepmill[serve]"'

_DROPPED: Final = frozenset({"connection", "content-length", "date", "server", "transfer-encoding"})
_LOADING: Final = threading.Lock()  # neither moto nor botocore loads a service in two threads at once


class Others:
    """moto, for one account and region. Made at once; moto is imported when somebody asks for something."""

    def __init__(self, account: str, region: str, endpoint: str = "http://localhost") -> None:
        """account: twelve digits. region: of `call`, and of requests that name none. endpoint: the address that `call`
        asks under, which is what a queue's URL begins with."""
        self._account = account
        self._region = region
        self._endpoint = endpoint
        self._clients: dict[str, Any] = {}
        self._renamed: dict[tuple[str, str], str] = {}  # (service, code on the wire) → the model's name, as answered

    def takes(self, service: str, operation: str | None = None) -> bool:
        """Whether a request for `service` (a name of boto3 or of signatures) may go to moto at all."""
        return takes(service, operation)

    def answer(
        self,
        method: str,
        path: str,
        query: str,
        headers: Mapping[str, str],
        body: bytes,
        service: str,
        region: str | None = None,
    ) -> tuple[int, dict[str, str], bytes]:
        """One HTTP request, answered by moto: status, headers and body.

        `path` and `query` are raw; `headers` have lower-case names; `service` and `region` are those of the verified
        signature (`service` decides who answers, never the host). Raises ServiceError for what moto does not have, for
        what is Stepmill's own, for what moto would only pretend to do, and `InternalFailure` where moto itself fails.
        """
        operation = operation_of(path, query, headers, body)
        asked = f"{service}:{operation}" if operation else f"{service} ({method} {path})"
        if not takes(service, operation):
            raise refused(asked)
        dispatcher = _moto()
        environ = _environ(method, path, query, headers, body, self._scoped(service, region, headers), self._account)
        try:
            host = dispatcher.infer_service_region_host(environ, unquote(path))
        except Exception:  # noqa: BLE001 - a request that moto cannot make sense of, whatever it stumbles over
            host = None
        backend = backend_of(host) if host else None
        if backend is None:
            raise refused(asked)
        guard(backend, operation, headers, body, asked)
        return self._run(dispatcher, backend, environ, asked)

    def call(self, service: str, operation: str, request: Mapping[str, Any], *, token: str | None = None) -> Response:
        """One operation, named and spelt as boto3 does; times come back as seconds, binary values as bytes.

        `token` is ignored: who asks again after a crash does it again, as AWS's own SDK integrations may.
        """
        if not takes(service, operation):
            raise refused(f"{service}:{operation}")
        client = self._client(service)
        model = client.meta.service_model
        if operation not in model.operation_names:
            raise ServiceError("UnknownOperationException", f"AWS has no operation {service}:{operation}.")
        shape = model.operation_model(operation).input_shape
        given = {name: value for name, value in request.items() if value is not None}
        _missing(service, shape, given)
        from botocore.exceptions import BotoCoreError, ClientError

        method = next(name for name, known in client.meta.method_to_api_mapping.items() if known == operation)
        try:
            response: Response = getattr(client, method)(**given)
        except ClientError as refusal:
            error = refusal.response["Error"]
            if "QueryErrorCode" in error:  # a protocol that carries an older code beside the model's own name
                self._renamed[service, error["Code"]] = error["QueryErrorCode"]
            status = refusal.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 400)
            raise ServiceError(error.get("Code", "InternalFailure"), error.get("Message", ""), status) from None
        except BotoCoreError as fault:
            raise ServiceError("ValidationException", str(fault)) from None
        response.pop("ResponseMetadata", None)
        return {name: _seconds(value) for name, value in response.items()}

    def error_shape(self, service: str, code: str) -> str | None:
        """The name of the error that AWS's model of `service` has for a code on the wire, or None."""
        code = self._renamed.get((service, code), code)
        for shape in service_model(service).error_shapes:
            if code in (shape.name, (shape.metadata.get("error") or {}).get("code")):
                return str(shape.name)
        return None

    def _client(self, service: str) -> Any:
        with _LOADING:
            if service not in self._clients:
                self._clients[service] = self._made(service)
            return self._clients[service]

    def _made(self, service: str) -> Any:
        try:
            from botocore.config import Config
            from botocore.exceptions import UnknownServiceError
        except ImportError:
            raise _not_installed() from None
        settings = Config(retries={"max_attempts": 0}, inject_host_prefix=False, defaults_mode="legacy")
        try:
            client = session().create_client(
                service,
                region_name=self._region,
                endpoint_url=self._endpoint,
                aws_access_key_id="stepmill",
                aws_secret_access_key="stepmill",  # noqa: S106 - signs what never leaves this process
                config=settings,
            )
        except UnknownServiceError:
            raise ServiceError("UnknownOperationException", f"AWS has no service {service!r}.") from None
        signed = client.meta.service_model.signing_name
        client.meta.events.register("before-send", lambda request, **_: self._carried(signed, request))
        return client

    def _carried(self, service: str, request: Any) -> Any:
        """Answer what botocore would send."""
        from botocore.awsrequest import AWSResponse

        parts = urlsplit(request.url)
        headers = {
            name.lower(): value.decode() if isinstance(value, bytes) else str(value)
            for name, value in request.headers.items()
        }
        body = request.body or b""
        if hasattr(body, "read"):
            body = body.read()
        data = body.encode() if isinstance(body, str) else bytes(body)
        status, answered, content = self.answer(
            request.method, parts.path or "/", parts.query, {**headers, "host": parts.netloc}, data, service
        )
        return AWSResponse(request.url, status, answered, _Raw(content))

    def _scoped(self, service: str, region: str | None, headers: Mapping[str, str]) -> str:
        """An Authorization header from which moto reads whom the request is for, whatever way it was signed."""
        signed = re.search(r"Credential=([^/,\s]+)/[0-9]+/([a-z0-9-]+)/", headers.get("authorization", ""))
        key, named = signed.groups() if signed else ("stepmill", self._region)
        scope = f"{key}/20260101/{region or named}/{service}/aws4_request"
        return f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0"

    def _run(
        self, dispatcher: Any, backend: str, environ: dict[str, Any], asked: str
    ) -> tuple[int, dict[str, str], bytes]:
        started: list[tuple[str, list[tuple[str, str]]]] = []
        try:
            with _LOADING:
                app = dispatcher.app_instances.get(backend)
                if app is None:
                    app = dispatcher.app_instances[backend] = dispatcher.create_app(backend)
                    _offline()
            chunks = app(environ, lambda status, headers, fault=None: started.append((status, headers)))
            try:
                body = b"".join(chunks)
            finally:
                if hasattr(chunks, "close"):
                    chunks.close()
        except NotImplementedError:
            raise refused(asked) from None
        except ImportError as fault:  # moto's services have libraries of their own
            said = f'{asked} needs a library that is not installed ({fault.name}): pip install "moto[all]"'
            raise ServiceError("NotImplemented", said, 501) from None
        except Exception as fault:  # noqa: BLE001 - whatever goes wrong in moto is no fault of this process
            raise _broken(asked, fault) from None
        status = int(started[0][0].split()[0])
        headers = {
            name: value
            for name, value in started[0][1]
            if name.lower() not in _DROPPED and not name.lower().startswith("access-control-")
        }
        kind = next((value for name, value in headers.items() if name.lower() == "content-type"), "")
        if (
            status >= 400
            and kind.startswith("text/html")
            and body[:1] == b"<"
            and b"<!doctype html" in body[:99].lower()
        ):
            raise refused(asked) if status in (404, 405) else _broken(asked)
        return status, headers, body


@cache
def _moto() -> Any:
    """moto's server without its socket. There is one in a process, as there is one world of moto's."""
    if not installed():
        raise _not_installed()
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

    return DomainDispatcherApplication(create_backend_app)


def installed() -> bool:
    """Whether moto and what its server needs are there; imports neither."""
    return all(importlib.util.find_spec(name) is not None for name in ("moto", "flask", "flask_cors", "botocore"))


def backend_of(*names: str) -> str | None:
    """moto's own name of the service with one of these names (a host, boto3's, its endpoint's), or None. Reads moto's
    index of addresses, without moto."""
    patterns, modules = _index()
    for name in names:
        if name in modules:
            return name
        host = name if name.endswith((".amazonaws.com", ".api.aws")) else f"{name}.us-east-1.amazonaws.com"
        for backend, pattern in patterns:
            if pattern.match(f"http://{host}"):
                return None if closed(backend) else backend
        if (plain := name.replace("-", "")) in modules:
            return plain
    return None


@cache
def _index() -> tuple[list[tuple[str, re.Pattern[str]]], frozenset[str]]:
    """moto's patterns of addresses, and the names of the services it has."""
    found = importlib.util.find_spec("moto")
    if found is None or not found.submodule_search_locations:
        return [], frozenset()
    folder = Path(found.submodule_search_locations[0])
    spec = importlib.util.spec_from_file_location("stepmill_moto_index", folder / "backend_index.py")
    if spec is None or spec.loader is None:
        return [], frozenset()
    index = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(index)
    patterns = list(index.backend_url_patterns)
    known = {backend for backend, _ in patterns} | {"dynamodb_v20111205"}
    return patterns, frozenset(name for name in known if not closed(name) and (folder / name).is_dir())


def _environ(
    method: str, path: str, query: str, headers: Mapping[str, str], body: bytes, authorization: str, account: str
) -> dict[str, Any]:
    environ: dict[str, Any] = {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),  # as WSGI wants it
        "RAW_URI": path + (f"?{query}" if query else ""),
        "REQUEST_URI": path + (f"?{query}" if query else ""),
        "QUERY_STRING": query,
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": io.StringIO(),
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    for name, value in headers.items():
        if name not in ("content-type", "content-length", "transfer-encoding", "x-moto-account-id"):
            environ["HTTP_" + name.upper().replace("-", "_")] = value
    environ |= {
        "CONTENT_TYPE": headers.get("content-type", ""),
        "CONTENT_LENGTH": str(len(body)),
        "HTTP_HOST": headers.get("host", "localhost"),
        "HTTP_AUTHORIZATION": authorization,
        "HTTP_X_MOTO_ACCOUNT_ID": account,
    }
    return environ


def _missing(service: str, shape: Any, given: Mapping[str, Any]) -> None:
    """Refuse a request without what it needs, in AWS's words where a recording shows them."""
    missing = [name for name in (shape.required_members if shape is not None else ()) if name not in given]
    if missing and service == "sqs":
        raise ServiceError("MissingParameter", f"The request must contain the parameter {missing[0]}.")
    if missing:
        raise invalid(*(unmet(None, name[0].lower() + name[1:], "not be null") for name in missing))


def _seconds(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _seconds(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_seconds(item) for item in value]
    if hasattr(value, "timestamp"):
        return value.timestamp()
    return value.read() if hasattr(value, "read") else value


def _broken(asked: str, fault: Exception | None = None) -> ServiceError:
    said = f" ({type(fault).__name__}: {fault})" if fault is not None else ""
    return ServiceError("InternalFailure", f"moto, which answers {asked} on this machine, failed{said[:300]}.", 500)


def _not_installed() -> ServiceError:
    return ServiceError("NotImplemented", f"this service needs moto: {INSTALL}", 501)


class _Nowhere:
    """What stands for the HTTP library in moto's own modules: a request out of this machine is an error."""

    def __getattr__(self, name: str) -> Any:
        raise ConnectionError("nothing here is sent to the network")


_SENDERS: Final = (
    "moto.sns.models",
    "moto.events.models",
    "moto.firehose.models",
    "moto.apigateway.models",
    *(f"moto.apigateway.integration_parsers.{kind}_parser" for kind in ("aws", "http", "unknown")),
)


def _offline() -> None:
    for name in _SENDERS:
        module = sys.modules.get(name)
        if module is not None:
            module.requests = _Nowhere()  # type: ignore[attr-defined]


class _Raw(io.BytesIO):
    """A body as botocore reads it."""

    def stream(self, *_: Any, **__: Any) -> Any:
        yield self.read()
