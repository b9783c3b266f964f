"""The inventory and the teardown find everything of one owner, and nothing of anybody else."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError
from botocore.httpsession import URLLib3Session

from labsupport.errors import CloudError
from labsupport.inventory import inventory
from labsupport.packaging import zip_files
from labsupport.resources.function import delete_function, deploy_function
from labsupport.resources.http_api import deploy_http_api
from labsupport.resources.log_group import deploy_log_group
from labsupport.resources.queue import deploy_queue
from labsupport.resources.role import deploy_role
from labsupport.resources.websocket_api import deploy_websocket_api
from labsupport.tape import Tape
from labsupport.target import Target
from labsupport.teardown import teardown
from tests.one_of_each import ALL_KINDS, CODE, POLICY, build_api, build_one_of_each, deploy_mock

pytestmark = pytest.mark.functional


def provision(target: Target, function: str) -> None:
    """Publish two versions, an alias on each, and keep two environments ready behind one alias."""
    client = target.client("lambda")
    client.put_function_concurrency(FunctionName=function, ReservedConcurrentExecutions=3)
    for alias in ("old", "live"):
        client.update_function_configuration(FunctionName=function, Description=alias)
        client.get_waiter("function_updated_v2").wait(FunctionName=function)
        version = client.publish_version(FunctionName=function)["Version"]
        client.create_alias(FunctionName=function, Name=alias, FunctionVersion=version)
    client.put_provisioned_concurrency_config(
        FunctionName=function, Qualifier="live", ProvisionedConcurrentExecutions=2
    )


def kinds(target: Target) -> list[str]:
    return [resource.kind for resource in inventory(target)]


def test_where_nothing_was_built_the_inventory_is_empty_and_a_teardown_does_nothing(target: Target) -> None:
    assert inventory(target) == []
    report = teardown(target)
    assert (report.deleted, report.failed, report.is_clean) == ([], [], True)


def test_everything_is_found_in_the_order_of_deletion(target: Target) -> None:
    build_one_of_each(target)
    provision(target, f"lab-{target.owner}-echo")
    assert list(dict.fromkeys(kinds(target))) == ALL_KINDS
    assert kinds(target).count("layer version") == 2
    by_kind = {resource.kind: resource for resource in inventory(target)}
    assert by_kind["bucket"].note == "4 object versions"
    assert by_kind["function"].arn.endswith(f"function:lab-{target.owner}-echo")
    untimed = {resource.kind for resource in inventory(target) if resource.created is None}
    assert untimed == {"usage plan", "event rule", "topic"}  # AWS doesn't tell
    groups = [resource.name for resource in inventory(target) if resource.kind == "log group"]
    assert [group.partition("_")[0] for group in groups if "lambda" not in group] == [
        f"/aws/apigateway/lab-{target.owner}-orders",
        "API-Gateway-Execution-Logs",
    ]
    assert "2 environments provisioned: charged while they are idle" in by_kind["function"].note


def test_what_can_have_tags_gets_owner_and_expiry_in_the_call_that_makes_it(target: Target) -> None:
    made: dict[str, Any] = {}

    def listen(params: dict[str, Any], model: Any, **_: Any) -> None:
        members = model.input_shape.members if model.input_shape else {}
        can_have_tags = any("tags" in member.lower() for member in members) or model.name == "CreateBucket"
        if model.name.startswith(("Create", "Tag", "PutBucketTagging")) and can_have_tags:
            made[model.name] = json.dumps(params, default=str)

    target.session.events.register("provide-client-params", listen)
    listened = replace(target, _clients={}, tape=Tape())  # clients made before don't hear of it
    build_one_of_each(listened)
    function = f"lab-{target.owner}-echo"
    arn = listened.client("lambda").get_function(FunctionName=function)["Configuration"]["FunctionArn"]
    deploy_http_api(listened, f"lab-{target.owner}-http", routes={"GET /": arn})
    deploy_websocket_api(listened, f"lab-{target.owner}-live", function_arn=arn)
    deploy_log_group(listened, f"/aws/apigateway/lab-{target.owner}-access")
    target.session.events.unregister("provide-client-params", listen)
    assert {"CreateRole", "CreateFunction", "CreateBucket", "CreateTable", "CreateStage"} < set(made)
    untagged = [name for name, sent in made.items() if not {"lab-owner", "lab-expires"} <= words(sent)]
    assert [*untagged, *(name for name in made if not name.startswith("Create"))] == []


def words(text: str) -> set[str]:
    return set(re.findall(r"[\w-]+", text))


def test_everything_is_deleted_and_a_second_teardown_finds_nothing(target: Target) -> None:
    build_one_of_each(target)
    provision(target, f"lab-{target.owner}-echo")
    sentences: list[str] = []
    report = teardown(target, progress=sentences.append, late_log_seconds=0)
    assert report.failed == []
    assert report.is_clean
    assert {resource.kind for resource in report.deleted} == set(ALL_KINDS)
    assert sentences[-1].endswith("Nothing of the lab is left.")
    assert inventory(target) == []
    assert teardown(target).deleted == []


def test_versions_aliases_and_what_is_provisioned_go_with_their_function(target: Target) -> None:
    client, name = target.client("lambda"), f"lab-{target.owner}-echo"
    role_arn = deploy_role(target, name, policy=POLICY)
    reserved = client.get_account_settings()["AccountLimit"]["UnreservedConcurrentExecutions"]
    for _ in range(2):  # of the same name: nothing of the first one may come back
        deploy_function(target, name, code=CODE, role_arn=role_arn)
        assert [
            each["Version"] for each in client.list_versions_by_function(FunctionName=name)["Versions"]
        ] == ["$LATEST"]
        assert client.list_aliases(FunctionName=name)["Aliases"] == []
        listed = client.list_provisioned_concurrency_configs(FunctionName=name)
        assert listed["ProvisionedConcurrencyConfigs"] == []
        assert client.get_account_settings()["AccountLimit"]["UnreservedConcurrentExecutions"] == reserved
        provision(target, name)
        delete_function(target, name)
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        client.get_provisioned_concurrency_config(FunctionName=name, Qualifier="live")


def test_a_dry_run_deletes_nothing_and_says_what_it_would(target: Target) -> None:
    deploy_queue(target, f"lab-{target.owner}-jobs")
    sentences: list[str] = []
    report = teardown(target, progress=sentences.append, dry_run=True)
    assert [resource.kind for resource in report.left] == ["queue"]
    assert sentences[0].startswith("Would delete queue")
    assert kinds(target) == ["queue"]


def test_another_owners_things_are_not_found_and_not_touched(target: Target) -> None:
    neighbour = replace(target, owner=f"{target.owner}x"[:12], _clients={})
    assert neighbour.owner.startswith(target.owner)
    build_one_of_each(neighbour)
    assert inventory(target) == []
    teardown(target, late_log_seconds=0)
    assert sorted(set(kinds(neighbour))) == sorted(ALL_KINDS)
    assert inventory(target, owner=neighbour.owner) == inventory(neighbour)
    assert teardown(neighbour, late_log_seconds=0).is_clean


@pytest.fixture
def strangers(target: Target) -> Any:
    """Build things with our names that the lab did not tag, and delete them afterwards."""
    iam, s3, sqs = target.client("iam"), target.client("s3"), target.client("sqs")
    aws_lambda, logs = target.client("lambda"), target.client("logs")
    name = f"lab-{target.owner}-theirs"
    service = {
        "Effect": "Allow",
        "Principal": {"Service": "lambda.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }
    trust = {"Version": "2012-10-17", "Statement": [service]}
    role_arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=json.dumps(POLICY))
    aws_lambda.create_function(
        FunctionName=name,
        Role=role_arn,
        Runtime="python3.11",
        Handler="handler.handler",
        Code={"ZipFile": CODE},
    )
    s3.create_bucket(Bucket=name)
    url = sqs.create_queue(QueueName=name, tags={"lab": "serverless-lab"})["QueueUrl"]
    apis, pools = target.client("apigateway"), target.client("cognito-idp")
    api = apis.create_rest_api(name=name)["id"]
    plan, key = apis.create_usage_plan(name=name)["id"], apis.create_api_key(name=name)["id"]
    execution_logs = f"API-Gateway-Execution-Logs_{api}/prod"
    logs.create_log_group(logGroupName=execution_logs)
    pool = pools.create_user_pool(PoolName=name)["UserPool"]["Id"]
    arn = f"arn:aws:sqs:{target.region}:{target.account}:{name}"
    mapping = aws_lambda.create_event_source_mapping(FunctionName=name, EventSourceArn=arn)["UUID"]
    logs.create_log_group(logGroupName=f"/aws/lambda/{name}")
    yield name
    pools.delete_user_pool(UserPoolId=pool)
    logs.delete_log_group(logGroupName=execution_logs)
    apis.delete_api_key(apiKey=key)
    apis.delete_usage_plan(usagePlanId=plan)
    apis.delete_rest_api(restApiId=api)
    aws_lambda.delete_event_source_mapping(UUID=mapping)
    aws_lambda.delete_function(FunctionName=name)
    logs.delete_log_group(logGroupName=f"/aws/lambda/{name}")
    sqs.delete_queue(QueueUrl=url)
    s3.delete_bucket(Bucket=name)
    iam.delete_role_policy(RoleName=name, PolicyName="p")
    iam.delete_role(RoleName=name)


def test_untagged_things_with_our_names_are_not_found_and_not_touched(target: Target, strangers: str) -> None:
    deploy_queue(target, f"lab-{target.owner}-ours")
    assert [resource.name for resource in inventory(target)] == [f"lab-{target.owner}-ours"]
    report = teardown(target, late_log_seconds=0)
    assert report.is_clean
    assert len(report.deleted) == 1
    # The fixture deletes each of them, which fails for one that is gone.


def test_what_fails_is_reported_the_rest_is_deleted_and_a_second_run_finishes(target: Target) -> None:
    build_one_of_each(target)
    broken = f"lab-{target.owner}-photos"
    s3 = target.client("s3")

    def deny(**_: Any) -> None:
        raise ClientError({"Error": {"Code": "AccessDenied", "Message": "not today"}}, "DeleteBucket")

    s3.meta.events.register("before-call.s3.DeleteBucket", deny)
    report = teardown(target, late_log_seconds=0)
    assert [(failure.resource.kind, failure.resource.name) for failure in report.failed] == [
        ("bucket", broken)
    ]
    assert "AccessDenied" in report.failed[0].error
    assert [resource.name for resource in report.left] == [broken]
    assert not report.is_clean
    s3.meta.events.unregister("before-call.s3.DeleteBucket", deny)
    assert teardown(target).is_clean


def test_everything_is_deleted_although_no_answer_arrives_the_first_time(target: Target) -> None:
    build_one_of_each(target)
    provision(target, f"lab-{target.owner}-echo")
    sent = list[str]()

    def lose_the_answer(request: Any, event_name: str, **_: Any) -> None:
        """Send a request that changes something, and forget the answer: botocore's own is then a retry."""
        operation = event_name.rpartition(".")[2]
        if not operation.startswith(("Get", "List", "Describe", "Head")):
            URLLib3Session().send(request)
            sent.append(operation)

    events = target.session.events
    events.register("before-send", lose_the_answer)
    impatient = replace(target, _clients={}, tape=Tape())  # clients made before don't hear of it
    report = teardown(impatient, late_log_seconds=0)
    events.unregister("before-send", lose_the_answer)
    assert report.failed == [] and report.is_clean
    assert {"DeleteRolePolicy", "DeleteRole", "UpdateUsagePlan", "DeleteBucket", "DeleteTable"} < set(sent)
    assert teardown(target).deleted == []


