"""Find out what a conversation asks for: a summary, an answer from a text, or something else.

A prompt is an instruction and a text, and there are many ways to hand over both: tags, documents, a system
prompt, a line that ends with a colon.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from labsupport.localcloud.models import sentences
from labsupport.localcloud.models.chat import ChatRequest, Text
from labsupport.localcloud.models.summarizer import DEFAULT_SENTENCES

SUMMARISE = re.compile(
    r"\b(summar\w*|tl;?dr|key (points|facts)|main (points|ideas)|bullet points?|shorten|condense|"
    r"tóm tắt|tóm lược|ý chính|rút gọn)\b",
    re.IGNORECASE,
)
BULLETS = re.compile(r"\b(bullets?|bullet points?|key points|list|gạch đầu dòng|ý chính)\b", re.IGNORECASE)
_ENGLISH_NUMBERS = "one two three four five six seven eight nine ten"
_VIETNAMESE_NUMBERS = "một hai ba bốn năm sáu bảy tám chín mười"
NUMBERS = {
    word: number
    for words in (_ENGLISH_NUMBERS, _VIETNAMESE_NUMBERS)
    for number, word in enumerate(words.split(), 1)
}
LENGTH = re.compile(
    rf"\b(\d{{1,2}}|a single|{'|'.join(NUMBERS)})[ -](?:short |brief |key |main |bullet |simple )*"
    r"(?:sentences?|bullets?|points?|lines?|facts|ideas|câu|ý|gạch đầu dòng|dòng)\b",
    re.IGNORECASE,
)
WORDS = re.compile(r"\b(\d{1,3}) (?:words|từ|chữ)\b", re.IGNORECASE)
WORDS_OF_A_SENTENCE = 20
TAGGED = re.compile(
    r"<(text|document|documents|context|article|passage|search_results|content|data)\b[^>]*>(.*?)</\1>",
    re.DOTALL | re.IGNORECASE,
)
QUESTION_LABEL = re.compile(r"^\s*(?:question|q|câu hỏi)\s*:\s*(.+)$", re.IGNORECASE | re.MULTILINE)
CONTEXT_LABEL = re.compile(
    r"^\s*(?:context|text|document|passages?|sources?|văn bản|ngữ cảnh)\s*\d*\s*:\s*",
    re.IGNORECASE | re.MULTILINE,
)
OTHERWISE = re.compile(
    r"\bif\b[^.\n]*(?:\bnot\b|n['’]t\b|\bno\b)[^.\n]*\b(?:answer|say|write|reply)\b[^\"“\n]{0,30}"
    r"[\"“]([^\"”\n]+)[\"”]",
    re.IGNORECASE,
)
INSTRUCTION_WORDS = 60
LEAST_TEXT_WORDS = 8


@dataclass(frozen=True)
class Summary:
    """A summary is wanted, of so many sentences."""

    text: str
    sentences: int
    bullets: bool


@dataclass(frozen=True)
class Question:
    """An answer from a text is wanted.

    Attributes:
        otherwise: what to answer if the text doesn't say it; None if the request doesn't tell.
    """

    text: str
    question: str
    otherwise: str | None = None


def read(request: ChatRequest) -> Summary | Question | None:
    """Return what the last turn asks for, or None when a stand-in can't do it."""
    instruction, given = _parts(request)
    asked = f"{request.system}\n{instruction}"
    enough = len(given.split()) >= LEAST_TEXT_WORDS
    question = _question(instruction)
    if enough and SUMMARISE.search(asked) and not (question and not SUMMARISE.search(instruction)):
        return Summary(given, length(asked), bool(BULLETS.search(asked)))
    if enough and question:
        otherwise = OTHERWISE.search(asked)
        return Question(given, question, otherwise[1] if otherwise else None)
    return None


def length(instruction: str) -> int:
    """Return how many sentences an instruction wants."""
    if match := LENGTH.search(instruction):
        said = match[1].lower()
        return max(1, int(said)) if said.isdigit() else NUMBERS.get(said, 1)
    if match := WORDS.search(instruction):
        return max(1, int(match[1]) // WORDS_OF_A_SENTENCE)
    return DEFAULT_SENTENCES


def _parts(request: ChatRequest) -> tuple[str, str]:
    """Return the instruction and the text that it is about."""
    turns = [message for message in request.messages if message.role == "user"]
    blocks = [block for block in turns[-1].blocks if isinstance(block, Text)] if turns else []
    texts = [block for message in turns for block in message.blocks if isinstance(block, Text)]
    documents = [block.text for block in texts if block.document is not None]
    own = "\n\n".join(block.text for block in blocks if block.document is None)
    tagged = [match[2] for match in TAGGED.finditer(own)] + [m[2] for m in TAGGED.finditer(request.system)]
    if documents or tagged:
        return TAGGED.sub("", own).strip(), "\n\n".join([*documents, *tagged])
    instruction, given = _split(own)
    if not given and len(turns) > 1:  # a question about what was given in an earlier turn
        given = "\n\n".join(_split(message.text())[1] for message in turns[:-1])
    if not given and SUMMARISE.search(request.system):
        return "", own
    return instruction, given


def _split(text: str) -> tuple[str, str]:
    """Tell the instruction, a short part that asks, from the rest."""
    paragraphs = [part.strip() for part in re.split(r"\n\s*\n|(?<=:)\s*\n", text) if part.strip()]
    if len(paragraphs) == 1:
        paragraphs = _split_paragraph(paragraphs[0])
    asking = [_asks(part) for part in paragraphs]
    return (
        "\n".join(part for part, asks in zip(paragraphs, asking, strict=True) if asks),
        CONTEXT_LABEL.sub("", "\n\n".join(p for p, asks in zip(paragraphs, asking, strict=True) if not asks)),
    )


def _split_paragraph(paragraph: str) -> list[str]:
    """Split one paragraph: "Summarise this in two sentences: The ..." or "The ... Who was it?"."""
    head, colon, rest = paragraph.partition(":")
    if colon and rest[:1].isspace() and _asks(head) and len(rest.split()) >= LEAST_TEXT_WORDS:
        return [head, rest.strip()]
    found = sentences.split(paragraph)
    places = [place for place, each in enumerate(found) if place in (0, len(found) - 1) and _asks(each)]
    return [found[place] for place in places] + [
        " ".join(each for place, each in enumerate(found) if place not in places)
    ]


def _asks(part: str) -> bool:
    if len(part.split()) > INSTRUCTION_WORDS:
        return False
    return bool(SUMMARISE.search(part) or QUESTION_LABEL.search(part) or part.rstrip().endswith(("?", ":")))


def _question(instruction: str) -> str | None:
    labelled: Sequence[str] = QUESTION_LABEL.findall(instruction)
    asked = [each for each in sentences.split(instruction) if each.rstrip("\"'”").endswith("?")]
    return labelled[-1] if labelled else asked[-1] if asked else None
