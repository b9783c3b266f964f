"""The IAM actions that a call needs, as a policy would name them.

Most actions are called like the operation. The tables below hold those that aren't, for the services of the
course, after AWS's service authorization reference and the operations' own pages:
https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

PREFIXES = {
    "apigateway": "apigateway",
    "apigatewaymanagementapi": "execute-api",
    "apigatewayv2": "apigateway",
    "bedrock": "bedrock",
    "bedrock-agent": "bedrock",
    "bedrock-agent-runtime": "bedrock",
    "bedrock-runtime": "bedrock",
    "cloudwatch": "cloudwatch",
    "cognito-idp": "cognito-idp",
    "dynamodb": "dynamodb",
    "dynamodbstreams": "dynamodb",
    "events": "events",
    "iam": "iam",
    "lambda": "lambda",
    "logs": "logs",
    "resourcegroupstaggingapi": "tag",
    "s3": "s3",
    "s3vectors": "s3vectors",
    "scheduler": "scheduler",
    "sns": "sns",
    "sqs": "sqs",
    "stepfunctions": "states",
    "sts": "sts",
}
"""What actions of a service begin with, by boto3's name of the service."""

BY_HTTP_METHOD = {"apigateway", "apigatewayv2"}
"""Services whose actions are called like the HTTP method: apigateway:POST."""

