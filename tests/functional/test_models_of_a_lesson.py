"""What notebook 09 asks of the lab: tokens word by word, and a quota that is lower for a while."""

from __future__ import annotations

from dataclasses import replace

import pytest

from labsupport.lab import Lab
from labsupport.model_quota import AS_IT_IS, model_quota
from labsupport.sample_texts import REVIEW, SENTENCES

pytestmark = pytest.mark.functional

COUNTING = "anthropic.claude-haiku-4-5-20251001-v1:0"
HAIKU = "global.anthropic.claude-haiku-5-5"  # no other test here counts its requests
ASK = {"modelId": HAIKU, "messages": [{"role": "user", "content": [{"text": f"Summarise:\n\n{REVIEW}"}]}]}


@pytest.mark.parametrize("language", SENTENCES)
def test_the_tokens_of_the_words_are_those_of_the_sentence(lab: Lab, language: str) -> None:
    counted = lab.tokens_by_word(COUNTING, SENTENCES[language])
    messages = [{"role": "user", "content": [{"text": SENTENCES[language]}]}]
    whole = lab.client("bedrock-runtime").count_tokens(
        modelId=COUNTING, input={"converse": {"messages": messages}}
    )
    assert [word for word, _ in counted] == SENTENCES[language].split()
    assert sum(tokens for _, tokens in counted) == whole["inputTokens"]
    assert [call.plumbing for call in lab.tape.calls() if call.operation == "CountTokens"][-2:] == [
        True,
        False,
    ]


def test_a_quota_is_lower_for_a_while_and_then_as_before(lab: Lab) -> None:
    once = lab.client("bedrock-runtime", retries={"total_max_attempts": 1})
    short = {**ASK, "inferenceConfig": {"maxTokens": 1}}
    with (
        pytest.raises(once.exceptions.ThrottlingException),
        lab.model_quota(HAIKU, requests_per_minute=0),
    ):
        once.converse(**short)
    assert once.converse(**short)["stopReason"] == "max_tokens"


def test_on_aws_no_quota_is_touched(lab: Lab, capsys: pytest.CaptureFixture[str]) -> None:
    with model_quota(replace(lab.target, endpoint_url=None), HAIKU, requests_per_minute=0):
        assert lab.client("bedrock-runtime").converse(**ASK)["usage"]["outputTokens"] > 0
    assert AS_IT_IS in capsys.readouterr().out


def test_a_streams_tokens_are_counted_by_the_meter(lab: Lab) -> None:
    lab.tape.start_cell()
    for _ in lab.client("bedrock-runtime").converse_stream(**ASK)["stream"]:
        pass
    units = lab.cost().costs.cell.units
    assert units["bedrock-claude-haiku-5-5-global-read"] > 100
    assert units["bedrock-claude-haiku-5-5-global-written"] > 10
