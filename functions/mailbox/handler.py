"""Look for a message in a queue: waiting for an answer from the network, and nothing else."""

import os

import boto3

sqs = boto3.client("sqs")  # in the Init phase: once for each execution environment
queue_url = os.environ["QUEUE_URL"]


def handler(event: dict, context: object) -> dict:
    """Wait until a message is there, but not longer than the event says. Return how many came."""
    answer = sqs.receive_message(QueueUrl=queue_url, WaitTimeSeconds=event["wait_seconds"])
    return {"messages": len(answer.get("Messages", []))}
