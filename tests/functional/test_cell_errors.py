"""What a failing cell shows in a real kernel, and that it stays a failure for whoever runs the notebook."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient
from nbformat import NotebookNode

from labsupport.localcloud.record import CloudRecord
from labsupport.settings import PROJECT, Settings
from labsupport.target import connect
from labsupport.teardown import teardown
from tests.checkout import Checkout

pytestmark = pytest.mark.functional

SETUP = "from labsupport import Lab\nlab = Lab('05')"
ORDINARY = [
    "1 / 0",
    "def outer():\n    return inner()\ndef inner():\n    return missing\nouter()",
    "import json\njson.loads('{')",
    "from json import nothing",
    "def broken(:\n    pass",
    "if True:\npass",
    "x = 'open",
    "%nomagic",
    "try:\n    1 / 0\nexcept ZeroDivisionError as error:\n    raise ValueError('two') from error",
    "exec('def broken(:')",
    "assert 1 == 2, 'one'",
    "%%time\n1 / 0",
    "import asyncio\nawait asyncio.sleep(0)\n[][1]",
]


def run_cells(settings: Settings, *cells: str) -> list[Any]:
    """Run cells in a new kernel that has the settings; each goes on where the one before failed."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in cells])
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3"}
    environment = {**os.environ, "LAB_HOME": str(settings.home), "LAB_OWNER": settings.owner or ""}
    client = NotebookClient(notebook, timeout=60, allow_errors=True)
    client.execute(env=environment | {"PYTHONPATH": str(PROJECT)})
    return list(notebook.cells)


def cards(cell: Any) -> list[str]:
    """Return the HTML of what was displayed before the error."""
    return [output.data["text/html"] for output in cell.outputs if output.output_type == "display_data"]


def error(cell: Any) -> Any:
    """Return the error, which is the last output."""
    assert cell.outputs[-1].output_type == "error"
    return cell.outputs[-1]


def normalised(outputs: list[NotebookNode]) -> str:
    """Return outputs as text, without what differs between two kernels: a process id, and times."""
    text = re.sub(r"ipykernel_\d+", "ipykernel", json.dumps(outputs, ensure_ascii=False))
    return re.sub(r"[\d.]+ \w?s\b", "t", text)


FAILING = {
    "known": "lab.client('s3').get_object(Bucket='nowhere', Key='a')",
    "lab's own": "lab.deploy_role('thumbnail')",
    "refused": "lab.deploy_role('x', policy={'Statement': 'nonsense'})",
    "learner's": "lab.wait_until(lambda: missing, doing='waiting')",
    "interrupted": "def stop():\n    raise KeyboardInterrupt\nlab.wait_until(stop, doing='waiting')",
    "mistake of the lab": "lab.target = None\nlab.inventory()",
    "broken card": "import labsupport.cell_errors\nlabsupport.cell_errors.recognise = None\n"
    "boto3.client('s3').get_object(Bucket='nowhere', Key='a')",
}


@pytest.fixture(scope="module")
def failed(cloud: CloudRecord, cloud_home: Path) -> Iterator[dict[str, Any]]:
    """Run all of them in one kernel, and give each cell by its name."""
    settings = replace(Settings.from_environment({}), home=cloud_home, owner="cards")
    cells = run_cells(settings, f"import boto3\n{SETUP}", *FAILING.values())
    yield dict(zip(FAILING, cells[1:], strict=True))
    teardown(connect(settings), late_log_seconds=0)


def test_an_error_that_the_lab_knows_is_a_card_with_the_traceback_folded(failed: dict[str, Any]) -> None:
    [card] = cards(failed["known"])
    before, _, folded = card.partition("<details")
    assert "There is no bucket of this name" in before and "Traceback" not in before
    assert "Traceback (most recent call last)" in folded and "interactiveshell.py" not in folded
    assert "There is no bucket of this name" in failed["known"].outputs[0].data["text/plain"]
    shown = error(failed["known"])
    assert (shown.ename, shown.traceback) == ("NoSuchBucket", [f"NoSuchBucket: {shown.evalue}"])


