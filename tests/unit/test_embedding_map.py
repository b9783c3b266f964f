"""The map of embeddings: where texts lie, and what is joined."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from labsupport.localcloud.models.embeddings import embed
from labsupport.views.embedding_map import embedding_map, map_figure, principal_components

TEXTS = ["a cat sleeps", "con chó và con mèo", "an invoice to pay", "hoá đơn và chi phí", "rain and storm"]


def test_the_axes_are_those_along_which_the_vectors_differ_most() -> None:
    flat = np.array([[0.0, 0, 5], [4, 0, 5], [0, 1, 5], [4, 1, 5]])
    places = principal_components(flat)
    assert np.ptp(places, axis=0) == pytest.approx([4, 1])


def test_what_is_nearest_is_joined_and_said_in_words() -> None:
    picture = embedding_map(TEXTS, embed(TEXTS))
    assert "a cat sleeps and con chó và con mèo" in picture.alt
    assert "an invoice to pay and hoá đơn và chi phí" in picture.alt


def test_a_query_is_joined_with_its_neighbours() -> None:
    [query] = embed(["what does it cost"])
    picture = embedding_map(TEXTS, embed(TEXTS), query=("what does it cost", query), neighbours=2)
    assert picture.alt.count("what does it cost and") == 2
    assert "what does it cost and hoá đơn và chi phí" in picture.alt


def test_it_can_be_read_on_a_dark_page() -> None:
    image = Image.open(io.BytesIO(embedding_map(TEXTS, embed(TEXTS)).data)).convert("RGB")
    assert image.getpixel((2, 2)) == (255, 255, 255)
    figure = map_figure(TEXTS, np.array(embed(TEXTS)), [], has_query=False)
    assert {text.get_text().replace("\n", " ") for text in figure.axes[0].texts} == set(TEXTS)


def test_no_label_covers_another() -> None:
    figure = map_figure(TEXTS * 2, np.array(embed(TEXTS * 2)), [], has_query=False)
    boxes = [text.get_window_extent() for text in figure.axes[0].texts]
    assert len(boxes) == 10
    assert not any(one.overlaps(other) for n, one in enumerate(boxes) for other in boxes[:n])
