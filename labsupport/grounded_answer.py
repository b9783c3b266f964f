"""An answer from passages and from nothing else: retrieval augmented generation, the second half.

Notebook 10_rag_and_agents builds the same prompt by hand before it uses this.
https://docs.aws.amazon.com/bedrock/latest/userguide/kb-how-it-works.html
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

NOT_SAID = "NOT IN THE NOTES"
RULE = f'Answer the question from the text only. If the text doesn\'t say it, answer "{NOT_SAID}".'


@dataclass(frozen=True)
class GroundedAnswer:
    """What a model answered.

    Attributes:
        text: its words; None if it said that the passages don't say it.
        input_tokens: of the prompt, passages included.
    """

    text: str | None
    input_tokens: int


def grounded_answer(bedrock: Any, model_id: str, question: str, passages: Sequence[str]) -> GroundedAnswer:
    """Ask a model for an answer from the passages, by Converse and with temperature 0."""
    text = "\n\n".join(passages)
    prompt = f"{RULE}\n\n<text>\n{text}\n</text>\n\nQuestion: {question}"
    answer = bedrock.converse(
        modelId=model_id,
        messages=[{"role": "user", "content": [{"text": prompt}]}],
        inferenceConfig={"temperature": 0},
    )
    said = answer["output"]["message"]["content"][0]["text"].strip()
    # A model may put a full stop or a quotation mark around it.
    declined = NOT_SAID.casefold() in said.casefold()
    return GroundedAnswer(None if declined else said, answer["usage"]["inputTokens"])
