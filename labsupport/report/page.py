"""Turn an executed notebook into one HTML page that stands alone."""

from __future__ import annotations

import copy
from pathlib import Path

from nbconvert import HTMLExporter
from nbconvert.preprocessors import CoalesceStreamsPreprocessor
from nbformat import NotebookNode

WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"


def write_page(notebook: NotebookNode, page: Path, *, title: str, folder: Path) -> None:
    """Write the page.

    Args:
        notebook: the executed notebook; it isn't changed.
        page: the HTML file to write.
        title: the page's title.
        folder: the folder to which the notebook's Markdown pictures are relative.
    """
    exporter = HTMLExporter(  # type: ignore[no-untyped-call]
        extra_template_basedirs=[str(Path(__file__).parent)],
        template_name="notebook_page",
        embed_images=True,
    )
    # A cell that prints a stream piece by piece has one output for each. JupyterLab shows them as one.
    exporter.register_preprocessor(CoalesceStreamsPreprocessor(), enabled=True)  # type: ignore[no-untyped-call]
    html, _ = exporter.from_notebook_node(
        _without_widgets(notebook), resources={"metadata": {"name": title, "path": str(folder)}}
    )
    page.write_text(html, encoding="utf-8")


def _without_widgets(notebook: NotebookNode) -> NotebookNode:
    """Leave the picture or the text that stands beside each widget: a live one needs a kernel."""
    still = copy.deepcopy(notebook)
    still.metadata.pop("widgets", None)
    for cell in still.cells:
        for output in cell.get("outputs", []):
            output.get("data", {}).pop(WIDGET_VIEW, None)
    return still
