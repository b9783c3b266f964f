"""The tape and the CLI equivalents. The clients are boto3's; the HTTP answers are given, nothing is sent."""

from __future__ import annotations

import io
import json
import shlex
from typing import Any

import boto3
import pytest
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ClientError, ParamValidationError

from labsupport.tape import Call, Tape, shorten


class Body(io.BytesIO):
    """The body of an HTTP answer, with the one method that botocore wants."""

    def stream(self, **_: Any) -> Any:
        yield self.read()


@pytest.fixture(scope="module")
def session() -> Any:
    return boto3.Session(aws_access_key_id="A", aws_secret_access_key="B", region_name="us-east-1")


@pytest.fixture
def tape(session: Any) -> Tape:
    tape = Tape()
    tape.attach(session.events)
    return tape


def record(
    session: Any, tape: Tape, service: str, operation: str, *, status: int = 200, **parameters: Any
) -> Call:
    """Make one call that gets an empty answer, or an error of a status, and return what was recorded."""
    client = session.client(service)
    is_xml = client.meta.service_model.protocol == "query"
    result = client.meta.method_to_api_mapping[operation] + "Result"
    empty = f"<Answer><{result}/></Answer>".encode() if is_xml else b""
    body = b'{"__type": "SomeException"}' if status >= 300 else empty
    headers = {"x-amzn-requestid": "8f5"}
    client.meta.events.register(
        "before-send", lambda request, **_: AWSResponse(request.url, status, headers, Body(body))
    )
    try:
        getattr(client, operation)(**parameters)
    except ClientError:
        assert status >= 300
    return tape.calls()[-1]


def test_a_call_is_recorded_with_its_answer(session: Any, tape: Tape) -> None:
    call = record(session, tape, "lambda", "delete_function", FunctionName="f")
    assert (call.service, call.operation) == ("lambda", "DeleteFunction")
    assert call.parameters == {"FunctionName": "f"}
    assert (call.http_status, call.request_id, call.attempts, call.error_code) == (200, "8f5", 1, None)
    assert call.seconds is not None
    assert call.seconds > 0


def test_an_error_is_recorded_with_its_code(session: Any, tape: Tape) -> None:
    call = record(session, tape, "dynamodb", "delete_table", TableName="t", status=400)
    assert (call.http_status, call.error_code) == (400, "SomeException")


def test_a_call_that_boto3_refuses_is_not_recorded(session: Any, tape: Tape) -> None:
    with pytest.raises(ParamValidationError):
        session.client("iam").get_role(RoleName=3)
    assert tape.calls() == []


def test_cell_returns_the_newest_cell_that_made_calls(session: Any, tape: Tape) -> None:
    tape.start_cell()
    first = record(session, tape, "s3", "list_buckets")
    tape.start_cell()
    second = record(session, tape, "s3", "list_buckets")
    assert tape.cell() == [second]
    assert second is not first
    tape.start_cell()
    assert tape.cell() == [second]


def test_without_plumbing_a_cell_that_only_let_the_lab_call_is_passed_over(session: Any, tape: Tape) -> None:
    tape.start_cell(4)
    own = record(session, tape, "s3", "list_buckets")
    tape.start_cell(9)
    with tape.plumbing():
        plumbing = record(session, tape, "s3", "list_buckets")
    assert (own.cell, plumbing.cell) == (4, 9)
    assert own.time <= plumbing.time
    assert tape.cell(plumbing=False) == [own]
    assert tape.cell() == [plumbing]


def test_without_calls_there_is_no_cell(tape: Tape) -> None:
    assert tape.cell() == []


def test_plumbing_is_marked(session: Any, tape: Tape) -> None:
    with tape.plumbing():
        inside = record(session, tape, "s3", "list_buckets")
    outside = record(session, tape, "s3", "list_buckets")
    assert (inside.plumbing, outside.plumbing) == (True, False)


def test_secrets_are_hidden_wherever_they_are() -> None:
    variables = {"DB_PASSWORD": "a", "API_KEY": "b", "BUCKET": "photos"}
    shown = shorten({"Environment": {"Variables": variables}, "SecretString": "c", "SecretId": "d"})
    assert shown["Environment"]["Variables"] == {"DB_PASSWORD": "***", "API_KEY": "***", "BUCKET": "photos"}
    assert (shown["SecretString"], shown["SecretId"]) == ("***", "d")


def test_tokens_of_pages_are_no_secrets() -> None:
    assert shorten({"NextToken": "abc", "ContinuationToken": "abc"}) == {
        "NextToken": "abc",
        "ContinuationToken": "abc",
    }


