"""Which operation a request means.

In: a Request and the models of the services that are served. Out: Found (the operation and what its address says), or
ServiceError as AWS refuses what it does not know. Touches: the body, of query services alone, whose operation stands in
it. What belongs here is finding; what the other bytes mean is protocols'.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

from stepmill.gateway.addresses import bucket_in_path, has_key
from stepmill.gateway.messages import Request
from stepmill.gateway.protocols.models import Found, Operation, Pairs, ServiceModel
from stepmill.gateway.protocols.values import Refusal, drain, pairs

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

ELSEWHERE = {("s3", "ListDirectoryBuckets")}
"""Operations with an address of their own at AWS (s3express-control), equal to another's in all else."""

_LABEL = re.compile(r"\{([^}+]+)(\+?)\}")


@dataclass(frozen=True, slots=True)
class Route:
    """One line of the table: what a request must have for `operation` to be meant.

    template: the path, with its labels. constants: what must stand in the query; None is any value. query, header:
    what must be there beside, because a route that differs in nothing else is without it. takes: the names in the
    query it knows. action: the `X-Amz-Target` or `Action`, where that is what decides.
    """

    service: str
    method: str
    template: str
    operation: str
    constants: tuple[tuple[str, str | None], ...] = ()
    query: frozenset[str] = frozenset()
    header: frozenset[str] = frozenset()
    takes: frozenset[str] = frozenset()
    action: str = ""

    @property
    def address(self) -> tuple[object, ...]:
        """What no two routes of a service have alike."""
        return self.method, self.template, self.constants, self.query, self.header, self.action

    @property
    def weight(self) -> tuple[int, int, int]:
        """How much it asks for: of several routes that fit, the one that asks for most is meant."""
        literal = sum(not part.startswith("{") for part in self.template.split("/") if part)
        return literal, len(self.constants), len(self.query) + len(self.header)


def routes(model: ServiceModel) -> list[Route]:
    """The table of a service: a line for every operation that a request can mean.

    Without a line are operations AWS replaced under the same address (`shadowed` names them).
    """
    made = [_route(model, name) for name in model.operations if name not in shadowed(model)]
    if not model.protocol.startswith("rest"):
        return made
    alike: dict[tuple[str, str, object], list[Route]] = {}
    for route in made:
        alike.setdefault((route.method, route.template, route.constants), []).append(route)
    # S3 knows POST /bucket/key by its uploadId alone; elsewhere what is missing is the operation's to say.
    strict = model.protocol == "rest-xml"
    return [
        _needing(model, route) if len(group) > 1 or (strict and not route.constants) else route
        for group in alike.values()
        for route in group
    ]


def shadowed(model: ServiceModel) -> dict[str, str]:
    """The operations that no request can mean, each with the one that its request means."""
    if not model.protocol.startswith("rest"):
        return {}
    described = {name: operation for name in model.operations if (operation := model.operation(name))}
    hidden = {}
    for name, operation in described.items():
        if name in model.deprecated or (model.name, name) in ELSEWHERE:
            for other, twin in described.items():
                same = (twin.method, twin.uri) == (operation.method, operation.uri)
                if same and other != name and other not in model.deprecated:
                    hidden[name] = other
    return hidden


def _route(model: ServiceModel, name: str) -> Route:
    operation = model.operation(name)
    assert operation is not None
    if model.protocol == "json":
        return Route(model.name, "POST", "/", name, action=f"{model.target}.{name}")
    if model.protocol == "query":
        return Route(model.name, "POST", "/", name, action=name)
    template, _, query = operation.uri.partition("?")
    constants = tuple(
        (key, value or None) for key, _, value in (part.partition("=") for part in query.split("&")) if key
    )
    members = (operation.input or {}).get("members", {}).items()
    takes = frozenset(ref.get("locationName", key) for key, ref in members if ref.get("location") == "querystring")
    return Route(model.name, operation.method, template.rstrip("/") or "/", name, constants, takes=takes)


def _needing(model: ServiceModel, route: Route) -> Route:
    operation = model.operation(route.operation)
    assert operation is not None and operation.input is not None
    needed: dict[str, set[str]] = {"querystring": set(), "header": set()}
    for name in operation.required:
        ref = operation.input["members"][name]
        if ref.get("location") in needed:
            needed[ref["location"]].add(ref.get("locationName", name))
    return Route(
        *(route.service, route.method, route.template, route.operation, route.constants),
        query=frozenset(needed["querystring"]),
        header=frozenset(name.lower() for name in needed["header"]),
        takes=route.takes,
    )


