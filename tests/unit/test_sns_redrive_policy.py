"""https://docs.aws.amazon.com/sns/latest/dg/sns-dead-letter-queues.html"""

from __future__ import annotations

import json

import pytest

from labsupport.localcloud.rules.sns_redrive_policy import dead_letter_queue, problem

TOPIC, FIFO_TOPIC = (f"arn:aws:sns:eu-west-1:123456789012:{name}" for name in ("t", "t.fifo"))
QUEUE, FIFO_QUEUE = (f"arn:aws:sqs:eu-west-1:123456789012:{name}" for name in ("q", "q.fifo"))


def policy(queue: str) -> str:
    return json.dumps({"deadLetterTargetArn": queue})


@pytest.mark.parametrize(
    ("topic", "endpoint", "queue"),
    [(TOPIC, QUEUE, QUEUE), (FIFO_TOPIC, FIFO_QUEUE, FIFO_QUEUE), (FIFO_TOPIC, QUEUE, QUEUE)],
)
def test_a_subscription_may_have_this_dead_letter_queue(topic: str, endpoint: str, queue: str) -> None:
    assert problem(policy(queue), topic, endpoint) is None
    assert dead_letter_queue(policy(queue)) == queue


def test_an_empty_policy_takes_the_queue_away() -> None:
    assert problem("", TOPIC, QUEUE) is None and dead_letter_queue("") is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "parse"),
        ('"a queue"', "parse"),
        ("{}", "is missing"),
        ('{"deadLetterTargetArn": null}', "is not the ARN"),
        (policy("q"), "is not the ARN"),
        (policy(TOPIC), "is not the ARN"),
        (policy(QUEUE.replace("eu-west-1", "us-east-1")), "Region"),
        (policy(QUEUE.replace("123456789012", "210987654321")), "account"),
        (policy(FIFO_QUEUE), "standard queue"),
        ('{"deadLetterTargetArn": "q", "maxReceiveCount": 3}', "maxReceiveCount is unknown"),
    ],
)
def test_a_subscription_to_a_standard_topic_may_not_have_this_policy(text: str, words: str) -> None:
    assert words in str(problem(text, TOPIC, QUEUE))


def test_a_fifo_queue_that_is_subscribed_to_a_fifo_topic_needs_a_fifo_queue() -> None:
    assert "FIFO queue" in str(problem(policy(QUEUE), FIFO_TOPIC, FIFO_QUEUE))
