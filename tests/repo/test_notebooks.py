"""What every notebook of the course has in common: its skeleton, its cells, its pictures and links."""

from __future__ import annotations

import ast
import json
import re
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any

import nbformat
import pytest

from labsupport.learning import material

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "notebooks"

SKELETON = r"Overview, Setup, (Step \d+, )+Check, Exam-style questions, Summary, Clean up"
EXAM_TASKS = {
    "1.1",
    "1.2",
    "1.3",
    "2.1",
    "2.2",
    "3.1",
    "3.2",
    "3.3",
    "3.4",
    "3.5",
    "4.1",
    "4.2",
    "4.3",
    "4.4",
}
BREAKING = ["Break it", "Read the evidence", "Fix it"]
CHECKED = {"keep_output", "nbval-check-output"}
MOST_CHECKED_CELLS = 3
CODE_LINES = 8
CELLS = (20, 53)
"""A prediction is a cell of one line, so a step has one cell more than it has to run."""
TEXTS_A_CODE_CELL = (0.6, 2.0)
COMPARED = {"text/plain", "text/html", "text/markdown", "image/svg+xml", "application/json"}
"""Of a cell's outputs, nbval compares these and streams; it skips PNG and JPEG."""

FORBIDDEN_IN_CODE = {
    "a wait without a condition": r"\bsleep\(",
    "a traceback": r"\btraceback\b",
    "an endpoint": r"https?://(?!\w+\.example\b)|endpoint(?!Configuration)|localhost|127\.0\.0\.1",
    "an account": r"\b\d{12}\b",
    "a Region": r"\b(?:us|eu|ap|sa|ca|me|af|il|mx)-[a-z]+-\d\b",
    "a folder of one machine": r"[\"'](?:/(?:root|home|Users|work|mnt)\b|[A-Z]:\\)",
    "a question that nobody answers in a run": r"(?<!\.)\binput\(",
    "a package installed into the learner's environment": r"(?m)^\s*[%!]",
    "a look at which cloud it is": r"LAB_TARGET|\btarget\.name|os\.environ|getenv",
}
AWS_SAMPLE_ACCOUNTS = {"123456789012", "111122223333", "444455556666"}


@dataclass(frozen=True)
class Notebook:
    """A notebook's cells, and its Markdown cut into sections at the headings of level 2."""

    path: Path

    @cached_property
    def content(self) -> dict[str, Any]:
        content: dict[str, Any] = json.loads(self.path.read_text(encoding="utf-8"))
        return content

    @cached_property
    def cells(self) -> list[dict[str, Any]]:
        return list(self.content["cells"])

    @cached_property
    def code_cells(self) -> list[dict[str, Any]]:
        return [cell for cell in self.cells if cell["cell_type"] == "code"]

    @cached_property
    def markdown(self) -> str:
        """All its prose, without fenced code."""
        prose = "\n\n".join(source(cell) for cell in self.cells if cell["cell_type"] == "markdown")
        return re.sub(r"(?ms)^```.*?^```", "", prose)

    @cached_property
    def sections(self) -> dict[str, str]:
        """Its prose by heading of level 2; what stands before the first one is under ""."""
        parts = re.split(r"(?m)^## (.+)$", self.markdown)
        headings = ["", *(heading.strip() for heading in parts[1::2])]
        assert len(set(headings)) == len(headings), f"two sections have one name: {headings}"
        return dict(zip(headings, parts[0::2], strict=True))

    @property
    def number(self) -> str:
        return self.path.stem.partition("_")[0]

    @property
    def has_material(self) -> bool:
        return self.number in material.numbers()

    @cached_property
    def steps(self) -> dict[str, str]:
        return {name: text for name, text in self.sections.items() if name.startswith("Step ")}

    def code_in(self, section: str) -> list[dict[str, Any]]:
        """Return the code cells between a heading of level 2 and the next one."""
        found, inside = [], False
        for cell in self.cells:
            headings = re.findall(r"(?m)^## (.+)$", source(cell)) if cell["cell_type"] == "markdown" else []
            if headings:
                inside = headings[-1].strip() == section
            elif inside and cell["cell_type"] == "code":
                found.append(cell)
        return found


def source(cell: dict[str, Any]) -> str:
    return "".join(cell["source"])


def tags(cell: dict[str, Any]) -> set[str]:
    return set(cell["metadata"].get("tags", []))


def overview_row(notebook: Notebook, label: str) -> str:
    """Return a row of the Overview's table."""
    match = re.search(rf"(?m)^\| {label} \| (.+?) \|$", notebook.sections["Overview"])
    assert match, f"the Overview has no row {label!r}"
    return match[1]


