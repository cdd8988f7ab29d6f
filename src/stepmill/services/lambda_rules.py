"""What AWS Lambda refuses, and what of it cannot be had on this machine.

In: a request of CreateFunction, an update or Invoke. Out: nothing, or ServiceError with AWS's code and words. Touches:
nothing.
Here: what the members of one request must be. What a function is, and whether it exists, is `lambda_`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from stepmill.services.operations import ServiceError, invalid, unmet

PYTHONS = ("python3.8", "python3.9", "python3.10", "python3.11", "python3.12", "python3.13", "python3.14")
"""Runtimes that a function may have here. All of them run in the interpreter that the stage gives the function."""
_GONE = ("python2.7", "python3.6", "python3.7")
_OTHERS = re.compile(r"(nodejs|java|dotnet|dotnetcore|go|ruby|provided|custom)[a-z0-9.-]*")
_NAME = (
    r"(arn:(aws[a-zA-Z-]*)?:lambda:)?((eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1}:)?(\d{12}:)?(function:)?"
    r"([a-zA-Z0-9-_]+)(:(\$LATEST|[a-zA-Z0-9-_]+))?"
)
_ROLE = r"arn:(aws[a-zA-Z-]*)?:iam::\d{12}:role/?[a-zA-Z_0-9+=,.@\-_/]+"
_VARIABLE = r"[a-zA-Z]([a-zA-Z0-9_])+"
_LONGEST_NAME = 64
_VARIABLES_LIMIT = 4096  # bytes of all environment variables together, as JSON
_RESERVED = {
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
    "AWS_LAMBDA_FUNCTION_NAME",
    "AWS_LAMBDA_FUNCTION_VERSION",
    "AWS_LAMBDA_INITIALIZATION_TYPE",
    "AWS_LAMBDA_LOG_GROUP_NAME",
    "AWS_LAMBDA_LOG_STREAM_NAME",
    "AWS_LAMBDA_RUNTIME_API",
    "_HANDLER",
    "_X_AMZN_TRACE_ID",
    "AWS_ACCESS_KEY",
    "AWS_ACCESS_KEY_ID",
    "AWS_DEFAULT_REGION",
    "AWS_EXECUTION_ENV",
    "AWS_REGION",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "LAMBDA_RUNTIME_DIR",
    "LAMBDA_TASK_ROOT",
}
# What a member may say although its subject does not exist here: the value that asks for nothing.
_HARMLESS: dict[str, Any] = {
    "Publish": False,
    "PublishTo": None,
    "PackageType": "Zip",
    "VpcConfig": {},
    "DeadLetterConfig": {},
    "KMSKeyArn": "",
    "SourceKMSKeyArn": "",
    "Layers": [],
    "FileSystemConfigs": [],
    "CodeSigningConfigArn": None,
    "ImageConfig": {},
    "ImageUri": None,
    "TracingConfig": {"Mode": "PassThrough"},
    "SnapStart": {"ApplyOn": "None"},
    "TenancyConfig": None,
    "CapacityProviderConfig": None,
    "DurableConfig": None,
    "RuntimeConfig": None,
    "AcceleratorConfig": None,
    "S3ObjectVersion": None,
    "S3ObjectStorageMode": None,
    "ClientContext": None,
    "DurableExecutionName": None,
    "TenantId": None,
}
_KEPT = {
    "Architectures",
    "Code",
    "Description",
    "DryRun",
    "Environment",
    "EphemeralStorage",
    "FunctionName",
    "Handler",
    "LoggingConfig",
    "MemorySize",
    "RevisionId",
    "Role",
    "Runtime",
    "S3Bucket",
    "S3Key",
    "Tags",
    "Timeout",
    "ZipFile",
}


def check_create(request: Mapping[str, Any]) -> None:
    """Refuse what CreateFunction refuses before it looks at the code."""
    _supported(request, _KEPT)
    _shapes(request)
    if not request.get("Runtime") or not request.get("Handler"):
        raise _bad("Runtime and Handler are mandatory parameters for functions created with deployment packages.")
    _values(request)
    code = request["Code"]
    _supported(code, _KEPT)
    if code.get("ZipFile") is not None and (code.get("S3Bucket") or code.get("S3Key")):
        raise _bad("Please do not provide other FunctionCode parameters when providing a ZipFile.")


def check_update(request: Mapping[str, Any]) -> None:
    """Refuse what UpdateFunctionCode and UpdateFunctionConfiguration refuse."""
    _supported(request, _KEPT)
    _shapes(request)
    _values(request)


def check_invoke(request: Mapping[str, Any]) -> None:
    """Refuse what Invoke refuses before it looks for the function."""
    _supported(request, {"FunctionName", "InvocationType", "LogType", "Payload", "Qualifier"})
    problems = []
    for member, allowed in (("InvocationType", ("Event", "RequestResponse", "DryRun")), ("LogType", ("None", "Tail"))):
        value = request.get(member)
        if value is not None and value not in allowed:
            problems.append(unmet(value, _low(member), f"satisfy enum value set: [{', '.join(allowed)}]"))
    if problems:
        raise invalid(*problems)


def check_payload(payload: bytes) -> None:
    """Refuse a payload that is no JSON, in the words of Lambda's own parser (Jackson) where they are known."""
    try:
        json.loads(payload, parse_constant=_no_constant)
    except ValueError as fault:
        message = (
            f"Could not parse request body into json: Could not parse payload into json: {_jackson(payload, fault)}"
        )
        raise ServiceError("InvalidRequestContentException", message) from None
    except RecursionError:
        message = "Could not parse request body into json: Could not parse payload into json: it is nested too deeply"
        raise ServiceError("InvalidRequestContentException", message) from None


