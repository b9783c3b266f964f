"""Write events as application/vnd.amazon.eventstream, the format in which AWS streams answers.

A message is its length, the headers' length, a CRC-32 of both; the headers; the payload; a CRC-32 of it all.
botocore reads this format, and has nothing that writes it.

https://docs.aws.amazon.com/transcribe/latest/dg/streaming-setting-up.html
"""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Mapping
from typing import Any

CONTENT_TYPE = "application/vnd.amazon.eventstream"
STRING = 7  # the header type of a text


def event(kind: str, content: Mapping[str, Any]) -> bytes:
    """Return an event as bytes."""
    return _message(
        {":event-type": kind, ":content-type": "application/json", ":message-type": "event"}, content
    )


def exception(kind: str, content: Mapping[str, Any]) -> bytes:
    """Return an error in the middle of a stream as bytes."""
    headers = {":exception-type": kind, ":content-type": "application/json", ":message-type": "exception"}
    return _message(headers, content)


def _message(headers: Mapping[str, str], content: Mapping[str, Any]) -> bytes:
    payload = json.dumps(content, ensure_ascii=False).encode(errors="replace")
    encoded = b"".join(_header(name, value) for name, value in headers.items())
    prelude = struct.pack(">II", 16 + len(encoded) + len(payload), len(encoded))
    message = prelude + struct.pack(">I", zlib.crc32(prelude)) + encoded + payload
    return message + struct.pack(">I", zlib.crc32(message))


def _header(name: str, value: str) -> bytes:
    key, text = name.encode(), value.encode()
    return struct.pack(">B", len(key)) + key + struct.pack(">BH", STRING, len(text)) + text
