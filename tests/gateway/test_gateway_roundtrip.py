"""Every operation AWS describes, said by real botocore and heard by it."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.model import OperationModel

from stepmill.gateway.protocols import parse, refuse, respond
from stepmill.gateway.protocols.models import Found, load
from stepmill.gateway.protocols.routing import Router, shadowed
from stepmill.gateway.protocols.values import Refusal, time_text
from wire_examples import SERVICES, Examples, botocore_model, operations, plain, received, sent

ALWAYS = ("ContentLength", "ContentType", "Metadata")


def expected(service: str, params: dict[str, Any]) -> dict[str, Any]:
    said = plain(params)
    if service == "sts":  # a form has no words for a structure without members
        said = {key: value for key, value in said.items() if value != {}}
    if service == "s3" and "Expires" in said:  # a string to S3; a time to botocore alone
        said["Expires"] = time_text(said["Expires"], "rfc822")
    return said


def heard(router: Router, operation: OperationModel, params: dict[str, Any]) -> dict[str, Any]:
    request = sent(operation, params)
    meant = shadowed(router.model).get(operation.name, operation.name)
    found = router.find(request)
    assert found.operation.name == meant
    described = router.model.operation(operation.name)
    assert described is not None
    parsed = parse(Found(described, found.labels, found.query, found.form), request)
    return plain(parsed)


def a_request_arrives(router: Router, operation: OperationModel, full: bool) -> None:
    if operation.input_shape is None:
        return
    params = Examples(full).of(operation.input_shape)
    if (payload := operation.input_shape.serialization.get("payload")) and router.model.protocol == "rest-json":
        params.setdefault(payload, Examples(full).of(operation.input_shape.members[payload]))
    said = expected(router.model.name, params)
    got = heard(router, operation, params)
    payload = operation.input_shape.serialization.get("payload")
    if payload and got.get(payload) == b"" and payload not in said:
        del got[payload]  # a body that streams is always there
    assert got == said, operation.name


def an_answer_arrives(service: str, operation: OperationModel, full: bool) -> None:
    shape = operation.output_shape
    result = Examples(full).of(shape) if shape is not None else {}
    described = load(service).operation(operation.name)
    assert described is not None
    payload = shape.serialization.get("payload") if shape is not None else None
    if "ContentLength" in result and operation.http["method"] != "HEAD":
        result["ContentLength"] = len(result.get(payload, b"") if payload else b"")
    if any(ref.get("location") == "statusCode" for ref in (described.output or {}).get("members", {}).values()):
        result["StatusCode" if "StatusCode" in described.output["members"] else "Status"] = 202
    if payload:  # botocore shows a structure that is the whole body even when it is empty
        result.setdefault(payload, Examples(full).of(shape.members[payload]))
    wanted = plain(result)
    response = respond(described, plain(result), "name-of-request")
    answer = received(operation, response)
    metadata = answer.pop("ResponseMetadata")
    assert metadata["RequestId"] == "name-of-request"
    if not full:  # what botocore shows whenever there is a body, or room for it
        answer = {key: item for key, item in answer.items() if key in wanted or key not in ALWAYS}
    assert plain(answer) == wanted, operation.name


@pytest.mark.parametrize("full", [True, False], ids=["all-members", "required-members"])
@pytest.mark.parametrize("service", SERVICES)
def test_what_botocore_says_is_what_an_operation_hears(service: str, full: bool) -> None:
    router = Router(load(service))
    for operation in operations(service):
        if operation.name not in router.model.deprecated or operation.name not in shadowed(router.model):
            a_request_arrives(router, operation, full)


@pytest.mark.parametrize("full", [True, False], ids=["all-members", "required-members"])
@pytest.mark.parametrize("service", SERVICES)
def test_what_an_operation_answers_is_what_botocore_shows(service: str, full: bool) -> None:
    hidden = {*shadowed(load(service)), "GetBucketLocation"}  # nobody can ask the first; the other has its own test
    for operation in operations(service):
        if operation.name not in hidden:
            an_answer_arrives(service, operation, full)


@pytest.mark.parametrize("service", SERVICES)
def test_every_described_error_is_shown_with_its_code_and_its_message(service: str) -> None:
    model = load(service)
    operation = next(operation for operation in operations(service) if operation.http["method"] != "HEAD")
    for shape in botocore_model(service).error_shapes:
        code = shape.error_code
        error = Refusal(code, 'It said "<no>" & left.', shape.metadata.get("error", {}).get("httpStatusCode", 400))
        answer = received(operation, refuse(model, error, "name-of-request"))
        assert answer["Error"]["Code"] == code
        if error.status != 304:
            assert answer["Error"]["Message"] == 'It said "<no>" & left.'
        assert answer["ResponseMetadata"]["RequestId"] == "name-of-request"
