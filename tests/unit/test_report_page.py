"""The HTML page of an executed notebook."""

from __future__ import annotations

from pathlib import Path

import nbformat

from labsupport.report.page import write_page


def test_what_a_cell_prints_piece_by_piece_is_one_text(tmp_path: Path) -> None:
    pieces = [nbformat.v4.new_output("stream", name="stdout", text=text) for text in ("Xin", " chào", ".")]
    cell = nbformat.v4.new_code_cell("stream()", outputs=pieces)
    write_page(
        nbformat.v4.new_notebook(cells=[cell]), tmp_path / "page.html", title="Stream", folder=tmp_path
    )
    assert "Xin chào." in (tmp_path / "page.html").read_text(encoding="utf-8")
    assert [output.text for output in cell.outputs] == ["Xin", " chào", "."], "the notebook was changed"
