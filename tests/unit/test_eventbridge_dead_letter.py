"""https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html"""

from __future__ import annotations

import pytest

from labsupport.localcloud.rules.eventbridge_dead_letter import is_usable

RULE = "arn:aws:events:eu-west-1:123456789012:rule/r"


@pytest.mark.parametrize(
    "queue", ["arn:aws:sqs:eu-west-1:123456789012:q", "arn:aws:sqs:eu-west-1:210987654321:q"]
)
def test_a_standard_queue_in_the_rules_region_may_be_in_another_account(queue: str) -> None:
    assert is_usable(queue, RULE)


@pytest.mark.parametrize(
    "queue",
    [
        "arn:aws:sqs:eu-west-1:123456789012:q.fifo",
        "arn:aws:sqs:us-east-1:123456789012:q",
        "arn:aws:sns:eu-west-1:123456789012:t",
        "q",
    ],
)
def test_no_other_queue_can_be_a_rules_dead_letter_queue(queue: str) -> None:
    assert not is_usable(queue, RULE)
