"""Make a thumbnail of every image that is uploaded under raw/.

S3 sends an event for each new object. raw/<path> in the source bucket becomes thumbnails/<path> in
TARGET_BUCKET: the same name in the same format, so no two images can share a thumbnail. S3 delivers an
event at least once. A second delivery writes the same bytes under the same key, so it does no harm.

An image that can't be used raises an error. Lambda then sends the event to the on-failure destination.
"""

import json
import os
import time
from urllib.parse import unquote_plus

import boto3
from thumbnail import ImageTooLarge, make_thumbnail

SOURCE_PREFIX = "raw/"
TARGET_PREFIX = "thumbnails/"
TARGET_BUCKET = os.environ["TARGET_BUCKET"]
MAX_OBJECT_BYTES = int(os.environ.get("MAX_OBJECT_BYTES", 20 * 1024 * 1024))
# A WebP of this size takes 800 MB while it is decoded, other formats less. So the function has 1,024 MB.
MAX_PIXELS = int(os.environ.get("MAX_PIXELS", 50_000_000))

# Created in the Init phase, once per execution environment. Every warm invocation uses it again.
s3 = boto3.client("s3")


class ThumbnailsFailed(Exception):
    """Several images came in one event, and some of them have no thumbnail."""


def handler(event: dict, context: object) -> dict:
    """Handle an S3 event. One bad image doesn't stop the others in the same event."""
    written, failed = [], []
    for record in event.get("Records", []):  # S3's test event has none
        bucket, key = find_object(record)
        try:
            if reason := why_skip(bucket, key):
                log(skipped=reason, bucket=bucket, key=key)
            else:
                written.append(write_thumbnail(bucket, key))
        except Exception as error:
            log(error=type(error).__name__, reason=str(error), bucket=bucket, key=key)
            failed.append((key, error))
    if failed:
        raise_failures(failed, len(event["Records"]))
    return {"thumbnails": written}


def find_object(record: dict) -> tuple[str, str]:
    """Return bucket and key. In an event the key is URL-encoded: "a b+c" arrives as "a+b%2Bc"."""
    return record["s3"]["bucket"]["name"], unquote_plus(record["s3"]["object"]["key"])


def why_skip(bucket: str, key: str) -> str | None:
    """Say why an object is none of our business, or return None."""
    if bucket == TARGET_BUCKET and key.startswith(TARGET_PREFIX):
        # Without this, one bucket for both would make thumbnails of thumbnails without end, and each
        # of them costs money.
        return "this is a thumbnail that I wrote myself"
    if not key.startswith(SOURCE_PREFIX):
        return f"the key is not under {SOURCE_PREFIX}"
    if key.endswith("/"):
        return "this is a folder"  # the S3 console makes an empty object for a new folder
    return None


def write_thumbnail(bucket: str, key: str) -> str:
    """Read one object, write its thumbnail, log one line, and return the thumbnail's key."""
    started = time.perf_counter()
    target_key = TARGET_PREFIX + key.removeprefix(SOURCE_PREFIX)
    data = read_object(bucket, key)
    thumbnail = make_thumbnail(data, MAX_PIXELS)
    s3.put_object(
        Bucket=TARGET_BUCKET, Key=target_key, Body=thumbnail.data, ContentType=thumbnail.content_type
    )
    log(
        key=key,
        target_key=target_key,
        source_size=thumbnail.source_size,
        target_size=thumbnail.size,
        bytes_in=len(data),
        bytes_out=len(thumbnail.data),
        ms=round((time.perf_counter() - started) * 1000),
    )
    return target_key


def read_object(bucket: str, key: str) -> bytes:
    """Download an object that fits into memory. Its size comes first, in the Content-Length header."""
    response = s3.get_object(Bucket=bucket, Key=key)
    with response["Body"] as body:
        size = response["ContentLength"]
        if size > MAX_OBJECT_BYTES:
            raise ImageTooLarge(f"the object has {size:,} bytes, the limit is {MAX_OBJECT_BYTES:,}")
        return body.read()


def raise_failures(failed: list[tuple[str, Exception]], record_count: int) -> None:
    """Fail the invocation, so that Lambda retries it and then tells the on-failure destination."""
    if record_count == 1:
        raise failed[0][1]  # its class is what Lambda reports as errorType
    reasons = "; ".join(f"{key}: {type(error).__name__}: {error}" for key, error in failed)
    raise ThumbnailsFailed(f"{len(failed)} of {record_count} objects failed: {reasons}")


def log(**fields: object) -> None:
    """Print one line of JSON, which CloudWatch Logs can search by field."""
    print(json.dumps(fields, ensure_ascii=False))
