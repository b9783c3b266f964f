"""A name that is a word of the Lambda API's paths is a name like any other.

https://docs.aws.amazon.com/lambda/latest/api/API_RemovePermission.html
https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from labsupport.lab import Lab
from tests.conformance.conftest import RUNTIME, archive

pytestmark = pytest.mark.functional

CODE = {"ZipFile": archive(app="def handler(event, context): return event")}
LOGS = {"Effect": "Allow", "Action": "logs:*", "Resource": "*"}
WORDS = ["url", "urls", "account-settings", "code-signing-config", "event-invoke-config"]


@pytest.fixture
def function(lab: Lab, request: pytest.FixtureRequest) -> Iterator[tuple[Any, str]]:
    """Return Lambda's client and a function whose name begins with a word."""
    client, name = lab.client("lambda"), f"{request.param}-{lab.name('f')}"
    role = lab.deploy_role("r", policy={"Version": "2012-10-17", "Statement": [LOGS]})
    client.create_function(FunctionName=name, Role=role, Runtime=RUNTIME, Handler="app.handler", Code=CODE)
    yield client, name
    client.delete_function(FunctionName=name)


@pytest.mark.parametrize("function", ["url", "provisioned-concurrency"], indirect=True)
def test_a_function_may_be_called_so(function: tuple[Any, str]) -> None:
    client, name = function
    client.get_waiter("function_active_v2").wait(FunctionName=name)
    assert client.get_function_configuration(FunctionName=name)["FunctionName"] == name
    assert client.invoke(FunctionName=name, Payload=b"1")["Payload"].read() == b"1"
    url = client.create_function_url_config(FunctionName=name, AuthType="NONE")["FunctionUrl"]
    assert client.get_function_url_config(FunctionName=name)["FunctionUrl"] == url
    assert len(client.list_function_url_configs(FunctionName=name)["FunctionUrlConfigs"]) == 1
    client.delete_function_url_config(FunctionName=name)


@pytest.mark.parametrize("function", ["f"], indirect=True)
def test_a_statement_and_an_alias_may_be_called_so(function: tuple[Any, str]) -> None:
    client, name = function
    for word in WORDS:
        client.add_permission(
            FunctionName=name,
            StatementId=f"{word}-s",
            Action="lambda:InvokeFunction",
            Principal="s3.amazonaws.com",
        )
        client.create_alias(FunctionName=name, Name=f"{word}-a", FunctionVersion="$LATEST")
        assert client.get_alias(FunctionName=name, Name=f"{word}-a")["Name"] == f"{word}-a"
        client.delete_alias(FunctionName=name, Name=f"{word}-a")
        client.remove_permission(FunctionName=name, StatementId=f"{word}-s")
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        client.get_policy(FunctionName=name)  # no statement is left, and so no policy
