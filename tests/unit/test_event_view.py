from __future__ import annotations

import json
from pathlib import Path

import pytest

from labsupport.errors import LabError
from labsupport.views.event_view import event_table
from labsupport.views.source import source_of

FUNCTION = Path(__file__).parents[2] / "functions" / "thumbnail"
EVENT = json.loads((FUNCTION / "event.json").read_text(encoding="utf-8"))


def test_every_field_of_the_sample_event_is_shown_and_explained() -> None:
    rows = {str(row[0]): (row[1], row[2]) for row in event_table(EVENT).rows}
    assert rows["s3.object.key"] == (
        "raw/%E1%BA%A3nh+m%C3%A8o+1%2B2.jpg",
        "the key, URL-encoded. The handler reads this",
    )
    assert rows["eventVersion"][0] == "2.6"
    assert [name for name, (_, meaning) in rows.items() if not meaning] == []


def test_a_field_that_is_new_is_shown_without_a_meaning() -> None:
    table = event_table({"Records": [{"s3": {"object": {"colour": "red"}}}, {}]})
    assert list(table.rows) == [("s3.object.colour", "red", "")]
    assert table.caption == "2 records in this event."


def test_the_source_of_a_function_is_what_is_deployed() -> None:
    shown = source_of(FUNCTION / "handler.py", "why_skip").data
    assert shown.startswith("```python\ndef why_skip(bucket: str, key: str)")
    assert shown.removeprefix("```python\n").removesuffix("\n```") in (FUNCTION / "handler.py").read_text()


def test_a_function_that_is_gone_is_named() -> None:
    with pytest.raises(LabError, match="guard"):
        source_of(FUNCTION / "handler.py", "guard")
