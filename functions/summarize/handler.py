"""Summarise every text that is uploaded under texts/.

S3 sends an event for each new object. texts/<path> becomes summaries/<path>.summary.json, with what it cost,
and summaries/<path>.summary.txt, both in the same bucket. S3 delivers an event at least once. A second
delivery writes under the same keys, with temperature 0, so it does no harm.

A text that can't be used is logged and done with: trying it again would not help. Everything else raises an
error, and Lambda tries the event again.
"""

import json
import os
import time
from urllib.parse import unquote_plus

import boto3
from botocore.config import Config
from chunks import PARAGRAPH, join, split

SOURCE_PREFIX = "texts/"
TARGET_PREFIX = "summaries/"
MODEL_ID = os.environ["MODEL_ID"]
# US dollars for a million tokens, such as {"input": 0.035, "output": 0.14}.
PRICES = json.loads(os.environ.get("PRICES", "{}"))
MAX_OBJECT_BYTES = int(os.environ.get("MAX_OBJECT_BYTES", 1024 * 1024))
CHUNK_CHARACTERS = int(os.environ.get("CHUNK_CHARACTERS", 12_000))
MAX_ATTEMPTS = int(os.environ.get("MAX_ATTEMPTS", 5))
MAX_TOKENS = 400
INSTRUCTION = "Summarise the text in three sentences, in the language that it is written in."

# Created in the Init phase. In standard mode botocore waits longer after each throttled attempt, by a random
# time: many functions that were throttled together don't come back together.
s3 = boto3.client("s3")
bedrock = boto3.client(
    "bedrock-runtime", config=Config(retries={"mode": "standard", "total_max_attempts": MAX_ATTEMPTS})
)


class UnusableText(Exception):
    """The object will never have a summary, however often it is tried."""


class SummariesFailed(Exception):
    """Several texts came in one event, and some of them have no summary."""


def handler(event: dict, context: object) -> dict:
    """Handle an S3 event. One bad text doesn't stop the others in the same event."""
    written, failed = [], []
    for record in event.get("Records", []):  # S3's test event has none
        bucket, key = find_object(record)
        try:
            if reason := why_skip(key):
                log(skipped=reason, bucket=bucket, key=key)
            else:
                written.append(write_summary(bucket, key))
        except UnusableText as error:
            log(refused=str(error), bucket=bucket, key=key)
        except Exception as error:
            log(error=type(error).__name__, reason=str(error), bucket=bucket, key=key)
            failed.append((key, error))
    if failed:
        raise_failures(failed)
    return {"summaries": written}


def find_object(record: dict) -> tuple[str, str]:
    """Return bucket and key. In an event the key is URL-encoded: "a b+c" arrives as "a+b%2Bc"."""
    return record["s3"]["bucket"]["name"], unquote_plus(record["s3"]["object"]["key"])


def why_skip(key: str) -> str | None:
    """Say why an object is none of our business, or return None."""
    if key.startswith(TARGET_PREFIX):
        # Without this, a notification without a prefix would make summaries of summaries without end,
        # and each of them costs money.
        return "this is a summary that I wrote myself"
    if not key.startswith(SOURCE_PREFIX):
        return f"the key is not under {SOURCE_PREFIX}"
    if key.endswith("/"):
        return "this is a folder"  # the S3 console makes an empty object for a new folder
    return None


def write_summary(bucket: str, key: str) -> str:
    """Read one text, write its summary, log one line with its cost, and return the summary's key."""
    started = time.perf_counter()
    text = read_text(bucket, key)
    parts = split(text, CHUNK_CHARACTERS)
    usage = {"inputTokens": 0, "outputTokens": 0}
    summary = summarise_all(parts, usage)
    report = {
        "source": key,
        "summary": summary,
        "model": MODEL_ID,
        "characters": len(text),
        "parts": len(parts),
        **usage,
        "dollars": cost(usage),
    }
    target_key = f"{TARGET_PREFIX}{key.removeprefix(SOURCE_PREFIX)}.summary"
    body = json.dumps(report, ensure_ascii=False, indent=2).encode()
    put(bucket, f"{target_key}.txt", f"{summary}\n".encode(), "text/plain; charset=utf-8")
    put(bucket, f"{target_key}.json", body, "application/json")
    del report["summary"]  # a log is kept for long, and read by many
    log(target_key=f"{target_key}.json", ms=round((time.perf_counter() - started) * 1000), **report)
    return f"{target_key}.json"


def read_text(bucket: str, key: str) -> str:
    """Download a text that fits into memory. Its size comes first, in the Content-Length header."""
    response = s3.get_object(Bucket=bucket, Key=key)
    with response["Body"] as body:
        size = response["ContentLength"]
        if size > MAX_OBJECT_BYTES:
            raise UnusableText(f"the object has {size:,} bytes, the limit is {MAX_OBJECT_BYTES:,}")
        data = body.read()
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UnusableText("the object is not UTF-8 text") from None
    if "\0" in text:
        raise UnusableText("the object is not text: it has zero bytes")
    if not text.strip():
        raise UnusableText("the object is empty")
    return text


def summarise_all(parts: list[str], usage: dict) -> str:
    """Summarise each part, then the summaries, until there is one."""
    while len(parts) > 1:
        summaries = [summarise(part, usage) for part in parts]
        # Two neighbours always fit, so each round leaves half as many, whatever the model writes.
        two = 2 * max(map(len, summaries)) + len(PARAGRAPH)
        parts = join(summaries, PARAGRAPH, max(CHUNK_CHARACTERS, two))
    return summarise(parts[0], usage)


def summarise(text: str, usage: dict) -> str:
    """Ask the model for a summary, and add up the tokens."""
    answer = bedrock.converse(
        modelId=MODEL_ID,
        system=[{"text": INSTRUCTION}],
        # In tags, so that the model doesn't take a sentence of the text for an instruction.
        messages=[{"role": "user", "content": [{"text": f"<text>\n{text}\n</text>"}]}],
        inferenceConfig={"maxTokens": MAX_TOKENS, "temperature": 0},
    )
    for name in usage:
        usage[name] += answer["usage"][name]
    return "".join(block.get("text", "") for block in answer["output"]["message"]["content"]).strip()


def cost(usage: dict) -> float | None:
    """Return US dollars, or None when nobody told the prices."""
    if not PRICES:
        return None
    dollars = usage["inputTokens"] * PRICES["input"] + usage["outputTokens"] * PRICES["output"]
    return round(dollars / 1_000_000, 9)


def put(bucket: str, key: str, body: bytes, content_type: str) -> None:
    """Write an object."""
    s3.put_object(Bucket=bucket, Key=key, Body=body, ContentType=content_type)


def raise_failures(failed: list[tuple[str, Exception]]) -> None:
    """Raise the only error as it is, or one that names all of them. Lambda tries the event again."""
    if len(failed) == 1:
        raise failed[0][1]
    raise SummariesFailed("; ".join(f"{key}: {type(error).__name__}: {error}" for key, error in failed))


def log(**fields: object) -> None:
    """Write one line of JSON."""
    print(json.dumps(fields, ensure_ascii=False))
