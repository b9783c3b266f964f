"""What an account holds, whoever made it. Asked of AWS's own APIs, and not of the lab's inventory."""

from __future__ import annotations

from typing import Any

from labsupport.target import Target

LISTS = (
    ("lambda", "list_functions", "Functions", "FunctionArn"),
    ("lambda", "list_layers", "Layers", "LayerArn"),
    ("lambda", "list_event_source_mappings", "EventSourceMappings", "UUID"),
    ("s3", "list_buckets", "Buckets", "Name"),
    ("dynamodb", "list_tables", "TableNames", None),
    ("sqs", "list_queues", "QueueUrls", None),
    ("iam", "list_roles", "Roles", "Arn"),
    ("iam", "list_policies", "Policies", "Arn"),
    ("logs", "describe_log_groups", "logGroups", "arn"),
    ("apigateway", "get_rest_apis", "items", "name"),
    ("apigateway", "get_usage_plans", "items", "name"),
    ("apigateway", "get_api_keys", "items", "name"),
    ("apigatewayv2", "get_apis", "Items", "Name"),
    ("cognito-idp", "list_user_pools", "UserPools", "Name"),
    ("s3vectors", "list_vector_buckets", "vectorBuckets", "vectorBucketName"),
    ("bedrock-agent", "list_knowledge_bases", "knowledgeBaseSummaries", "name"),
    ("events", "list_rules", "Rules", "Arn"),
    ("scheduler", "list_schedules", "Schedules", "Arn"),
    ("sns", "list_topics", "Topics", "TopicArn"),
    ("cloudwatch", "describe_alarms", "MetricAlarms", "AlarmArn"),
)
OPTIONS: dict[str, dict[str, Any]] = {
    "list_policies": {"Scope": "Local"},
    "list_user_pools": {"MaxResults": 60},
}


def everything_on(target: Target) -> list[str]:
    """Return the name of each thing that a lab could have left, as "service: name"."""
    found = []
    for service, operation, key, name in LISTS:
        pages = target.client(service).get_paginator(operation).paginate(**OPTIONS.get(operation, {}))
        for page in pages:
            found += [f"{service}: {entry[name] if name else entry}" for entry in page.get(key, [])]
    return found


def writes(target: Target) -> list[str]:
    """Return the calls so far that change something."""
    reading = ("Get", "List", "Head", "Describe")
    return [call.operation for call in target.tape.calls() if not call.operation.startswith(reading)]
