from __future__ import annotations

import argparse
import importlib
import io
import os
import sys
from pathlib import Path

import pytest

from labsupport import cli
from labsupport.commands import UsageError, doctor
from labsupport.commands import open as open_command
from labsupport.commands.doctor.finding import Finding, Mark, failed, passed, warned
from labsupport.commands.run.progress import ProgressLine, result_line
from labsupport.commands.run.selection import Notebook, select
from labsupport.errors import LabError
from labsupport.report.index import write_index
from labsupport.report.result import CellFailure, NotebookResult, Status
from labsupport.settings import Settings

COURSE = [
    Notebook(Path("notebooks/00_start_here.ipynb"), 0),
    Notebook(Path("notebooks/05_s3_thumbnails.ipynb"), 5),
    Notebook(Path("notebooks/my own notes.ipynb"), None),
    Notebook(Path("notebooks/99_teardown.ipynb"), 99),
]


def names(notebooks: list[Notebook]) -> list[str]:
    return [notebook.name for notebook in notebooks]


# The commands


@pytest.mark.parametrize("word", ["--help", "-h", "help"])
def test_the_help_names_every_command(word: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main([word]) == cli.GOOD
    text = capsys.readouterr().out
    for name, command in cli.COMMANDS.items():
        assert f"  {name:<10} {command.summary}\n" in text
    assert "Exit codes: 0 all is well, 1 something failed, 2 wrong usage." in text
    assert max(map(len, text.splitlines())) <= 100


def test_without_a_command_the_help_is_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main([]) == cli.WRONG_USAGE
    out, err = capsys.readouterr()
    assert out == ""
    assert "usage: ./lab COMMAND" in err


def test_when_a_command_is_misspelt_then_the_nearest_is_suggested(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["teerdown"]) == cli.WRONG_USAGE
    assert "there is no command 'teerdown'. Did you mean `./lab teardown`?" in capsys.readouterr().err


def test_when_nothing_is_near_then_nothing_is_suggested(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["xyzzy"]) == cli.WRONG_USAGE
    error = capsys.readouterr().err
    assert "Did you mean" not in error
    assert ", ".join(cli.COMMANDS) in error


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_every_command_explains_itself(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    module = importlib.import_module(cli.COMMANDS[name].module)
    with pytest.raises(SystemExit) as ended:
        cli.main([name, "--help"])
    assert ended.value.code == 0
    text = capsys.readouterr().out
    assert text.startswith(f"usage: ./lab {name}")
    assert " ".join(module.__doc__.split()) in " ".join(text.split())


@pytest.mark.parametrize(
    "words", [["status", "--jsn"], ["stop", "now"], ["open", "--port", "80x"], ["open", "--port", "70000"]]
)
def test_when_an_option_is_wrong_then_the_exit_code_says_wrong_usage(words: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(words)
    assert ended.value.code == cli.WRONG_USAGE


# Which notebooks a run means


def test_when_nothing_is_wanted_then_the_whole_course_is() -> None:
    assert select(COURSE, []) == COURSE


@pytest.mark.parametrize(
    "word",
    ["05", "5", "005", "05_s3_thumbnails", "05_s3_thumbnails.ipynb", "notebooks/05_s3_thumbnails.ipynb"],
)
def test_a_notebook_is_meant_by_number_name_or_path(word: str) -> None:
    assert names(select(COURSE, [word])) == ["05_s3_thumbnails"]


def test_the_courses_order_counts_and_nothing_runs_twice() -> None:
    assert names(select(COURSE, ["99", "my own notes", "0", "00_start_here"])) == [
        "00_start_here",
        "my own notes",
        "99_teardown",
    ]


@pytest.mark.parametrize("word", ["6", "05_s3", "", "-1", "²"])
def test_when_no_notebook_is_meant_then_the_error_lists_them(word: str) -> None:
    with pytest.raises(UsageError) as error:
        select(COURSE, ["05", word])
    assert repr(word) in error.value.cause
    assert "00_start_here, 05_s3_thumbnails, my own notes, 99_teardown" in error.value.next_step


# What a run shows


def test_a_failure_is_shown_in_one_line_with_its_cell() -> None:
    error = LabError(doing="invoking hello", cause="it is gone.", next_step="Deploy it.")
    failure = CellFailure(7, "LabError", str(error))
    result = NotebookResult("05_s3_thumbnails", Status.FAILED, 12.4, 6, 31, failure)
    assert result_line(result, 18) == (
        "05_s3_thumbnails      6/31  cells    12 s  failed\n"
        "    cell [7]: LabError: While invoking hello: it is gone."
    )


def test_a_failure_without_cell_or_message_is_shown_too() -> None:
    assert str(CellFailure(None, "KeyError", "")) == "KeyError"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_on_a_terminal_the_line_changes_in_place_and_goes_away() -> None:
    terminal = Terminal()
    with ProgressLine("05", 4, terminal) as line:
        line.show(3, 12)
    shown = terminal.getvalue()
    assert "\r\x1b[K05      3/12  cells     0 s" in shown
    assert shown.endswith("\r\x1b[K")
    assert "\n" not in shown


def test_in_a_log_there_is_one_line_and_no_control_character() -> None:
    log = io.StringIO()
    with ProgressLine("05", 4, log) as line:
        line.show(3, 12)
    assert log.getvalue() == "05    running\n"


def test_the_reports_index_escapes_what_notebooks_say(tmp_path: Path) -> None:
    failure = CellFailure(2, "ValueError", "the bucket <photos> & its key\nare gone")
    results = [
        NotebookResult("00 & more", Status.PASSED, 75.2, 4, 4),
        NotebookResult("05", Status.FAILED, 8, 1, 3, failure),
        NotebookResult("99"),
    ]
    (tmp_path / "00 & more.html").touch()
    write_index(tmp_path, results, {"Python": "3.11 <x>"})
    html = (tmp_path / "index.html").read_text()
    assert '<a href="00%20%26%20more.html">00 &amp; more</a>' in html
    assert "the bucket &lt;photos&gt; &amp; its key\nare gone" in html
    assert "In cell [2]: ValueError" in html
    assert "3.11 &lt;x&gt;" in html
    assert "<title>Serverless Lab: 1 of 3 notebooks passed</title>" in html
    assert [part in html for part in (">1:15<", ">0:08<", ">1 of 3<", 'class="not-run">not run<')] == [
        True
    ] * 4


# How JupyterLab is opened


def test_jupyterlab_listens_on_loopback_and_asks_no_outside_host() -> None:
    command = open_command.jupyterlab_command(Path("/home/me/my course"), port=8890, browser=False)
    assert command[:3] == [sys.executable, "-m", "jupyterlab"]
    assert {
        "--ServerApp.ip=127.0.0.1",
        "--ServerApp.port=8890",
        "--ServerApp.root_dir=/home/me/my course",
        "--LabApp.default_url=/lab/tree/notebooks/00_start_here.ipynb",
        "--LabApp.news_url=None",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
        "--no-browser",
    } <= set(command)
    assert not any("token" in option for option in command)  # every user can read a command line
    assert ("--allow-root" in command) == (os.geteuid() == 0)


# The doctor


def broken_check(settings: Settings) -> Finding:
    raise OSError("no /proc here")


def test_every_finding_is_shown_with_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    checks = [
        lambda _: passed("fine"),
        lambda _: warned("slow", "Wait."),
        lambda _: failed("gone", "Get it back."),
    ]
    marks = doctor.examine(checks, Settings())
    assert marks == {Mark.PASS: 1, Mark.WARN: 1, Mark.FAIL: 1}
    assert capsys.readouterr().out == "pass  fine\nwarn  slow\n      Wait.\nfail  gone\n      Get it back.\n"


def test_when_a_check_breaks_then_the_others_still_run(capsys: pytest.CaptureFixture[str]) -> None:
    marks = doctor.examine([broken_check, lambda _: passed("fine")], Settings())
    assert marks == {Mark.FAIL: 1, Mark.PASS: 1}
    assert "the check broken_check itself failed: OSError: no /proc here" in capsys.readouterr().out


def test_the_package_index_is_asked_only_online() -> None:
    parser = argparse.ArgumentParser()
    doctor.add_arguments(parser)
    assert not parser.parse_args([]).online
    assert not set(doctor.ONLINE_CHECKS) & set(doctor.CHECKS)
