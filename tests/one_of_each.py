"""One thing of each kind that a teardown knows, the learner's own beside those of the course."""

from __future__ import annotations

import json
from typing import Any

from labsupport.packaging import zip_files
from labsupport.resources.bucket import deploy_bucket
from labsupport.resources.function import deploy_function
from labsupport.resources.knowledge_base import (
    KnowledgeBaseDescription,
    deploy_knowledge_base,
    knowledge_base_policy,
)
from labsupport.resources.layer import publish_layer
from labsupport.resources.ownership import as_list
from labsupport.resources.queue import deploy_queue
from labsupport.resources.rest_api import RestApiDescription, deploy_rest_api, deploy_stage
from labsupport.resources.role import deploy_role
from labsupport.resources.table import deploy_table
from labsupport.resources.user_pool import deploy_user_pool
from labsupport.target import Target

POLICY = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
CODE = zip_files({"handler.py": b"def handler(event, context):\n    return event\n"})
ALL_KINDS = [
    "schedule",
    "event rule",
    "topic",
    "alarm",
    "data source",
    "knowledge base",
    "vector index",
    "vector bucket",
    "event source mapping",
    "usage plan",
    "API key",
    "REST API",
    "user pool",
    "function",
    "layer version",
    "queue",
    "DynamoDB table",
    "bucket",
    "role",
    "managed policy",
    "log group",
]


def build_one_of_each(target: Target) -> None:
    def name(thing: str) -> str:
        return f"lab-{target.owner}-{thing}"

    role_arn = deploy_role(target, name("echo"), policy=POLICY)
    deploy_function(target, name("echo"), code=CODE, role_arn=role_arn)
    target.client("lambda").invoke(FunctionName=name("echo"))
    queue = deploy_queue(target, name("jobs"))
    mapping = {"FunctionName": name("echo"), "EventSourceArn": queue.arn}
    target.client("lambda").create_event_source_mapping(**mapping, Tags=target.tags())
    for code in (b"1", b"2"):
        publish_layer(target, name("lib"), zip_files({"python/a.py": code}), python_version="3.11")
    deploy_table(target, name("orders"), keys=["pk"], ttl_attribute="expires_at")
    target.client("dynamodb").put_item(TableName=name("orders"), Item={"pk": {"S": "order#1"}})
    deploy_bucket(target, name("photos"), versioned=True)
    for key in ("a", "a", "b"):
        target.client("s3").put_object(Bucket=name("photos"), Key=key, Body=b"x")
    target.client("s3").delete_object(Bucket=name("photos"), Key="a")
    build_api(target)
    build_knowledge_base(target)
    build_what_learners_build(target)


def build_what_learners_build(target: Target) -> None:
    """Build what no notebook builds, but a learner may: with deletion protection where there is any."""
    name, tags = f"lab-{target.owner}-aside", as_list(target.tags())
    function_arn = f"arn:aws:lambda:{target.region}:{target.account}:function:lab-{target.owner}-echo"
    role_arn = deploy_role(target, name, policy=POLICY, trust="scheduler.amazonaws.com")
    target.client("scheduler").create_schedule(
        Name=name,
        ScheduleExpression="rate(1 day)",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={"Arn": function_arn, "RoleArn": role_arn},
    )
    events, topic = target.client("events"), target.client("sns").create_topic(Name=name, Tags=tags)
    events.put_rule(Name=name, ScheduleExpression="rate(1 day)", Tags=tags)
    events.put_targets(Rule=name, Targets=[{"Id": "function", "Arn": function_arn}])
    target.client("sns").subscribe(TopicArn=topic["TopicArn"], Protocol="lambda", Endpoint=function_arn)
    put_alarm(target, name, AlarmActions=[topic["TopicArn"]], Tags=tags)
    iam, document = target.client("iam"), {"PolicyDocument": json.dumps(POLICY)}
    policy = iam.create_policy(**document, PolicyName=name, Path="/team/", Tags=tags)["Policy"]["Arn"]
    iam.create_policy_version(**document, PolicyArn=policy)
    iam.attach_role_policy(RoleName=f"lab-{target.owner}-echo", PolicyArn=policy)
    protected = {"TableName": f"lab-{target.owner}-orders", "DeletionProtectionEnabled": True}
    target.client("dynamodb").update_table(**protected)
    pools = target.client("cognito-idp")
    pool = pools.create_user_pool(PoolName=name, DeletionProtection="ACTIVE", UserPoolTags=target.tags())
    pools.create_user_pool_domain(Domain=name, UserPoolId=pool["UserPool"]["Id"])


def put_alarm(target: Target, name: str, **options: Any) -> None:
    """Make an alarm on the errors of all functions."""
    target.client("cloudwatch").put_metric_alarm(
        AlarmName=name,
        Namespace="AWS/Lambda",
        MetricName="Errors",
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanThreshold",
        **options,
    )


def build_knowledge_base(target: Target) -> KnowledgeBaseDescription:
    """Build a knowledge base over a document in the bucket."""
    name, bucket = f"lab-{target.owner}-notes", f"lab-{target.owner}-photos"
    policy = knowledge_base_policy(target, name, bucket=bucket, prefix="c")
    role_arn = deploy_role(target, name, policy=policy, trust="bedrock.amazonaws.com")
    return deploy_knowledge_base(
        target,
        name,
        bucket=bucket,
        prefix="c",
        role_arn=role_arn,
        dimensions=256,
        progress=list[str]().append,
    )


def deploy_mock(target: Target, name: str) -> RestApiDescription:
    """Deploy a REST API that needs no function."""
    api = deploy_rest_api(target, name, routes={}, stage="prod")
    client = target.client("apigateway")
    (root,) = client.get_resources(restApiId=api.id)["items"]
    place = {"restApiId": api.id, "resourceId": root["id"], "httpMethod": "GET"}
    client.put_method(**place, authorizationType="NONE")
    client.put_integration(**place, type="MOCK")
    deploy_stage(target, api.id, "prod")
    return api


def build_api(target: Target) -> str:
    """Build a REST API with logs and a usage plan with a key, and a user pool; return the API's id."""
    name = f"lab-{target.owner}-orders"
    api = deploy_mock(target, name)
    client, tags = target.client("apigateway"), target.tags()
    plan = client.create_usage_plan(name=name, apiStages=[{"apiId": api.id, "stage": "prod"}], tags=tags)
    key = client.create_api_key(name=name, enabled=True, tags=tags)
    client.create_usage_plan_key(usagePlanId=plan["id"], keyId=key["id"], keyType="API_KEY")
    for group in (f"API-Gateway-Execution-Logs_{api.id}/prod", f"/aws/apigateway/{name}"):
        target.client("logs").create_log_group(logGroupName=group)
    deploy_user_pool(target, name)
    return api.id
