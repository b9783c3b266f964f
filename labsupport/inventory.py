"""What the lab has built, found by asking the cloud: by the names' prefix, and by tags where AWS has them.

Nothing is read from a file of ours, so a crashed notebook hides nothing. Layers and schedules have no tags,
and log groups are made without any: these count as ours by name, log groups and event source mappings unless
their function is somebody else's (docs/decisions/0018).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from labsupport import naming
from labsupport.aws_time import read_time
from labsupport.found import Resource, Resources
from labsupport.found import Search as _Search
from labsupport.inventory_of_apis import (
    api_keys,
    api_log_groups,
    logging_role,
    rest_apis,
    usage_plans,
    user_pools,
    v2_apis,
)
from labsupport.inventory_of_events import alarms, event_rules, schedules, topics
from labsupport.inventory_of_knowledge import (
    data_sources,
    knowledge_bases,
    vector_buckets,
    vector_indexes,
)
from labsupport.resources.bucket import bucket_tags
from labsupport.resources.concurrency import provisioned_concurrency
from labsupport.resources.event_source_mapping import event_source_mappings
from labsupport.resources.managed_policy import policy_tags
from labsupport.resources.ownership import as_dict
from labsupport.resources.queue import GONE as QUEUE_GONE
from labsupport.resources.table import GONE as TABLE_GONE
from labsupport.resources.table import table_tags
from labsupport.target import Target
from labsupport.waiting import tolerate


def inventory(target: Target, *, owner: str | None = None) -> Resources:
    """Ask the cloud what an owner's notebooks have built, by default this target's (99_teardown shows it).

    The order is the one in which things can be deleted.
    """
    return _inventory(target, owner or target.owner)


def inventory_of_all(target: Target) -> Resources:
    """Ask the cloud what the notebooks of all owners have built in this account and Region."""
    return _inventory(target, None)


def _inventory(target: Target, owner: str | None) -> Resources:
    with target.tape.plumbing():
        found = dict(_functions_by_name(target, owner))
        others = frozenset(name for name, (_, is_ours) in found.items() if not is_ours)
        search = _Search(target, owner, others)
        functions = [function for function, is_ours in found.values() if is_ours]
        return Resources(
            resource
            for kind, find in KINDS.items()
            for resource in (functions if kind == "function" else find(search))
        )


def _functions_by_name(target: Target, owner: str | None) -> Iterator[tuple[str, tuple[Resource, bool]]]:
    """Yield the functions with an owner's prefix, and whether their tags are that owner's too."""
    search = _Search(target, owner, frozenset())
    for function in search.pages("lambda", "list_functions", "Functions"):
        name, arn = function["FunctionName"], function["FunctionArn"]
        if search.is_ours(name):
            with tolerate("ResourceNotFoundException"):  # deleted meanwhile: nobody's any more
                tags = target.client("lambda").list_tags(Resource=arn)["Tags"]
                changed = read_time(function["LastModified"])
                note = f"{function.get('Runtime', 'container image')}, {function['MemorySize']} MB"
                if ready := sum(count for _, count in provisioned_concurrency(target, name)):
                    note += f", {ready} environments provisioned: charged while they are idle"
                resource = search.found("function", name, arn, changed, note, tags=tags)
                yield name, (resource, search.has_our_tags(name, tags))


def _event_source_mappings(search: _Search) -> Iterator[Resource]:
    for mapping in event_source_mappings(search.target):
        function = mapping["FunctionArn"].split(":")[6]
        if search.is_ours_by_function(function):
            arn = mapping.get("EventSourceMappingArn", "")
            note = f"to {function}, {mapping['State']}"
            uuid, changed = mapping["UUID"], mapping["LastModified"]
            yield search.found("event source mapping", uuid, arn, changed, note, of=function)


def _layer_versions(search: _Search) -> Iterator[Resource]:
    for layer in search.pages("lambda", "list_layers", "Layers"):
        name = layer["LayerName"]
        if search.is_ours(name):
            versions = search.pages("lambda", "list_layer_versions", "LayerVersions", LayerName=name)
            for version in versions:
                created = read_time(version["CreatedDate"])
                arn, number = version["LayerVersionArn"], version["Version"]
                yield search.found("layer version", f"{name}:{number}", arn, created)


def _queues(search: _Search) -> Iterator[Resource]:
    sqs = search.target.client("sqs")
    for url in search.pages("sqs", "list_queues", "QueueUrls", QueueNamePrefix=search.prefix):
        with tolerate(*QUEUE_GONE):
            name, tags = url.rsplit("/", 1)[-1], sqs.list_queue_tags(QueueUrl=url).get("Tags", {})
            if search.has_our_tags(name, tags):
                attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
                created = read_time(attributes["CreatedTimestamp"])
                note = f"about {attributes['ApproximateNumberOfMessages']} messages"
                yield search.found("queue", name, attributes["QueueArn"], created, note, tags=tags)


def _tables(search: _Search) -> Iterator[Resource]:
    dynamodb = search.target.client("dynamodb")
    for name in search.pages("dynamodb", "list_tables", "TableNames"):
        if search.is_ours(name):
            with tolerate(TABLE_GONE):
                table = dynamodb.describe_table(TableName=name)["Table"]
                arn, created = table["TableArn"], table["CreationDateTime"]
                tags = table_tags(search.target, arn)
                if search.has_our_tags(name, tags):
                    note = f"about {table['ItemCount']} items"
                    yield search.found("DynamoDB table", name, arn, created, note, tags=tags)


def _buckets(search: _Search) -> Iterator[Resource]:
    for bucket in search.pages("s3", "list_buckets", "Buckets"):
        name, arn = bucket["Name"], f"arn:aws:s3:::{bucket['Name']}"
        if search.is_ours(name) and search.has_our_tags(name, tags := bucket_tags(search.target, name)):
            note = _contents(search.target, name)
            yield search.found("bucket", name, arn, bucket["CreationDate"], note, tags=tags)


def _contents(target: Target, bucket: str) -> str:
    with tolerate("NoSuchBucket"):
        page = target.client("s3").list_object_versions(Bucket=bucket)
        versions = len(page.get("Versions", [])) + len(page.get("DeleteMarkers", []))
        return f"{'more than ' if page['IsTruncated'] else ''}{versions} object versions"
    return ""


def _roles(search: _Search) -> Iterator[Resource]:
    for role in search.pages("iam", "list_roles", "Roles"):
        name = role["RoleName"]
        if search.is_ours(name):
            with tolerate("NoSuchEntity"):
                tags = as_dict(search.target.client("iam").list_role_tags(RoleName=name)["Tags"])
                if search.has_our_tags(name, tags):
                    yield search.found("role", name, role["Arn"], role["CreateDate"], tags=tags)


def _policies(search: _Search) -> Iterator[Resource]:
    for policy in search.pages("iam", "list_policies", "Policies", Scope="Local"):
        name, arn = policy["PolicyName"], policy["Arn"]
        if search.is_ours(name) and search.has_our_tags(name, tags := policy_tags(search.target, arn)):
            note = f"attached to {policy['AttachmentCount']}" if policy["AttachmentCount"] else ""
            full, created = arn.partition(":policy/")[2], policy["CreateDate"]
            yield search.found("managed policy", full, arn, created, note, tags=tags, of=name)


def _log_groups(search: _Search) -> Iterator[Resource]:
    prefix = naming.log_group_name(search.prefix)
    groups = search.pages("logs", "describe_log_groups", "logGroups", logGroupNamePrefix=prefix)
    for group in groups:
        name = group["logGroupName"]
        if search.is_ours_by_function(name.removeprefix(naming.log_group_name(""))):
            created = read_time(group["creationTime"])
            note = f"{group.get('storedBytes', 0)} bytes, kept until it is deleted"
            yield search.found("log group", name, group["arn"], created, note)
    yield from api_log_groups(search)


KINDS: dict[str, Callable[[_Search], Iterator[Resource]]] = {
    "schedule": schedules,  # first what would invoke a function that is being deleted
    "event rule": event_rules,
    "topic": topics,
    "alarm": alarms,
    "data source": data_sources,  # its vectors are deleted with it, as long as index and role are there
    "knowledge base": knowledge_bases,
    "vector index": vector_indexes,
    "vector bucket": vector_buckets,
    "event source mapping": _event_source_mappings,
    "usage plan": usage_plans,  # before its stages
    "API key": api_keys,
    "REST API": rest_apis,
    "HTTP/WebSocket API": v2_apis,
    "user pool": user_pools,
    "API logging role": logging_role,  # an entry of the account's settings; the role itself is below
    "function": lambda search: iter(()),  # `inventory` has them already: other kinds depend on them
    "layer version": _layer_versions,
    "queue": _queues,
    "DynamoDB table": _tables,
    "bucket": _buckets,
    "role": _roles,
    "managed policy": _policies,  # IAM deletes none that a role has still
    "log group": _log_groups,
}
"""The kinds of things that the lab builds, in the order in which they can be deleted."""
