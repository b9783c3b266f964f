"""The summariser: better than the first sentences on held texts, and properties that any summary has."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rouge_score.rouge_scorer import RougeScorer

from labsupport.localcloud.models import sentences, summarizer
from labsupport.localcloud.models.summarizer import Sampler

HELD = [
    tomllib.loads(path.read_text(encoding="utf-8"))
    for path in sorted((Path(__file__).parents[1] / "files" / "summaries").glob("*.toml"))
]
MEASURES = ("rouge1", "rouge2", "rougeL")


class UnicodeWords:
    """rouge-score's own tokenizer knows a-z only."""

    def tokenize(self, text: str) -> list[str]:
        return re.findall(r"\w+", text.lower())


SCORER = RougeScorer(MEASURES, tokenizer=UnicodeWords())


def sampler(temperature: float = 0, seed: int = 0, top_p: float = 1) -> Sampler:
    return Sampler(temperature, top_p, np.random.default_rng(seed))


def ours(held: dict[str, Any]) -> str:
    return " ".join(summarizer.summarise(held["text"], 3, sampler()))


def first_sentences(held: dict[str, Any]) -> str:
    return " ".join(sentences.split(held["text"])[:3])


def first_sentences_with_as_many_words(held: dict[str, Any]) -> str:
    found = sentences.split(held["text"])
    return next(
        text
        for number in range(1, len(found))
        if len((text := " ".join(found[:number])).split()) >= len(ours(held).split())
    )


def mean_scores(summarise: Callable[[dict[str, Any]], str], language: str) -> dict[str, float]:
    scores = [
        SCORER.score(held["reference"], summarise(held)) for held in HELD if held["language"] == language
    ]
    return {measure: sum(score[measure].fmeasure for score in scores) / len(scores) for measure in MEASURES}


def test_the_held_texts_are_there() -> None:
    assert sorted(held["language"] for held in HELD) == ["en"] * 8 + ["vi"] * 4
    assert all(fact in held["reference"] for held in HELD for fact in held["facts"])


@pytest.mark.parametrize("baseline", [first_sentences, first_sentences_with_as_many_words])
@pytest.mark.parametrize("language", ["en", "vi"])
def test_it_beats_the_first_sentences(baseline: Callable[[dict[str, Any]], str], language: str) -> None:
    found, other = mean_scores(ours, language), mean_scores(baseline, language)
    assert all(found[measure] > other[measure] + 0.1 for measure in MEASURES), (found, other)


def test_it_keeps_more_facts_than_the_first_sentences() -> None:
    def kept(summarise: Callable[[dict[str, Any]], str]) -> int:
        return sum(fact in summarise(held) for held in HELD for fact in held["facts"])

    assert kept(ours) >= 2 * kept(first_sentences_with_as_many_words)


@pytest.mark.parametrize("held", HELD[::4], ids=lambda held: held["text"].split()[0])
@pytest.mark.parametrize("temperature", [0, 0.7, 1])
def test_a_summary_is_sentences_of_the_text_in_its_order(held: dict[str, Any], temperature: float) -> None:
    text = sentences.split(held["text"])
    for seed in range(5):
        found = summarizer.summarise(held["text"], 4, sampler(temperature, seed))
        places = [text.index(sentence) for sentence in found]
        assert places == sorted(set(places)) and len(places) == 4


def test_temperature_and_top_p_act_on_the_choice() -> None:
    def different(temperature: float, top_p: float = 1) -> int:
        return len(
            {
                tuple(summarizer.summarise(HELD[0]["text"], 2, sampler(temperature, seed, top_p)))
                for seed in range(30)
            }
        )

    assert different(0) == 1 == different(1, top_p=0)
    assert 1 < different(0.3) < different(1) and different(1, top_p=0.5) < different(1)


def test_a_short_text_is_its_own_summary() -> None:
    assert summarizer.summarise("One thing happened here today.", 3, sampler()) == [
        "One thing happened here today."
    ]
    assert summarizer.summarise("", 3, sampler()) == []


def test_what_is_said_twice_is_drawn_once() -> None:
    text = "The dam will break soon, they found. " * 2 + "The village must be left by noon. Birds sang on."
    found = summarizer.summarise(text, 2, sampler())
    assert found == ["The dam will break soon, they found.", "The village must be left by noon."]