OTHER_NAMES: dict[str, dict[str, tuple[str, ...]]] = {
    "apigatewaymanagementapi": {
        "DeleteConnection": ("execute-api:ManageConnections",),
        "GetConnection": ("execute-api:ManageConnections",),
        "PostToConnection": ("execute-api:ManageConnections",),
    },
    "bedrock-runtime": {
        "Converse": ("bedrock:InvokeModel",),
        "ConverseStream": ("bedrock:InvokeModelWithResponseStream",),
    },
    "dynamodb": {
        "TransactGetItems": ("dynamodb:GetItem",),
        "TransactWriteItems": (),  # by what is in it, see below
    },
    "lambda": {
        "GetLayerVersionByArn": ("lambda:GetLayerVersion",),
        "Invoke": ("lambda:InvokeFunction",),
        "InvokeAsync": ("lambda:InvokeFunction",),
        "InvokeWithResponseStream": ("lambda:InvokeFunction",),
    },
    "s3": {
        "CompleteMultipartUpload": ("s3:PutObject",),
        "CopyObject": ("s3:GetObject", "s3:PutObject"),
        "CreateBucketMetadataConfiguration": ("s3:CreateBucketMetadataTableConfiguration",),
        "CreateMultipartUpload": ("s3:PutObject",),
        "CreateSession": ("s3express:CreateSession",),
        "DeleteBucketAnalyticsConfiguration": ("s3:PutAnalyticsConfiguration",),
        "DeleteBucketCors": ("s3:PutBucketCORS",),
        "DeleteBucketEncryption": ("s3:PutEncryptionConfiguration",),
        "DeleteBucketIntelligentTieringConfiguration": ("s3:PutIntelligentTieringConfiguration",),
        "DeleteBucketInventoryConfiguration": ("s3:PutInventoryConfiguration",),
        "DeleteBucketLifecycle": ("s3:PutLifecycleConfiguration",),
        "DeleteBucketMetadataConfiguration": ("s3:DeleteBucketMetadataTableConfiguration",),
        "DeleteBucketMetricsConfiguration": ("s3:PutMetricsConfiguration",),
        "DeleteBucketOwnershipControls": ("s3:PutBucketOwnershipControls",),
        "DeleteBucketReplication": ("s3:PutReplicationConfiguration",),
        "DeleteBucketTagging": ("s3:PutBucketTagging",),
        "DeleteObjects": ("s3:DeleteObject",),
        "DeletePublicAccessBlock": ("s3:PutBucketPublicAccessBlock",),
        "GetBucketAccelerateConfiguration": ("s3:GetAccelerateConfiguration",),
        "GetBucketAnalyticsConfiguration": ("s3:GetAnalyticsConfiguration",),
        "GetBucketCors": ("s3:GetBucketCORS",),
        "GetBucketEncryption": ("s3:GetEncryptionConfiguration",),
        "GetBucketIntelligentTieringConfiguration": ("s3:GetIntelligentTieringConfiguration",),
        "GetBucketInventoryConfiguration": ("s3:GetInventoryConfiguration",),
        "GetBucketLifecycle": ("s3:GetLifecycleConfiguration",),
        "GetBucketLifecycleConfiguration": ("s3:GetLifecycleConfiguration",),
        "GetBucketMetadataConfiguration": ("s3:GetBucketMetadataTableConfiguration",),
        "GetBucketMetricsConfiguration": ("s3:GetMetricsConfiguration",),
        "GetBucketNotificationConfiguration": ("s3:GetBucketNotification",),
        "GetBucketReplication": ("s3:GetReplicationConfiguration",),
        "GetObjectLockConfiguration": ("s3:GetBucketObjectLockConfiguration",),
        "GetPublicAccessBlock": ("s3:GetBucketPublicAccessBlock",),
        "HeadBucket": ("s3:ListBucket",),
        "HeadObject": ("s3:GetObject",),
        "ListBucketAnalyticsConfigurations": ("s3:GetAnalyticsConfiguration",),
        "ListBucketIntelligentTieringConfigurations": ("s3:GetIntelligentTieringConfiguration",),
        "ListBucketInventoryConfigurations": ("s3:GetInventoryConfiguration",),
        "ListBucketMetricsConfigurations": ("s3:GetMetricsConfiguration",),
        "ListBuckets": ("s3:ListAllMyBuckets",),
        "ListDirectoryBuckets": ("s3express:ListAllMyDirectoryBuckets",),
        "ListMultipartUploads": ("s3:ListBucketMultipartUploads",),
        "ListObjectVersions": ("s3:ListBucketVersions",),
        "ListObjects": ("s3:ListBucket",),
        "ListObjectsV2": ("s3:ListBucket",),
        "ListParts": ("s3:ListMultipartUploadParts",),
        "PutBucketAbac": ("s3:PutBucketABAC",),
        "PutBucketAccelerateConfiguration": ("s3:PutAccelerateConfiguration",),
        "PutBucketAnalyticsConfiguration": ("s3:PutAnalyticsConfiguration",),
        "PutBucketCors": ("s3:PutBucketCORS",),
        "PutBucketEncryption": ("s3:PutEncryptionConfiguration",),
        "PutBucketIntelligentTieringConfiguration": ("s3:PutIntelligentTieringConfiguration",),
        "PutBucketInventoryConfiguration": ("s3:PutInventoryConfiguration",),
        "PutBucketLifecycle": ("s3:PutLifecycleConfiguration",),
        "PutBucketLifecycleConfiguration": ("s3:PutLifecycleConfiguration",),
        "PutBucketMetricsConfiguration": ("s3:PutMetricsConfiguration",),
        "PutBucketNotificationConfiguration": ("s3:PutBucketNotification",),
        "PutBucketReplication": ("s3:PutReplicationConfiguration",),
        "PutObjectLockConfiguration": ("s3:PutBucketObjectLockConfiguration",),
        "PutPublicAccessBlock": ("s3:PutBucketPublicAccessBlock",),
        "RenameObject": ("s3express:CreateSession",),
        "SelectObjectContent": ("s3:GetObject",),
        "UploadPart": ("s3:PutObject",),
        "UploadPartCopy": ("s3:GetObject", "s3:PutObject"),
        "WriteGetObjectResponse": ("s3-object-lambda:WriteGetObjectResponse",),
    },
    "sns": {"PublishBatch": ("sns:Publish",)},
    "sqs": {
        "ChangeMessageVisibilityBatch": ("sqs:ChangeMessageVisibility",),
        "DeleteMessageBatch": ("sqs:DeleteMessage",),
        "SendMessageBatch": ("sqs:SendMessage",),
    },
    "sts": {"GetCallerIdentity": ()},  # needs no permission
}
"""Actions that are not called like their operation."""