class Router:
    """The route table of one service, ready to be asked."""

    def __init__(self, model: ServiceModel) -> None:
        self.model = model
        self.routes = routes(model)
        self._actions = {route.action: route for route in self.routes if route.action}
        self._by_method: dict[str, list[tuple[re.Pattern[str], Route]]] = {}
        if not self._actions:
            for route in sorted(self.routes, key=lambda route: route.weight, reverse=True):
                self._by_method.setdefault(route.method, []).append((_pattern(route.template), route))
        # A word that names a feature (`?policy`), or half of what names one (`partNumber`): whoever does not know
        # it is not meant, so that DELETE /bucket?versioning never deletes a bucket.
        named = {key for route in self.routes for key, value in route.constants if value is None}
        self._telling = named | {key for route in self.routes for key in route.query}

    def find(self, request: Request) -> Found:
        """The operation `request` means. Raises ServiceError, as the service refuses what it does not know."""
        if self.model.protocol == "json":
            return self._targeted(request)
        if self.model.protocol == "query":
            return self._acting(request)
        return self._addressed(request)

    def _targeted(self, request: Request) -> Found:
        route = self._actions.get(request.headers.get("x-amz-target", ""))
        if route is None or request.method != "POST" or request.path != "/":
            raise Refusal("UnknownOperationException", "")
        return Found(self._operation(route))

    def _acting(self, request: Request) -> Found:
        if request.path != "/" or request.method not in ("GET", "POST"):
            raise Refusal("InvalidAction", f"The path {request.path} is not one of this service.")
        query = pairs(request.query)
        form = query
        if request.method == "POST":
            try:
                form = query + pairs(drain(request.body).decode())
            except UnicodeDecodeError:
                raise Refusal("MalformedQueryString", "The query string contains a syntax error.", 404) from None
        said = dict(form)
        version = said.get("Version", self.model.version)
        route = self._actions.get(said.get("Action", ""))
        if "Action" not in said:
            raise Refusal("MissingAction", "Missing Action")
        if route is None or version != self.model.version:
            raise Refusal("InvalidAction", f"Could not find operation {said['Action']} for version {version}")
        return Found(self._operation(route), query=query, form=form)

    def _addressed(self, request: Request) -> Found:
        path = request.path
        if self.model.name == "s3":
            path = bucket_in_path(path, request.headers.get("host", ""))
        query = pairs(request.query)
        said = {key for key, _ in query}
        telling = said & self._telling
        for pattern, route in self._by_method.get(request.method, ()):
            if (match := pattern.fullmatch(path)) is None or not _fits(route, query, said, telling, request):
                continue
            return Found(
                self._operation(route), {name: _decoded(text) for name, text in match.groupdict().items()}, query
            )
        if self.model.name == "s3":
            raise Refusal(
                *("MethodNotAllowed", "The specified method is not allowed against this resource.", 405),
                {"Method": request.method, "ResourceType": "OBJECT" if has_key(path) else "BUCKET"},
            )
        raise Refusal("UnknownOperationException", "", 404)

    def _operation(self, route: Route) -> Operation:
        operation = self.model.operation(route.operation)
        assert operation is not None
        return operation


def _fits(route: Route, query: Pairs, said: set[str], telling: set[str], request: Request) -> bool:
    if not route.query <= said or any(name not in request.headers for name in route.header):
        return False
    known = {key for key, _ in route.constants}
    if any(key not in said if value is None else (key, value) not in query for key, value in route.constants):
        return False
    return telling <= known | route.takes


def _pattern(template: str) -> re.Pattern[str]:
    """A label is one part of the path, not empty; with a `+`, all that is left, whatever it holds."""
    literal = _LABEL.split(template)
    made = re.escape(literal[0])
    parts: Iterable[tuple[str, str, str]] = zip(literal[1::3], literal[2::3], literal[3::3], strict=True)
    for name, greedy, after in parts:
        made += f"(?P<{name}>{'.+' if greedy else '[^/]+'}){re.escape(after)}"
    return re.compile(made if made.endswith(".+)") else f"{made}/?", re.DOTALL)


def _decoded(text: str) -> str:
    try:
        return unquote_to_bytes(text).decode()
    except UnicodeDecodeError:
        raise Refusal("InvalidURI", "Couldn't parse the specified URI.") from None
