"""Each card fits the error that it was written for, as the local cloud and botocore really raise it."""

from __future__ import annotations

import io
import json
import urllib.request
import uuid
from collections.abc import Callable
from typing import Any

import boto3
import botocore.session
import pytest
from botocore.awsrequest import AWSResponse
from botocore.config import Config

from labsupport.error_cards import (
    Card,
    cards,
    failure_of,
    failure_of_answer,
    failure_of_function,
    recognise,
)
from labsupport.lab import Lab
from labsupport.packaging import zip_files
from labsupport.resources.http_api import Route
from labsupport.resources.http_authorizer import JwtAuthorizer
from labsupport.resources.rest_methods import RestMethod
from labsupport.session import LocalSession
from labsupport.views.http_answer import HttpAnswer

pytestmark = pytest.mark.functional

CODE = {"ZipFile": zip_files({"handler.py": b""})}


class Body(io.BytesIO):
    """The body of an HTTP answer, with the one method that botocore wants."""

    def stream(self, **_: Any) -> Any:
        yield self.read()


def recognised(provoke: Callable[[], object]) -> Card | None:
    with pytest.raises(Exception) as caught:
        provoke()
    try:
        return recognise(failure_of(caught.value))
    finally:
        if isinstance(caught.value, urllib.error.HTTPError):
            caught.value.close()  # it holds a connection


# Functions


FUNCTIONS: dict[str, dict[str, str]] = {
    # Pillow for another platform has all of its files but the compiled ones that Python looks for.
    "layer-does-not-fit": {
        "handler.py": "from PIL import Image",
        "PIL/__init__.py": "",
        "PIL/Image.py": "from . import _imaging",
    },
    "module-not-found": {"handler.py": "import PIL"},
    "import-fails": {"handler.py": "from os import nothing"},
    "handler-not-found": {"handler.py": "def handle(event, context): pass"},
    "syntax-error": {"handler.py": "def handler(event, context)"},
    "timeout": {"handler.py": "import time\ndef handler(event, context): time.sleep(9)"},
    "out-of-memory": {"handler.py": "def handler(event, context): return len(bytearray(10**9))"},
    "float-for-decimal": {
        "handler.py": "from boto3.dynamodb.types import TypeSerializer\n"
        "def handler(event, context): TypeSerializer().serialize(0.1)"
    },
    "not-allowed": {
        "handler.py": "import boto3\ns3 = boto3.client('s3')\n"
        "def handler(event, context): s3.put_object(Bucket=event['bucket'], Key='a', Body=b'x')"
    },
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_functions_error_has_its_card(lab: Lab, name: str) -> None:
    code = zip_files({path: text.encode() for path, text in FUNCTIONS[name].items()})
    logs_only = lab.deploy_role("hello")
    # A larger share of CPU for what imports boto3, and a time limit that only one of them reaches.
    memory_mb = 1024 if "boto3" in FUNCTIONS[name]["handler.py"] else 128
    seconds = 1 if name == "timeout" else 20
    lab.deploy_function("broken", code=code, role_arn=logs_only, memory_mb=memory_mb, timeout_seconds=seconds)
    event = {"bucket": lab.deploy_bucket("photos")} if name == "not-allowed" else {}
    invocation = lab.invoke("broken", event)
    assert invocation.error_type is not None
    card = recognise(failure_of_function(invocation.error_type, invocation.error_message))
    assert card is not None and card.name == name, invocation
    assert card.title in (invocation._repr_html_() or "")
    if name == "not-allowed":
        assert card.facts["who"] == f"the role {lab.name('hello')}"
        assert card.facts["what"] == "s3:PutObject"


def test_an_error_that_a_learner_raises_has_none(lab: Lab) -> None:
    code = zip_files({"handler.py": b"def handler(event, context): return event['missing']"})
    lab.deploy_function("broken", code=code, role_arn=lab.deploy_role("hello"))
    invocation = lab.invoke("broken")
    assert invocation.failed and invocation._repr_html_() is None


# Calls


def visitor(lab: Lab, *statements: dict[str, Any]) -> LocalSession:
    """Return a session of an IAM user with a policy of these statements."""
    iam, name = lab.client("iam"), lab.name(f"visitor-{uuid.uuid4().hex[:6]}")
    iam.create_user(UserName=name)
    if statements:
        policy = json.dumps({"Version": "2012-10-17", "Statement": statements})
        iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=policy)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    return session(lab, key["AccessKeyId"], key["SecretAccessKey"])