def _supported(request: Mapping[str, Any], kept: set[str]) -> None:
    for member, value in request.items():
        if member in kept:
            continue
        if member not in _HARMLESS:
            raise _bad(f"{member} is not a member that this machine knows")
        if value in (None, "", [], {}) or value == _HARMLESS[member] or not _asks(value):
            continue
        if member == "PackageType" and value != "Image":
            raise invalid(unmet(value, "packageType", "satisfy enum value set: [Image, Zip]"))
        shown = json.dumps(value, ensure_ascii=False, default=str)
        raise _bad(f"{member} {shown} does not run on this machine; leave {member} out")


def _asks(value: Any) -> bool:
    """Whether a configuration asks for anything: `{"SubnetIds": [], "SecurityGroupIds": []}` does not."""
    if isinstance(value, Mapping):
        return any(_asks(part) for part in value.values())
    return value not in (None, "", [], False)


def _shapes(request: Mapping[str, Any]) -> None:
    if problems := list(_problems(request)):
        raise invalid(*problems)


def _problems(request: Mapping[str, Any]) -> Iterator[str]:
    name = str(request["FunctionName"])
    if len(name) > 140:
        yield unmet(name, "functionName", "have length less than or equal to 140")
    if not re.fullmatch(_NAME, name):
        yield unmet(name, "functionName", f"satisfy regular expression pattern: {_NAME}")
    elif ":" not in name and len(name) > _LONGEST_NAME:
        yield unmet(name, "functionName", f"have length less than or equal to {_LONGEST_NAME}")
    role = request.get("Role")
    if role is not None and not re.fullmatch(_ROLE, str(role)):
        yield unmet(role, "role", f"satisfy regular expression pattern: {_ROLE}")
    handler = request.get("Handler")
    if handler is not None and len(handler) > 128:
        yield unmet(handler, "handler", "have length less than or equal to 128")
    if handler is not None and not re.fullmatch(r"[^\s]+", handler):
        yield unmet(handler, "handler", r"satisfy regular expression pattern: [^\s]+")
    if len(request.get("Description") or "") > 256:
        yield unmet(request["Description"], "description", "have length less than or equal to 256")
    yield from _range(request.get("Timeout"), "timeout", 1, 900)
    yield from _range(request.get("MemorySize"), "memorySize", 128, 10240)
    yield from _range((request.get("EphemeralStorage") or {}).get("Size"), "ephemeralStorage.size", 512, 10240)
    for variable in _variables(request):
        if not re.fullmatch(_VARIABLE, variable):
            rule = f"Map keys must satisfy constraint: [Member must satisfy regular expression pattern: {_VARIABLE}]"
            yield f"Value at 'environment.variables' failed to satisfy constraint: {rule}"
    for architecture in request.get("Architectures") or ():
        if architecture not in ("x86_64", "arm64"):
            rule = "satisfy constraint: [Member must satisfy enum value set: [x86_64, arm64]]"
            yield unmet(f"[{architecture}]", "architectures", rule)


