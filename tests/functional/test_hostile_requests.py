"""What comes to the local cloud's port from somebody who holds no key of it: pages, programs, old links."""

from __future__ import annotations

import http.client
import json
import stat
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from labsupport.localcloud.record import CloudRecord
from tests.conformance.conftest import RUNTIME, make_function

pytestmark = pytest.mark.functional

EVIL = "https://evil.example"
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ],
}
FORM = "application/x-www-form-urlencoded"
ACTION = "Action=CreateUser&UserName=evil&Version=2010-05-08"
PRESIGNED = "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Date=20261125T000000Z&X-Amz-SignedHeaders=host"
JSON_TARGET = {"x-amz-target": "DynamoDB_20120810.ListTables", "content-type": "application/x-amz-json-1.0"}


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes


class Bucket(NamedTuple):
    name: str
    presigned: str


@pytest.fixture(scope="module")
def bucket(cloud: CloudRecord) -> Iterator[Bucket]:
    """Return a bucket with one object, "key", and the path of a link to it."""
    s3 = aws(cloud, "s3", cloud.access_key_id, cloud.secret_access_key)
    name = f"private-{uuid.uuid4().hex[:8]}"
    s3.create_bucket(Bucket=name)
    s3.put_object(Bucket=name, Key="key", Body=b"a learner's own")
    link = s3.generate_presigned_url("get_object", Params={"Bucket": name, "Key": "key"})
    yield Bucket(name, link.removeprefix(cloud.url))
    s3.delete_object(Bucket=name, Key="key")
    s3.delete_bucket(Bucket=name)


def aws(cloud: CloudRecord, service: str, key: str, secret: str, token: str | None = None) -> Any:
    return boto3.client(
        service,
        endpoint_url=cloud.url,
        region_name="us-east-1",
        aws_access_key_id=key,
        aws_secret_access_key=secret,
        aws_session_token=token,
        config=Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}),
    )


def send(
    cloud: CloudRecord, method: str, path: str, headers: dict[str, str] | None = None, body: str = ""
) -> Answer:
    """Send a request as it stands, with no header that isn't named but a Host."""
    connection = http.client.HTTPConnection("127.0.0.1", cloud.port, timeout=30)
    given = {"host": f"127.0.0.1:{cloud.port}"} | (headers or {})
    connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
    for name, value in given.items():
        connection.putheader(name, value)
    connection.putheader("content-length", str(len(body)))
    connection.endheaders(body.encode())
    answer = connection.getresponse()
    found = Answer(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read())
    connection.close()
    return found


