"""The IAM actions of the table are what the local cloud's IAM asks for: nothing less and nothing more."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from botocore.exceptions import ClientError

from labsupport.iam_actions import actions_for
from labsupport.localcloud.record import CloudRecord
from labsupport.resources.bucket import delete_bucket
from labsupport.session import LocalSession
from labsupport.settings import Settings
from labsupport.target import connect
from labsupport.waiting import error_code
from tests.policy_linter import has_resources, is_about

pytestmark = pytest.mark.functional

DENIED = {"AccessDenied", "AccessDeniedException", "AuthorizationError", "403"}
B, F, Q, T, G = "visited-by-tests", "no-such-function", "jobs", "no-such-topic", "no-such-group"
KEY, ROLE, RULE, TABLE, LAYER = "a/b.jpg", "no-such-role", "no-such-rule", "no-such-table", "no-such-layer"
QUEUE_URL = "http://127.0.0.1/000000000000/jobs"
TOPIC_ARN = f"arn:aws:sns:us-east-1:000000000000:{T}"
TRUST = json.dumps({"Version": "2012-10-17", "Statement": []})
CODE = {"ZipFile": b"not a zip"}

# What the course calls. Only the bucket is there: what is allowed ends in another error or does no harm.
CALLS: list[tuple[str, str, dict[str, Any]]] = [
    ("s3", "list_buckets", {}),
    ("s3", "head_bucket", {"Bucket": B}),
    ("s3", "get_bucket_tagging", {"Bucket": B}),
    ("s3", "get_bucket_versioning", {"Bucket": B}),
    ("s3", "put_bucket_versioning", {"Bucket": B, "VersioningConfiguration": {"Status": "Enabled"}}),
    ("s3", "get_bucket_notification_configuration", {"Bucket": B}),
    ("s3", "put_bucket_notification_configuration", {"Bucket": B, "NotificationConfiguration": {}}),
    ("s3", "list_objects_v2", {"Bucket": B}),
    ("s3", "list_object_versions", {"Bucket": B}),
    ("s3", "list_multipart_uploads", {"Bucket": B}),
    ("s3", "abort_multipart_upload", {"Bucket": B, "Key": KEY, "UploadId": "1"}),
    ("s3", "create_multipart_upload", {"Bucket": B, "Key": KEY}),
    ("s3", "get_object", {"Bucket": B, "Key": KEY}),
    ("s3", "get_object", {"Bucket": B, "Key": KEY, "VersionId": "1"}),
    ("s3", "head_object", {"Bucket": B, "Key": KEY}),
    ("s3", "put_object", {"Bucket": B, "Key": KEY, "Body": b"x"}),
    ("s3", "copy_object", {"Bucket": B, "Key": KEY, "CopySource": {"Bucket": B, "Key": "c"}}),
    ("s3", "delete_object", {"Bucket": B, "Key": KEY}),
    ("s3", "delete_object", {"Bucket": B, "Key": KEY, "VersionId": "1"}),
    ("s3", "delete_objects", {"Bucket": B, "Delete": {"Objects": [{"Key": KEY}]}}),
    ("lambda", "invoke", {"FunctionName": F}),
    (
        "lambda",
        "create_function",
        {"FunctionName": F, "Role": "arn:aws:iam::000000000000:role/r", "Code": CODE},
    ),
    ("lambda", "get_function", {"FunctionName": F}),
    ("lambda", "get_function_configuration", {"FunctionName": F}),
    ("lambda", "update_function_code", {"FunctionName": F, "ZipFile": b"x"}),
    ("lambda", "update_function_configuration", {"FunctionName": F, "MemorySize": 256}),
    ("lambda", "delete_function", {"FunctionName": F}),
    ("lambda", "list_functions", {}),
    ("lambda", "publish_version", {"FunctionName": F}),
    ("lambda", "list_versions_by_function", {"FunctionName": F}),
    ("lambda", "create_alias", {"FunctionName": F, "Name": "live", "FunctionVersion": "1"}),
    ("lambda", "list_aliases", {"FunctionName": F}),
    ("lambda", "get_policy", {"FunctionName": F}),
    (
        "lambda",
        "add_permission",
        {
            "FunctionName": F,
            "StatementId": "s",
            "Action": "lambda:InvokeFunction",
            "Principal": "s3.amazonaws.com",
        },
    ),
    ("lambda", "remove_permission", {"FunctionName": F, "StatementId": "s"}),
    ("lambda", "put_function_concurrency", {"FunctionName": F, "ReservedConcurrentExecutions": 1}),
    ("lambda", "publish_layer_version", {"LayerName": "not a name", "Content": CODE}),
    ("lambda", "list_layers", {}),
    ("lambda", "list_layer_versions", {"LayerName": LAYER}),
    ("lambda", "get_layer_version", {"LayerName": LAYER, "VersionNumber": 1}),
    ("lambda", "delete_layer_version", {"LayerName": LAYER, "VersionNumber": 1}),
    ("lambda", "put_function_event_invoke_config", {"FunctionName": F, "MaximumRetryAttempts": 0}),
    (
        "lambda",
        "put_provisioned_concurrency_config",
        {"FunctionName": F, "Qualifier": "1", "ProvisionedConcurrentExecutions": 1},
    ),
    ("lambda", "list_event_source_mappings", {}),
    ("lambda", "list_tags", {"Resource": f"arn:aws:lambda:us-east-1:000000000000:function:{F}"}),
    ("iam", "create_role", {"RoleName": "not a name", "AssumeRolePolicyDocument": TRUST}),
    ("iam", "get_role", {"RoleName": ROLE}),
    ("iam", "list_roles", {}),
    ("iam", "list_role_tags", {"RoleName": ROLE}),
    ("iam", "put_role_policy", {"RoleName": ROLE, "PolicyName": "p", "PolicyDocument": TRUST}),
    ("iam", "get_role_policy", {"RoleName": ROLE, "PolicyName": "p"}),
    ("iam", "delete_role_policy", {"RoleName": ROLE, "PolicyName": "p"}),
    ("iam", "update_assume_role_policy", {"RoleName": ROLE, "PolicyDocument": TRUST}),
    ("iam", "delete_role", {"RoleName": ROLE}),
    ("logs", "describe_log_groups", {}),
    ("logs", "filter_log_events", {"logGroupName": G}),
    ("logs", "put_retention_policy", {"logGroupName": G, "retentionInDays": 7}),
    ("logs", "delete_log_group", {"logGroupName": G}),
    ("sqs", "get_queue_url", {"QueueName": Q}),
    ("sqs", "list_queues", {}),
    ("sqs", "get_queue_attributes", {"QueueUrl": QUEUE_URL}),
    ("sqs", "list_queue_tags", {"QueueUrl": QUEUE_URL}),
    ("sqs", "send_message", {"QueueUrl": QUEUE_URL, "MessageBody": "x"}),
    ("sqs", "send_message_batch", {"QueueUrl": QUEUE_URL, "Entries": [{"Id": "1", "MessageBody": "x"}]}),
    ("sqs", "receive_message", {"QueueUrl": QUEUE_URL}),
    ("sqs", "delete_message", {"QueueUrl": QUEUE_URL, "ReceiptHandle": "x"}),
    ("sqs", "delete_message_batch", {"QueueUrl": QUEUE_URL, "Entries": [{"Id": "1", "ReceiptHandle": "x"}]}),
    ("sqs", "delete_queue", {"QueueUrl": QUEUE_URL}),
    ("sns", "publish", {"TopicArn": TOPIC_ARN, "Message": "x"}),
    (
        "sns",
        "publish_batch",
        {"TopicArn": TOPIC_ARN, "PublishBatchRequestEntries": [{"Id": "1", "Message": "x"}]},
    ),
    ("sns", "subscribe", {"TopicArn": TOPIC_ARN, "Protocol": "sqs", "Endpoint": "arn:aws:sqs:us-east-1:1:q"}),
    ("sns", "list_topics", {}),
    ("events", "put_events", {"Entries": [{"Source": "a", "DetailType": "b", "Detail": "{}"}]}),
    ("events", "put_targets", {"Rule": RULE, "Targets": [{"Id": "1", "Arn": TOPIC_ARN}]}),
    ("events", "describe_rule", {"Name": RULE}),
    ("scheduler", "get_schedule", {"Name": "no-such-schedule"}),
    ("dynamodb", "describe_table", {"TableName": TABLE}),
    ("dynamodb", "put_item", {"TableName": TABLE, "Item": {"id": {"S": "1"}}}),
    ("dynamodb", "get_item", {"TableName": TABLE, "Key": {"id": {"S": "1"}}}),
    ("dynamodb", "query", {"TableName": TABLE, "KeyConditionExpression": "id = :i"}),
    ("dynamodb", "batch_get_item", {"RequestItems": {TABLE: {"Keys": [{"id": {"S": "1"}}]}}}),
]


@dataclass
class Visitor:
    """An IAM user whose policy each test sets."""

    iam: Any
    name: str
    session: LocalSession

    def may(self, *statements: tuple[str, Any]) -> None:
        policy = {
            "Version": "2012-10-17",
            "Statement": [
                {"Effect": effect, "Action": actions, "Resource": "*"} for effect, actions in statements
            ],
        }
        self.iam.put_user_policy(UserName=self.name, PolicyName="p", PolicyDocument=json.dumps(policy))

    def is_denied(self, service: str, method: str, parameters: dict[str, Any]) -> bool:
        try:
            getattr(self.session.client(service), method)(**parameters)
        except ClientError as error:
            return error_code(error) in DENIED
        return False


@pytest.fixture(scope="module")
def visitor(cloud: CloudRecord, cloud_home: Any) -> Iterator[Visitor]:
    target = connect(Settings.from_environment({"LAB_HOME": str(cloud_home)}))
    iam, s3 = target.client("iam"), target.client("s3")
    s3.create_bucket(Bucket=B)
    name = f"visitor-{uuid.uuid4().hex[:8]}"
    iam.create_user(UserName=name)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    session = LocalSession(
        cloud.url, "us-east-1", access_key_id=key["AccessKeyId"], secret_access_key=key["SecretAccessKey"]
    )
    yield Visitor(iam, name, session)
    iam.delete_user_policy(UserName=name, PolicyName="p")
    iam.delete_access_key(UserName=name, AccessKeyId=key["AccessKeyId"])
    iam.delete_user(UserName=name)
    delete_bucket(target, B)


def cases() -> Iterator[Any]:
    for service, method, parameters in CALLS:
        version = " of a version" if "VersionId" in parameters else ""
        yield pytest.param(
            service,
            method,
            parameters,
            id=f"{service} {method}{version}",
        )


@pytest.mark.parametrize(("service", "method", "parameters"), list(cases()))
def test_a_call_needs_these_actions_and_no_other(
    visitor: Visitor, service: str, method: str, parameters: dict[str, Any]
) -> None:
    operation = visitor.session.client(service).meta.method_to_api_mapping[method]
    actions = actions_for(service, operation, parameters)
    assert actions
    visitor.may(("Allow", list(actions)))
    assert not visitor.is_denied(service, method, parameters), f"{actions} are not enough"
    for action in actions:
        visitor.may(("Allow", "*"), ("Deny", [action]))
        assert visitor.is_denied(service, method, parameters), f"{action} is not needed"


@pytest.mark.parametrize(("service", "method", "parameters"), list(cases()))
def test_iam_is_asked_about_a_resource_of_the_actions(
    visitor: Visitor, service: str, method: str, parameters: dict[str, Any]
) -> None:
    visitor.may(("Allow", "sts:GetCallerIdentity"))
    with pytest.raises(ClientError) as denied:
        getattr(visitor.session.client(service), method)(**parameters)
    asked = re.search(r"perform: (\S+) on resource: (\S+)", str(denied.value))
    if asked is None:  # the answer to a HEAD request has no body
        assert method.startswith("head_")
        return
    action, resource = asked[1], asked[2].strip('"')
    assert has_resources(action) or resource == "*"
    assert is_about(action, resource)


def test_a_function_is_not_its_alias(visitor: Visitor) -> None:
    visitor.may(("Allow", "sts:GetCallerIdentity"))
    for parameters, asked in (
        ({"FunctionName": F}, f":function:{F} because"),
        ({"FunctionName": F, "Qualifier": "live"}, f":function:{F}:live because"),
        ({"FunctionName": f"{F}:live"}, f":function:{F}:live because"),
    ):
        with pytest.raises(ClientError, match=asked):
            visitor.session.client("lambda").invoke(**parameters)


def test_who_the_caller_is_needs_no_permission(visitor: Visitor) -> None:
    visitor.may(("Allow", "s3:ListAllMyBuckets"))
    assert actions_for("sts", "GetCallerIdentity", {}) == ()
    assert not visitor.is_denied("sts", "get_caller_identity", {})
