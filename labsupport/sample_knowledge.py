"""What notebook 10_rag_and_agents asks: texts, and questions to the study notes."""

from __future__ import annotations

TEXTS = (
    "A cold start makes the first request slow",
    "Khởi động nguội làm yêu cầu đầu tiên bị chậm",
    "Lambda has to prepare a new environment",
    "A dead-letter queue keeps messages that always fail",
    "Messages that never succeed are put aside",
    "Bake the bread for forty minutes",
)
KNOWN = (
    "How do I stop a function at once?",
    "How many layers does a function take?",
    "How long does Lambda give the Init phase?",
    "What is fan-out?",
)
"""Questions that the notes answer."""
FOREIGN = (
    "How do I bake bread?",
    "Who won the football match?",
    "What is the capital of France?",
    "What will the weather be tomorrow?",
)
"""Questions that have nothing to do with the notes."""
NEAR = ("Does Kinesis keep the order of records?", "How long may a Step Functions workflow run?")
"""Questions of the notes' field that the notes don't answer."""
