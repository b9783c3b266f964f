"""Each resource on the local cloud: built, built again, changed, deleted, deleted again."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

import pytest
from botocore.exceptions import ClientError

from labsupport import naming
from labsupport.errors import DeployError
from labsupport.packaging import zip_files
from labsupport.resources import bucket, function, layer, queue, role, table
from labsupport.resources.event_invoke import on_failure
from labsupport.resources.function_policy import allow_invoke, policy_statements
from labsupport.target import Target
from tests.account import writes

pytestmark = pytest.mark.functional

POLICY = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "logs:*", "Resource": "*"}],
}
CODE = zip_files({"handler.py": b"def handler(event, context):\n    return event\n"})


def name_of(target: Target, thing: str) -> str:
    return f"lab-{target.owner}-{thing}"


def require_fresh(target: Target, tags: dict[str, str]) -> None:
    """Require the target's tags, but for the second in which they were made."""
    expires = naming.expires(tags)
    assert expires is not None and expires > datetime.now(UTC)
    assert tags | {"lab-expires": ""} == target.tags() | {"lab-expires": ""}


def a_function(target: Target, **options: Any) -> function.FunctionDescription:
    name = name_of(target, "echo")
    role_arn = role.deploy_role(target, name, policy=POLICY)
    return function.deploy_function(target, name, **{"code": CODE, "role_arn": role_arn, **options})


class TestRole:
    def test_it_is_made_once_with_tags_trust_and_policy(self, target: Target) -> None:
        name = name_of(target, "r")
        arn = role.deploy_role(target, name, policy=POLICY)
        assert writes(target) == ["CreateRole", "PutRolePolicy"]
        assert role.deploy_role(target, name, policy=POLICY) == arn
        assert writes(target) == ["CreateRole", "PutRolePolicy"]
        described = role.describe_role(target, name)
        assert described is not None
        assert {"Key": "lab-owner", "Value": target.owner} in described["Tags"]
        trust = described["AssumeRolePolicyDocument"]["Statement"][0]
        assert trust["Principal"] == {"Service": "lambda.amazonaws.com"}

    def test_what_differs_is_updated(self, target: Target) -> None:
        name = name_of(target, "r")
        role.deploy_role(target, name, policy=POLICY)
        other = json.loads(json.dumps(POLICY).replace("logs:*", "s3:GetObject"))
        role.deploy_role(target, name, policy=other, trust="scheduler.amazonaws.com")
        assert writes(target)[2:] == ["UpdateAssumeRolePolicy", "PutRolePolicy"]
        found = target.client("iam").get_role_policy(RoleName=name, PolicyName=role.POLICY_NAME)
        assert found["PolicyDocument"] == other

    def test_when_a_stranger_has_the_name_then_it_is_left_alone(self, target: Target) -> None:
        name = name_of(target, "r")
        target.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(POLICY))
        with pytest.raises(DeployError, match="somebody else"):
            role.deploy_role(target, name, policy=POLICY)
        target.client("iam").delete_role(RoleName=name)

    def test_it_is_deleted_with_policies_of_both_kinds_and_may_be_gone_already(self, target: Target) -> None:
        name = name_of(target, "r")
        role.deploy_role(target, name, policy=POLICY)
        managed = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
        target.client("iam").attach_role_policy(RoleName=name, PolicyArn=managed)
        role.delete_role(target, name)
        role.delete_role(target, name)
        assert role.describe_role(target, name) is None


