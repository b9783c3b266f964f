"""Knowledge Bases without a cloud: chunks, syncs, the nearest passages, answers with citations."""

from __future__ import annotations

from typing import Any

import pytest

from labsupport.localcloud.knowledge_bases import chunking
from labsupport.localcloud.knowledge_bases.documents import Found, Record, Unreadable, synchronise
from labsupport.localcloud.knowledge_bases.generation import UNABLE, answer
from labsupport.localcloud.knowledge_bases.retrieval import Passage, metadata_of, passage
from labsupport.localcloud.models.embeddings import embed

TEXT = "# Title\n\nOne two three. Four five six. Seven eight nine.\n\nTen eleven twelve."


def by_words(text: str) -> int:
    return len(text.split())


def fixed(tokens: int, overlap: int = 1) -> dict[str, Any]:
    sizes = {"maxTokens": tokens, "overlapPercentage": overlap}
    return {
        "chunkingConfiguration": {"chunkingStrategy": "FIXED_SIZE", "fixedSizeChunkingConfiguration": sizes}
    }


class TestChunking:
    def test_chunks_end_with_a_sentence_and_are_short_enough(self) -> None:
        found = chunking.chunks(TEXT, fixed(6), by_words)
        assert max(map(by_words, found)) <= 6
        assert "Four five six. Seven eight nine." in found

    def test_a_chunk_begins_with_the_last_sentences_of_the_one_before(self) -> None:
        first, second, *_ = chunking.chunks(TEXT, fixed(8, overlap=40), by_words)
        assert by_words(first) > 3
        assert second.startswith(first.split(". ")[-1])

    def test_every_sentence_is_in_a_chunk(self) -> None:
        for tokens in range(1, 12):
            together = " ".join(chunking.chunks(TEXT, fixed(tokens, overlap=50), by_words))
            assert all(word in together for word in TEXT.split())

    def test_a_sentence_that_is_too_long_is_cut_between_words(self) -> None:
        found = chunking.chunks("a b c d e f g h", fixed(3), by_words)
        assert found == ["a b", "c d", "e f", "g h"]

    def test_without_a_strategy_awss_default_applies(self) -> None:
        long = "word word word. " * 200
        sizes = [by_words(chunk) for chunk in chunking.chunks(long, None, by_words)]
        assert max(sizes) == 300 and len(sizes) == 3

    def test_nothing_has_no_chunks(self) -> None:
        none = {"chunkingConfiguration": {"chunkingStrategy": "NONE"}}
        assert chunking.chunks(" \n", None, by_words) == chunking.chunks(" \n", none, by_words) == []

    def test_what_the_local_cloud_cannot_do_it_says(self) -> None:
        assert chunking.problem(None) is None
        hierarchical = {"chunkingConfiguration": {"chunkingStrategy": "HIERARCHICAL"}}
        assert "HIERARCHICAL is AWS only" in str(chunking.problem(hierarchical))


def unreadable() -> tuple[str, dict[str, Any]]:
    raise Unreadable("not text")


def test_a_sync_counts_what_it_does() -> None:
    kept: dict[str, Record] = {
        name: {"ETag": "1", "Vectors": [f"of {name}"]} for name in ("gone", "same", "changed")
    }
    forgotten: list[str] = []
    found = {
        "same": Found("s3://b/same", "1", unreadable),  # is not even read
        "changed": Found("s3://b/changed", "2", lambda: ("text", {})),
        "new": Found("s3://b/new", "1", lambda: ("text", {"year": 2026})),
        "broken": Found("s3://b/broken", "1", unreadable),
    }
    statistics = synchronise(
        found, kept, lambda document, text, metadata: [f"new of {document.uri}"], forgotten.extend
    )
    assert {name.removeprefix("NumberOf"): count for name, count in statistics.counts.items() if count} == {
        "DocumentsScanned": 4,
        "NewDocumentsIndexed": 1,
        "ModifiedDocumentsIndexed": 1,
        "DocumentsDeleted": 1,
        "DocumentsFailed": 1,
    }
    assert statistics.failures == ["not text"]
    assert set(kept) == {"same", "changed", "new"}
    assert kept["new"]["Metadata"] == {"year": 2026}
    assert kept["new"]["Vectors"] == ["new of s3://b/new"]
    assert forgotten == ["of gone", "of changed"]


def test_a_vector_becomes_the_passage_that_it_was() -> None:
    metadata = metadata_of("A queue.", "s3://b/queue", "1", "DS", {"year": 2026})
    found = passage(metadata, 0.5)
    assert found is not None and (found.text, found.uri, found.score) == ("A queue.", "s3://b/queue", 0.5)
    assert found.reference()["metadata"] == {
        "year": 2026,
        "x-amz-bedrock-kb-source-uri": "s3://b/queue",
        "x-amz-bedrock-kb-chunk-id": "1",
        "x-amz-bedrock-kb-data-source-id": "DS",
    }
    assert passage({"somebody": "else's"}, 0.5) is None


class TestGeneration:
    QUEUE = Passage("A queue keeps messages. It is blue. A worker takes them.", "s3://b/queue", {}, 0.6)
    OTHER = Passage("A topic sends a message to many.", "s3://b/topic", {}, 0.55)

    def test_each_part_of_an_answer_cites_its_passage(self) -> None:
        text, citations = answer("Who takes messages out of a queue?", [self.QUEUE, self.OTHER], embed)
        assert text == "A queue keeps messages. A worker takes them. A topic sends a message to many."
        spans = [c["generatedResponsePart"]["textResponsePart"]["span"] for c in citations]
        assert [text[span["start"] : span["end"] + 1] for span in spans] == [
            "A queue keeps messages. A worker takes them.",
            "A topic sends a message to many.",
        ]
        assert citations[1]["retrievedReferences"][0]["location"]["s3Location"]["uri"] == "s3://b/topic"

    @pytest.mark.parametrize("score", [0.24, 0.0])
    def test_nothing_near_enough_is_no_answer(self, score: float) -> None:
        far = Passage("A queue.", "s3://b/queue", {}, score)
        assert answer("paint?", [far], embed) == (UNABLE, [])
        assert answer("paint?", [], embed) == (UNABLE, [])