def test_a_log_group_that_comes_back_is_deleted_once_more(target: Target) -> None:
    name = f"lab-{target.owner}-echo"
    deploy_function(target, name, code=CODE, role_arn=deploy_role(target, name, policy=POLICY))
    group = f"/aws/lambda/{name}"

    def come_back(sentence: str) -> None:
        if sentence.startswith("Deleted role"):
            target.client("logs").create_log_group(logGroupName=group)

    report = teardown(target, progress=come_back, late_log_seconds=0)
    assert report.is_clean
    assert group in [resource.name for resource in report.deleted]


def test_a_queues_mapping_of_a_deleted_function_is_still_ours(target: Target) -> None:
    build_one_of_each(target)
    target.client("lambda").delete_function(FunctionName=f"lab-{target.owner}-echo")
    report = teardown(target, late_log_seconds=0)
    assert report.is_clean
    mappings = target.client("lambda").list_event_source_mappings()["EventSourceMappings"]
    assert [each for each in mappings if target.owner in each["FunctionArn"]] == []


def test_more_things_than_one_page_are_all_found(target: Target) -> None:
    iam = target.client("iam")
    for number in range(105):  # IAM lists 100 at a time
        deploy_tags = [{"Key": key, "Value": value} for key, value in target.tags().items()]
        iam.create_role(
            RoleName=f"lab-{target.owner}-{number}",
            AssumeRolePolicyDocument=json.dumps(POLICY),
            Tags=deploy_tags,
        )
    for number in range(55):  # Lambda lists 50 at a time
        archive = zip_files({"python/a.py": b"%d" % number})
        target.client("lambda").publish_layer_version(
            LayerName=f"lab-{target.owner}-lib", Content={"ZipFile": archive}
        )
    assert kinds(target).count("role") == 105
    assert kinds(target).count("layer version") == 55
    assert teardown(target, late_log_seconds=0).is_clean


