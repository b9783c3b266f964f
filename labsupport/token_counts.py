"""How many tokens each word of a text takes, as Bedrock counts them (notebook 09_bedrock_summary).

The tokenizers of Bedrock's models are not published, and no call says where a token ends. But CountTokens
counts any text. Counted word by word, the text grows by some tokens with each word: those are the word's.
https://docs.aws.amazon.com/bedrock/latest/userguide/count-tokens.html
"""

from __future__ import annotations

from itertools import pairwise

from labsupport.target import Target


def tokens_by_word(target: Target, model_id: str, text: str) -> list[tuple[str, int]]:
    """Return the words of a text, each with the number of its tokens. One free call for each word.

    Args:
        target: the cloud.
        model_id: a model that CountTokens supports.
        text: words with white space between them.
    """
    words = text.split()
    # On AWS a message has some tokens of its own. A full stop, one token, tells how many.
    beginnings = [".", *(" ".join(words[: number + 1]) for number in range(len(words)))]
    with target.tape.plumbing():
        counts = [count_tokens(target, model_id, beginning) for beginning in beginnings]
    counts[0] -= 1
    return [(word, after - before) for word, (before, after) in zip(words, pairwise(counts), strict=True)]


def count_tokens(target: Target, model_id: str, text: str) -> int:
    """Return the tokens of a message with this text."""
    messages = [{"role": "user", "content": [{"text": text}]}]
    answer = target.client("bedrock-runtime").count_tokens(
        modelId=model_id, input={"converse": {"messages": messages}}
    )
    return int(answer["inputTokens"])