class TestFunction:
    def test_it_is_created_and_can_be_invoked_at_once(self, target: Target) -> None:
        description = a_function(target, environment={"WHAT": "b"}, memory_mb=256)
        assert description.change == "created"
        assert (description.memory_mb, description.environment) == (256, {"WHAT": "b"})
        answer = target.client("lambda").invoke(FunctionName=description.name, Payload=b'{"a": 1}')
        assert json.load(answer["Payload"]) == {"a": 1}

    def test_when_nothing_differs_then_nothing_is_written(self, target: Target) -> None:
        a_function(target, environment={"WHAT": "b"})
        before = len(writes(target))
        assert a_function(target, environment={"WHAT": "b"}).change == "unchanged"
        assert len(writes(target)) == before

    def test_one_that_is_deployed_again_expires_later(self, target: Target) -> None:
        name = a_function(replace(target, expires_hours=11)).name
        target = replace(target, expires_hours=24)
        for calls in (["TagResource"], []):
            before = len(writes(target))
            assert a_function(target).change == "unchanged"
            assert writes(target)[before:] == calls
        tags = target.client("lambda").get_function(FunctionName=name)["Tags"]
        require_fresh(target, tags)
        assert naming.expires(tags) > datetime.now(UTC) + timedelta(hours=23)

    @pytest.mark.parametrize(
        ("options", "calls"),
        [
            ({"code": zip_files({"handler.py": b"x = 1\n"})}, ["UpdateFunctionCode"]),
            ({"memory_mb": 512}, ["UpdateFunctionConfiguration"]),
            ({"timeout_seconds": 9}, ["UpdateFunctionConfiguration"]),
            ({"environment": {"WHAT": "c"}}, ["UpdateFunctionConfiguration"]),
            ({"handler": "handler.other"}, ["UpdateFunctionConfiguration"]),
            ({"log_format": "JSON"}, ["UpdateFunctionConfiguration"]),
            (
                {"code": zip_files({"handler.py": b"x = 1\n"}), "memory_mb": 512},
                ["UpdateFunctionCode", "UpdateFunctionConfiguration"],
            ),
        ],
    )
    def test_only_what_differs_is_updated(
        self, target: Target, options: dict[str, Any], calls: list[str]
    ) -> None:
        a_function(target, environment={"WHAT": "b"})
        before = len(writes(target))
        description = a_function(target, **{"environment": {"WHAT": "b"}, **options})
        assert writes(target)[before:] == calls
        assert description.change.endswith("updated")

    def test_a_layer_is_attached_and_taken_off_again(self, target: Target) -> None:
        archive = zip_files({"python/lib.py": b"x = 1\n"})
        version = layer.publish_layer(target, name_of(target, "lib"), archive, python_version="3.11")
        assert a_function(target, layers=[version.arn]).layers == (version.arn,)
        assert a_function(target).layers == ()

    def test_when_a_stranger_has_the_name_then_it_is_left_alone(self, target: Target) -> None:
        name = a_function(target).name
        aws_lambda = target.client("lambda")
        arn = aws_lambda.get_function(FunctionName=name)["Configuration"]["FunctionArn"]
        aws_lambda.untag_resource(Resource=arn, TagKeys=["lab-owner"])
        with pytest.raises(DeployError, match="somebody else"):
            a_function(target, memory_mb=512)
        assert aws_lambda.get_function_configuration(FunctionName=name)["MemorySize"] == 128
        function.delete_function(target, name)

    def test_it_is_deleted_with_its_log_group_and_may_be_gone_already(self, target: Target) -> None:
        description = a_function(target)
        target.client("lambda").invoke(FunctionName=description.name)
        function.delete_function(target, description.name)
        function.delete_function(target, description.name)
        assert function.describe_function(target, description.name) is None
        groups = target.client("logs").describe_log_groups(
            logGroupNamePrefix=f"/aws/lambda/{description.name}"
        )
        assert groups["logGroups"] == []

    def test_the_calls_are_plumbing(self, target: Target) -> None:
        a_function(target)
        assert all(call.plumbing for call in target.tape.calls())