def test_when_the_cloud_stops_answering_then_a_teardown_ends_at_once(target: Target) -> None:
    deploy_queue(target, f"lab-{target.owner}-jobs")

    def gone(**_: Any) -> None:
        raise CloudError(doing="calling the local cloud", cause="it has stopped.", next_step="Start it.")

    target.client("sqs").meta.events.register("before-call.sqs.DeleteQueue", gone)
    with pytest.raises(CloudError):
        teardown(target)
    target.client("sqs").meta.events.unregister("before-call.sqs.DeleteQueue", gone)


def test_a_cache_is_named_as_what_costs_by_the_hour(target: Target) -> None:
    api_id = build_api(target)
    target.client("apigateway").update_stage(
        restApiId=api_id,
        stageName="prod",
        patchOperations=[
            {"op": "replace", "path": "/cacheClusterEnabled", "value": "true"},
            {"op": "replace", "path": "/cacheClusterSize", "value": "0.5"},
        ],
    )
    (api,) = [resource for resource in inventory(target) if resource.kind == "REST API"]
    assert api.note == "stage prod with a cache of 0.5 GB: charged by the hour, used or not"
    assert api.name == f"lab-{target.owner}-orders:{api_id}"


def test_the_accounts_logging_role_is_taken_out_if_it_is_ours_and_left_if_it_is_not(target: Target) -> None:
    client, name = target.client("apigateway"), f"lab-{target.owner}-api-logs"
    ours = deploy_role(target, name, policy=POLICY, trust="apigateway.amazonaws.com")
    theirs = ours.replace(target.owner, "somebody")
    for arn, kinds_found in ((theirs, ["role"]), (ours, ["API logging role", "role"])):
        change = {"op": "replace", "path": "/cloudwatchRoleArn", "value": arn}
        client.update_account(patchOperations=[change])
        assert kinds(target) == kinds_found
    assert teardown(target, late_log_seconds=0).is_clean
    assert not client.get_account().get("cloudwatchRoleArn")


def test_a_rest_api_is_deleted_although_aws_takes_one_at_a_time(target: Target) -> None:
    name = f"lab-{target.owner}"
    for thing in ("orders", "stock"):
        deploy_mock(target, f"{name}-{thing}")
    refusals = iter(range(2))

    def refuse(**_: Any) -> None:
        for _ in refusals:
            error = {"Code": "TooManyRequestsException", "Message": "Too Many Requests"}
            raise ClientError({"Error": error}, "DeleteRestApi")

    client, sentences = target.client("apigateway"), list[str]()
    client.meta.events.register("before-call.api-gateway.DeleteRestApi", refuse)
    report = teardown(target, progress=sentences.append, late_log_seconds=0)
    client.meta.events.unregister("before-call.api-gateway.DeleteRestApi", refuse)
    assert report.is_clean and report.failed == []
    assert list(refusals) == []
    assert sum("one REST API every 30 seconds" in sentence for sentence in sentences) == 2
