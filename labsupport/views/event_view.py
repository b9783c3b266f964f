"""An S3 event field by field, with what each field says (notebook 05_s3_thumbnails).

https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from labsupport.views.table import Table

MEANINGS = {
    "eventVersion": "format of the record; accept the same major number, and this minor one or a later",
    "eventSource": "the service that sent it",
    "awsRegion": "Region of the bucket",
    "eventTime": "when S3 had stored the object, in UTC",
    "eventName": "what happened, and by which request",
    "userIdentity.principalId": "who uploaded",
    "requestParameters.sourceIPAddress": "from where",
    "responseElements.x-amz-request-id": "S3's id of the upload request",
    "responseElements.x-amz-id-2": "a second id of it, for AWS Support",
    "s3.s3SchemaVersion": "format of the fields below",
    "s3.configurationId": "Id of the notification that sent it",
    "s3.bucket.name": "the bucket. The handler reads this",
    "s3.bucket.ownerIdentity.principalId": "who owns the bucket",
    "s3.bucket.arn": "the bucket, as policies name it",
    "s3.object.key": "the key, URL-encoded. The handler reads this",
    "s3.object.size": "bytes",
    "s3.object.eTag": "changes with the object's content",
    "s3.object.versionId": "version, in a versioned bucket",
    "s3.object.sequencer": "tells which event of the same key is the later one",
}


def event_table(event: Mapping[str, Any]) -> Table:
    """Show the first record of an S3 event, one row for each field that is in it."""
    records = event["Records"]
    rows = [(name, value, MEANINGS.get(name, "")) for name, value in _fields(records[0])]
    count = f"{len(records)} record{'' if len(records) == 1 else 's'} in this event."
    return Table(["Field", "Value", "What it says"], rows, caption=count)


def _fields(record: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in record.items():
        if isinstance(value, Mapping):
            yield from _fields(value, f"{prefix}{name}.")
        else:
            yield prefix + name, value
