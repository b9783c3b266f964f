"""`lab run` as a real process, with tiny notebooks: what it executes, reports, counts and leaves running."""

from __future__ import annotations

import json
import re
import signal
import time
from html.parser import HTMLParser
from pathlib import Path
from subprocess import CompletedProcess

import psutil
import pytest

from labsupport.localcloud import supervisor
from labsupport.localcloud.record import CloudRecord
from labsupport.settings import Settings
from tests.checkout import Checkout

pytestmark = pytest.mark.functional


@pytest.fixture
def checkout(cloud: CloudRecord, settings: Settings, tmp_path: Path) -> Checkout:
    """A checkout that uses the session's cloud as an owner of its own."""
    return Checkout(tmp_path, home=settings.home, owner=settings.owner)


class References(HTMLParser):
    """Collect what a browser would load for a page."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.loaded: list[str] = []
        self.links: list[str] = []
        self.policy: str | None = None
        self.feed(page.read_text())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag == "meta" and values.get("http-equiv") == "Content-Security-Policy":
            assert not self.loaded, "the policy must stand before what it forbids"
            self.policy = values["content"]
        elif tag == "a":
            self.links.append(values.get("href") or "")
        else:
            self.loaded += [values[name] or "" for name in ("src", "href", "srcset") if name in values]


def lines(answer: CompletedProcess[str]) -> list[str]:
    return answer.stdout.splitlines()


# A course that passes


def test_when_all_notebooks_pass_then_the_last_line_and_the_report_say_so(
    checkout: Checkout, cloud: CloudRecord
) -> None:
    checkout.add("passes.ipynb", "00_start_here.ipynb")
    checkout.add("prints a lot.ipynb", "05_prints a lot.ipynb")
    checkout.add("dot.svg")
    answer = checkout.lab("run")
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert answer.stderr == ""
    first, *notebooks, last = lines(answer)
    assert first == f"Running on the local cloud at {cloud.url}, account {cloud.account}, us-east-1"
    assert [line.split("  ")[0] for line in notebooks[::2]] == ["00_start_here", "05_prints a lot"]
    assert re.search(r" 4/4 +cells +\d+ s  passed$", notebooks[1])
    assert re.fullmatch(
        r"lab run: 2 of 2 notebooks passed in \d+ s, 0 resources left; report: build/index\.html", last
    )
    assert supervisor.find(checkout.home) == cloud  # it ran before, so it still does

    executed = json.loads((checkout.build / "notebooks" / "00_start_here.ipynb").read_text())
    code = [cell for cell in executed["cells"] if cell["cell_type"] == "code"]
    assert [cell["execution_count"] for cell in code] == [1, 2, None, 3, 4]  # the third is empty
    assert code[0]["outputs"][0]["data"]["text/plain"] == ["42"]
    assert "widgets" not in executed["metadata"]
    assert "line 19999 " in (checkout.build / "05_prints a lot.html").read_text()

    index = References(checkout.build / "index.html")
    assert (index.loaded, index.links) == ([], ["00_start_here.html", "05_prints%20a%20lot.html"])
    page = References(checkout.build / "00_start_here.html")
    outside = ["http://pictures.example/a.png", "https://scripts.example/a.js"]
    assert page.loaded[0].startswith("data:image/svg+xml;base64,")
    assert page.loaded[1:] == outside  # from a cell's output, and stopped by the policy:
    assert page.policy is not None and "default-src 'none'; img-src data:;" in page.policy
    assert "script-src" not in page.policy
    assert "IntSlider(value=0" in (checkout.build / "00_start_here.html").read_text()


def test_notebooks_are_chosen_by_number_and_a_kernel_of_that_name_elsewhere_is_not_used(
    checkout: Checkout, tmp_path: Path
) -> None:
    checkout.add("fails.ipynb", "00_start_here.ipynb")
    checkout.add("passes.ipynb", "05_s3_thumbnails.ipynb")
    kernel = tmp_path / "kernels" / "python3"
    kernel.mkdir(parents=True)
    spec = {"argv": ["false"], "display_name": "another Python", "language": "python"}
    (kernel / "kernel.json").write_text(json.dumps(spec))
    answer = checkout.lab("run", "5", "--output", str(tmp_path / "a report"), JUPYTER_PATH=str(tmp_path))
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert "1 of 1 notebooks passed" in lines(answer)[-1]
    assert lines(answer)[-1].endswith(f"report: {tmp_path / 'a report' / 'index.html'}")
    assert (tmp_path / "a report" / "05_s3_thumbnails.html").is_file()
    assert (tmp_path / "a report").stat().st_mode & 0o077 == 0
    assert not checkout.build.exists()


def test_what_is_left_is_counted_and_only_the_teardown_notebook_answers_for_it(checkout: Checkout) -> None:
    checkout.add("builds.ipynb", "05_builds.ipynb")
    checkout.add("passes.ipynb", "99_teardown.ipynb")  # one that forgets its work
    one, both = checkout.lab("run", "05"), checkout.lab("run")
    assert (one.returncode, both.returncode) == (0, 1), one.stdout + both.stdout
    assert "1 of 1 notebooks passed" in lines(one)[-1]
    assert "2 of 2 notebooks passed" in lines(both)[-1]
    for answer in (one, both):
        assert ", 1 resources left;" in lines(answer)[-1]
        assert lines(answer)[-2] == "`./lab teardown` deletes what is left."
    assert checkout.lab("teardown").returncode == 0


# Notebooks that fail


def test_when_a_notebook_fails_then_the_later_ones_are_not_run(checkout: Checkout) -> None:
    checkout.add("fails.ipynb", "04_fails.ipynb")
    checkout.add("passes.ipynb", "05_passes.ipynb")
    answer = checkout.lab("run")
    assert answer.returncode == 1
    assert "    cell [2]: ValueError: the bucket <photos> & its key are gone" in lines(answer)
    assert lines(answer)[-1].startswith("lab run: 0 of 2 notebooks passed")
    assert not (checkout.build / "notebooks" / "05_passes.ipynb").exists()
    html = (checkout.build / "index.html").read_text()
    assert "the bucket &lt;photos&gt; &amp; its key are gone" in html
    assert html.count('class="not-run"') == 1
    page = References(checkout.build / "04_fails.html")
    assert page.loaded == []
    assert "Traceback" in (checkout.build / "04_fails.html").read_text()


def test_when_told_to_go_on_then_each_failure_is_told_and_the_last_notebook_runs(checkout: Checkout) -> None:
    (checkout.notebooks / "0_broken.ipynb").write_text("{ this is not JSON\n")
    for number, name in enumerate(["fails", "kernel_dies", "leaves_early", "passes"], start=1):
        checkout.add(f"{name}.ipynb", f"{number}_{name}.ipynb")
    answer = checkout.lab("run", "--keep-going")
    assert answer.returncode == 1
    assert answer.stderr == ""
    failures = [line.strip() for line in lines(answer) if line.startswith("    ")]
    assert failures == [
        "NotJSONError: Notebook does not appear to be JSON: '{ this is not JSON\\n'",
        "cell [2]: ValueError: the bucket <photos> & its key are gone",
        "cell [2]: DeadKernelError: The kernel died while this cell was running.",
        "cell [2]: SystemExit: The notebook ended before its last cell.",
    ]
    assert lines(answer)[-1].startswith("lab run: 1 of 5 notebooks passed")
    died = json.loads((checkout.build / "notebooks" / "2_kernel_dies.ipynb").read_text())
    assert died["cells"][0]["execution_count"] == 1  # kept as far as it came


# Wrong use, and an early end


def test_when_no_such_notebook_then_what_exists_is_listed_and_nothing_started(tmp_path: Path) -> None:
    checkout = Checkout(tmp_path)
    checkout.add("passes.ipynb", "00_start_here.ipynb")
    answer = checkout.lab("run", "0", "77")
    assert (answer.returncode, answer.stdout) == (2, "")
    assert "there is no notebook '77'" in answer.stderr
    assert "Choose by number or name from: 00_start_here." in answer.stderr
    assert not checkout.home.exists()


def test_when_the_report_cannot_be_written_then_a_sentence(checkout: Checkout) -> None:
    checkout.add("passes.ipynb", "00_start_here.ipynb")
    checkout.build.write_text("a file where the folder should be")
    answer = checkout.lab("run")
    assert answer.returncode == 1
    assert f"While writing the report to {checkout.build}" in answer.stderr
    assert "Traceback" not in answer.stderr


@pytest.mark.parametrize(("stop_signal", "exit_code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_when_the_run_is_stopped_then_kernel_and_cloud_end_with_it(
    tmp_path: Path, stop_signal: signal.Signals, exit_code: int
) -> None:
    checkout = Checkout(tmp_path)
    checkout.add("waits.ipynb", "04_waits.ipynb")
    checkout.add("passes.ipynb", "05_passes.ipynb")
    process = checkout.start("run")
    children: list[psutil.Process] = []
    try:
        started = checkout.notebooks / "started"
        deadline = time.monotonic() + 60
        while not any(child.name() == "sleep" for child in children):
            assert time.monotonic() < deadline and process.poll() is None
            time.sleep(0.1)
            children = psutil.Process(process.pid).children(recursive=True)
        assert int(started.read_text()) in [child.pid for child in children]
        process.send_signal(stop_signal)
        output, _ = process.communicate(timeout=30)
        left = psutil.wait_procs(children, timeout=5)[1]
        cloud = supervisor.find(checkout.home)
    finally:
        process.kill()
        supervisor.stop(checkout.home)
    assert process.returncode == exit_code, output
    assert "Traceback" not in output
    assert (left, cloud) == ([], None)
    if stop_signal is signal.SIGINT:
        assert output.splitlines()[-1].startswith("lab run: 0 of 2 notebooks passed")
        assert "interrupted" in (checkout.build / "index.html").read_text()