# What a page of another site can have a browser send without asking first, and what asks first. "{bucket}"
# is a bucket's name.
FROM_PAGES = {
    "an image": ("GET", "/{bucket}/key", {"sec-fetch-site": "cross-site"}, ""),
    "a script": ("GET", "/_lab/health", {"sec-fetch-site": "cross-site", "sec-fetch-dest": "script"}, ""),
    "a form as text": ("POST", "/", {"origin": EVIL, "content-type": "text/plain"}, ACTION),
    "a form": ("POST", "/", {"origin": EVIL, "content-type": FORM}, ACTION),
    "a form of a sandboxed frame": ("POST", "/", {"origin": "null", "content-type": FORM}, ACTION),
    "a form with files": ("POST", "/{bucket}", {"origin": EVIL, "content-type": "multipart/form-data"}, ""),
    "a beacon that invokes": ("POST", "/2015-03-31/functions/f/invocations", {"origin": EVIL}, "{}"),
    "a call of an action": ("GET", f"/?{ACTION}&AWSAccessKeyId=test", {"sec-fetch-site": "cross-site"}, ""),
    "a question before a call": (
        "OPTIONS",
        "/",
        {
            "origin": EVIL,
            "access-control-request-method": "POST",
            "access-control-request-headers": "authorization,x-amz-target",
        },
        "",
    ),
    "a question before an upload": (
        "OPTIONS",
        "/{bucket}/key",
        {"origin": EVIL, "access-control-request-method": "PUT"},
        "",
    ),
    "a JSON call": ("POST", "/", {"origin": EVIL, **JSON_TARGET}, "{}"),
    "a frame": ("GET", "/", {"sec-fetch-site": "cross-site", "sec-fetch-dest": "iframe"}, ""),
    "MiniStack's health": ("GET", "/health", {"origin": EVIL}, ""),
    "an extension's page": ("GET", "/_lab/health", {"origin": "chrome-extension://abcdef"}, ""),
    "a name that looks like this machine's": ("GET", "/", {"origin": "http://localhost.evil.example"}, ""),
    "a user that looks like this machine": ("GET", "/", {"origin": "http://localhost@evil.example"}, ""),
    "DNS rebinding": ("GET", "/_lab/health", {"host": "evil.example"}, ""),
    "DNS rebinding with the port": ("GET", "/", {"host": "evil.example:4566"}, ""),
    "DNS rebinding to an API": ("GET", "/prod", {"host": "a.execute-api.evil.example"}, ""),
    "DNS rebinding with a name that begins well": ("GET", "/", {"host": "127.0.0.1.evil.example"}, ""),
    "DNS rebinding with a name that ends well": ("GET", "/", {"host": "evil-localhost"}, ""),
    "the cloud's own address as a number": ("GET", "/", {"host": "2130706433"}, ""),
    "no host": ("GET", "/", {"host": ""}, ""),
}
# What anybody on this machine can send, without a key or with a key that can be guessed.
FROM_PROGRAMS = {
    "nobody lists buckets": ("GET", "/", {}, ""),
    "nobody makes a bucket": ("PUT", "/nobodys-bucket", {}, ""),
    "nobody reads an object": ("GET", "/{bucket}/key", {}, ""),
    "nobody writes an object": ("PUT", "/{bucket}/other", {}, "x"),
    "nobody deletes an object": ("DELETE", "/{bucket}/key", {}, ""),
    "nobody deletes a bucket": ("DELETE", "/{bucket}", {}, ""),
    "nobody lists a bucket": ("GET", "/{bucket}?list-type=2", {}, ""),
    "nobody calls an action": ("POST", "/", {"content-type": FORM}, ACTION),
    "nobody lists functions": ("GET", "/2015-03-31/functions", {}, ""),
    "nobody lists tables": ("POST", "/", JSON_TARGET, "{}"),
    "nobody sets a quota": ("PUT", "/_lab/model-quotas", {}, '{"modelId": "amazon.nova-pro-v1:0"}'),
    "a stranger sets a quota": ("PUT", "/_lab/model-quotas", {"authorization": "Bearer x"}, "{}"),
    "a key in the address": ("GET", f"/?{ACTION}&AWSAccessKeyId=test", {}, ""),
    "an old link of root": (
        "GET",
        "/{bucket}/key?AWSAccessKeyId=test&Signature=x&Expires=9999999999",
        {},
        "",
    ),
    "a link of root": (
        "GET",
        f"/{{bucket}}/key?{PRESIGNED}&X-Amz-Expires=600&X-Amz-Signature=00"
        "&X-Amz-Credential=test/20261125/us-east-1/s3/aws4_request",
        {},
        "",
    ),
    "a signed action of root": (
        "POST",
        f"/?{ACTION}&{PRESIGNED}&X-Amz-Signature=00"
        "&X-Amz-Credential={account}/20261125/us-east-1/iam/aws4_request",
        {},
        "",
    ),
    "the reset": ("POST", "/_ministack/reset", {}, ""),
    "the reset, written otherwise": ("POST", "/%5fministack/reset", {}, ""),
    "the reset behind a slash": ("POST", "//_ministack/reset", {}, ""),
    "the reset by a way round": ("POST", "/x/../_ministack/reset", {}, ""),
    "the configuration": ("POST", "/_ministack/config", {}, '{"AUTH": "false"}'),
    "mails": ("GET", "/_ministack/ses/messages", {}, ""),
    "queues": ("GET", "/_ministack/sqs/messages", {}, ""),
    "a function's code without a link": ("GET", "/_ministack/lambda-code/{account}/us-east-1/f", {}, ""),
    "a function's code with a made-up link": (
        "GET",
        "/_ministack/lambda-code/{account}/us-east-1/f?Expires=9999999999&Signature=00",
        {},
        "",
    ),
    "a layer without a link": ("GET", "/_ministack/lambda-layers/{account}/us-east-1/l/1/content", {}, ""),
}


