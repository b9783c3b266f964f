"""What Lambda refuses, through boto3 without botocore's own validation.

https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html
https://docs.aws.amazon.com/lambda/latest/dg/troubleshooting-deployment.html
"""

from __future__ import annotations

import json
import re
import time
import uuid
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from labsupport.lab import Lab
from labsupport.localcloud.record import CloudRecord
from labsupport.settings import Settings
from labsupport.teardown import teardown
from tests.conformance.conftest import RUNTIME, archive

pytestmark = pytest.mark.functional

CODE = archive(
    app="""
        def handler(event, context):
            return "x" * event["bytes"]
    """
)
POLICY = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "logs:*", "Resource": "*"}],
}
MIB = 1024**2
INVALID, VALIDATION = "InvalidParameterValueException", "ValidationException"
ELSEWHERE = "arn:aws:lambda:us-east-1:123456789012:function:{function}"
LAYER = "arn:aws:lambda:us-east-1:{account}:layer:no-such-layer-{n}:{version}"


class Account:
    """One function with a version and an alias, and a client that sends what it is told to send."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self.role = lab.deploy_role("limits", policy=POLICY)
        lab.deploy_function("limits", code=CODE, handler="app.handler", role_arn=self.role, memory_mb=1769)
        self.function = lab.name("limits")
        self.client = lab.client("lambda", parameter_validation=False)
        self.client.publish_version(FunctionName=self.function)
        self.client.create_alias(FunctionName=self.function, Name="live", FunctionVersion="1")

    def call(self, operation: str, **parameters: Any) -> Any:
        """Call an operation, on the function unless another one is named."""
        name = parameters.pop("FunctionName", "{function}")
        filled = name.replace("{function}", self.function).replace("{account}", self.lab.account)
        return getattr(self.client, operation)(FunctionName=filled, **parameters)

    def create(self, **changes: Any) -> Any:
        """Create a function that differs from a correct one. A change to None leaves the parameter out."""
        wanted = {
            "FunctionName": self.lab.name("other"),
            "Role": self.role,
            "Runtime": RUNTIME,
            "Handler": "app.handler",
            "Code": {"ZipFile": CODE},
        } | changes
        return self.call(
            "create_function", **{name: value for name, value in wanted.items() if value is not None}
        )


@pytest.fixture(scope="module")
def account(cloud: CloudRecord, cloud_home: Path) -> Iterator[Account]:
    owner = f"t{uuid.uuid4().hex[:8]}"
    lab = Lab("05", settings=replace(Settings.from_environment({}), home=cloud_home, owner=owner))
    yield Account(lab)
    teardown(lab.target, late_log_seconds=0)


def refused(call: Any, *arguments: Any, **named: Any) -> tuple[str, int, str]:
    with pytest.raises(ClientError) as caught:
        call(*arguments, **named)
    response = caught.value.response
    return (
        response["Error"]["Code"],
        response["ResponseMetadata"]["HTTPStatusCode"],
        response["Error"]["Message"],
    )


def layers(*versions: tuple[int, int]) -> list[str]:
    return [LAYER.format(account="123456789012", n=n, version=version) for n, version in versions]


WRONG_SETTINGS: list[tuple[dict[str, Any], str, str]] = [
    ({"MemorySize": 127}, VALIDATION, "at 'memorySize' .* greater than or equal to 128"),
    ({"MemorySize": 10_241}, INVALID, "'MemorySize' value .* less than or equal to 10240"),
    ({"Timeout": 0}, VALIDATION, "at 'timeout' .* greater than or equal to 1"),
    ({"Timeout": 901}, INVALID, "less than or equal to 900"),
    ({"EphemeralStorage": {"Size": 511}}, VALIDATION, "at 'ephemeralStorage.size' .* equal to 512"),
    ({"EphemeralStorage": {"Size": 10_241}}, INVALID, "less than or equal to 10240"),
    ({"Timeout": 0, "MemorySize": 1}, VALIDATION, "^2 validation errors detected: "),
    ({"MemorySize": "128"}, "SerializationException", "can not be converted to an Integer"),
    ({"Description": "x" * 257}, VALIDATION, "at 'description' .* less than or equal to 256"),
    ({"Handler": "app handler"}, VALIDATION, "at 'handler' .* regular expression pattern"),
    ({"Handler": "x" * 129}, VALIDATION, "at 'handler' .* less than or equal to 128"),
    ({"Role": "arn:aws:iam::1:role/r"}, VALIDATION, "at 'role' .* regular expression pattern"),
    ({"Runtime": "python3.99"}, INVALID, "Value python3.99 at 'runtime' .* enum value set: .*python3.13"),
    ({"Runtime": "python3.6"}, INVALID, "python3.6 is no longer supported"),
    ({"TracingConfig": {"Mode": "On"}}, VALIDATION, r"enum value set: \[Active, PassThrough\]"),
    ({"Environment": {"Variables": {"A": "1"}}}, VALIDATION, "at 'environment.variables' .* Map keys"),
    ({"Environment": {"Variables": {"1A": "1"}}}, VALIDATION, "at 'environment.variables' .* Map keys"),
    ({"Environment": {"Variables": {"_HANDLER": "1"}}}, VALIDATION, "at 'environment.variables' .* Map keys"),
    ({"Environment": {"Variables": {"AWS_REGION": "x"}}}, INVALID, "used in this request: AWS_REGION$"),
    ({"Environment": {"Variables": {"LAMBDA_TASK_ROOT": "x"}}}, INVALID, "reserved keys"),
    ({"Environment": {"Variables": {"BIG": "x" * 4087}}}, INVALID, "exceeded the 4KB limit"),
    ({"Layers": layers(*((n, 1) for n in range(6)))}, INVALID, "Cannot reference more than 5 layers"),
    ({"Layers": layers((1, 1), (1, 2))}, INVALID, "Two different versions of the same layer"),
    ({"Layers": ["arn:aws:lambda:us-east-1:layer"]}, VALIDATION, "at 'layers' .* regular expression pattern"),
]


@pytest.mark.parametrize(("settings", "code", "message"), WRONG_SETTINGS)
def test_a_new_function_with_wrong_settings_is_refused(
    account: Account, settings: dict[str, Any], code: str, message: str
) -> None:
    found, status, text = refused(account.create, **settings)
    assert (found, status) == (code, 400)
    assert re.search(message, text), text


@pytest.mark.parametrize(("settings", "code", "message"), WRONG_SETTINGS)
def test_an_update_with_wrong_settings_is_refused_and_changes_nothing(
    account: Account, settings: dict[str, Any], code: str, message: str
) -> None:
    before = account.call("get_function_configuration")
    found, status, text = refused(account.call, "update_function_configuration", **settings)
    assert (found, status) == (code, 400)
    assert re.search(message, text), text
    assert account.call("get_function_configuration")["RevisionId"] == before["RevisionId"]


def test_the_largest_settings_are_accepted(account: Account) -> None:
    largest = {
        "MemorySize": 10_240,
        "Timeout": 900,
        "EphemeralStorage": {"Size": 10_240},
        "Description": "x" * 256,
        "Environment": {"Variables": {"BIG": "x" * 4086}},
    }
    created = account.create(FunctionName=account.lab.name("largest"), **largest)
    assert {name: created[name] for name in largest} == largest


NEW_FUNCTIONS: list[tuple[dict[str, Any], str, int, str]] = [
    ({"FunctionName": "no spaces"}, VALIDATION, 400, "at 'functionName' .* regular expression pattern"),
    ({"FunctionName": "x" * 65}, INVALID, 400, "at 'functionName' .* less than or equal to 64"),
    ({"FunctionName": "x" * 141}, VALIDATION, 400, "at 'functionName' .* less than or equal to 140"),
    ({"FunctionName": "thumbnail:live"}, VALIDATION, 400, "no qualifier"),
    (
        {"FunctionName": "arn:aws:lambda:eu-west-1:{account}:function:f"},
        "ResourceNotFoundException",
        404,
        r"Functions from 'eu-west-1' are not reachable in this region \('us-east-1'\)",
    ),
    ({"FunctionName": "arn:aws:s3:::f"}, VALIDATION, 400, "at 'functionName'"),
    ({"FunctionName": "123456789012:function:f"}, "AccessDeniedException", 403, "another account"),
    ({"Handler": None}, INVALID, 400, "^Runtime and Handler are mandatory parameters"),
    ({"Runtime": None}, INVALID, 400, "^Runtime and Handler are mandatory parameters"),
    ({"Role": None}, VALIDATION, 400, "^1 validation error detected: Value null at 'role'"),
    ({"Code": {}}, INVALID, 400, "Please provide a source for function code"),
    ({"Code": {"ZipFile": b"no zip"}}, INVALID, 400, "Could not unzip uploaded file"),
    ({"Layers": [LAYER.format(account="{account}", n=1, version=1)]}, INVALID, 400, "does not exist"),
]


@pytest.mark.parametrize(("parameters", "code", "status", "message"), NEW_FUNCTIONS)
def test_a_new_function_that_can_not_be_is_refused(
    account: Account, parameters: dict[str, Any], code: str, status: int, message: str
) -> None:
    if "Layers" in parameters:
        parameters = {"Layers": [arn.format(account=account.lab.account) for arn in parameters["Layers"]]}
    found, found_status, text = refused(account.create, **parameters)
    assert (found, found_status) == (code, status)
    assert re.search(message, text), text


@pytest.mark.parametrize("form", ["{name}", "arn:aws:lambda:us-east-1:{account}:function:{name}"])
def test_a_function_is_created_and_found_by_name_partial_arn_and_arn(account: Account, form: str) -> None:
    """https://docs.aws.amazon.com/lambda/latest/api/API_GetFunction.html"""
    name = account.lab.name(f"form-{len(form)}")
    names = {"name": name, "account": account.lab.account}
    assert account.create(FunctionName=form.format(**names))["FunctionName"] == name
    for reference in (form, "{account}:function:{name}", "{name}:$LATEST"):
        found = account.call("get_function", FunctionName=reference.format(**names))
        assert found["Configuration"]["FunctionName"] == name


