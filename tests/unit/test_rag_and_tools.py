"""The loop around tools, the answer from passages, and the views of notebook 10. No model is asked."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from labsupport.grounded_answer import NOT_SAID, grounded_answer
from labsupport.ingestion_job import job_table
from labsupport.text_vectors import vectors_of
from labsupport.tool_loop import MOST_REQUESTS, converse_with_tools, tool_spec
from labsupport.views.citation_table import citation_table, passage_row
from labsupport.views.conversation_table import conversation_table

USE = {"toolUse": {"toolUseId": "t1", "name": "get_order", "input": {"order_id": "17"}}}
DONE = {"text": "It is shipped."}


class Bedrock:
    """Says what it is told to say, the last thing again and again, and keeps what it was asked."""

    def __init__(self, *says: dict[str, Any]) -> None:
        self.says = list(says)
        self.asked: list[dict[str, Any]] = []

    def converse(self, **request: Any) -> dict[str, Any]:
        self.asked.append(json.loads(json.dumps(request)))
        block = self.says.pop(0) if len(self.says) > 1 else self.says[0]
        message = {"role": "assistant", "content": [block]}
        return {"output": {"message": message}, "usage": {"inputTokens": 7}}

    def invoke_model(self, **request: Any) -> dict[str, Any]:
        size = len(json.loads(request["body"])["inputText"])
        return {"body": io.BytesIO(json.dumps({"embedding": [size, 1.0]}).encode())}


def shipped(name: str, values: Any) -> tuple[Any, bool]:
    return {"name": name, "status": "shipped", **values}, True


def test_a_tool_is_run_and_its_result_handed_over() -> None:
    bedrock = Bedrock(USE, DONE)
    messages = converse_with_tools(bedrock, shipped, ask="Where is order 17?", modelId="m")
    assert [message["role"] for message in messages] == ["user", "assistant", "user", "assistant"]
    result = messages[2]["content"][0]["toolResult"]
    assert result == {
        "toolUseId": "t1",
        "content": [{"json": {"name": "get_order", "status": "shipped", "order_id": "17"}}],
        "status": "success",
    }
    assert [len(asked["messages"]) for asked in bedrock.asked] == [1, 3]
    assert bedrock.asked[0]["modelId"] == "m"


def test_a_tool_that_fails_is_an_error_for_the_model() -> None:
    messages = converse_with_tools(Bedrock(USE, DONE), lambda *_: ("no such order", False), ask="?")
    result = messages[2]["content"][0]["toolResult"]
    assert (result["status"], result["content"]) == ("error", [{"json": {"answer": "no such order"}}])


@pytest.mark.parametrize(("most", "sent"), [(1, 1), (3, 3), (MOST_REQUESTS + 9, MOST_REQUESTS)])
def test_a_conversation_without_an_end_is_cut_off(most: int, sent: int) -> None:
    bedrock = Bedrock(USE)
    messages = converse_with_tools(bedrock, shipped, ask="?", go_on=lambda requests: requests < most)
    assert len(bedrock.asked) == sent
    assert messages[-1] == {"role": "assistant", "content": [USE]}


@pytest.mark.parametrize(
    ("said", "text"), [("Set it to 0. ", "Set it to 0."), (NOT_SAID, None), (f'"{NOT_SAID.title()}".', None)]
)
def test_what_the_passages_do_not_say_is_no_answer(said: str, text: str | None) -> None:
    bedrock = Bedrock({"text": said})
    answer = grounded_answer(bedrock, "m", "How?", ["One.", "Two."])
    assert (answer.text, answer.input_tokens) == (text, 7)
    prompt = bedrock.asked[0]["messages"][0]["content"][0]["text"]
    assert "<text>\nOne.\n\nTwo.\n</text>" in prompt and prompt.endswith("Question: How?")


def test_vectors_come_in_the_order_of_their_texts() -> None:
    texts: Sequence[str] = ["a" * number for number in range(1, 40)]
    assert np.array_equal(vectors_of(Bedrock(DONE), texts)[:, 0], np.arange(1, 40))


def test_a_conversation_is_shown_block_by_block() -> None:
    messages = converse_with_tools(Bedrock(USE, {"text": "x" * 900}), shipped, ask="Where?")
    rows = conversation_table(messages).rows
    assert [row[0] for row in rows] == [1, 2, 3, 4]
    assert [row[3] for row in rows] == ["text", "toolUse", "toolResult: success", "text"]
    assert rows[1][4] == 'get_order {"order_id": "17"}'
    assert rows[2][1] == "program → model" and '"status": "shipped"' in str(rows[2][4])
    assert str(rows[3][4]).endswith("x…")


def test_an_answer_stands_beside_its_passage() -> None:
    answer: dict[str, Any] = {
        "output": {"text": "Set it to 0."},
        "citations": [
            {
                "generatedResponsePart": {"textResponsePart": {"text": "Set it to 0."}},
                "retrievedReferences": [
                    {
                        "content": {"text": "Reserved. Set it to 0."},
                        "location": {"s3Location": {"uri": "s3://bucket/notes/en/concurrency.md"}},
                    }
                ],
            }
        ],
    }
    assert citation_table(answer).rows == [
        ("Set it to 0.", "Reserved. Set it to 0.", "notes/en/concurrency.md")
    ]
    [found] = answer["citations"][0]["retrievedReferences"]
    assert passage_row(found | {"score": 0.3679}) == (
        "0.37",
        "notes/en/concurrency.md",
        "Reserved. Set it to 0.",
    )
    without = citation_table({**answer, "citations": []})
    assert without.rows == [("Set it to 0.", None, None)] and without.caption == "No citation."


def test_a_job_is_shown_with_its_first_reason_and_how_many_are_like_it() -> None:
    job = {"status": "FAILED", "statistics": {"numberOfDocumentsScanned": 0}, "failureReasons": ["no", "no"]}
    table = job_table(job)
    assert list(table.rows) == [("status", "FAILED"), ("failureReasons", "no")]
    assert table.caption.startswith("1 more")
    done = {
        "status": "COMPLETE",
        "statistics": {"numberOfDocumentsScanned": 30, "numberOfDocumentsFailed": 0},
    }
    assert list(job_table(done).rows)[1:] == [("numberOfDocumentsScanned", 30)]
    assert job_table(done).caption == ""


def test_a_tool_is_described_as_converse_takes_it() -> None:
    spec = tool_spec("get_order", "Get one order", order_id="The order's id")["toolSpec"]
    assert (spec["name"], spec["description"]) == ("get_order", "Get one order")
    assert spec["inputSchema"]["json"] == {
        "type": "object",
        "properties": {"order_id": {"type": "string", "description": "The order's id"}},
        "required": ["order_id"],
    }