def test_an_error_of_the_labs_own_shows_its_three_parts(failed: dict[str, Any]) -> None:
    [card] = cards(failed["lab's own"])
    before, _, folded = card.partition("<details")
    assert "While reading the policy thumbnail/policy.json" in before
    assert "What to do.</strong> Pass them as values" in before
    assert "permissions.py" not in before and "permissions.py" in folded
    assert len(error(failed["lab's own"]).traceback) == 1


def test_a_mistake_of_the_lab_is_called_that_and_its_traceback_is_folded(failed: dict[str, Any]) -> None:
    [card] = cards(failed["mistake of the lab"])
    before, _, folded = card.partition("<details")
    assert "This is a mistake of the lab, not yours" in before
    assert "inventory.py" not in before and "inventory.py" in folded
    assert error(failed["mistake of the lab"]).traceback == [
        "AttributeError: 'NoneType' object has no attribute 'owner'"
    ]


def test_what_aws_refuses_the_lab_is_no_mistake_of_the_lab(failed: dict[str, Any]) -> None:
    [card] = cards(failed["refused"])
    assert "AWS refused what the lab asked for" in card
    assert "MalformedPolicyDocument" in card.partition("<details")[0]


@pytest.mark.parametrize(("name", "kind"), [("learner's", "NameError"), ("interrupted", "KeyboardInterrupt")])
def test_a_learners_mistake_inside_a_call_of_the_lab_is_shown_without_the_labs_frames(
    failed: dict[str, Any], name: str, kind: str
) -> None:
    assert cards(failed[name]) == []
    assert error(failed[name]).ename == kind
    text = re.sub(r"\x1b\[[\d;]*m", "", "\n".join(error(failed[name]).traceback))
    assert "waiting.py" not in text and "lab.py" not in text
    assert text.count("Cell ") == 2  # the cell, and its own function


def test_when_a_card_cannot_be_made_then_the_error_is_still_seen(failed: dict[str, Any]) -> None:
    assert cards(failed["broken card"]) == []
    assert error(failed["broken card"]).ename == "NoSuchBucket"
    assert len(error(failed["broken card"]).traceback) > 3


def test_also_the_setup_cell_shows_a_card(cloud: CloudRecord, settings: Settings) -> None:
    [cell] = run_cells(settings, f"import os\nos.environ['LAB_TARGET'] = 'aws'\n{SETUP}")
    [card] = cards(cell)
    assert "LAB_AWS_ACCOUNT" in card.partition("<details")[0]


def test_every_other_error_looks_as_it_does_without_the_lab(cloud: CloudRecord, settings: Settings) -> None:
    without = run_cells(settings, "x = 1", *ORDINARY)[1:]
    within = run_cells(settings, SETUP, *ORDINARY)[1:]
    for source, plain, cell in zip(ORDINARY, without, within, strict=True):
        assert plain.outputs, source
        assert normalised(cell.outputs) == normalised(plain.outputs), source


def test_a_run_of_the_course_stops_at_a_cell_with_a_card(
    cloud: CloudRecord, settings: Settings, tmp_path: Path
) -> None:
    checkout = Checkout(tmp_path, home=settings.home, owner=settings.owner)
    checkout.add("refused.ipynb", "05_refused.ipynb")
    checkout.add("passes.ipynb", "99_passes.ipynb")
    answer = checkout.lab("run")
    assert answer.returncode == 1
    assert "    cell [4]: LabError: While naming '$a$': it may have only" in answer.stdout
    assert answer.stdout.splitlines()[-1].startswith("lab run: 0 of 2 notebooks passed")
    executed = json.loads((checkout.build / "notebooks" / "05_refused.ipynb").read_text())
    code = [cell for cell in executed["cells"] if cell["cell_type"] == "code"]
    assert [cell["execution_count"] for cell in code] == [1, 2, 3, 4, None]
    page = (checkout.build / "05_refused.html").read_text()
    assert "aws s3api list-buckets" in page and "How it adds up</summary>" in page
    assert "While naming '$a$'</p>" in page and "The error itself</summary>" in page