BESIDES: dict[tuple[str, str], dict[str, str]] = {
    ("dynamodb", "TransactWriteItems"): {
        "TransactItems.ConditionCheck": "dynamodb:ConditionCheckItem",
        "TransactItems.Delete": "dynamodb:DeleteItem",
        "TransactItems.Put": "dynamodb:PutItem",
        "TransactItems.Update": "dynamodb:UpdateItem",
    },
    ("events", "PutRule"): {"RoleArn": "iam:PassRole", "Tags": "events:TagResource"},
    ("events", "PutTargets"): {"Targets.RoleArn": "iam:PassRole"},
    ("iam", "CreateRole"): {"Tags": "iam:TagRole"},
    ("lambda", "CreateFunction"): {"Role": "iam:PassRole", "Layers": "lambda:GetLayerVersion"},
    ("lambda", "UpdateFunctionConfiguration"): {"Role": "iam:PassRole", "Layers": "lambda:GetLayerVersion"},
    ("s3", "CreateBucket"): {"CreateBucketConfiguration.Tags": "s3:TagResource"},
    ("s3", "PutObject"): {"ACL": "s3:PutObjectAcl", "Tagging": "s3:PutObjectTagging"},
    ("scheduler", "CreateSchedule"): {"Target.RoleArn": "iam:PassRole"},
    ("scheduler", "UpdateSchedule"): {"Target.RoleArn": "iam:PassRole"},
    ("sns", "CreateTopic"): {"Tags": "sns:TagResource"},
    ("sqs", "CreateQueue"): {"tags": "sqs:TagQueue"},
    ("stepfunctions", "CreateStateMachine"): {"roleArn": "iam:PassRole"},
}
"""Actions that a call needs besides its own, if it has a parameter (with the path to it)."""

BY_CONTENT = {
    ("dynamodb", "BatchExecuteStatement"),
    ("dynamodb", "ExecuteStatement"),
    ("dynamodb", "ExecuteTransaction"),
}
"""Operations whose actions follow from a statement in PartiQL. It isn't read here."""

OF_A_VERSION = {
    ("s3", "DeleteObject"): "s3:DeleteObjectVersion",
    ("s3", "GetObject"): "s3:GetObjectVersion",
    ("s3", "HeadObject"): "s3:GetObjectVersion",
}
"""What it is called if a version is named."""


def actions_for(
    service: str, operation: str, parameters: Mapping[str, Any], *, http_method: str = ""
) -> tuple[str, ...] | None:
    """Return the actions, () where none is needed, or None where the tables don't tell.

    Args:
        service: boto3's name of it.
        operation: AWS's name of it.
        parameters: of the call: some ask for an action more.
        http_method: of the operation, such as "POST".
    """
    if service not in PREFIXES or (service, operation) in BY_CONTENT:
        return None
    own = OTHER_NAMES.get(service, {}).get(operation)
    if own is None:
        name = http_method if service in BY_HTTP_METHOD else operation
        own = (f"{PREFIXES[service]}:{name}",)
    if "VersionId" in parameters:
        own = (OF_A_VERSION.get((service, operation), own[0]), *own[1:])
    besides = BESIDES.get((service, operation), {})
    return (*own, *(action for path, action in besides.items() if any(_found(parameters, path))))


def _found(value: Any, path: str) -> Iterator[Any]:
    """Yield what stands at a path of names, in each element of a list on the way."""
    name, _, rest = path.partition(".")
    for item in value if isinstance(value, list | tuple) else [value]:
        if isinstance(item, Mapping) and item.get(name):
            yield from _found(item[name], rest) if rest else [item[name]]