class TestFunctionPolicy:
    def test_s3_may_invoke_for_one_bucket_of_this_account(self, target: Target) -> None:
        name = a_function(target).name
        source = f"arn:aws:s3:::{name_of(target, 'photos')}"
        allow_invoke(target, name, service="s3.amazonaws.com", source_arn=source, statement_id="s3")
        statement = policy_statements(target, name)["s3"]
        assert statement["Condition"]["ArnLike"] == {"AWS:SourceArn": source}
        assert statement["Condition"]["StringEquals"] == {"AWS:SourceAccount": target.account}

    def test_the_same_statement_is_not_written_again_and_another_one_replaces_it(
        self, target: Target
    ) -> None:
        name = a_function(target).name
        for source in ("arn:aws:s3:::a", "arn:aws:s3:::a", "arn:aws:s3:::b"):
            allow_invoke(target, name, service="s3.amazonaws.com", source_arn=source, statement_id="s3")
        assert writes(target)[-3:] == ["AddPermission", "RemovePermission", "AddPermission"]
        assert list(policy_statements(target, name)) == ["s3"]
        assert "arn:aws:s3:::b" in json.dumps(policy_statements(target, name))

    def test_a_function_without_a_policy_has_no_statements(self, target: Target) -> None:
        assert policy_statements(target, a_function(target).name) == {}


def test_a_message_is_waited_for_by_its_text_and_stays_in_the_queue(target: Target) -> None:
    sqs, jobs = target.client("sqs"), queue.deploy_queue(target, name_of(target, "jobs"))
    sqs.send_message(QueueUrl=jobs.url, MessageBody="somebody else's")
    attributes = {"RequestID": {"DataType": "String", "StringValue": "id-7"}}
    sqs.send_message(QueueUrl=jobs.url, MessageBody='{"order": 7}', MessageAttributes=attributes)
    message = queue.wait_for_message(target, jobs, containing="id-7", timeout_seconds=10)
    assert (message.json(), message.attributes) == ({"order": 7}, {"RequestID": "id-7"})
    sqs.change_message_visibility(
        QueueUrl=jobs.url, ReceiptHandle=message.receipt_handle, VisibilityTimeout=0
    )
    again = queue.wait_for_message(target, jobs, containing='"order"', timeout_seconds=10)
    assert again.json() == {"order": 7}
    with pytest.raises(DeployError, match="none came within 1 s"):
        queue.wait_for_message(target, jobs, containing="nothing", timeout_seconds=1)


def test_the_on_failure_destination_and_the_retries_are_set(target: Target) -> None:
    name = a_function(target).name
    description = queue.deploy_queue(target, name_of(target, "failed"))
    on_failure(target, name, description.arn, retries=1)
    config = target.client("lambda").get_function_event_invoke_config(FunctionName=name)
    assert config["DestinationConfig"]["OnFailure"]["Destination"] == description.arn
    assert config["MaximumRetryAttempts"] == 1


class TestLayer:
    def test_the_same_archive_is_not_published_again(self, target: Target) -> None:
        name, archive = name_of(target, "lib"), zip_files({"python/lib.py": b"x = 1\n"})
        first = layer.publish_layer(target, name, archive, python_version="3.11")
        assert layer.publish_layer(target, name, archive, python_version="3.11") == first
        assert first.size_bytes == len(archive)

    def test_another_archive_or_another_python_makes_a_new_version(self, target: Target) -> None:
        name, archive = name_of(target, "lib"), zip_files({"python/lib.py": b"x = 1\n"})
        versions = [
            layer.publish_layer(target, name, archive, python_version="3.11").version,
            layer.publish_layer(target, name, archive, python_version="3.12").version,
            layer.publish_layer(target, name, zip_files({"python/a.py": b""}), python_version="3.12").version,
        ]
        assert versions == [1, 2, 3]

    def test_all_versions_are_deleted(self, target: Target) -> None:
        name = name_of(target, "lib")
        for code in (b"1", b"2"):
            layer.publish_layer(target, name, zip_files({"python/a.py": code}), python_version="3.11")
        layer.delete_layer(target, name)
        layer.delete_layer(target, name)
        assert target.client("lambda").list_layer_versions(LayerName=name)["LayerVersions"] == []

    def test_when_the_archive_is_too_large_for_a_request_then_an_error_says_so(self, target: Target) -> None:
        with pytest.raises(DeployError, match="50 MB"):
            layer.publish_layer(target, "lab-x-y", bytes(51 * 1024 * 1024), python_version="3.11")


