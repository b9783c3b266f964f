"""A function out of a Python file, shown as code: what a notebook shows is what is deployed."""

from __future__ import annotations

import ast
from pathlib import Path

from IPython.display import Markdown

from labsupport.errors import LabError


def source_of(path: Path, function: str) -> Markdown:
    """Return one function of a file, such as functions/thumbnail/handler.py, highlighted.

    Raises:
        LabError: the file has no function of this name.
    """
    text = path.read_text(encoding="utf-8")
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef) and node.name == function:
            return Markdown(f"```python\n{ast.get_source_segment(text, node)}\n```")  # type: ignore[no-untyped-call]
    raise LabError(
        doing=f"showing the function {function}",
        cause=f"{path} has none of this name.",
        next_step="Open the file and look for its new name.",
    )