def test_of_bytes_the_tape_keeps_the_size_and_a_short_text() -> None:
    assert shorten(b'{"a": 1}').text == '{"a": 1}'
    assert (shorten(b"\x00" * 5000).size_bytes, shorten(b"\x00" * 5000).text) == (5000, None)
    assert shorten(b"\xff\xfe").text is None
    assert shorten(io.BytesIO(b"abc")).size_bytes == 3


def test_the_recorded_parameters_do_not_change_with_the_callers(session: Any, tape: Tape) -> None:
    tags = [{"Key": "a", "Value": "b"}]
    call = record(session, tape, "iam", "tag_role", RoleName="r", Tags=tags)
    tags[0]["Value"] = "changed"
    assert call.parameters["Tags"] == [{"Key": "a", "Value": "b"}]


def test_the_tape_does_not_change_what_is_sent(session: Any, tape: Tape) -> None:
    sent: list[bytes] = []
    client = session.client("secretsmanager")

    def keep(request: Any, **_: Any) -> AWSResponse:
        sent.append(request.body)
        return AWSResponse(request.url, 200, {}, Body(b"{}"))

    client.meta.events.register("before-send", keep)
    client.create_secret(Name="n", SecretString="real")
    assert json.loads(sent[0])["SecretString"] == "real"
    assert tape.calls()[0].parameters["SecretString"] == "***"


@pytest.mark.parametrize(
    ("service", "operation", "parameters", "words"),
    [
        (
            "s3",
            "list_objects_v2",
            {"Bucket": "b", "MaxKeys": 5},
            "s3api list-objects-v2 --bucket b --max-keys 5",
        ),
        (
            "s3",
            "get_object",
            {"Bucket": "b", "Key": "-k"},
            "s3api get-object --bucket b --key=-k response.bin",
        ),
        (
            "lambda",
            "publish_version",
            {"FunctionName": "f", "CodeSha256": "x"},
            "lambda publish-version --function-name f --code-sha256 x",
        ),
        (
            "lambda",
            "update_function_code",
            {"FunctionName": "f", "ZipFile": b"zip", "Publish": True, "DryRun": False},
            "lambda update-function-code --function-name f --zip-file fileb://zip-file.zip"
            " --publish --no-dry-run",
        ),
        (
            "sqs",
            "get_queue_attributes",
            {"QueueUrl": "u", "AttributeNames": ["QueueArn", "Policy"]},
            "sqs get-queue-attributes --queue-url u --attribute-names QueueArn Policy",
        ),
        (
            "sns",
            "subscribe",
            {"TopicArn": "t", "Protocol": "sqs", "Endpoint": "q"},
            "sns subscribe --topic-arn t --protocol sqs --notification-endpoint q",
        ),
    ],
)
def test_the_cli_equivalent(
    session: Any, tape: Tape, service: str, operation: str, parameters: dict[str, Any], words: str
) -> None:
    call = record(session, tape, service, operation, **parameters)
    assert call.cli() == f"aws {words}"


def test_structures_are_json_and_quoted_for_the_shell(session: Any, tape: Tape) -> None:
    call = record(session, tape, "dynamodb", "put_item", TableName="t", Item={"name": {"S": "Mai's ảnh"}})
    assert shlex.split(call.cli())[-1] == '{"name": {"S": "Mai\'s ảnh"}}'


def test_bytes_become_files_that_the_command_names(session: Any, tape: Tape) -> None:
    call = record(session, tape, "s3", "put_object", Bucket="b", Key="k", Body=b"\x89PNG")
    # A streaming body is the one kind of bytes that the CLI takes as a plain path.
    assert call.cli() == "aws s3api put-object --bucket b --key k --body body.bin"
    assert [str(file) for file in call.command().files] == ["body.bin holds (4 bytes)"]


def test_when_the_cli_has_no_command_then_the_line_says_so(session: Any, tape: Tape) -> None:
    call = record(session, tape, "lambda", "invoke_with_response_stream", FunctionName="f")
    assert call.cli().startswith("# The AWS CLI has no command for InvokeWithResponseStream")


def test_for_the_local_clouds_queues_the_command_names_the_endpoint(session: Any) -> None:
    tape = Tape()
    tape.attach(session.events, endpoint_url="http://127.0.0.1:1")
    assert record(session, tape, "sqs", "list_queues").cli().endswith(" --endpoint-url http://127.0.0.1:1")
    assert "--endpoint-url" not in record(session, tape, "iam", "list_roles").cli()