PACKAGES: list[tuple[str, dict[str, Any]]] = [
    ("update_function_code", {"ZipFile": b"no zip"}),
    ("publish_layer_version", {"LayerName": "lab-x", "Content": {"ZipFile": b""}}),
]


@pytest.mark.parametrize(("operation", "parameters"), PACKAGES)
def test_what_is_no_zip_is_refused(account: Account, operation: str, parameters: dict[str, Any]) -> None:
    call = getattr(account.client, operation)
    named = parameters if "LayerName" in parameters else {"FunctionName": account.function} | parameters
    code, status, text = refused(call, **named)
    assert (code, status) == (INVALID, 400)
    assert "Could not unzip uploaded file" in text


def test_a_package_from_a_bucket_is_opened_too(account: Account) -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html"""
    bucket = account.lab.deploy_bucket("packages")
    damaged = CODE[:-40] + bytes(18) + CODE[-22:]  # its end is that of a zip, its table is not
    account.lab.client("s3").put_object(Bucket=bucket, Key="package.zip", Body=damaged)
    place = {"S3Bucket": bucket, "S3Key": "package.zip"}
    for call, named in (
        (account.client.update_function_code, {"FunctionName": account.function, **place}),
        (account.client.publish_layer_version, {"LayerName": account.lab.name("odd"), "Content": place}),
    ):
        code, status, text = refused(call, **named)
        assert (code, status) == (INVALID, 400) and "Could not unzip uploaded file" in text


def test_a_refused_layer_takes_no_version_number(account: Account) -> None:
    name = account.lab.name("numbers")
    refused(account.client.publish_layer_version, LayerName=name, Content={"ZipFile": b"no zip"})
    assert account.client.publish_layer_version(LayerName=name, Content={"ZipFile": CODE})["Version"] == 1


@pytest.mark.parametrize(
    ("size", "message"),
    [
        (50 * MIB + 1, "Zipped size must be smaller than 52428800 bytes"),
        (51 * MIB, "Request must be smaller than 70167211 bytes for the UpdateFunctionCode operation"),
    ],
)
def test_a_request_with_more_than_50_mb_is_refused(account: Account, size: int, message: str) -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/troubleshooting-deployment.html"""
    code, status, text = refused(account.call, "update_function_code", ZipFile=bytes(size))
    assert (code, status, text) == ("RequestEntityTooLargeException", 413, message)


