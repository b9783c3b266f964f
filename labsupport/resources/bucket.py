"""S3 buckets and their event notifications.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/EventNotifications.html
"""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError

from labsupport.errors import DeployError
from labsupport.lost_answers import survives_lost_answers
from labsupport.resources.ownership import as_dict, as_list, require_ours
from labsupport.target import Target
from labsupport.waiting import error_code, retry_while, tolerate

GONE = ("NoSuchBucket", "404")
PERMISSION_SETTLES_SECONDS = 5
OBJECTS_PER_REQUEST = 1000
OBJECT_CREATED = ("s3:ObjectCreated:*",)


@survives_lost_answers
def deploy_bucket(target: Target, name: str, *, versioned: bool = False) -> str:
    """Create the bucket if there is none of this name, and return its name.

    Raises:
        DeployError: the name is taken by another AWS account, or by something that the lab didn't build.
    """
    s3 = target.client("s3")
    with target.tape.plumbing():
        try:
            s3.head_bucket(Bucket=name)
            require_ours(target, f"bucket {name}", bucket_tags(target, name))
        except ClientError as error:
            if error_code(error) == "403":
                raise _taken(name) from error
            if error_code(error) not in GONE:
                raise
            _create(target, name)
        wanted = "Enabled" if versioned else "Suspended"
        status = s3.get_bucket_versioning(Bucket=name).get("Status", "Suspended")
        if status != wanted:
            s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": wanted})
    return name


def bucket_tags(target: Target, name: str) -> dict[str, str]:
    """Return the bucket's tags; none at all are {}."""
    with tolerate("NoSuchTagSet", *GONE):
        return as_dict(target.client("s3").get_bucket_tagging(Bucket=name)["TagSet"])
    return {}


@survives_lost_answers
def notify_function(
    target: Target,
    bucket: str,
    function_arn: str,
    *,
    prefix: str,
    suffix: str = "",
    events: tuple[str, ...] = OBJECT_CREATED,
) -> None:
    """Invoke the function for new objects whose key begins with the prefix and ends with the suffix.

    S3 replaces the whole configuration at once, so the other notifications of the bucket are read and kept.

    Raises:
        botocore.exceptions.ClientError: InvalidArgument, where the function doesn't allow S3 to invoke it
            (`function.allow_invoke`).
    """
    s3 = target.client("s3")
    rules = [{"Name": "prefix", "Value": prefix}, {"Name": "suffix", "Value": suffix}]
    wanted = {
        "Id": f"{function_arn.rsplit(':', 1)[-1]} {prefix}*{suffix}",
        "LambdaFunctionArn": function_arn,
        "Events": list(events),
        "Filter": {"Key": {"FilterRules": [rule for rule in rules if rule["Value"]]}},
    }
    with target.tape.plumbing():
        configuration = notifications(target, bucket)
        functions = configuration.get("LambdaFunctionConfigurations", [])
        others = [function for function in functions if function.get("Id") != wanted["Id"]]
        configuration["LambdaFunctionConfigurations"] = [*others, wanted]
        # A permission that was added a moment ago may not be known to S3 yet.
        retry_while(
            lambda error: "validate the following destination" in str(error),
            lambda: s3.put_bucket_notification_configuration(
                Bucket=bucket, NotificationConfiguration=configuration
            ),
            timeout_seconds=PERMISSION_SETTLES_SECONDS,
            doing="waiting until S3 knows that it may invoke the function",
        )


def notifications(target: Target, bucket: str) -> dict[str, Any]:
    """Return the bucket's notification configuration, in the form in which S3 takes it back."""
    answer = target.client("s3").get_bucket_notification_configuration(Bucket=bucket)
    return {name: value for name, value in answer.items() if name != "ResponseMetadata"}


def clear_notifications(target: Target, bucket: str) -> None:
    """Stop all event notifications of the bucket."""
    with target.tape.plumbing(), tolerate(*GONE):
        target.client("s3").put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration={})


def empty_bucket(target: Target, name: str) -> int:
    """Delete all objects with all versions, delete markers and unfinished uploads. Return how many.

    Raises:
        DeployError: S3 refused to delete some of them.
    """
    s3 = target.client("s3")
    deleted = 0
    with target.tape.plumbing(), tolerate(*GONE):
        while uploads := s3.list_multipart_uploads(Bucket=name).get("Uploads", []):
            for upload in uploads:
                with tolerate("NoSuchUpload"):
                    s3.abort_multipart_upload(Bucket=name, Key=upload["Key"], UploadId=upload["UploadId"])
        # Always the first page: the marker of a next one would be a version that is deleted by then.
        while versions := _first_versions(target, name):
            answer = s3.delete_objects(Bucket=name, Delete={"Objects": versions, "Quiet": True})
            _require_no_errors(name, answer.get("Errors", []))
            deleted += len(versions)
    return deleted


def delete_bucket(target: Target, name: str) -> None:
    """Empty and delete the bucket. An object that arrives meanwhile is deleted too."""

    def empty_and_delete() -> None:
        empty_bucket(target, name)
        target.client("s3").delete_bucket(Bucket=name)

    with target.tape.plumbing(), tolerate(*GONE):
        retry_while(
            lambda error: error_code(error) == "BucketNotEmpty",
            empty_and_delete,
            timeout_seconds=20,
            doing=f"emptying the bucket {name}",
        )


def _create(target: Target, name: str) -> None:
    # The tags come with the bucket: a crash in between would leave one that nobody finds again.
    configuration: dict[str, Any] = {"Tags": as_list(target.tags())}
    if target.region != "us-east-1":
        configuration["LocationConstraint"] = target.region
    s3 = target.client("s3")
    try:
        s3.create_bucket(Bucket=name, CreateBucketConfiguration=configuration)
    except ClientError as error:
        if error_code(error) == "BucketAlreadyExists":
            raise _taken(name) from error
        raise
    s3.get_waiter("bucket_exists").wait(Bucket=name, WaiterConfig={"Delay": 1, "MaxAttempts": 30})


def _first_versions(target: Target, name: str) -> list[dict[str, str]]:
    page = target.client("s3").list_object_versions(Bucket=name, MaxKeys=OBJECTS_PER_REQUEST)
    found = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
    return [{"Key": version["Key"], "VersionId": version["VersionId"]} for version in found]


def _taken(name: str) -> DeployError:
    return DeployError(
        doing=f"creating the bucket {name}",
        cause="another AWS account has a bucket of this name. Bucket names are unique across all of AWS.",
        next_step="Set LAB_OWNER to another name, and restart the kernel.",
    )


def _require_no_errors(name: str, errors: list[dict[str, str]]) -> None:
    if errors:
        first = errors[0]
        raise DeployError(
            doing=f"emptying the bucket {name}",
            cause=f"S3 refused to delete {len(errors)} objects, the first being {first.get('Key')!r}: "
            f"{first.get('Code')} {first.get('Message')}",
            next_step="Check the bucket's policy and object locks, then run it again.",
        )
