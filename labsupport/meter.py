"""The meter: what a cell, a notebook and a learner would have cost on AWS.

It reads two things. The tape tells of the calls. The log groups of the lab's functions tell of their runs,
whoever invoked them. What functions call themselves, requests to an API that don't go through `lab.http` and
data transfer leave no trace in either, so they are not counted.

Everything has its time. A cell that called AWS itself begins a span, which lasts until the next such cell:
a function that S3 has started finishes when the cell is long over.
"""

from __future__ import annotations

import uuid
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Protocol

from labsupport import naming
from labsupport.charges import usage_of_call, usage_of_log_text, usage_of_report
from labsupport.logs import LogEvent, parse_report, read_log_events
from labsupport.metrics import read_metric
from labsupport.standing import architectures, standing
from labsupport.tape import Call
from labsupport.target import Target
from labsupport.timeline import INIT_REPORT
from labsupport.usage import Costs, Usage

LAMBDAS_DEFAULT = "x86_64"


class Progress(Protocol):
    """Keeps events over the end of a kernel."""

    def record(self, kind: str, **facts: Any) -> object:
        """Append an event."""

    def events(self, kind: str) -> Sequence[Mapping[str, Any]]:
        """Return the facts of all events of a kind, oldest first."""


@dataclass(frozen=True)
class Entry:
    """Something that costs, and when it began.

    Attributes:
        time_ms: milliseconds since the epoch.
        request_id: of a function's run; "" for anything else.
    """

    time_ms: float
    usage: Usage
    request_id: str = ""


class Meter:
    """Measure from now on."""

    def __init__(self, target: Target, *, progress: Progress | None = None) -> None:
        """Begin to measure; with `progress` the learner's total outlives the kernel."""
        self._target, self._progress = target, progress
        self._run, self._since = uuid.uuid4().hex, datetime.now(UTC)
        self._logs: dict[str, Counter[LogEvent]] = defaultdict(Counter)

    def read(self) -> Costs:
        """Ask for the logs, and return what there is now. It takes some calls, all of them plumbing."""
        calls = self._target.tape.calls()  # before those of the meter itself
        own = [entry_of_call(call) for call in calls if not call.plumbing]
        invocations = [call for call in calls if is_invocation(call)]
        of_functions = architectures(self._target)
        runs = list(began_with_their_calls(self._read_logs(of_functions), invocations))
        logged = {run.request_id for run in runs}
        unlogged = [call for call in invocations if call.request_id not in logged]
        starts = cell_starts(calls)
        cells = usage_by_cell([*own, *runs], starts)
        number = starts[-1][0] if starts else None
        notebook = total(cells.values())
        return Costs(
            cell=cells.get(number, Usage()) if starts else Usage(),
            cell_number=number,
            notebook=notebook,
            learner=self._remember(notebook),
            plumbing=total(usage_of_call(call) for call in calls if call.plumbing),
            unlogged=len(unlogged),
            silent=self._silent_runs(of_functions, Counter(invoked_function(call) for call in unlogged)),
            standing=standing(self._target),
        )

    def usage(self) -> Usage:
        """Return all that was used since the notebook's Setup cell, the lab's own calls with it."""
        calls = self._target.tape.calls()
        runs = self._read_logs(architectures(self._target))
        return total([*(usage_of_call(call) for call in calls), *(run.usage for run in runs)])

    def _read_logs(self, of_functions: Mapping[str, str]) -> Iterator[Entry]:
        """Read the log groups again. What was seen stays, though its log group may be deleted since."""
        for name in self._logging_functions():
            self._logs[name] |= Counter(read_log_events(self._target, name, since=self._since))
        for name, events in self._logs.items():
            yield from entries_of_log(events.elements(), of_functions.get(name, LAMBDAS_DEFAULT))

    def _silent_runs(self, functions: Iterable[str], invoked: Mapping[str, int]) -> dict[str, int]:
        """Return how often functions without any log ran, beyond what was `invoked` by calls.

        An API or a bucket that starts a function leaves no call on the tape. CloudWatch counts it.
        """
        silent = dict[str, int]()
        for name in functions:
            if self._logs.get(name):
                continue
            metric = read_metric(self._target, name, "Invocations", since=self._since)
            if metric and (runs := int(metric.sum) - invoked.get(name, 0)) > 0:
                silent[name] = runs
        return silent

    def _logging_functions(self) -> list[str]:
        prefix = naming.log_group_name(naming.name_prefix(self._target.owner))
        with self._target.tape.plumbing():
            pages = self._target.client("logs").get_paginator("describe_log_groups")
            groups = [
                group for page in pages.paginate(logGroupNamePrefix=prefix) for group in page["logGroups"]
            ]
        return [group["logGroupName"].removeprefix(naming.log_group_name("")) for group in groups]

    def _remember(self, notebook: Usage) -> dict[str, Usage] | None:
        """Record this notebook's usage, and return that of all, by month."""
        if self._progress is None:
            return None
        latest = {event["run"]: event for event in self._progress.events("cost")}
        units = dict(notebook.units)
        if units and latest.get(self._run, {}).get("units") != units:
            month = f"{self._since:%Y-%m}"
            facts = {"run": self._run, "notebook": self._target.notebook, "month": month, "units": units}
            self._progress.record("cost", **facts)
            latest[self._run] = facts
        months: dict[str, Usage] = {}
        for event in latest.values():
            months[event["month"]] = months.get(event["month"], Usage()) + Usage(event["units"])
        return months


