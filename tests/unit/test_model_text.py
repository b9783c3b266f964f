"""Tokens and sentences: a round trip for any text, and sentence ends in English and Vietnamese."""

from __future__ import annotations

import random

import pytest

from labsupport.localcloud.models import content, sentences, tokenizer

ALPHABET = "aB é ạ đ Ồ 0 9 _ - . , \n \t \r   \u00a0 \u0301 中 ع 🙂 \u200d « ' \" { } \x00 \ud800"


@pytest.mark.parametrize("seed", range(40))
def test_tokens_joined_are_the_text(seed: int) -> None:
    choice = random.Random(seed)
    text = "".join(choice.choices(ALPHABET, k=choice.randrange(400)))
    tokens = tokenizer.encode(text)
    assert tokenizer.decode(tokens) == text and all(tokens)
    assert tokenizer.count(text) == len(tokens)


def test_tokens_are_words_with_their_space_and_parts_of_long_ones() -> None:
    assert tokenizer.encode("The cat's immunohistochemistry, 12345.") == [
        *("The", " cat", "'", "s", " immun", "ohist", "ochem", "istry", ",", " 123", "45", "."),
    ]


@pytest.mark.parametrize(
    ("text", "least", "most"),
    [
        ("After six months, visits had risen by a third, most of them in the evening.", 3.2, 5.0),
        ("Sau hai năm, thu nhập bình quân của các hộ tham gia tăng gần gấp đôi.", 2.2, 4.5),
    ],
)
def test_a_token_has_about_as_many_characters_as_usual(text: str, least: float, most: float) -> None:
    assert least < len(text) / tokenizer.count(text) < most


@pytest.mark.parametrize(
    "found",
    [
        ["Dr. Lee paid 3.5 million.", "Why?", "Nobody knows!"],
        ["It opened at 7 p.m. in the hall.", '"We won."', "They left."],
        ["J. R. Castillo, e.g. the agronomist, agrees.", "So do we..."],
        ["TS. Lê Thị Mai nói vậy.", "Giá là 8.000 đồng, tăng 2,5%.", "Ông ở TP. Hà Nội."],
        ["He wrote wait... and left.", "The U.S. economy grew."],
        ["See fig. 2 on p. 4.", "No. 5 is missing."],
    ],
)
def test_sentences_end_where_a_reader_ends_them(found: list[str]) -> None:
    assert sentences.split(" ".join(found)) == found


def test_headings_paragraphs_and_points_of_a_list_are_apart() -> None:
    text = "Minutes of June\nThe lift is\nbroken.\n\n- buy a new one\n- pay for it\n\n1. First. 2nd"
    assert sentences.split(text) == [
        *("Minutes of June", "The lift is broken.", "- buy a new one", "- pay for it", "1. First.", "2nd"),
    ]


def test_a_word_is_found_whatever_its_ending() -> None:
    assert content.words("The refunds were refunded") == ["refund", "refund"]
    assert content.is_vietnamese("Bệnh viện sẽ mở cửa") and not content.is_vietnamese("The café in São Paulo")
