"""Hear what a notebook does: a start-up file of IPython that writes down its tape after each cell."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from labsupport.charges import usage_of_call
from labsupport.cost import PROVISIONED_LEAST_SECONDS
from labsupport.iam_actions import actions_for
from labsupport.meter import total
from labsupport.server_comparison import SECONDS_PER_MONTH
from labsupport.tape import Call
from labsupport.usage import Usage
from tests.checkout import ROOT

STARTUP = """
import sys
sys.path.append({root!r})
from tests.listening import Listener
Listener(get_ipython(), {folder!r}, with_costs={with_costs!r}).listen()
"""
CACHE_LEAST_SECONDS = 3600


def listening(folder: Path, *, with_costs: bool = False) -> dict[str, str]:
    """Return the environment in which every kernel writes what its notebook used into the folder."""
    startup = folder / "ipython" / "profile_default" / "startup"
    startup.mkdir(parents=True)
    text = STARTUP.format(root=str(ROOT), folder=str(folder), with_costs=with_costs)
    (startup / "00_listen.py").write_text(text, encoding="utf-8")
    return {"IPYTHONDIR": str(folder / "ipython")}


def heard_in(folder: Path) -> dict[str, Any]:
    """Return what each notebook used, by its number."""
    return {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.json"))}


class Listener:
    """Write down the tape of the notebook's `lab` after each cell, in the kernel itself."""

    def __init__(self, shell: Any, folder: str, *, with_costs: bool) -> None:
        self.shell, self.folder, self.with_costs = shell, Path(folder), with_costs
        self.standing: dict[str, dict[str, float]] = {}
        self.own: set[int] = set()

    def listen(self) -> None:
        self.shell.events.register("post_run_cell", self.write)

    def write(self, _: Any) -> None:
        if lab := self.shell.user_ns.get("lab"):
            calls = [call for call in lab.tape.calls() if id(call) not in self.own]
            used = usage_of(calls)
            if self.with_costs:
                used |= self._costs(lab, calls)
            (self.folder / f"{lab.notebook}.json").write_text(json.dumps(used, indent=1), encoding="utf-8")

    def _costs(self, lab: Any, calls: Sequence[Any]) -> dict[str, Any]:
        costs = lab._meter.read()
        heard = {id(call) for call in calls}
        self.own |= {id(call) for call in lab.tape.calls() if id(call) not in heard}
        self.standing |= {thing.name: least(thing.units) for thing in costs.standing}
        plumbing = total(usage_of_call(call) for call in calls if call.plumbing)
        used = total([costs.notebook, plumbing, *map(Usage, self.standing.values())])
        return {
            "units": {name: float(f"{amount:.6g}") for name, amount in used.units.items() if amount},
            "unpriced": sorted({name for name in used.unpriced if not name.startswith("s3 Delete")}),
        }


def least(units: dict[str, float]) -> dict[str, float]:
    """Return what is paid at least for something that would stand for a month."""
    seconds = {"lambda-provisioned": PROVISIONED_LEAST_SECONDS, "apigateway-cache": CACHE_LEAST_SECONDS}
    return {
        name: amount * of / SECONDS_PER_MONTH
        for name, amount in units.items()
        for kind, of in seconds.items()
        if name.startswith(kind)
    }


def usage_of(calls: Sequence[Any]) -> dict[str, Any]:
    """Return what calls need on AWS: services, actions, models and concurrency."""
    aws = [call for call in calls if isinstance(call, Call)]
    reserved = [
        call.parameters["ReservedConcurrentExecutions"]
        for call in aws
        if call.operation == "PutFunctionConcurrency" and not call.error_code
    ]
    return {
        "services": sorted({call.service for call in aws}),
        "actions": sorted({action for call in aws for action in _actions(call)}),
        "models": sorted(
            {
                str(call.parameters["modelId"])
                for call in aws
                if call.service == "bedrock-runtime" and "modelId" in call.parameters and not call.error_code
            }
        ),
        "at_once": at_once([call for call in aws if call.operation == "Invoke"]),
        "reserved": max(reserved, default=0),
    }


def at_once(calls: Sequence[Call]) -> int:
    """Return the most calls that were under way at the same time."""
    changes = []
    for call in calls:
        began = call.time.timestamp()
        changes += [(began, 1), (began + (call.seconds or 0), -1)]
    most = now = 0
    for _, change in sorted(changes):
        now += change
        most = max(most, now)
    return most


def _actions(call: Call) -> tuple[str, ...]:
    method = call.model.http.get("method", "")
    found = actions_for(call.service, call.operation, call.parameters, http_method=method)
    return (f"unknown:{call.service}.{call.operation}",) if found is None else found