def session(lab: Lab, key: str, secret: str) -> LocalSession:
    url = lab.target.endpoint_url
    assert url is not None
    return LocalSession(url, "us-east-1", access_key_id=key, secret_access_key=secret)


def denied(lab: Lab) -> None:
    visitor(lab).client("logs").describe_log_groups()


def denied_explicitly(lab: Lab) -> None:
    allow = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    visitor(lab, allow, allow | {"Effect": "Deny"}).client("logs").describe_log_groups()


def no_such_role(lab: Lab) -> None:
    role = f"arn:aws:iam::{lab.account}:role/nobody"
    lab.client("lambda").create_function(
        FunctionName=lab.name("f"), Role=role, Runtime="python3.12", Handler="a.b", Code=CODE
    )


def function_exists(lab: Lab) -> None:
    function = lab.deploy_function("hello")
    lab.client("lambda").create_function(
        FunctionName=function.name, Role=function.role_arn, Runtime="python3.12", Handler="a.b", Code=CODE
    )


def destination_not_allowed(lab: Lab) -> None:
    function = {"LambdaFunctionArn": lab.deploy_function("hello").arn, "Events": ["s3:ObjectCreated:*"]}
    lab.client("s3").put_bucket_notification_configuration(
        Bucket=lab.deploy_bucket("photos"),
        NotificationConfiguration={"LambdaFunctionConfigurations": [function]},
    )


def too_many_invocations(lab: Lab) -> None:
    function = lab.deploy_function("hello")
    lab.client("lambda").put_function_concurrency(FunctionName=function.name, ReservedConcurrentExecutions=0)
    lab.invoke("hello")


def bucket_not_empty(lab: Lab) -> None:
    s3, bucket = lab.client("s3"), lab.deploy_bucket("photos")
    s3.put_object(Bucket=bucket, Key="a", Body=b"x")
    s3.delete_bucket(Bucket=bucket)


def bucket_is_yours(lab: Lab) -> None:
    s3 = lab.client("s3")
    # Only us-east-1 accepts it twice.
    bucket, place = lab.deploy_bucket("photos"), {"LocationConstraint": "eu-west-1"}
    s3.delete_bucket(Bucket=bucket)
    try:
        for _ in range(2):
            s3.create_bucket(Bucket=bucket, CreateBucketConfiguration=place)
    finally:
        s3.delete_bucket(Bucket=bucket)


def no_such_object(lab: Lab) -> None:
    lab.client("s3").get_object(Bucket=lab.deploy_bucket("photos"), Key="b")


def no_such_path(lab: Lab) -> None:
    apis = lab.client("apigateway")
    api = apis.create_rest_api(name=lab.name("api"))["id"]
    try:
        root = apis.get_resources(restApiId=api)["items"][0]["id"]
        which = {"restApiId": api, "resourceId": root, "httpMethod": "GET"}
        apis.put_method(**which, authorizationType="NONE")
        apis.put_integration(**which, type="MOCK")
        apis.create_deployment(restApiId=api, stageName="dev")
        urllib.request.urlopen(f"{lab.target.endpoint_url}/_aws/execute-api/{api}/dev/wrong")
    finally:
        apis.delete_rest_api(restApiId=api)


