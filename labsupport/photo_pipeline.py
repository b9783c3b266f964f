"""Notebook 05's pipeline from the outside: put a photo in at one end, wait for what comes out at the other.

What came out is asked of the cloud: a thumbnail in the target bucket, or the line that the function logged
when it refused the photo.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any

from labsupport.errors import LabError
from labsupport.logs import read_log_events
from labsupport.target import Target
from labsupport.waiting import tolerate, wait_until


@dataclass(frozen=True)
class PhotoPipeline:
    """Two buckets with the thumbnail function between them.

    Attributes:
        source_bucket, target_bucket, function: full names.
        folder: of the photos, below raw/ in one bucket and below thumbnails/ in the other.
    """

    target: Target
    source_bucket: str
    target_bucket: str
    function: str
    folder: str

    def make_thumbnail(self, name: str, data: bytes, *, timeout_seconds: float = 60) -> bytes:
        """Upload a photo, wait, and return its thumbnail.

        Raises:
            LabError: the function refused the photo, or there was no thumbnail within the time.
        """
        uploaded = self._upload(name, data)
        thumbnail, refusal = wait_until(
            lambda: self._outcome(name, uploaded),
            doing=f"waiting for the thumbnail of {name}",
            timeout_seconds=timeout_seconds,
            next_step=f"Look at the log: lab.logs({self.function!r}).",
        )
        if refusal:
            raise LabError(
                doing=f"making a thumbnail of {name}",
                cause=f"the function refused it. {refusal['error']}: {refusal['reason'].rstrip('.')}.",
                next_step="The photo is in the source bucket, and its event in the on-failure destination.",
            )
        return thumbnail

    def _upload(self, name: str, data: bytes) -> datetime:
        """Return when S3 took the photo, by S3's clock, in whole seconds."""
        with self.target.tape.plumbing():
            answer = self.target.client("s3").put_object(
                Bucket=self.source_bucket, Key=f"raw/{self.folder}/{name}", Body=data
            )
        return parsedate_to_datetime(answer["ResponseMetadata"]["HTTPHeaders"]["date"])

    def _outcome(self, name: str, uploaded: datetime) -> tuple[bytes, dict[str, Any]] | None:
        """Return the thumbnail and {}, or b"" and the function's refusal; None while there is neither."""
        with self.target.tape.plumbing(), tolerate("NoSuchKey"):
            answer = self.target.client("s3").get_object(
                Bucket=self.target_bucket, Key=f"thumbnails/{self.folder}/{name}"
            )
            if answer["LastModified"] >= uploaded:
                return answer["Body"].read(), {}
        refusal = self._refusal(f"raw/{self.folder}/{name}", uploaded)
        return (b"", refusal) if refusal else None

    def _refusal(self, key: str, uploaded: datetime) -> dict[str, Any] | None:
        events = read_log_events(self.target, self.function, since=uploaded)
        lines = (_as_json(event.message) for event in reversed(events))
        return next((line for line in lines if line.get("key") == key and "error" in line), None)


def _as_json(line: str) -> dict[str, Any]:
    try:
        fields = json.loads(line)
    except ValueError:
        return {}
    return fields if isinstance(fields, dict) else {}
