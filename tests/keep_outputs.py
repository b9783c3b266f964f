"""Take the outputs that notebooks keep from their last run: first `./lab run 05`, then this module with 05.

Only cells tagged nbval-check-output keep theirs. Look at the change before you commit it.
"""

from __future__ import annotations

import sys
from pathlib import Path

import nbformat

ROOT = Path(__file__).parents[1]
CHECKED = "nbval-check-output"
WIDGET = "application/vnd.jupyter.widget-view+json"


def keep_outputs(notebook: Path, executed: Path) -> None:
    """Copy the checked outputs of an executed notebook into the notebook itself."""
    content = nbformat.read(notebook, as_version=4)
    ran = {cell.id: cell for cell in nbformat.read(executed, as_version=4).cells}
    for cell in content.cells:
        if CHECKED in cell.metadata.get("tags", []):
            if not ran[cell.id].outputs:
                sys.exit(f"{executed} has no output of {cell.id}: did the run fail?")
            cell.outputs = [_as_kept(output) for output in ran[cell.id].outputs]
            cell.execution_count = ran[cell.id].execution_count
    notebook.write_text(nbformat.writes(content) + "\n", encoding="utf-8")


def _as_kept(output: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """Leave out what no other kernel knows: a widget's id, a run's times."""
    if "data" in output:
        output.data.pop(WIDGET, None)
        output.metadata = nbformat.from_dict({})
    return output


def main() -> None:
    for number in sys.argv[1:]:
        [notebook] = (ROOT / "notebooks").glob(f"{number}_*.ipynb")
        keep_outputs(notebook, ROOT / "build" / "notebooks" / notebook.name)
        print(notebook.name)


if __name__ == "__main__":
    main()
