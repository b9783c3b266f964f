"""Creates its client inside the handler: in every invocation."""

import boto3


def handler(event: dict, context: object) -> str:
    """Answer, with a client of this invocation's own."""
    s3 = boto3.client("s3")
    return f"done, with {type(s3).__name__}"