def entry_of_call(call: Call) -> Entry:
    """Return what a call adds, at the time at which it was sent."""
    return Entry(_milliseconds(call.time), usage_of_call(call))


def entries_of_log(events: Iterable[LogEvent], architecture: str) -> Iterator[Entry]:
    """Yield what a function's log tells of: its runs, and the bytes that were written.

    Lambda tells of a successful Init only where it was made ahead of time: such a stream is that of an
    environment of provisioned concurrency.
    """
    events = list(events)
    inits = [(event.stream, match) for event in events if (match := INIT_REPORT.match(event.message))]
    provisioned = {stream for stream, match in inits if match[2] == "success"}
    for event in events:
        yield Entry(event.timestamp_ms, usage_of_log_text(event.message))
        if report := parse_report(event.message):
            usage = usage_of_report(
                report, architecture=architecture, is_provisioned=event.stream in provisioned
            )
            yield Entry(event.timestamp_ms - int(report.duration_ms), usage, report.request_id)


def is_invocation(call: Call) -> bool:
    """Tell whether Lambda took an event with this call."""
    return (call.service, call.operation) == ("lambda", "Invoke") and call.http_status in (200, 202)


def invoked_function(call: Call) -> str:
    """Return the name of the function that a call invoked: it may have said its ARN, or a qualifier."""
    return str(call.parameters["FunctionName"]).rpartition("function:")[2].partition(":")[0]


def began_with_their_calls(runs: Iterable[Entry], invocations: Iterable[Call]) -> Iterator[Entry]:
    """Yield the runs, those that a call invoked at the time of the call: the cloud's clock may differ."""
    times = {call.request_id: _milliseconds(call.time) for call in invocations}
    for run in runs:
        yield replace(run, time_ms=times.get(run.request_id, run.time_ms))


def cell_starts(calls: Sequence[Call]) -> list[tuple[int, float]]:
    """Return the cells that called AWS themselves, and when each made its first call."""
    starts: dict[int, float] = {}
    for call in calls:
        starts[call.cell] = min(starts.get(call.cell, float("inf")), _milliseconds(call.time))
    own = {call.cell for call in calls if not call.plumbing}
    return sorted(((cell, start) for cell, start in starts.items() if cell in own), key=lambda pair: pair[1])


def usage_by_cell(entries: Sequence[Entry], starts: Sequence[tuple[int, float]]) -> dict[int | None, Usage]:
    """Give each entry to the cell in whose span it began; what came before the first one to None."""
    cells: dict[int | None, Usage] = {}
    times = [start for _, start in starts]
    for entry in entries:
        position = bisect_right(times, entry.time_ms)
        cell = starts[position - 1][0] if position else None
        cells[cell] = cells.get(cell, Usage()) + entry.usage
    return cells


def total(usages: Iterable[Usage]) -> Usage:
    """Return the sum."""
    return sum(usages, start=Usage())


def _milliseconds(time: datetime) -> int:
    return int(time.timestamp() * 1000)
