"""Words as the stand-in models see them: English ones without their endings, Vietnamese ones as syllables."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

_COMMON = """
a about after all also am an and any anything are as at be because been but by can can't could did didn't
do does doesn't doing don't each even for from get gets go goes had has have he her his how i i'm if in
into is isn't it it's its just like make makes many me might more most much my need no not of on one only
or other our out over own s same she should so some something still t than that that's the their them then
there these they thing things this those though to too under until up us use used very want was we well
were what what's when where which while who why will with won't would you your
ai anh bạn bằng bị bởi cả các cách cái cần chỉ cho chúng chưa có còn của cũng cứ đã đâu đang để đến đều đi
điều do đó dù được gì giữa hay hãy hoặc hơn khi không là lại làm lên loại lúc mà mỗi mình một muốn nào này
nên nếu ngay nhưng những như nó phải qua quá ra rất rồi sao sau sẽ tại thế theo thì thôi tôi trên trong từ
từng và vào vẫn về vì việc với vừa
"""
COMMON = frozenset(_COMMON.split())
"""Words that nearly every text has, English and Vietnamese."""

_WORD = re.compile(r"\w+(?:['.-]\w+)*")
_ENDINGS = (
    "ations",
    "ation",
    "ingly",
    "ings",
    "ing",
    "ies",
    "ied",
    "edly",
    "ers",
    "ed",
    "er",
    "es",
    "ly",
    "s",
    "e",
)


def words_of(text: str) -> list[str]:
    """Return a text's words in lower case, with their diacritics."""
    composed = unicodedata.normalize("NFC", text).lower().replace("’", "'")
    return _WORD.findall(composed)


def fold(word: str) -> str:
    """Return a word as it is typed without a Vietnamese keyboard: "đợi" is "doi"."""
    letters = unicodedata.normalize("NFD", word.replace("đ", "d").replace("Đ", "D"))
    return "".join(letter for letter in letters if not unicodedata.combining(letter))


def language_of(words: Iterable[str]) -> str:
    """Return "vi" if a word has a diacritic, otherwise "en": the only two that are told apart."""
    return "en" if all(word.isascii() for word in words) else "vi"


def stem(word: str) -> str:
    """Return an English word without its ending; a Vietnamese syllable has none."""
    if not word.isascii() or not word.isalpha() or len(word) < 4:
        return word
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 3 and not word.endswith("ss"):
            root = word[: -len(ending)]
            double = len(root) > 3 and root[-1] == root[-2] and root[-1] not in "ls"
            return root[:-1] if double else root.removesuffix("e")
    return word.removesuffix("y") if len(word) > 4 else word
