"""The one verb: a service, an operation and a request become a response.

In: names as AWS spells them and a request dict. Out: a response dict, or ServiceError with AWS's own code.
Touches: nothing itself; the handlers do.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol, TypeVar

from stepmill.nearest import nearest

Response = dict[str, Any]
Handler = Callable[..., Response]
_Method = TypeVar("_Method", bound=Callable[..., Response])


class ServiceError(Exception):
    """An operation was refused, as AWS refuses it.

    `code` is AWS's error code (`StateMachineDoesNotExist`, `ResourceInUse`), `message` its wording, `status` the HTTP
    status a client would see.
    """

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status


def operation(name: str, *required: str) -> Callable[[_Method], _Method]:
    """Mark a method as the one that answers AWS's operation `name`, and not without the members `required`."""

    def mark(method: _Method) -> _Method:
        method.__stepmill_operation__ = name  # type: ignore[attr-defined]
        method.__stepmill_required__ = required  # type: ignore[attr-defined]
        return method

    return mark


def offered(provider: type) -> frozenset[str]:
    """The operations that a provider answers."""
    found = (getattr(getattr(provider, name), "__stepmill_operation__", None) for name in dir(provider))
    return frozenset(name for name in found if name is not None)


def invalid(*problems: str) -> ServiceError:
    """AWS's ValidationException for what is wrong with the members of a request."""
    count = f"{len(problems)} validation error{'s' if len(problems) > 1 else ''} detected"
    return ServiceError("ValidationException", f"{count}: {'; '.join(problems)}")


def unmet(value: Any, member: str, constraint: str) -> str:
    """One problem, as `invalid` takes it and AWS words it."""
    shown = "null" if value is None else f"'{value}'"
    return f"Value {shown} at '{member}' failed to satisfy constraint: Member must {constraint}"


class Fallback(Protocol):
    """Whoever answers what no service of this machine's own does."""

    def takes(self, service: str, operation: str | None = None) -> bool:
        """Whether to ask at all."""

    def call(self, service: str, operation: str, request: Mapping[str, Any], *, token: str | None = None) -> Response:
        """Answer, or raise ServiceError."""

    def error_shape(self, service: str, code: str) -> str | None:
        """The name that the model of `service` has for an error's code."""


def unbounded(value: Any, member: str, least: int, most: int) -> list[str]:
    """The problem of a number that is not from `least` to `most`; none when it is, or is not given."""
    if value is None or least <= int(value) <= most:
        return []
    edge = f"greater than or equal to {least}" if int(value) < least else f"less than or equal to {most}"
    return [unmet(value, member, f"have value {edge}")]


class Operations:
    """The services of this machine, callable by name; what nobody here answers is asked of `others`, if there are
    any."""

    def __init__(self, others: Fallback | None = None) -> None:
        self._handlers: dict[tuple[str, str], Handler] = {}
        self._deferred: dict[str, Callable[[], Iterable[object]]] = {}
        self._making = threading.Lock()
        self.others = others

    def add(self, service: str, provider: object) -> None:
        """Offer every method of `provider` that carries `@operation` under `service`."""
        for attribute in dir(type(provider)):
            name = getattr(getattr(type(provider), attribute), "__stepmill_operation__", None)
            if name is not None:
                self._handlers[service, name] = getattr(provider, attribute)

    def defer(self, service: str, make: Callable[[], Iterable[object]]) -> None:
        """Offer under `service` what `make` gives, which is called when somebody first asks for the service: what is
        costly to import and seldom asked for."""
        self._deferred[service] = make

    def names(self) -> list[tuple[str, str]]:
        """Every (service, operation) that is answered here, sorted."""
        for service in list(self._deferred):
            self._make(service)
        return sorted(self._handlers)

    def _make(self, service: str) -> None:
        with self._making:
            make = self._deferred.get(service)
            if make is not None:
                for provider in make():
                    self.add(service, provider)
                del self._deferred[service]

    def call(self, service: str, name: str, request: Mapping[str, Any], *, token: str | None = None) -> Response:
        """Answer one operation.

        `token` names the act that asked; an operation that starts something finds by it what it already started.
        Raises ServiceError, with AWS's code, when the request is refused; an operation nobody answers here is refused
        as `UnknownOperationException`, naming the nearest one. Others ignore `token`: who asks them again after a crash
        does it again.
        """
        if service in self._deferred:
            self._make(service)
        handler = self._handlers.get((service, name))
        if handler is None:
            if self.others is not None and self.others.takes(service, name):
                return self.others.call(service, name, request)
            known = [known for owner, known in self._handlers if owner == service]
            near = nearest(name, known)
            hint = f" Did you mean {near}?" if near else ""
            raise ServiceError("UnknownOperationException", f"{service}:{name} is not answered on this machine.{hint}")
        required = handler.__stepmill_required__  # type: ignore[attr-defined]
        if missing := [unmet(None, member, "not be null") for member in required if request.get(member) is None]:
            raise invalid(*missing)
        return handler(dict(request), token=token)