def test_an_update_of_the_configuration_has_at_most_5120_bytes(account: Account) -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/troubleshooting-deployment.html"""
    environment = {"Variables": {"BIG": "x" * 5120}}
    code, status, text = refused(account.call, "update_function_configuration", Environment=environment)
    assert (code, status) == ("RequestEntityTooLargeException", 413)
    assert "Request must be smaller than 5120 bytes for the UpdateFunctionConfiguration operation" in text


INVOCATIONS: list[tuple[dict[str, Any], str, int, str]] = [
    ({"Qualifier": "7"}, "ResourceNotFoundException", 404, "Function not found: arn.*:7$"),
    ({"Qualifier": "blue"}, "ResourceNotFoundException", 404, "Function not found: arn.*:blue$"),
    ({"Qualifier": "no spaces"}, VALIDATION, 400, "at 'qualifier' .* regular expression pattern"),
    ({"FunctionName": "{function}:1", "Qualifier": "2"}, INVALID, 400, "derived qualifier"),
    ({"InvocationType": "Later"}, VALIDATION, 400, r"\[Event, RequestResponse, DryRun\]"),
    (
        {"Payload": b"{not json"},
        "InvalidRequestContentException",
        400,
        "Could not parse request body into json",
    ),
    ({"Payload": b"NaN"}, "InvalidRequestContentException", 400, "Could not parse request body into json"),
    ({"Payload": b"\x87"}, "InvalidRequestContentException", 400, "Could not parse request body into json"),
    (
        {"Payload": b'"' + b"x" * (6 * MIB - 1) + b'"'},
        "RequestTooLargeException",
        413,
        "Request must be smaller than 6291456 bytes for the InvokeFunction operation",
    ),
    (
        {"Payload": b'"' + b"x" * (MIB - 1) + b'"', "InvocationType": "Event"},
        "RequestTooLargeException",
        413,
        r"1048577 byte payload is too large for the Event invocation type \(limit 1048576 bytes\)",
    ),
]


@pytest.mark.parametrize(
    ("parameters", "code", "status", "message"), INVOCATIONS, ids=[row[3][:30] for row in INVOCATIONS]
)
def test_an_invocation_that_can_not_be_is_refused(
    account: Account, parameters: dict[str, Any], code: str, status: int, message: str
) -> None:
    """https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html"""
    found, found_status, text = refused(account.call, "invoke", **parameters)
    assert (found, found_status) == (code, status)
    assert re.search(message, text), text


@pytest.mark.parametrize("size", [6 * MIB, MIB + 1])
def test_an_event_of_up_to_6_mb_is_taken_when_the_caller_waits(account: Account, size: int) -> None:
    event = json.dumps({"bytes": 1, "more": ""}).encode()
    padded = event.replace(b'""', b'"' + b"x" * (size - len(event)) + b'"')
    assert len(padded) == size
    assert json.load(account.call("invoke", Payload=padded)["Payload"]) == "x"


def test_an_answer_of_more_than_6_mb_is_an_error_of_the_function(account: Account) -> None:
    def answer_of(size: int) -> Any:
        return account.call("invoke", Payload=json.dumps({"bytes": size - 2}))  # and two quotes

    largest, too_large = answer_of(6 * MIB + 100), answer_of(6 * MIB + 101)
    assert "FunctionError" not in largest
    assert (too_large["StatusCode"], too_large["FunctionError"]) == (200, "Unhandled")
    assert json.load(too_large["Payload"]) == {
        "errorMessage": "Response payload size exceeded maximum allowed payload size (6291556 bytes).",
        "errorType": "Function.ResponseSizeTooLarge",
    }


def test_an_answer_that_nobody_waits_for_may_be_larger(account: Account) -> None:
    payload = json.dumps({"bytes": 7 * MIB})
    answer = account.call("invoke", InvocationType="Event", Payload=payload)
    request_id = answer["ResponseMetadata"]["RequestId"]
    account.lab.wait_for_report("limits", request_id=request_id)
    time.sleep(2)  # an invocation that failed is tried again after one second
    reports = [
        event for event in account.lab.logs("limits") if f"REPORT RequestId: {request_id}" in event.message
    ]
    assert len(reports) == 1


OTHERS: list[tuple[str, dict[str, Any], str, int, str]] = [
    ("create_alias", {"Name": "1", "FunctionVersion": "1"}, VALIDATION, 400, "at 'name'"),
    ("create_alias", {"Name": "no spaces", "FunctionVersion": "1"}, VALIDATION, 400, "at 'name'"),
    ("create_alias", {"Name": "x" * 129, "FunctionVersion": "1"}, VALIDATION, 400, "equal to 128"),
    ("create_alias", {"Name": "blue", "FunctionVersion": "one"}, VALIDATION, 400, "at 'functionVersion'"),
    ("create_alias", {"Name": "blue", "FunctionVersion": "7"}, "ResourceNotFoundException", 404, ":7$"),
    ("create_alias", {"Name": "live", "FunctionVersion": "1"}, "ResourceConflictException", 409, "live"),
    ("update_alias", {"Name": "live", "FunctionVersion": "7"}, "ResourceNotFoundException", 404, ":7$"),
    ("update_alias", {"Name": "live", "RevisionId": "old"}, "PreconditionFailedException", 412, "Revision"),
    ("get_alias", {"Name": "blue"}, "ResourceNotFoundException", 404, "Cannot find alias arn: arn.*:blue$"),
    (
        "update_alias",
        {"Name": "live", "RoutingConfig": {"AdditionalVersionWeights": {"1": 0.5}}},
        INVALID,
        400,
        "already included in routing configuration",
    ),
    (
        "update_alias",
        {"Name": "live", "RoutingConfig": {"AdditionalVersionWeights": {"2": 1.5}}},
        VALIDATION,
        400,
        "at 'routingConfig.additionalVersionWeights'",
    ),
    ("put_function_event_invoke_config", {"MaximumRetryAttempts": 3}, VALIDATION, 400, "equal to 2$"),
    ("put_function_event_invoke_config", {"MaximumEventAgeInSeconds": 59}, VALIDATION, 400, "equal to 60$"),
    (
        "put_function_event_invoke_config",
        {"MaximumEventAgeInSeconds": 21_601},
        VALIDATION,
        400,
        "equal to 21600$",
    ),
    ("put_function_concurrency", {"ReservedConcurrentExecutions": -1}, VALIDATION, 400, "equal to 0$"),
    ("put_function_concurrency", {}, VALIDATION, 400, "Value null at 'reservedConcurrentExecutions'"),
    ("put_function_recursion_config", {"RecursiveLoop": "Maybe"}, VALIDATION, 400, "at 'recursiveLoop'"),
    ("publish_version", {"CodeSha256": "another"}, INVALID, 400, "different from current CodeSHA256"),
    ("delete_function", {"Qualifier": "$LATEST"}, INVALID, 400, "without deleting the function"),
    ("get_function", {"FunctionName": "no spaces"}, VALIDATION, 400, "at 'functionName'"),
    ("get_function", {"FunctionName": ELSEWHERE}, "ResourceNotFoundException", 404, "Function not found"),
]


@pytest.mark.parametrize(("operation", "parameters", "code", "status", "message"), OTHERS)
def test_other_operations_are_refused_as_well(
    account: Account, operation: str, parameters: dict[str, Any], code: str, status: int, message: str
) -> None:
    found, found_status, text = refused(account.call, operation, **parameters)
    assert (found, found_status) == (code, status)
    assert re.search(message, text), text


WRONG_LAYERS: list[tuple[dict[str, Any], str]] = [
    ({"LayerName": "no spaces"}, "at 'layerName'"),
    ({"LayerName": "x" * 141}, "less than or equal to 140"),
    ({"CompatibleRuntimes": [RUNTIME] * 16}, "at 'compatibleRuntimes' .* less than or equal to 15"),
    ({"CompatibleRuntimes": ["python3.99"]}, "at 'compatibleRuntimes' .* enum value set"),
    ({"CompatibleArchitectures": ["sparc"]}, r"at 'compatibleArchitectures' .* \[x86_64, arm64\]"),
    ({"LicenseInfo": "x" * 513}, "at 'licenseInfo'"),
]


@pytest.mark.parametrize(("parameters", "message"), WRONG_LAYERS)
def test_a_wrong_layer_is_refused(account: Account, parameters: dict[str, Any], message: str) -> None:
    """https://docs.aws.amazon.com/lambda/latest/api/API_PublishLayerVersion.html"""
    named = {"LayerName": account.lab.name("wrong"), "Content": {"ZipFile": CODE}} | parameters
    code, status, text = refused(account.client.publish_layer_version, **named)
    assert (code, status) == (VALIDATION, 400)
    assert re.search(message, text), text
