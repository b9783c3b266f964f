"""functions/summarize: what it reads, what it refuses, and what it tells of its cost."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import quote_plus

import pytest
from botocore.exceptions import ClientError
from botocore.response import StreamingBody

FUNCTION_DIR = Path(__file__).parents[2] / "functions" / "summarize"
THROTTLED = ClientError({"Error": {"Code": "ThrottlingException", "Message": "wait"}}, "Converse")


class FakeS3:
    """Keep objects in a dict."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}

    def get_object(self, *, Bucket: str, Key: str) -> dict[str, Any]:
        data = self.objects[Key]
        return {"ContentLength": len(data), "Body": StreamingBody(io.BytesIO(data), len(data))}

    def put_object(self, *, Bucket: str, Key: str, Body: bytes, ContentType: str) -> None:
        self.objects[Key] = Body


class FakeBedrock:
    """Answer with the first word of the text; ten tokens in, two out."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.error: Exception | None = None

    def converse(self, *, messages: list[dict[str, Any]], **_settings: Any) -> dict[str, Any]:
        if self.error:
            raise self.error
        text = messages[0]["content"][0]["text"].removeprefix("<text>\n").removesuffix("\n</text>")
        self.texts.append(text)
        content = [{"text": f"{text.split()[0]}."}]
        return {"output": {"message": {"content": content}}, "usage": {"inputTokens": 10, "outputTokens": 2}}


@pytest.fixture(scope="module")
def module() -> Any:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(FUNCTION_DIR)
        patch.setenv("MODEL_ID", "amazon.nova-micro-v1:0")
        patch.setenv("PRICES", '{"input": 0.035, "output": 0.14}')
        patch.setenv("MAX_OBJECT_BYTES", "5000")
        patch.setenv("CHUNK_CHARACTERS", "100")
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        patch.delenv("AWS_PROFILE", raising=False)
        import handler

        yield handler
    for name in ("handler", "chunks"):
        del sys.modules[name]


@pytest.fixture
def function(module: ModuleType) -> ModuleType:
    module.s3, module.bedrock = FakeS3(), FakeBedrock()  # type: ignore[attr-defined]
    return module


def event(*keys: str) -> dict[str, Any]:
    return {
        "Records": [{"s3": {"bucket": {"name": "b"}, "object": {"key": quote_plus(key)}}} for key in keys]
    }


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_a_text_gets_a_summary_in_two_forms_and_a_line_with_its_cost(
    function: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    function.s3.objects["texts/báo cáo 1+2.txt"] = b"\xef\xbb\xbf" + "Trời mưa.".encode()
    key = "summaries/báo cáo 1+2.txt.summary"
    assert function.handler(event("texts/báo cáo 1+2.txt"), None) == {"summaries": [f"{key}.json"]}
    assert function.s3.objects[f"{key}.txt"].decode() == "Trời.\n"
    report = json.loads(function.s3.objects[f"{key}.json"])
    assert report["summary"] == "Trời." and report["model"] == "amazon.nova-micro-v1:0"
    [line] = lines(capsys)
    assert (line["inputTokens"], line["outputTokens"], line["dollars"]) == (10, 2, 0.00000063)
    assert "summary" not in line


def test_a_second_delivery_writes_the_same(function: Any) -> None:
    function.s3.objects["texts/a"] = b"One thing."
    function.handler(event("texts/a"), None)
    first = dict(function.s3.objects)
    function.handler(event("texts/a"), None)
    assert function.s3.objects == first


def test_a_long_text_is_read_in_parts_and_the_summaries_are_summarised(function: Any) -> None:
    function.s3.objects["texts/a"] = "\n\n".join(f"{n}th " + "word " * 15 for n in range(6)).encode()
    function.handler(event("texts/a"), None)
    report = json.loads(function.s3.objects["summaries/a.summary.json"])
    assert report["parts"] == 6 and report["inputTokens"] == 70
    assert function.bedrock.texts[-1] == "\n\n".join(f"{n}th." for n in range(6))


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty"),
        (b" \n ", "empty"),
        (b"\xff\xd8\xff\xe0", "not UTF-8 text"),
        (b"GIF\x00a", "zero bytes"),
        (b"a" * 5001, "5,001 bytes, the limit is 5,000"),
    ],
)
def test_what_is_no_text_is_refused_once_and_not_tried_again(
    function: Any, capsys: pytest.CaptureFixture[str], data: bytes, reason: str
) -> None:
    function.s3.objects["texts/a"] = data
    assert function.handler(event("texts/a"), None) == {"summaries": []}
    [line] = lines(capsys)
    assert reason in line["refused"] and function.bedrock.texts == []


@pytest.mark.parametrize("key", ["summaries/a.summary.txt", "other/a", "texts/folder/"])
def test_what_is_none_of_its_business_is_skipped(
    function: Any, capsys: pytest.CaptureFixture[str], key: str
) -> None:
    assert function.handler(event(key), None) == {"summaries": []}
    assert lines(capsys)[0]["skipped"]


def test_a_model_that_stays_throttled_fails_the_event(function: Any) -> None:
    function.s3.objects |= {"texts/a": b"One.", "texts/b": b"Two."}
    function.bedrock.error = THROTTLED
    with pytest.raises(ClientError, match="ThrottlingException"):
        function.handler(event("texts/a"), None)
    with pytest.raises(function.SummariesFailed, match=r"texts/a: .*; texts/b: "):
        function.handler(event("texts/a", "texts/b"), None)


@pytest.mark.parametrize("most", [3, 10, 40, 1000])
def test_no_word_is_lost_between_parts(function: Any, most: int) -> None:
    text = "One two. Three four!\nFive\n\nSix seveneightnine " + "ten " * 20
    parts = function.split(text, most)
    assert all(0 < len(part) <= most for part in parts)
    assert "".join("".join(parts).split()) == "".join(text.split())


def test_the_sample_event_is_one_of_its_own(function: Any) -> None:
    sample = json.loads((FUNCTION_DIR / "event.json").read_text())
    function.s3.objects["texts/báo cáo 1.txt"] = b"Good."
    assert function.handler(sample, None)["summaries"] == ["summaries/báo cáo 1.txt.summary.json"]
