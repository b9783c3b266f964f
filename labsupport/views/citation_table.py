"""What an answer says beside the passages that it is taken from (notebook 10_rag_and_agents).

https://docs.aws.amazon.com/bedrock/latest/APIReference/API_agent-runtime_RetrieveAndGenerate.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from labsupport.views.table import Table


def citation_table(answer: Mapping[str, Any]) -> Table:
    """Show RetrieveAndGenerate's answer, one row for each passage that it cites.

    Without a citation the answer stands alone, and the caption says so.
    """
    rows = [
        (
            citation["generatedResponsePart"]["textResponsePart"]["text"],
            reference["content"]["text"],
            source_of_reference(reference),
        )
        for citation in answer["citations"]
        for reference in citation["retrievedReferences"]
    ]
    headers = ["The answer says", "The passage says", "Source"]
    if not rows:
        return Table(headers, [(answer["output"]["text"], None, None)], caption="No citation.")
    return Table(headers, rows)


def passage_row(result: Mapping[str, Any]) -> tuple[str, str, str]:
    """Return score, source and text of a passage that Retrieve found."""
    return f"{result['score']:.2f}", source_of_reference(result), str(result["content"]["text"])


def source_of_reference(reference: Mapping[str, Any]) -> str:
    """Return the key of the object that a retrieved passage comes from."""
    uri = str(reference["location"]["s3Location"]["uri"])
    return uri.partition("//")[2].partition("/")[2]
