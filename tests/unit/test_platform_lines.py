"""The lines that Lambda adds, against the examples in AWS's documentation."""

from __future__ import annotations

import re

import pytest

from labsupport.localcloud.lambda_service import platform_events as events
from labsupport.localcloud.lambda_service import platform_lines
from labsupport.localcloud.lambda_service.function import LoggingConfig


@pytest.mark.parametrize(
    ("duration_ms", "init_ms", "billed"),
    [(250.06, 100.77, 351), (250.06, None, 251), (1.0, None, 1), (1.001, None, 1), (15.74, 130.49, 147)],
    ids=["with Init", "before August 2025", "exact", "below a hundredth", "the guide's example"],
)
def test_billed_duration_adds_init_and_rounds_up(
    duration_ms: float, init_ms: float | None, billed: int
) -> None:
    assert platform_lines.billed_ms(duration_ms, init_ms) == billed


def test_report_is_the_guides_line() -> None:
    line = platform_lines.report(
        "8f507cfc", duration_ms=15.74, init_ms=130.49, memory_mb=128, max_memory_mb=56
    )
    assert line == (
        "REPORT RequestId: 8f507cfc\tDuration: 15.74 ms\tBilled Duration: 147 ms\t"
        "Memory Size: 128 MB\tMax Memory Used: 56 MB\tInit Duration: 130.49 ms\t"
    )


def test_report_of_a_failure_has_status_and_error_type() -> None:
    line = platform_lines.report(
        "x",
        duration_ms=1,
        init_ms=None,
        memory_mb=128,
        max_memory_mb=40,
        status="error",
        error_type="Runtime.ExitError",
    )
    assert "Init Duration" not in line
    assert line.endswith("\tStatus: error\tError Type: Runtime.ExitError\t")


def test_init_report_names_phase_and_status() -> None:
    line = platform_lines.init_report(10_000.4, "init", "timeout", None)
    assert line == "INIT_REPORT Init Duration: 10000.40 ms\tPhase: init\tStatus: timeout"


def test_timed_out_names_the_limit() -> None:
    assert re.fullmatch(
        r"\d{4}-\d\d-\d\dT[\d:.]+Z id Task timed out after 3\.00 seconds",
        platform_lines.timed_out("id", 3),
    )


def rendered(event: events.PlatformEvent) -> str | None:
    return platform_lines.render(event, LoggingConfig(system_log_level="WARN"), 0)


@pytest.mark.parametrize(
    ("kind", "phase", "status", "written"),
    [
        ("on-demand", "init", "success", False),
        ("on-demand", "invoke", "success", False),
        ("on-demand", "init", "timeout", True),
        ("on-demand", "invoke", "error", True),
        ("provisioned-concurrency", "init", "success", True),
        ("provisioned-concurrency", "invoke", "success", False),
    ],
)
def test_a_successful_init_is_reported_where_nobody_waited_for_it(
    kind: str, phase: str, status: str, written: bool
) -> None:
    line = rendered(events.InitReport(kind, phase, 125.3, status))
    assert (line is not None) == written
    assert line is None or line == f"INIT_REPORT Init Duration: 125.30 ms\tPhase: {phase}\tStatus: {status}"


def test_an_invocation_is_told_in_three_lines() -> None:
    told = [events.Start("8f5", "1"), events.RuntimeDone("8f5", 1, 2), events.Report("8f5", 1, None, 128, 40)]
    assert [str(rendered(event)).split()[0] for event in told] == ["START", "END", "REPORT"]
    assert "Status" not in str(rendered(told[2]))


def test_a_timeout_and_a_runtime_that_ended_have_words_of_their_own() -> None:
    assert "Task timed out after 3.00 seconds\n" in str(rendered(events.TimedOut("8f5", 3)))
    failed = events.RuntimeFailed("Error: Runtime exited", "Runtime.ExitError")
    assert rendered(failed) == "Error: Runtime exited\nRuntime.ExitError"
