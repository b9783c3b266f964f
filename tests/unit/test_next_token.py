"""The lesson's own softmax and nucleus, and the pictures of tokens."""

from __future__ import annotations

import base64
import math

import pytest

from labsupport.localcloud.models import sampling
from labsupport.next_token import probabilities
from labsupport.views.probability_bars import ProbabilityBars, bars
from labsupport.views.word_tokens import WordTokens

SCORES = {"small": 2.4, "clean": 3.0, "quiet": 2.0, "loud": 1.2, "purple": -1.0}


def test_a_probability_is_the_softmax_of_score_over_temperature() -> None:
    weights = {word: math.exp(score / 0.7) for word, score in SCORES.items()}
    expected = {word: weight / sum(weights.values()) for word, weight in weights.items()}
    assert probabilities(SCORES, temperature=0.7) == pytest.approx(expected)
    assert list(probabilities(SCORES, temperature=0.7)) == list(SCORES)


def test_at_temperature_0_the_highest_score_always_wins() -> None:
    assert probabilities(SCORES, temperature=0) == {word: float(word == "clean") for word in SCORES}


@pytest.mark.parametrize(
    ("top_p", "kept"), [(1.0, 5), (0.9, 3), (0.8, 2), (0.57, 1), (0.0, 1)], ids=lambda value: str(value)
)
def test_top_p_keeps_the_most_probable_that_reach_it(top_p: float, kept: int) -> None:
    shares = probabilities(SCORES, temperature=0.7, top_p=top_p)
    assert sum(share > 0 for share in shares.values()) == kept
    assert sum(shares.values()) == pytest.approx(1)


@pytest.mark.parametrize("temperature", [0, 0.01, 0.7, 2])
@pytest.mark.parametrize("top_p", [0.3, 0.9, 1.0])
def test_the_lesson_and_the_stand_ins_agree(temperature: float, top_p: float) -> None:
    theirs = sampling.probabilities(list(SCORES.values()), temperature=temperature, top_p=top_p)
    ours = probabilities(SCORES, temperature=temperature, top_p=top_p)
    assert list(ours.values()) == pytest.approx(theirs.tolist())


def test_bars_move_with_the_sliders() -> None:
    view = ProbabilityBars(SCORES, probabilities)
    at_first = view.children[-1].value
    assert view.shown["purple"] > 0
    view.top_p.value = 0.9
    assert view.shown["purple"] == 0 and view.children[-1].value != at_first
    assert view.children[-1].value.count("never") == 2
    view.temperature.value = 0
    assert view.shown["clean"] == 1


def test_without_a_kernel_there_is_a_picture_with_words() -> None:
    bundle = ProbabilityBars(SCORES, probabilities)._repr_mimebundle_()
    assert base64.b64decode(bundle["image/png"]).startswith(b"\x89PNG")
    assert "temperature 0.7: small 24%, clean 57%" in bundle["text/plain"]


def test_bars_escape_their_names() -> None:
    assert "&lt;b&gt;" in bars({"<b>": 1.0}) and "<b>" not in bars({"<b>": 1.0})


def test_words_stand_in_boxes_with_a_mark_for_each_token() -> None:
    shown = WordTokens({"English": [("The", 1), ("harbour<", 2)]})
    html = shown._repr_html_()
    assert html.count("▪") == 3 and "harbour&lt;: 2 tokens" in html and "harbour<" not in html
    assert repr(shown) == "English: 2 words, 12 characters, 3 tokens\n    The[1] harbour<[2]"