def no_credentials(lab: Lab) -> None:
    core = botocore.session.Session()
    core.register_component("credential_provider", botocore.credentials.CredentialResolver([]))
    client = boto3.Session(botocore_session=core).client("s3", endpoint_url=lab.target.endpoint_url)
    client.list_buckets()


def float_for_decimal(lab: Lab) -> None:
    lab.target.session.resource("dynamodb").Table("orders").put_item(Item={"id": "1", "total": 9.99})


def condition_failed(lab: Lab, *, in_transaction: bool = False) -> None:
    client, name = lab.client("dynamodb"), lab.name("orders")
    key = {"AttributeName": "id", "KeyType": "HASH"}
    client.create_table(
        TableName=name,
        KeySchema=[key],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    put = {
        "TableName": name,
        "Item": {"id": {"S": "1"}},
        "ConditionExpression": "attribute_exists(id)",
    }
    try:
        client.get_waiter("table_exists").wait(TableName=name)
        if in_transaction:
            client.transact_write_items(TransactItems=[{"Put": put}])
        client.put_item(**put)
    finally:
        client.delete_table(TableName=name)


def nobody_there(lab: Lab) -> None:
    client = boto3.client(
        "s3",
        endpoint_url="http://127.0.0.1:9",
        region_name="us-east-1",
        aws_access_key_id="a",
        aws_secret_access_key="b",
        config=Config(retries={"total_max_attempts": 1}),
    )
    client.list_buckets()


def ask_model(lab: Lab, model: str, *, text: str = "Hello", **config: Any) -> None:
    messages = [{"role": "user", "content": [{"text": text}]}]
    lab.client("bedrock-runtime").converse(modelId=model, messages=messages, inferenceConfig=config)


CALLS: dict[str, Callable[[Lab], object]] = {
    "no-such-role": no_such_role,
    "function-exists": function_exists,
    "destination-not-allowed": destination_not_allowed,
    "explicit-deny": denied_explicitly,
    "not-allowed": denied,
    "no-such-path": no_such_path,
    "no-credentials": no_credentials,
    "unknown-credentials": lambda lab: (
        session(lab, "AKIAIOSFODNN7EXAMPLE", "x").client("sts").get_caller_identity()
    ),
    "too-many-invocations": too_many_invocations,
    "float-for-decimal": float_for_decimal,
    "condition-failed": condition_failed,
    "transaction-cancelled": lambda lab: condition_failed(lab, in_transaction=True),
    "no-such-table": lambda lab: lab.client("dynamodb").get_item(
        TableName=lab.name("nowhere"), Key={"id": {"S": "1"}}
    ),
    "no-such-bucket": lambda lab: lab.client("s3").get_object(Bucket=lab.name("nowhere"), Key="a"),
    "no-such-object": no_such_object,
    "bucket-not-empty": bucket_not_empty,
    "bucket-is-yours": bucket_is_yours,
    "not-found": lambda lab: lab.client("lambda").get_function(FunctionName=lab.name("nowhere")),
    "wrong-parameter": lambda lab: lab.client("s3").get_object(Bucket="photos", Kay="a"),
    "no-connection": nobody_there,
    "model-retired": lambda lab: ask_model(lab, "amazon.nova-canvas-v1:0"),
    "model-needs-profile": lambda lab: ask_model(lab, "anthropic.claude-haiku-5-5"),
    "model-parameter": lambda lab: ask_model(lab, "us.anthropic.claude-haiku-5-5", temperature=0.2),
    "model-input-too-long": lambda lab: ask_model(lab, "amazon.nova-micro-v1:0", text="word " * 130_000),
}


@pytest.mark.parametrize("name", CALLS)
def test_a_calls_error_has_its_card(lab: Lab, name: str) -> None:
    card = recognised(lambda: CALLS[name](lab))
    assert card is not None and card.name == name
    assert "{" not in card.title


def test_the_card_of_a_denial_says_who_what_and_where(lab: Lab) -> None:
    card = recognised(lambda: denied(lab))
    assert card is not None
    assert (card.facts["what"], card.facts["where"]) == ("logs:DescribeLogGroups", "*")
    assert card.facts["who"].startswith(f"the user {lab.name('visitor')}")
    assert card.title == f"T{card.facts['who'][1:]} may not do logs:DescribeLogGroups"


# Answers of APIs


API_FUNCTION = """
import time

def handler(event, context):
    if event.get("routeKey") == "GET /fails" or event.get("path") == "/fails":
        raise ValueError("no")
    time.sleep(0.5)
    return {"statusCode": 200, "body": "late"}
"""
API_CARDS = (
    *("api-no-such-route", "api-function-failed", "api-caller-not-allowed", "api-caller-unknown"),
    *("api-throttles", "api-function-busy-or-slow", "api-key-missing", "api-function-answer"),
    *("api-may-not-ask", "api-function-too-slow", "api-quota-used-up"),
)


def card_of(answer: HttpAnswer) -> str:
    failure = failure_of_answer(answer.status, answer.headers, answer.text)
    card = recognise(failure) if failure else None
    assert card is not None, answer
    return card.name


@pytest.fixture
def function_arn(lab: Lab) -> str:
    code = zip_files({"handler.py": API_FUNCTION.encode()})
    return lab.deploy_function("hello", code=code, role_arn=lab.deploy_role("hello")).arn


def test_an_http_apis_answers_have_their_cards(lab: Lab, function_arn: str) -> None:
    issuer = JwtAuthorizer("https://cognito-idp.us-east-1.amazonaws.com/us-east-1_x", ("client",))
    routes: dict[str, str | Route] = {f"GET /{name}": function_arn for name in ("fails", "busy", "slow")}
    routes["GET /token"] = Route(function_arn, authorizer="tokens")
    api = lab.deploy_http_api("cards", routes=routes, authorizers={"tokens": issuer})
    client, http = lab.client("apigatewayv2"), lab.http(api)
    target = client.get_routes(ApiId=api.id)["Items"][0]["Target"]
    client.create_route(ApiId=api.id, RouteKey="GET /iam", AuthorizationType="AWS_IAM", Target=target)
    none = {"GET /slow": {"ThrottlingBurstLimit": 0, "ThrottlingRateLimit": 0.001}}
    client.update_stage(ApiId=api.id, StageName=api.stage, RouteSettings=none)
    assert card_of(http.get("/nothing")) == "api-no-such-route"
    assert card_of(http.get("/fails")) == "api-function-failed"
    assert card_of(http.get("/iam")) == "api-caller-not-allowed"
    assert card_of(http.get("/token")) == "api-caller-unknown"
    assert card_of(http.get("/slow")) == "api-throttles"
    lab.client("lambda").put_function_concurrency(FunctionName=function_arn, ReservedConcurrentExecutions=0)
    assert card_of(http.get("/busy")) == "api-function-busy-or-slow"


def test_a_rest_apis_answers_have_their_cards(lab: Lab, function_arn: str) -> None:
    routes: dict[str, str | RestMethod] = {f"GET /{name}": function_arn for name in ("fails", "slow")}
    routes["GET /key"] = RestMethod(function_arn, api_key_required=True)
    api = lab.deploy_rest_api("cards", routes=routes, stage="prod")
    client, http = lab.client("apigateway"), lab.http(api)
    paths = {each["path"]: each["id"] for each in client.get_resources(restApiId=api.id)["items"]}
    client.update_integration(
        restApiId=api.id, resourceId=paths["/slow"], httpMethod="GET",
        patchOperations=[{"op": "replace", "path": "/timeoutInMillis", "value": "50"}],
    )  # fmt: skip
    client.create_deployment(restApiId=api.id, stageName="prod")
    assert card_of(http.get("/nothing")) == "no-such-path"
    assert card_of(http.get("/key")) == "api-key-missing"
    assert card_of(http.get("/fails")) == "api-function-answer"
    assert card_of(http.get("/slow")) == "api-function-too-slow"
    plan = client.create_usage_plan(
        name=lab.name("plan"), quota={"limit": 1, "period": "DAY"},
        apiStages=[{"apiId": api.id, "stage": "prod"}],
    )["id"]  # fmt: skip
    key = client.create_api_key(name=lab.name("key"), enabled=True)
    client.create_usage_plan_key(usagePlanId=plan, keyId=key["id"], keyType="API_KEY")
    try:
        known = lab.http(api, headers={"x-api-key": key["value"]})
        assert known.get("/key").status == 200
        assert card_of(known.get("/key")) == "api-quota-used-up"
    finally:
        client.update_usage_plan(
            usagePlanId=plan,
            patchOperations=[{"op": "remove", "path": "/apiStages", "value": f"{api.id}:prod"}],
        )
        client.delete_usage_plan(usagePlanId=plan)
        client.delete_api_key(apiKey=key["id"])
    aws_lambda = lab.client("lambda")
    for statement in json.loads(aws_lambda.get_policy(FunctionName=function_arn)["Policy"])["Statement"]:
        aws_lambda.remove_permission(FunctionName=function_arn, StatementId=statement["Sid"])
    assert card_of(http.get("/fails")) == "api-may-not-ask"


# What the local cloud doesn't answer: AWS's answers, read by botocore.


XML = "<Error><Code>{}</Code><Message>{}</Message></Error>"
ANSWERS = {
    "role-not-assumable": (
        "lambda",
        "InvalidParameterValueException",
        "The role defined for the function cannot be assumed by Lambda.",
    ),
    "function-changing": (
        "lambda",
        "ResourceConflictException",
        "The operation cannot be performed at this time. An update is in progress for resource: "
        "arn:aws:lambda:us-east-1:123456789012:function:f",
    ),
    "apis-deleted-too-fast": ("lambda", "TooManyRequestsException", "Too Many Requests"),
    "access-denied": ("s3", "AccessDenied", "Access Denied"),
    # The local cloud has one account: nobody else is there to take a name.
    "bucket-name-taken": ("s3", "BucketAlreadyExists", "The requested bucket name is not available."),
    "expired-credentials": ("s3", "ExpiredToken", "The provided token has expired."),
    "throttled": ("lambda", "ThrottlingException", "Rate exceeded"),
    # tests/functional/test_model_server.py has it from a server that really breaks off.
    "model-server": ("lambda", "ModelErrorException", "The model server at http://x/v1 broke off: gone."),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_an_answer_of_awss_has_its_card(name: str) -> None:
    service, code, message = ANSWERS[name]
    client = boto3.client(
        service,
        region_name="us-east-1",
        aws_access_key_id="a",
        aws_secret_access_key="b",
        config=Config(retries={"total_max_attempts": 1}),
    )
    body = XML.format(code, message) if service == "s3" else json.dumps({"message": message})
    headers = {"x-amzn-ErrorType": code}
    client.meta.events.register(
        "before-send",
        lambda request, **_: AWSResponse(request.url, 400, headers, Body(body.encode())),
    )
    card = recognised(client.list_buckets if service == "s3" else client.list_functions)
    assert card is not None and card.name == name


def test_every_card_is_tried() -> None:
    assert {card.name for card in cards()} == {*FUNCTIONS, *CALLS, *API_CARDS, *ANSWERS}


@pytest.mark.parametrize(
    "provoke",
    [
        lambda: 1 / 0,
        lambda: {}["Error"],
        lambda: int("a"),
        lambda: urllib.request.urlopen("http://127.0.0.1:9/"),
    ],
)
def test_an_error_that_the_lab_does_not_know_has_no_card(provoke: Callable[[], object]) -> None:
    assert recognised(provoke) is None
