"""The same work by many at the same moment: the way to find out whether something can be done twice.

Each one has a thread, and all of them wait at a barrier until the last one is ready. Without it the first
would be done before the last has begun.
"""

from __future__ import annotations

import contextvars
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from botocore.exceptions import ClientError

from labsupport.target import Target
from labsupport.waiting import error_code

Answer = TypeVar("Answer")
STORED = "stored"


def at_once(count: int, work: Callable[[int], Answer]) -> list[Answer]:
    """Call `work(0)` to `work(count - 1)` at the same moment, and return what they returned, in this order.

    An exception of one of them is raised, when all are done (06_orders_api).
    """
    barrier = threading.Barrier(count)

    def run(number: int) -> Answer:
        barrier.wait(timeout=30)
        return work(number)

    with ThreadPoolExecutor(count) as threads:
        # The tape knows by the context whose calls these are.
        contexts = [contextvars.copy_context() for _ in range(count)]
        running = [threads.submit(context.run, run, number) for number, context in enumerate(contexts)]
        return [each.result() for each in running]


def put_at_once(target: Target, put: Mapping[str, Any], count: int) -> dict[str, int]:
    """Send one PutItem from `count` writers at the same moment (exercise 06.condition).

    What was there under the item's key is deleted first. Writer 7 adds `writer: 7` to the item. Whoever is
    told that the item is stored notes that in a second item, `<key>-told`, where the exercise's check looks.

    Args:
        target: where.
        put: PutItem's parameters, with DynamoDB's types. The item's only key attribute is `pk`.
        count: how many writers.

    Returns:
        how many of them were told what: "stored", or the code of an error.
    """
    client = target.client("dynamodb", max_pool_connections=count)
    table, key = put["TableName"], put["Item"]["pk"]["S"]
    told = {"pk": {"S": f"{key}-told"}}
    with target.tape.plumbing():
        for each in ({"pk": {"S": key}}, told):
            client.delete_item(TableName=table, Key=each)

    def write(number: int) -> str:
        item = {**put["Item"], "writer": {"N": str(number)}}
        try:
            client.put_item(**{**put, "Item": item})
        except ClientError as error:
            return error_code(error)
        with target.tape.plumbing():
            client.update_item(
                TableName=table,
                Key=told,
                UpdateExpression="ADD writers :me",
                ExpressionAttributeValues={":me": {"NS": [str(number)]}},
            )
        return STORED

    answers = at_once(count, write)
    return {answer: answers.count(answer) for answer in sorted(set(answers))}