@pytest.mark.parametrize("name", [*FROM_PAGES, *FROM_PROGRAMS])
def test_who_holds_no_key_gets_nothing(cloud: CloudRecord, bucket: Bucket, name: str) -> None:
    method, path, headers, body = (FROM_PAGES | FROM_PROGRAMS)[name]
    path = path.replace("{bucket}", bucket.name).replace("{account}", cloud.account)
    answer = send(cloud, method, path, headers, body)
    assert answer.status in (400, 403, 405), answer
    assert not [each for each in answer.headers if each.startswith("access-control")], "a page may read this"
    assert (
        b"learner's own" not in answer.body
        and bucket.name.encode() not in answer.body.split(b"<Resource>")[0]
    )


def test_nothing_of_it_has_changed_anything(cloud: CloudRecord, bucket: Bucket) -> None:
    """The requests above that came too late to be refused would show here."""
    for method, path, headers, body in (FROM_PAGES | FROM_PROGRAMS).values():
        path = path.replace("{bucket}", bucket.name).replace("{account}", cloud.account)
        send(cloud, method, path, headers, body)
    assert "evil" not in [each["UserName"] for each in aws(cloud, "iam", *root(cloud)).list_users()["Users"]]
    s3 = aws(cloud, "s3", *root(cloud))
    assert [each["Key"] for each in s3.list_objects_v2(Bucket=bucket.name)["Contents"]] == ["key"]
    assert "nobodys-bucket" not in [each["Name"] for each in s3.list_buckets()["Buckets"]]


def root(cloud: CloudRecord) -> tuple[str, str]:
    return cloud.access_key_id, cloud.secret_access_key


@pytest.mark.parametrize("key", ["{account}", "test", "000000000000", "111111111111", "AKIAIOSFODNN7EXAMPLE"])
@pytest.mark.parametrize(
    ("service", "operation"),
    [
        ("sts", "get_caller_identity"),
        ("s3", "list_buckets"),
        ("iam", "list_users"),
        ("lambda", "list_functions"),
    ],
)
def test_nobody_is_root_without_the_secret(
    cloud: CloudRecord, key: str, service: str, operation: str
) -> None:
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html."""
    client = aws(cloud, service, key.replace("{account}", cloud.account), "local-cloud-only")
    with pytest.raises(ClientError) as refused:
        getattr(client, operation)()
    assert refused.value.response["Error"]["Code"] in (
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    )


def test_a_page_of_this_machine_and_a_presigned_link_are_served(cloud: CloudRecord, bucket: Bucket) -> None:
    ours = {"origin": "http://localhost:8888", "sec-fetch-site": "cross-site"}  # localhost is not 127.0.0.1
    assert send(cloud, "GET", "/_lab/health", ours).status == 200
    for headers in ({}, {"sec-fetch-site": "same-site"}, {"sec-fetch-site": "cross-site"}):
        assert send(cloud, "GET", bucket.presigned, headers).body == b"a learner's own"
    changed = send(
        cloud, "GET", bucket.presigned.replace("/key?", "/other?"), {"sec-fetch-site": "cross-site"}
    )
    assert changed.status == 403


def test_a_link_to_code_is_good_for_that_function_alone(cloud: CloudRecord) -> None:
    iam, client = aws(cloud, "iam", *root(cloud)), aws(cloud, "lambda", *root(cloud))
    name = f"mine-{uuid.uuid4().hex[:8]}"
    code = make_function("def handler(event, context): return 1").code
    arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]["Arn"]
    client.create_function(
        FunctionName=name, Runtime=RUNTIME, Role=arn, Handler="app.handler", Code={"ZipFile": code}
    )
    link = client.get_function(FunctionName=name)["Code"]["Location"].removeprefix(cloud.url)
    assert send(cloud, "GET", link).body == code
    assert send(cloud, "GET", link.replace(name, "another")).status == 403
    assert send(cloud, "GET", link.replace("Expires=1", "Expires=2")).status == 403
    client.delete_function(FunctionName=name)
    iam.delete_role(RoleName=name)


def test_the_record_and_the_secret_are_the_learners_alone(cloud: CloudRecord, cloud_home: Path) -> None:
    for name in ("cloud.json", "secret", "account", "cloud.log"):
        assert stat.S_IMODE((cloud_home / name).stat().st_mode) == 0o600, name
