"""Who may invoke a model: AWS's two actions, on the model's ARN and the inference profile's.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonbedrock.html
https://docs.aws.amazon.com/bedrock/latest/userguide/inference-profiles-prereq.html
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from labsupport.lab import Lab
from labsupport.localcloud.record import CloudRecord

MICRO, LITE = "amazon.nova-micro-v1:0", "amazon.nova-lite-v1:0"
PROFILE = "us.amazon.nova-micro-v1:0"
BODY = json.dumps({"messages": [{"role": "user", "content": [{"text": "hello"}]}]})
MESSAGES = [{"role": "user", "content": [{"text": "hello"}]}]
OPERATIONS: dict[str, tuple[str, dict[str, Any]]] = {
    "converse": ("bedrock:InvokeModel", {"messages": MESSAGES}),
    "invoke_model": ("bedrock:InvokeModel", {"body": BODY}),
    "converse_stream": ("bedrock:InvokeModelWithResponseStream", {"messages": MESSAGES}),
    "invoke_model_with_response_stream": ("bedrock:InvokeModelWithResponseStream", {"body": BODY}),
    "count_tokens": ("bedrock:CountTokens", {"input": {"converse": {"messages": MESSAGES}}}),
}
May = Callable[..., Any]


def model_arn(model_id: str, region: str = "us-east-1") -> str:
    return f"arn:aws:bedrock:{region}::foundation-model/{model_id}"


@pytest.fixture
def developer(lab: Lab, cloud: CloudRecord) -> Iterator[May]:
    """Return what gives an IAM user the permission for actions on resources, and their client."""
    iam, name = lab.client("iam"), lab.name("developer")
    iam.create_user(UserName=name)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    client = boto3.client(
        "bedrock-runtime",
        region_name="us-east-1",
        endpoint_url=cloud.url,
        aws_access_key_id=key["AccessKeyId"],
        aws_secret_access_key=key["SecretAccessKey"],
    )

    def may(actions: str | list[str], *resources: str) -> Any:
        statement = {"Effect": "Allow", "Action": actions, "Resource": list(resources)}
        policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=policy)
        return client

    yield may
    iam.delete_user_policy(UserName=name, PolicyName="p")
    iam.delete_access_key(UserName=name, AccessKeyId=key["AccessKeyId"])
    iam.delete_user(UserName=name)


def denied(client: Any, operation: str, model_id: str) -> str:
    with pytest.raises(ClientError) as caught:
        getattr(client, operation)(modelId=model_id, **OPERATIONS[operation][1])
    error = caught.value.response
    assert error["Error"]["Code"] == "AccessDeniedException"
    assert error["ResponseMetadata"]["HTTPStatusCode"] == 403
    return str(error["Error"]["Message"])


@pytest.mark.parametrize("operation", OPERATIONS)
def test_an_operation_needs_its_action_and_no_other(developer: May, operation: str) -> None:
    action, parameters = OPERATIONS[operation]
    model_id = "anthropic.claude-haiku-4-5-20251001-v1:0" if operation == "count_tokens" else MICRO
    others = sorted({other for other, _ in OPERATIONS.values()} - {action})
    message = denied(developer(others, model_arn(model_id)), operation, model_id)
    assert f"is not authorized to perform: {action} on resource: {model_arn(model_id)} because" in message
    client = developer(action, model_arn(model_id))
    answer = getattr(client, operation)(modelId=model_id, **parameters)
    if stream := answer.get("stream", answer.get("body")):
        stream.close()


def test_a_permission_is_for_one_model(developer: May) -> None:
    client = developer("bedrock:InvokeModel", model_arn(MICRO))
    assert client.converse(modelId=MICRO, messages=MESSAGES)["stopReason"] == "end_turn"
    assert model_arn(LITE) in denied(client, "converse", LITE)


def test_a_profile_needs_permission_for_itself_and_its_models_everywhere(
    developer: May, cloud: CloudRecord
) -> None:
    profile = f"arn:aws:bedrock:us-east-1:{cloud.account}:inference-profile/{PROFILE}"
    client = developer("bedrock:InvokeModel", model_arn(MICRO))
    assert profile in denied(client, "converse", PROFILE)
    client = developer("bedrock:InvokeModel", profile, model_arn(MICRO))
    assert model_arn(MICRO, "us-east-2") in denied(client, "converse", PROFILE)
    client = developer("bedrock:InvokeModel", profile, model_arn(MICRO, "*"))
    assert client.converse(modelId=PROFILE, messages=MESSAGES)["stopReason"] == "end_turn"


def test_an_unsigned_or_unknown_caller_is_refused(cloud: CloudRecord) -> None:
    client = boto3.client(
        "bedrock-runtime",
        region_name="us-east-1",
        endpoint_url=cloud.url,
        aws_access_key_id="AKIAIOSFODNN7EXAMPLE",
        aws_secret_access_key="none",
    )
    with pytest.raises(ClientError, match="UnrecognizedClientException"):
        client.converse(modelId=MICRO, messages=MESSAGES)
