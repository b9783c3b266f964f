"""Write the report's first page: every notebook of the run in a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from labsupport.report.result import NotebookResult, Status

TEMPLATE = "index.html.j2"


def write_index(output: Path, results: Sequence[NotebookResult], facts: Mapping[str, str]) -> None:
    """Write index.html.

    Args:
        output: the report's folder, which holds the notebooks' pages too.
        results: one for each notebook of the run, also those that have not been run.
        facts: what the run was about, shown above the table: {"Python": "3.11.9", ...}.
    """
    templates = Environment(
        loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined
    )
    templates.filters["minutes"] = _minutes
    html = templates.get_template(TEMPLATE).render(
        results=results,
        facts=facts,
        passed=sum(result.status is Status.PASSED for result in results),
        page_of=lambda result: quote(page_name(result.name)) if _has_page(output, result) else None,
    )
    (output / "index.html").write_text(html, encoding="utf-8")


def page_name(notebook_name: str) -> str:
    """Return the file name of a notebook's page."""
    return f"{notebook_name}.html"


def _has_page(output: Path, result: NotebookResult) -> bool:
    return result.status is not Status.NOT_RUN and (output / page_name(result.name)).exists()


def _minutes(seconds: float) -> str:
    """Return minutes and seconds: "0:08", "12:30"."""
    whole = round(seconds)
    return f"{whole // 60}:{whole % 60:02d}"
