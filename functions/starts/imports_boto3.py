"""Imports boto3, and doesn't use it."""

import boto3  # noqa: F401


def handler(event: dict, context: object) -> str:
    """Answer."""
    return "done"
