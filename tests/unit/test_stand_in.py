"""The stand-in: what a conversation asks for, and what is written."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest

from labsupport.localcloud.models import prompt, tools
from labsupport.localcloud.models.chat import (
    ChatRequest,
    End,
    Message,
    Text,
    TextDelta,
    Tool,
    ToolResult,
    ToolUse,
    ToolUseDelta,
    ToolUseStart,
)
from labsupport.localcloud.models.stand_in import CANNOT, TOKENS_PER_SECOND, StandIn

FILES = Path(__file__).parents[1] / "files" / "summaries"
ENGLISH, VIETNAMESE = (
    tomllib.loads((FILES / f"{name}.toml").read_text(encoding="utf-8"))["text"].strip()
    for name in ("en-1-library", "vi-3-benhvien")
)
PROPERTIES = {"orderId": {"type": "string"}, "amount": {"type": "number"}}
REFUND = Tool(
    "refund",
    "Pay money back to a customer",
    {
        "type": "object",
        "properties": {**PROPERTIES, "reason": {"type": "string", "enum": ["damaged", "late"]}},
        "required": ["orderId", "amount"],
    },
)
ORDER = Tool(
    "get_order_status",
    "Look up the status of an order",
    {"type": "object", "properties": {"order_id": {"type": "string"}}, "required": ["order_id"]},
)
WEATHER = Tool(
    "get_weather",
    "The weather of a city on a day",
    {
        "type": "object",
        "properties": {
            "city": {"type": "string"},
            "date": {"type": "string", "format": "date"},
            "days": {"type": "integer"},
        },
        "required": ["city"],
    },
)


def asked(*texts: str | Text, system: str = "", **more: Any) -> ChatRequest:
    blocks = [Text(each) if isinstance(each, str) else each for each in texts]
    return ChatRequest([Message("user", blocks)], system=system, **more)


def answer(request: ChatRequest) -> tuple[str, End]:
    *events, end = StandIn(temperature=0, top_p=1, pause=lambda _seconds: None).answer(request)
    assert isinstance(end, End)
    return "".join(event.text for event in events if isinstance(event, TextDelta)), end


@pytest.mark.parametrize(
    ("request_", "number", "bullets"),
    [
        (asked(f"Summarise in one sentence:\n\n{ENGLISH}"), 1, False),
        (asked(f"Summarize this text in 3 bullet points: {ENGLISH}"), 3, True),
        (asked(f"{ENGLISH}\n\nTL;DR?"), 3, False),
        (asked("Give me the two key points.", Text(ENGLISH, "notes")), 2, True),
        (asked(ENGLISH, system="You summarise what you are given in four sentences."), 4, False),
        (asked(f"Summarise in 40 words.\n<text>{ENGLISH}</text>"), 2, False),
        (asked(f"Tóm tắt văn bản sau trong hai câu:\n{VIETNAMESE}"), 2, False),
        (asked(f"Hãy tóm tắt thành 3 gạch đầu dòng.\n\n{VIETNAMESE}"), 3, True),
    ],
)
def test_a_wish_for_a_summary_is_understood(request_: ChatRequest, number: int, bullets: bool) -> None:
    found = prompt.read(request_)
    assert isinstance(found, prompt.Summary) and (found.sentences, found.bullets) == (number, bullets)
    assert found.text.strip() in (ENGLISH, VIETNAMESE)


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        (
            asked(f"Answer using only this text.\n\n{ENGLISH}\n\nQuestion: Who is the head librarian?"),
            "Okafor",
        ),
        (asked(f"<document>{ENGLISH}</document>\nHow much did the lock and cameras cost?"), "41,000 euros"),
        (asked("How many books were missing?", Text(ENGLISH, "notes")), "19 books"),
        (asked(f"{VIETNAMESE}\n\nBao nhiêu người bệnh đến mà không có lịch hẹn?"), "22%"),
        (asked(f"Context:\n{ENGLISH}\n\nWhat is the capital of France?"), "doesn't say that"),
        (asked(f"{VIETNAMESE}\n\nThủ đô của nước Pháp là gì?"), "không nói điều đó"),
    ],
)
def test_a_question_is_answered_from_the_text(request_: ChatRequest, words: str) -> None:
    assert words in answer(request_)[0]


def test_a_question_about_an_earlier_text_is_answered() -> None:
    turns = [Message("user", [Text(f"Summarise:\n\n{ENGLISH}")]), Message("assistant", [Text("Well.")])]
    found, _ = answer(ChatRequest([*turns, Message("user", [Text("How many books were missing?")])]))
    assert "19 books" in found


@pytest.mark.parametrize("text", ["Hello", "Write a poem about the sea.", "What is the capital of France?"])
def test_everything_else_is_refused(text: str) -> None:
    assert answer(asked(text))[0] == CANNOT


@pytest.mark.parametrize(
    ("text", "name", "found"),
    [
        ("Where is my order A-1042?", "get_order_status", {"order_id": "A-1042"}),
        ("What's the status of order 77?", "get_order_status", {"order_id": "77"}),
        (
            "Please refund 25.50 for order B77, it came late",
            "refund",
            {"orderId": "B77", "amount": 25.5, "reason": "late"},
        ),
        (
            "What will the weather in Ha Noi be on 2026-12-01?",
            "get_weather",
            {"city": "Ha Noi", "date": "2026-12-01"},
        ),
        ("Weather for 'da nang' for 3 days", "get_weather", {"city": "da nang", "days": 3}),
    ],
)
def test_a_tool_and_its_arguments_are_found(text: str, name: str, found: dict[str, Any]) -> None:
    *events, end = StandIn(temperature=0, top_p=1, pause=lambda _seconds: None).answer(
        asked(text, tools=[REFUND, ORDER, WEATHER])
    )
    start = events[0]
    assert isinstance(start, ToolUseStart) and start.name == name
    assert json.loads("".join(each.json for each in events if isinstance(each, ToolUseDelta))) == found
    assert isinstance(end, End) and end.stop_reason == "tool_use"


def test_what_a_request_does_not_say_is_asked_for() -> None:
    text, end = answer(asked("I want a refund.", tools=[REFUND, ORDER]))
    assert text == "To use refund I need orderId and amount. Your request doesn't say it."
    assert end.stop_reason == "end_turn"


def test_no_tool_is_used_that_does_not_fit_unless_it_must() -> None:
    assert answer(asked("Tell me a joke.", tools=[REFUND, ORDER]))[0] == CANNOT
    forced = asked("Tell me a joke.", tools=[REFUND, ORDER], tool_choice="tool:refund")
    assert answer(forced)[1].stop_reason == "tool_use"


@pytest.mark.parametrize(("choice", "reason"), [("auto", "end_turn"), ("any", "tool_use")])
def test_who_must_use_a_tool_asks_for_one_again_after_its_result(choice: str, reason: str) -> None:
    turns = [
        Message("user", [Text("Where is my order A-1042?")]),
        Message("assistant", [ToolUse("t1", "get_order_status", {"order_id": "A-1042"})]),
        Message("user", [ToolResult("t1", [{"status": "shipped"}])]),
    ]
    text, end = answer(ChatRequest(turns, tools=[ORDER], tool_choice=choice))
    assert end.stop_reason == reason
    assert ("shipped" in text) == (choice == "auto")


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ('If the text doesn\'t say it, answer "NOT IN THE NOTES".', "NOT IN THE NOTES"),
        ("If there is no answer in the text, say “I don't know”.", "I don't know"),
        ('Answer "briefly".', "The given text doesn't say that."),
    ],
)
def test_a_request_can_say_what_to_answer_otherwise(rule: str, said: str) -> None:
    prompt = f"{rule}\n\n<text>\n{ENGLISH}\n</text>\n\nQuestion: "
    assert answer(asked(f"{prompt}What is the capital of France?"))[0] == said
    assert "19 books" in answer(asked(f"{prompt}How many books were missing?"))[0]


def test_a_result_becomes_a_sentence() -> None:
    results = [
        ToolResult("a", [{"status": "shipped", "late": False, "items": [{"n": 1}, {"n": 2}], "tags": []}]),
        ToolResult("b", ["no such order."], failed=True),
    ]
    assert tools.report(results, {"a": "find", "b": "refund"}) == (
        "The tool find answered: status: shipped; late: no; items 1.n: 1; items 2.n: 2; tags: none. "
        "The tool refund failed: no such order."
    )


def test_it_writes_at_its_own_pace() -> None:
    pauses: list[float] = []
    events = list(StandIn(temperature=0, top_p=1, pause=pauses.append).answer(asked("Hello")))
    assert len(pauses) == len(events) - 1
    assert pauses[-1] == pytest.approx(len(pauses) / TOKENS_PER_SECOND, abs=0.02)
