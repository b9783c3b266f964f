"""The AWS CLI equivalents really run: each is run as recorded, in the environment that `lab env` gives.

It is AWS's own command line tool of version 1, from the tests' lock.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from labsupport.packaging import zip_files
from labsupport.resources.role import deploy_role
from labsupport.tape import Call
from labsupport.target import Target

SCRIPTS = Path(sys.executable).parent
CODE = zip_files({"handler.py": b"def handler(event, context):\n    return event\n"})
POLICY: dict[str, Any] = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "logs:*", "Resource": "*"}],
}

pytestmark = pytest.mark.functional

Run = Callable[[Call, bytes | None], Any]


@pytest.fixture
def run(target: Target, tmp_path: Path) -> Run:
    """Return a function that runs a call's CLI equivalent, and returns what the CLI printed as JSON."""

    def run(call: Call, content: bytes | None = None) -> Any:
        command = call.command()
        for file in command.files:
            data = content if content is not None else (file.content.text or "").encode()
            (tmp_path / file.name).write_bytes(data)
        changed = target.environment()
        environment = {**os.environ, **{name: value or "" for name, value in changed.items()}}
        for name in (name for name, value in changed.items() if value is None):
            del environment[name]
        environment["PATH"] = f"{SCRIPTS}{os.pathsep}{environment['PATH']}"
        finished = subprocess.run(
            ["sh", "-c", command.line],
            env=environment,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert finished.returncode == 0, f"{command.line}\n{finished.stderr}"
        return json.loads(finished.stdout) if finished.stdout.strip() else None

    return run


def last_call(target: Target) -> Call:
    return target.tape.calls()[-1]


def name_of(target: Target, thing: str) -> str:
    return f"lab-{target.owner}-{thing}"


def test_identity_whatever_the_learners_environment(
    target: Target, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "does-not-exist")
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", "http://127.0.0.1:9")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    target.client("sts").get_caller_identity()
    assert run(last_call(target), None)["Account"] == target.account


def test_s3_objects_with_difficult_keys(target: Target, run: Run, tmp_path: Path) -> None:
    s3, bucket, key = target.client("s3"), name_of(target, "photos"), "raw/ảnh mèo's 1+2 $HOME.jpg"
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"Tags": []})
    s3.delete_bucket(Bucket=bucket)
    run(target.tape.calls()[-2], None)
    s3.put_object(Bucket=bucket, Key="x", Body=b"\x89PNG", Metadata={"a": "b c"})
    s3.put_object(Bucket=bucket, Key=key, Body=b"\x89PNG")
    put = last_call(target)
    s3.delete_object(Bucket=bucket, Key=key)
    run(put, b"\x89PNG from the CLI")
    assert s3.get_object(Bucket=bucket, Key=key)["Body"].read() == b"\x89PNG from the CLI"
    run(last_call(target), None)
    assert (tmp_path / "response.bin").read_bytes() == b"\x89PNG from the CLI"
    s3.list_objects_v2(Bucket=bucket, MaxKeys=5)
    assert [each["Key"] for each in run(last_call(target), None)["Contents"]] == [key, "x"]
    s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "x"}, {"Key": key}], "Quiet": True})
    run(last_call(target), None)
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    run(last_call(target), None)
    s3.delete_bucket(Bucket=bucket)


def test_a_function_from_creation_to_invocation(target: Target, run: Run, tmp_path: Path) -> None:
    aws_lambda, name = target.client("lambda"), name_of(target, "echo")
    aws_lambda.create_function(
        FunctionName=name,
        Role=deploy_role(target, name, policy=POLICY),
        Runtime=f"python{sys.version_info.major}.{sys.version_info.minor}",
        Handler="handler.handler",
        Code={"ZipFile": CODE},
        Environment={"Variables": {"GREETING": "it's me"}},
        Tags=target.tags(),
    )
    create = last_call(target)
    aws_lambda.delete_function(FunctionName=name)
    created = run(create, CODE)
    assert created["Environment"]["Variables"] == {"GREETING": "it's me"}
    aws_lambda.get_waiter("function_active_v2").wait(FunctionName=name)
    aws_lambda.invoke(FunctionName=name, LogType="Tail", Payload=json.dumps({"name": "Mai"}).encode())
    assert run(last_call(target), None)["StatusCode"] == 200
    assert json.loads((tmp_path / "response.json").read_text()) == {"name": "Mai"}
    updated = aws_lambda.get_waiter("function_updated_v2")
    aws_lambda.update_function_code(FunctionName=name, ZipFile=CODE, Publish=True, DryRun=False)
    update = last_call(target)
    updated.wait(FunctionName=name)
    run(update, CODE)
    updated.wait(FunctionName=name)
    aws_lambda.update_function_configuration(FunctionName=name, MemorySize=256, Layers=[])
    update = last_call(target)
    updated.wait(FunctionName=name)
    run(update, None)
    layer = name_of(target, "lib")
    aws_lambda.publish_layer_version(
        LayerName=layer, Content={"ZipFile": CODE}, CompatibleRuntimes=["python3.11", "python3.12"]
    )
    assert run(last_call(target), CODE)["Version"] == 2
    aws_lambda.add_permission(
        FunctionName=name,
        StatementId="s3",
        Action="lambda:InvokeFunction",
        Principal="s3.amazonaws.com",
        SourceArn="arn:aws:s3:::b",
    )
    permission = last_call(target)
    aws_lambda.remove_permission(FunctionName=name, StatementId="s3")
    run(permission, None)


def test_policies_queues_and_logs(target: Target, run: Run) -> None:
    iam, name = target.client("iam"), name_of(target, "role")
    trust = {"Version": "2012-10-17", "Statement": []}
    iam.create_role(
        RoleName=name,
        AssumeRolePolicyDocument=json.dumps(trust),
        Tags=[{"Key": key, "Value": value} for key, value in target.tags().items()],
    )
    create = last_call(target)
    iam.delete_role(RoleName=name)
    run(create, None)
    iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=json.dumps(POLICY))
    run(last_call(target), None)
    sqs = target.client("sqs")
    url = sqs.create_queue(QueueName=name, tags=target.tags())["QueueUrl"]
    run(last_call(target), None)
    sqs.send_message(QueueUrl=url, MessageBody="it's a message")
    run(last_call(target), None)
    sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn", "ApproximateNumberOfMessages"])
    assert run(last_call(target), None)["Attributes"]["ApproximateNumberOfMessages"] == "2"
    target.client("logs").describe_log_groups(logGroupNamePrefix="/aws/lambda/lab-")
    assert "logGroups" in run(last_call(target), None)


def test_items_of_a_boto3_resource(target: Target, run: Run) -> None:
    name = name_of(target, "orders")
    dynamodb = target.session.resource("dynamodb")
    dynamodb.create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    dynamodb.Table(name).put_item(Item={"id": "1", "name": "Mai", "total": 12})
    run(last_call(target), None)
    dynamodb.Table(name).get_item(Key={"id": "1"}, ConsistentRead=True)
    assert run(last_call(target), None)["Item"]["total"] == {"N": "12"}
    dynamodb.Table(name).delete()