class TestBucket:
    def test_it_is_made_once_with_its_tags(self, target: Target) -> None:
        name = name_of(target, "photos")
        assert bucket.deploy_bucket(target, name) == name
        assert bucket.deploy_bucket(target, name) == name
        assert writes(target) == ["CreateBucket"]
        require_fresh(target, bucket.bucket_tags(target, name))

    def test_it_may_be_versioned(self, target: Target) -> None:
        name = bucket.deploy_bucket(target, name_of(target, "photos"), versioned=True)
        assert target.client("s3").get_bucket_versioning(Bucket=name)["Status"] == "Enabled"

    def test_when_a_stranger_has_the_name_then_it_is_left_alone(self, target: Target) -> None:
        name = name_of(target, "photos")
        target.client("s3").create_bucket(Bucket=name)
        with pytest.raises(DeployError, match="somebody else"):
            bucket.deploy_bucket(target, name, versioned=True)
        target.client("s3").delete_bucket(Bucket=name)

    def test_a_notification_replaces_its_own_and_keeps_the_others(self, target: Target) -> None:
        photos = bucket.deploy_bucket(target, name_of(target, "photos"))
        echo = a_function(target)
        source = f"arn:aws:s3:::{photos}"
        allow_invoke(target, echo.name, service="s3.amazonaws.com", source_arn=source, statement_id="s3")
        for prefix in ("raw/", "raw/", "text/"):
            bucket.notify_function(target, photos, echo.arn, prefix=prefix, suffix=".jpg")
        found = bucket.notifications(target, photos)["LambdaFunctionConfigurations"]
        rules = [each["Filter"]["Key"]["FilterRules"] for each in found]
        prefixes = [rule["Value"] for each in rules for rule in each if rule["Name"].lower() == "prefix"]
        assert prefixes == ["raw/", "text/"]

    def test_when_s3_may_not_invoke_the_function_then_awss_error_is_shown(self, target: Target) -> None:
        photos = bucket.deploy_bucket(target, name_of(target, "photos"))
        with pytest.raises(ClientError, match="Unable to validate the following destination configurations"):
            bucket.notify_function(target, photos, a_function(target).arn, prefix="raw/")

    def test_it_is_emptied_with_versions_markers_and_unfinished_uploads(self, target: Target) -> None:
        s3 = target.client("s3")
        name = bucket.deploy_bucket(target, name_of(target, "photos"), versioned=True)
        for key in ("a", "a", "ảnh mèo 1+2.jpg"):
            s3.put_object(Bucket=name, Key=key, Body=b"x")
        s3.delete_object(Bucket=name, Key="a")
        s3.create_multipart_upload(Bucket=name, Key="b")
        assert bucket.empty_bucket(target, name) == 4
        assert s3.list_multipart_uploads(Bucket=name).get("Uploads", []) == []
        s3.delete_bucket(Bucket=name)

    def test_more_objects_than_one_request_lists_are_all_deleted(
        self, target: Target, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(bucket, "OBJECTS_PER_REQUEST", 3)
        name = bucket.deploy_bucket(target, name_of(target, "photos"), versioned=True)
        for number in range(8):
            target.client("s3").put_object(Bucket=name, Key=f"{number % 2}", Body=b"x")
        assert bucket.empty_bucket(target, name) == 8
        assert [call.operation for call in target.tape.calls()].count("DeleteObjects") == 3

    def test_it_is_deleted_full_and_may_be_gone_already(self, target: Target) -> None:
        name = bucket.deploy_bucket(target, name_of(target, "photos"))
        target.client("s3").put_object(Bucket=name, Key="a", Body=b"x")
        bucket.delete_bucket(target, name)
        bucket.delete_bucket(target, name)


class TestQueue:
    def test_it_is_made_once_with_its_tags(self, target: Target) -> None:
        name = name_of(target, "failed")
        description = queue.deploy_queue(target, name)
        assert queue.deploy_queue(target, name) == description
        assert writes(target) == ["CreateQueue"]
        assert description.arn == f"arn:aws:sqs:{target.region}:{target.account}:{name}"
        require_fresh(target, target.client("sqs").list_queue_tags(QueueUrl=description.url)["Tags"])

    def test_when_a_stranger_has_the_name_then_it_is_left_alone(self, target: Target) -> None:
        name = name_of(target, "failed")
        url = target.client("sqs").create_queue(QueueName=name)["QueueUrl"]
        with pytest.raises(DeployError, match="somebody else"):
            queue.deploy_queue(target, name)
        target.client("sqs").delete_queue(QueueUrl=url)

    def test_it_may_be_gone_already(self, target: Target) -> None:
        name = name_of(target, "failed")
        queue.deploy_queue(target, name)
        queue.delete_queue(target, name)
        queue.delete_queue(target, name)
        assert queue.describe_queue(target, name) is None


class TestTable:
    INDEXES: ClassVar = {"by-customer": ["customer", "created_at"]}

    def test_it_is_made_once_active_with_tags_indexes_and_ttl(self, target: Target) -> None:
        client, name = target.client("dynamodb"), name_of(target, "orders")
        made = table.deploy_table(target, name, keys=["pk"], indexes=self.INDEXES, ttl_attribute="expires_at")
        assert writes(target) == ["CreateTable", "UpdateTimeToLive"]
        assert table.deploy_table(
            target, name, keys=["pk"], indexes=self.INDEXES, ttl_attribute="expires_at"
        ) == (made)
        assert writes(target) == ["CreateTable", "UpdateTimeToLive"]
        described = client.describe_table(TableName=name)["Table"]
        assert (described["TableStatus"], described["TableArn"]) == ("ACTIVE", made.arn)
        assert described["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
        [index] = described["GlobalSecondaryIndexes"]
        assert [key["AttributeName"] for key in index["KeySchema"]] == ["customer", "created_at"]
        assert index["Projection"] == {"ProjectionType": "ALL"}
        expiry = client.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
        assert expiry == {"TimeToLiveStatus": "ENABLED", "AttributeName": "expires_at"}
        tags = client.list_tags_of_resource(ResourceArn=made.arn)["Tags"]
        assert {"Key": "lab-owner", "Value": target.owner} in tags

    def test_other_keys_are_refused_because_they_can_not_be_changed(self, target: Target) -> None:
        name = name_of(target, "orders")
        table.deploy_table(target, name, keys=["customer", "order"])
        for keys, indexes in [
            (["customer"], {}),
            (["order", "customer"], {}),
            (["customer", "order"], self.INDEXES),
        ]:
            with pytest.raises(DeployError, match="exists with other keys"):
                table.deploy_table(target, name, keys=keys, indexes=indexes)

    def test_somebody_elses_is_not_touched(self, target: Target) -> None:
        name = name_of(target, "orders")
        client = target.client("dynamodb")
        client.create_table(
            TableName=name,
            BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        )
        with pytest.raises(DeployError, match="somebody else built it"):
            table.deploy_table(target, name, keys=["pk"])
        client.delete_table(TableName=name)

    def test_it_is_deleted_with_its_items_and_deleting_it_again_is_fine(self, target: Target) -> None:
        name = name_of(target, "orders")
        table.deploy_table(target, name, keys=["pk"])
        table.delete_table(target, name)
        assert table.describe_table(target, name) is None
        table.delete_table(target, name)