NOTEBOOKS = [Notebook(path) for path in sorted(FOLDER.glob("*.ipynb"))]
each_notebook = pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda notebook: notebook.path.stem)


# Prose


@each_notebook
def test_its_headings_are_the_skeleton(notebook: Notebook) -> None:
    assert re.match(r"# \S.*\n\n\S", source(notebook.cells[0])), (
        "the first cell is not a title and a sentence"
    )
    assert len(re.findall(r"(?m)^# ", notebook.markdown)) == 1
    headings = [heading for heading in notebook.sections if heading]
    numbers = [int(match[1]) for name in headings if (match := re.match(r"Step (\d+): [A-Z]\w+", name))]
    assert re.fullmatch(SKELETON, ", ".join(name.partition(":")[0] for name in headings)), headings
    assert numbers == list(range(1, len(notebook.steps) + 1))


@each_notebook
def test_its_overview_says_what_to_expect(notebook: Notebook) -> None:
    overview = notebook.sections["Overview"]
    assert len(re.findall(r"(?m)^- \*\*[a-z]+", overview)) >= 3, "abilities, each beginning with a verb"
    assert 5 <= int(overview_row(notebook, "Minutes")) <= 60
    tasks = re.findall(r"\b\d\.\d\b", overview_row(notebook, "Exam tasks"))
    assert tasks and set(tasks) <= EXAM_TASKS
    assert overview_row(notebook, "Needs")
    assert "![" in overview, "no picture"


@each_notebook
def test_each_step_asks_for_a_prediction(notebook: Notebook) -> None:
    for name, text in notebook.steps.items():
        code = "\n".join(map(source, notebook.code_in(name)))
        assert "**Predict.**" in text or "lab.predict(" in code, name


