"""A function URL is reached by anybody, and answers whom the policies let.

https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html
"""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from labsupport.lab import Lab
from tests.conformance.conftest import archive

pytestmark = pytest.mark.functional

SAYS = 'def handler(event, context): return event["requestContext"]["accountId"]'
URL_STATEMENT = {"StatementId": "everybody-url", "Action": "lambda:InvokeFunctionUrl"}
FUNCTION_STATEMENT = {
    "StatementId": "function",
    "Action": "lambda:InvokeFunction",
    "InvokedViaFunctionUrl": True,
}


@pytest.fixture(scope="module")
def function(module_lab: Lab) -> str:
    policy = {"Version": "2012-10-17", "Statement": [allow("logs:CreateLogGroup", "*")]}
    role = module_lab.deploy_role("says", policy=policy)
    return module_lab.deploy_function(
        "says", code=archive(app=SAYS), handler="app.handler", role_arn=role
    ).name


class FunctionUrl:
    """A function URL, and who asks it."""

    def __init__(self, lab: Lab, function: str, auth_type: str) -> None:
        self.lab, self.function, self.client = lab, function, lab.client("lambda")
        made = self.client.create_function_url_config(FunctionName=function, AuthType=auth_type)
        self.host = f"{made['FunctionUrl'].split('//')[1].split('.')[0]}.lambda-url.{lab.region}.localhost"

    def allow(self, statement: dict[str, Any], **more: Any) -> None:
        self.client.add_permission(**{"FunctionName": self.function, "Principal": "*", **statement, **more})

    def get(self, credentials: Credentials | None = None, **headers: str) -> tuple[int, str]:
        """Return the status and the body."""
        url = f"{self.lab.target.endpoint_url}/"
        signed = AWSRequest("GET", url, headers={"Host": self.host, **headers})
        if credentials:
            SigV4Auth(credentials, "lambda", self.lab.region).add_auth(signed)
        request = urllib.request.Request(url, headers=dict(signed.headers))
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                assert error.headers["x-amzn-ErrorType"] == "AccessDeniedException"
                return error.code, json.loads(error.read())["Message"]

    def delete(self) -> None:
        self.client.delete_function_url_config(FunctionName=self.function)
        for statement in self.statements():
            self.client.remove_permission(FunctionName=self.function, StatementId=statement)

    def statements(self) -> list[str]:
        policy = self.client.get_policy(FunctionName=self.function)["Policy"]
        return [each["Sid"] for each in json.loads(policy)["Statement"]]


@pytest.fixture
def public(module_lab: Lab, function: str) -> Iterator[FunctionUrl]:
    url = FunctionUrl(module_lab, function, "NONE")
    yield url
    url.delete()


@pytest.fixture
def private(module_lab: Lab, function: str) -> Iterator[FunctionUrl]:
    url = FunctionUrl(module_lab, function, "AWS_IAM")
    yield url
    url.delete()


@pytest.fixture
def user(module_lab: Lab) -> Iterator[tuple[str, Credentials]]:
    """Return an IAM user without a policy, and their key."""
    iam, name = module_lab.client("iam"), module_lab.name("caller")
    iam.create_user(UserName=name)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    yield name, Credentials(key["AccessKeyId"], key["SecretAccessKey"])
    for policy in iam.list_user_policies(UserName=name)["PolicyNames"]:
        iam.delete_user_policy(UserName=name, PolicyName=policy)
    iam.delete_access_key(UserName=name, AccessKeyId=key["AccessKeyId"])
    iam.delete_user(UserName=name)


def allow(action: str | list[str], resource: str, **condition: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, "Condition": condition}


def forbidden(answer: tuple[int, str]) -> bool:
    return answer[0] == 403 and answer[1].startswith("Forbidden. For troubleshooting Function URL")


def test_without_authentication_everybody_needs_both_permissions(public: FunctionUrl) -> None:
    assert forbidden(public.get()), "AuthType NONE alone makes nothing public"
    public.allow(URL_STATEMENT, FunctionUrlAuthType="NONE")
    assert forbidden(public.get()), "lambda:InvokeFunction is needed as well, since October 2025"
    public.allow(FUNCTION_STATEMENT)
    assert public.get() == (200, "anonymous")
    assert public.get(Authorization="Bearer mine") == (200, "anonymous"), "the function looks at it"
    public.client.remove_permission(FunctionName=public.function, StatementId="everybody-url")
    assert forbidden(public.get())


def test_a_statement_for_the_other_auth_type_is_none(public: FunctionUrl) -> None:
    public.allow(URL_STATEMENT, FunctionUrlAuthType="AWS_IAM")
    public.allow(FUNCTION_STATEMENT)
    assert forbidden(public.get())


def test_with_iam_a_request_is_signed_and_its_caller_may(
    private: FunctionUrl, user: tuple[str, Credentials]
) -> None:
    name, credentials = user
    lab = private.lab
    arn = f"arn:aws:lambda:{lab.region}:{lab.account}:function:{private.function}"
    private.allow({**FUNCTION_STATEMENT, "StatementId": "all"})
    assert forbidden(private.get()), "not signed"
    assert forbidden(private.get(credentials)), "signed, and lambda:InvokeFunctionUrl is missing"
    policy = {"Version": "2012-10-17", "Statement": [allow("lambda:InvokeFunctionUrl", arn)]}
    lab.client("iam").put_user_policy(UserName=name, PolicyName="p", PolicyDocument=json.dumps(policy))
    assert private.get(credentials) == (200, lab.account), "one by the caller's policy, one by the function's"
    private.client.remove_permission(FunctionName=private.function, StatementId="all")
    private.allow({**URL_STATEMENT, "StatementId": "everybody-url"})
    assert forbidden(private.get(credentials)), "lambda:InvokeFunction is missing"
    via = allow("lambda:InvokeFunction", arn, Bool={"lambda:InvokedViaFunctionUrl": "true"})
    policy["Statement"].append(via)
    lab.client("iam").put_user_policy(UserName=name, PolicyName="p", PolicyDocument=json.dumps(policy))
    assert private.get(credentials) == (200, lab.account)