def _range(value: Any, member: str, low: int, high: int) -> Iterator[str]:
    if value is None:
        return
    if not isinstance(value, int) or value < low:
        yield unmet(value, member, f"have value greater than or equal to {low}")
    elif value > high:
        yield unmet(value, member, f"have value less than or equal to {high}")


def _values(request: Mapping[str, Any]) -> None:
    runtime = request.get("Runtime")
    if runtime is not None and runtime not in PYTHONS:
        if runtime in _GONE:
            raise _bad(
                f"The runtime parameter of {runtime} is no longer supported for creating or updating AWS Lambda "
                "functions. We recommend you use a supported runtime while creating or updating functions."
            )
        if _OTHERS.fullmatch(str(runtime)):
            raise _bad(f"Runtime {runtime} does not run on this machine; only Python's do: {', '.join(PYTHONS)}")
        raise _bad(
            f"Value {runtime} at 'runtime' failed to satisfy constraint: Member must satisfy enum value set: "
            f"[{', '.join(PYTHONS)}] or be a valid ARN"
        )
    if reserved := sorted(_RESERVED & _variables(request).keys()):
        raise _bad(
            "Lambda was unable to configure your environment variables because the environment variables you have "
            "provided contains reserved keys that are currently not supported for modification. Reserved keys used in "
            f"this request: {', '.join(reserved)}"
        )
    text = json.dumps(dict(_variables(request)), ensure_ascii=False, separators=(",", ":"))
    if len(text.encode(errors="surrogatepass")) > _VARIABLES_LIMIT:
        raise _bad(
            "Lambda was unable to configure your environment variables because the environment variables you have "
            f"provided exceeded the 4KB limit. String measured: {text}"
        )
    logging = request.get("LoggingConfig") or {}
    if logging.get("LogFormat", "Text") != "Text" or logging.keys() - {"LogFormat", "LogGroup"}:
        raise _bad("LoggingConfig other than LogFormat Text does not run on this machine; leave LoggingConfig out")
    group = logging.get("LogGroup")
    if group is not None and group != f"/aws/lambda/{name_of(request['FunctionName'])}":
        raise _bad(f"LoggingConfig.LogGroup {group} does not exist on this machine; leave LoggingConfig out")


def name_of(text: str) -> str:
    """The bare name in `name`, `name:qualifier`, a partial ARN or a whole one."""
    return str(text).rpartition("function:")[2].partition(":")[0]


def _variables(request: Mapping[str, Any]) -> Mapping[str, str]:
    return (request.get("Environment") or {}).get("Variables") or {}


def _bad(message: str) -> ServiceError:
    return ServiceError("InvalidParameterValueException", message)


def _low(member: str) -> str:
    return member[0].lower() + member[1:]


def _no_constant(word: str) -> Any:
    raise ValueError(f"{word} is no JSON number")


def _jackson(payload: bytes, fault: ValueError) -> str:
    """How Jackson says it, of the faults seen in answers of the service; Python's own words otherwise."""
    if not isinstance(fault, json.JSONDecodeError):
        return str(fault)
    text, place = fault.doc, fault.pos
    where = " at [Source: REDACTED (`StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION` disabled); line: {}, column: {}]"
    if word := re.compile(r"[A-Za-z_$][\w$]*").match(text, place):
        kind = "JSON String, Number, Array, Object or token 'null', 'true' or 'false'"
        column = fault.colno + len(word.group())
        said = f"Unrecognized token '{word.group()}': was expecting ({kind})"
        return f"{said}\n{where.format(fault.lineno, column)}"
    if fault.msg == "Expecting value" and place < len(text):
        wanted = "expected a valid value (JSON String, Number, Array, Object or token 'null', 'true' or 'false')"
        said = f"Unexpected character ('{text[place]}' (code {ord(text[place])})): {wanted}"
        return f"{said}\n{where.format(fault.lineno, fault.colno + 1)}"
    return f"{fault.msg}\n{where.format(fault.lineno, fault.colno)}"