@each_notebook
def test_what_is_broken_is_understood_and_fixed(notebook: Notebook) -> None:
    for name, text in notebook.steps.items():
        headings = re.findall(r"(?m)^### (.+)$", text)
        breaking = [heading for heading in headings if heading in BREAKING]
        assert breaking == BREAKING * (len(breaking) // len(BREAKING)), f"{name}: {headings}"


@each_notebook
def test_its_questions_have_one_answer_and_say_why_not_the_others(notebook: Notebook) -> None:
    if notebook.has_material:  # tests/repo/test_material.py looks at them
        assert [source(cell) for cell in notebook.code_in("Exam-style questions")] == ["lab.questions()"]
        return
    parts = re.split(r"(?m)^\*\*(\d)\.\*\* ", notebook.sections["Exam-style questions"])
    assert parts[1::2] == ["1", "2", "3", "4"]
    right = set()
    for question in parts[2::2]:
        assert re.findall(r"(?m)^- ([A-Z])\. \S", question) == ["A", "B", "C", "D"], question
        details = re.findall(r"(?s)<details><summary>Answer</summary>\n\n(.+?)\n\n</details>", question)
        assert len(details) == 1, question
        answer = re.match(r"\*\*([A-D])\.\*\* \S", details[0])
        assert answer, f"which one is right? {details[0]}"
        explained = re.findall(r"(?m)^([A-D])\b", details[0])
        assert sorted([answer[1], *explained]) == ["A", "B", "C", "D"], details[0]
        right.add(answer[1])
    assert len(right) > 1, "always the same letter"


@each_notebook
def test_prose_and_code_are_in_balance(notebook: Notebook) -> None:
    texts = len(notebook.cells) - len(notebook.code_cells)
    assert CELLS[0] <= len(notebook.cells) <= CELLS[1]
    assert TEXTS_A_CODE_CELL[0] <= texts / len(notebook.code_cells) <= TEXTS_A_CODE_CELL[1]


@each_notebook
def test_its_links_and_pictures_are_there(notebook: Notebook) -> None:
    for mark, text, target in re.findall(r"(!?)\[([^\]]*)\]\(([^)\s]+)", notebook.markdown):
        assert text.strip(), f"{target} has no text"
        assert not target.startswith("http:"), target
        if not re.match(r"https:|#", target):
            assert (FOLDER / target.partition("#")[0]).is_file(), f"{target} is not there"
        if mark:
            assert target.startswith("img/"), f"a picture from elsewhere: {target}"
            assert len(text) > 20, f"{target}: its alternative text says too little"
    assert "<img" not in notebook.markdown, "a picture is written as ![text](img/name.svg)"


@each_notebook
def test_its_prose_names_nobodys_account(notebook: Notebook) -> None:
    assert set(re.findall(r"\b\d{12}\b", notebook.markdown)) <= AWS_SAMPLE_ACCOUNTS


def test_the_courses_table_has_each_notebooks_minutes() -> None:
    rows = re.findall(
        r"(?m)^\| (?:\*\*|\[)(\d\d_\w+)(?:\*\*|\]\(\1\.ipynb\)) \| (\d+) \|", NOTEBOOKS[0].markdown
    )
    assert rows == [(notebook.path.stem, overview_row(notebook, "Minutes")) for notebook in NOTEBOOKS]


# Code


@each_notebook
def test_its_code_cells_are_short(notebook: Notebook) -> None:
    for cell in notebook.code_cells:
        lines = [
            line for line in source(cell).splitlines() if line.strip() and not line.strip().startswith("#")
        ]
        assert 0 < len(lines) <= CODE_LINES, f"{cell['id']} has {len(lines)} lines"


@each_notebook
def test_it_defines_nothing_but_handlers_that_it_teaches(notebook: Notebook) -> None:
    for cell in notebook.code_cells:
        for node in ast.walk(ast.parse(source(cell))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                assert node.name == "handler" or "handler" in tags(cell), f"{cell['id']} defines {node.name}"


@each_notebook
def test_its_code_runs_on_any_machine_and_any_cloud(notebook: Notebook) -> None:
    for cell in notebook.code_cells:
        for what, pattern in FORBIDDEN_IN_CODE.items():
            found = re.search(pattern, source(cell))
            assert not found, f"{cell['id']} has {what}: {found and found[0]}"


@each_notebook
def test_its_parameters_come_first_and_then_one_setup_cell(notebook: Notebook) -> None:
    assert [index for index, cell in enumerate(notebook.code_cells) if "parameters" in tags(cell)] == [0]
    assert notebook.code_cells[0] in notebook.code_in("Overview"), "the parameters stand before Setup"
    [setup] = notebook.code_in("Setup")
    number = notebook.path.stem.partition("_")[0]
    assert source(setup).startswith(f'from labsupport import Lab\n\nlab = Lab("{number}")')


@each_notebook
def test_its_check_asks_the_cloud(notebook: Notebook) -> None:
    code = "\n".join(map(source, notebook.code_in("Check")))
    if "lab.check(" not in code:
        assert re.search(r"\blab\.|_client\.|\b(?:s3|sqs|iam|logs)\.", code), "it asks nobody"
        assert "assert " in code, "it accepts everything"


# Outputs and metadata


@each_notebook
def test_only_checked_outputs_are_kept(notebook: Notebook) -> None:
    for cell in notebook.code_cells:
        assert not any(output["output_type"] == "error" for output in cell["outputs"]), cell["id"]
        if not tags(cell) & CHECKED:
            assert cell["outputs"] == [], f"{cell['id']} keeps an output"
            assert cell["execution_count"] is None, f"{cell['id']} keeps its number"


@each_notebook
def test_a_checked_output_can_fail(notebook: Notebook) -> None:
    """nbval passes a cell without execution_count unseen, and compares no PNG."""
    checked = [cell for cell in notebook.code_cells if tags(cell) & CHECKED]
    assert 1 <= len(checked) <= MOST_CHECKED_CELLS
    for cell in checked:
        assert tags(cell) >= CHECKED, f"{cell['id']} lacks {CHECKED - tags(cell)}"
        assert isinstance(cell["execution_count"], int), f"{cell['id']} has no execution_count"
        compared = [
            output
            for output in cell["outputs"]
            if output["output_type"] == "stream" or COMPARED & output["data"].keys()
        ]
        assert compared, f"{cell['id']} has no output that nbval compares"
        assert not re.search(r"\b\d{12}\b|\blab-\w", json.dumps(compared)), f"{cell['id']}: somebody's names"


@each_notebook
def test_its_cells_have_names_that_last(notebook: Notebook) -> None:
    ids = [cell["id"] for cell in notebook.cells]
    assert len(set(ids)) == len(ids)
    assert [name for name in ids if not re.fullmatch(r"[a-z]+(-[a-z0-9]+)*", name)] == []
    assert [name for name in ids if re.fullmatch(r"[0-9a-f-]{8,}", name)] == []


@each_notebook
def test_it_is_a_notebook_as_jupyter_saves_it(notebook: Notebook) -> None:
    text = notebook.path.read_text(encoding="utf-8")
    parsed = nbformat.reads(text, as_version=4)
    nbformat.validate(parsed)
    assert text == nbformat.writes(parsed) + "\n"
    assert notebook.content["nbformat_minor"] == 5
    assert notebook.content["metadata"] == {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }


def test_the_notebooks_are_numbered_in_order() -> None:
    names = [notebook.path.stem for notebook in NOTEBOOKS]
    assert [name for name in names if not re.fullmatch(r"\d\d_[a-z0-9_]+", name)] == []
    assert all(first[:2] < second[:2] for first, second in pairwise(names))
    assert (names[0], names[-1]) == ("00_start_here", "99_teardown")
