"""The words of a text that tell what it is about, in English and in Vietnamese."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

WORD = re.compile(r"\d[\d.,:]*\d|\w+")
VIETNAMESE = re.compile(r"[ăâđêôơưạảấầẩẫậắằẳẵặẹẻẽếềểễệỉịọỏốồổỗộớờởỡợụủứừửữựỳỵỷỹ]", re.IGNORECASE)
_ENGLISH = """
a about above after again all also am an and any are as at be because been before being below between
both but by can could did do does doing down during each few for from further had has have having he her
here hers him his how i if in into is it its itself just me more most my no nor not of off on once only
or other our ours out over own s same she should so some such t than that the their theirs them then
there these they this those through to too under until up upon us very was we were what when where which
while who whom why will with would you your yours
"""
ENGLISH_STOP_WORDS = frozenset(_ENGLISH.split())
_VIETNAMESE = """
ai bị bởi các cái cho chỉ chưa có cùng của cũng cả do dù đã đang đây đến đều để đi đó được gì hay hoặc
hơn khi không là lại lên lúc mà mình mỗi một mới nay này nên nếu ngay như nhưng những nào nơi nữa ở qua
ra rằng rất rồi sau sẽ so tại theo thì thêm trên trong trước từ và vào vẫn về vì việc với vừa xuống ấy
thế còn bao nhiêu nhiều
"""
VIETNAMESE_STOP_WORDS = frozenset(_VIETNAMESE.split())
STOP_WORDS = ENGLISH_STOP_WORDS | VIETNAMESE_STOP_WORDS
ENDINGS = ("ingly", "edly", "ings", "ing", "ies", "ied", "ed", "es", "s", "ly")


def is_vietnamese(text: str) -> bool:
    """Tell whether a text is Vietnamese, by its letters."""
    letters = sum(map(str.isalpha, text))
    return len(VIETNAMESE.findall(text)) > 0.05 * letters


def words(text: str) -> list[str]:
    """Return the words that carry meaning, in lower case, English ones without their ending."""
    words = (word.lower() for word in WORD.findall(text))
    return [stem(word) for word in words if word not in STOP_WORDS]


def stem(word: str) -> str:
    """Return an English word without its ending: "refunds" and "refunded" become the same."""
    if not word.isascii():
        return word
    for ending in ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            word = word[: -len(ending)]
            break
    return word[:-1] if len(word) > 3 and word[-1] in "ey" else word


def vectors(sentences: Sequence[str]) -> NDArray[np.float64]:
    """Return one row a sentence: its words' TF-IDF weights, of length 1. Rows without words are zero."""
    counts = [Counter(words(sentence)) for sentence in sentences]
    vocabulary = {word: place for place, word in enumerate(dict.fromkeys(w for c in counts for w in c))}
    weights = np.zeros((len(sentences), max(1, len(vocabulary))))
    for row, held in enumerate(counts):
        for word, times in held.items():
            weights[row, vocabulary[word]] = 1 + np.log(times)
    held_by = np.maximum(1, (weights > 0).sum(axis=0))
    weights *= np.log(1 + len(sentences) / held_by)
    lengths = np.linalg.norm(weights, axis=1, keepdims=True)
    return weights / np.where(lengths == 0, 1, lengths)
