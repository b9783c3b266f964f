"""`Lab`, the one object that a notebook holds. Read this file first.

A notebook's Setup cell says `lab = Lab("05")`. That reads the settings, connects to the target (the local
cloud, which it starts if need be, or a named AWS account) and prints where it is. From then on:

* The AWS call that a step teaches stands in the notebook as boto3: `s3 = lab.client("s3")`.
* What is not the lesson is a method: `labsupport.building` for names, tags, zips, waiting.
* Every call is on the tape. `lab.calls()` shows those of a cell with their AWS CLI equivalents, `lab.cost()`
  what they and the functions' runs would cost.
* A cell that fails shows a card for an error that the lab knows (`labsupport.cell_errors`).
* Nothing is remembered: running a cell again updates what is there, and `lab.teardown()` asks the cloud
  what there is to delete. So a notebook can be stopped anywhere and run again.
* A notebook never asks which cloud it is on. Only `labsupport.target` decides that.

A thing's short name ("thumbnail") becomes `lab-<owner>-thumbnail` on the cloud.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any, TypeVar

import boto3

from labsupport import model_in_region, waiting
from labsupport.building import Building
from labsupport.burst import Burst
from labsupport.cell_errors import show_cards
from labsupport.errors import TeardownError
from labsupport.expected import expect_error
from labsupport.found import Resources
from labsupport.http_client import Api, HttpClient
from labsupport.http_load import send_load
from labsupport.http_samples import Load
from labsupport.inventory import inventory
from labsupport.invocation import Invocation, invoke_function
from labsupport.lesson import Lesson
from labsupport.load import Watch, invoke_at_once
from labsupport.logs import LogEvents, Report, read_log_events, wait_for_log_events, wait_for_report
from labsupport.meter import Meter
from labsupport.metrics import Metric, wait_for_metric
from labsupport.model_quota import model_quota
from labsupport.resources.queue import Message, QueueDescription, wait_for_message
from labsupport.resources.websocket_api import WebSocketApiDescription
from labsupport.settings import Settings
from labsupport.spending import lifted
from labsupport.spending_notice import price_before, watch_spending
from labsupport.tape import Tape
from labsupport.target import Target, connect
from labsupport.teardown import TeardownReport, teardown
from labsupport.token_counts import tokens_by_word
from labsupport.views.call_table import CallTable
from labsupport.views.cost_table import CostTable
from labsupport.views.websocket_view import WebSocketView
from labsupport.websocket_client import WebSocket

Answer = TypeVar("Answer")


class Lab(Building, Lesson):
    """Build (`labsupport.building`), use what is built, and learn (`labsupport.lesson`) in one notebook.

    Introduced in 00_start_here.

    Attributes:
        notebook: its number, such as "05".
    """

    def __init__(self, notebook: str, *, settings: Settings | None = None) -> None:
        if shell := _notebook():
            show_cards(shell)
        self.notebook = notebook
        self.tape = Tape()
        settings = settings or Settings.from_environment()
        Building.__init__(self, connect(settings, tape=self.tape, notebook=notebook), settings)
        Lesson.__init__(self, self.target, notebook, settings)
        self._meter = Meter(self.target, progress=None if self.is_unattended else self._learner.progress)
        if shell:
            _join_notebook(shell, self.target)
        print(self)
        self._ceiling = watch_spending(self.target, self._meter, settings)
        if self._ceiling:
            print(price_before(notebook, self._ceiling))

    def __repr__(self) -> str:
        place = "Local cloud" if self.target.name == "local" else "AWS"
        return f"{place}, account {self.account}, Region {self.region}. Names begin with lab-{self.owner}-."

    # --- Using and looking --------------------------------------------------------------------------------

    def invoke(self, thing: str, payload: Any = None, *, qualifier: str | None = None) -> Invocation:
        """Invoke a function and wait for the answer. A failing handler is a result too.

        Args:
            thing: short name.
            payload: the event.
            qualifier: a version or an alias (notebook 03); None is $LATEST.
        """
        return invoke_function(self.target, self._qualified(thing, qualifier), payload)

    def invoke_at_once(
        self,
        thing: str,
        payloads: Sequence[Any],
        *,
        qualifier: str | None = None,
        every_seconds: float = 0.0,
        attempts: int = 1,
        watch: Watch | None = None,
    ) -> Burst:
        """Invoke a function with several events at the same time (introduced in 03_concurrency).

        boto3 tries again by itself when Lambda answers 429. Here it doesn't, so that every 429 is seen.

        Args:
            thing: short name of a function that tells its environment, as functions/busy does.
            payloads: one event for each call.
            qualifier: a version or an alias; None is $LATEST.
            every_seconds: send one call after the other, at this distance.
            attempts: how often boto3 sends a call that is refused.
            watch: is told how it goes, such as `labsupport.views.live_burst.LiveBurst()`.
        """
        return invoke_at_once(
            self.target,
            self._qualified(thing, qualifier),
            payloads,
            every_seconds=every_seconds,
            attempts=attempts,
            watch=watch,
        )

    def http(
        self, api: Api | str, *, headers: Mapping[str, str] | None = None, backoff: bool = False
    ) -> HttpClient:
        """Return a client for an API; its requests are among `lab.calls()` (introduced in 06_orders_api).

        Args:
            api: as `deploy_http_api` or `deploy_rest_api` returned it, or an address.
            headers: that every request gets, such as x-api-key.
            backoff: whether a request that gets 429 or 503 is sent again (07_api_gateway_choices).
        """
        return HttpClient(self.target, api, headers=headers, backoff=backoff)

    def send_load(self, api: Api, request: str, **options: Any) -> Load:
        """Send requests at a steady rate, and wait for all answers (introduced in 07_api_gateway_choices).

        Options are those of `labsupport.http_load.send_load`: requests_per_second, seconds, concurrency,
        backoff, json, headers, and watch, such as `labsupport.views.live_load.LiveLoad()`.
        """
        return send_load(self.target, api, request, **options)

    def logs(
        self,
        thing: str,
        *,
        since: datetime | None = None,
        until: str | None = None,
        timeout_seconds: float = 60,
    ) -> LogEvents:
        """Return a function's log events, oldest first.

        Args:
            thing: short name.
            since: only events of this time and later.
            until: wait until an event contains this text.
            timeout_seconds: how long to wait for it.
        """
        name = self.name(thing)
        if until is None:
            return read_log_events(self.target, name, since=since)
        return wait_for_log_events(
            self.target, name, until=until, since=since, timeout_seconds=timeout_seconds
        )

    def wait_for_report(
        self,
        thing: str,
        *,
        request_id: str | None = None,
        since: datetime | None = None,
        timeout_seconds: float = 60,
    ) -> Report:
        """Wait for the REPORT line of an invocation that nobody waited for, such as one by S3."""
        return wait_for_report(
            self.target,
            self.name(thing),
            request_id=request_id,
            since=since,
            timeout_seconds=timeout_seconds,
        )

    def wait_for_message(
        self, queue: QueueDescription, *, containing: str, timeout_seconds: float = 60
    ) -> Message:
        """Wait for a message with a text in it, and leave it in the queue (introduced in 03_concurrency)."""
        return wait_for_message(self.target, queue, containing=containing, timeout_seconds=timeout_seconds)

    def metrics(
        self,
        thing: str,
        name: str,
        *,
        qualifier: str | None = None,
        since: datetime | None = None,
        at_least: float = 0,
        timeout_seconds: float = 300,
    ) -> Metric:
        """Wait until CloudWatch has a function's metric; on AWS that takes a minute or two.

        Args:
            thing: short name.
            name: AWS's name of the metric, such as "Invocations", "Errors" or "Throttles".
            qualifier: only what was invoked by this alias or version.
            since: from this time's minute on; by default three hours ago.
            at_least: wait until the values' sum is at least this.
            timeout_seconds: how long to wait.
        """
        return wait_for_metric(
            self.target,
            self.name(thing),
            name,
            qualifier=qualifier,
            since=since,
            at_least=at_least,
            timeout_seconds=timeout_seconds,
        )

    def websocket(
        self,
        api: WebSocketApiDescription,
        *,
        headers: Mapping[str, str] | None = None,
        query: Mapping[str, str] | None = None,
    ) -> WebSocket:
        """Return a client of a WebSocket API: `with lab.websocket(api) as socket:` (07_api_gateway_choices).

        Args:
            api: as `deploy_websocket_api` returns it.
            headers: of the handshake, such as a token for the authorizer.
            query: parameters of the handshake.
        """
        return WebSocket(api.url, headers=headers, query=query)

    def websocket_view(
        self, api: WebSocketApiDescription, *, query: Mapping[str, str] | None = None
    ) -> WebSocketView:
        """Return a client that runs in your browser (07_api_gateway_choices). `query`: see `websocket`."""
        return WebSocketView(WebSocket(api.url, query=query).url)

    def connections(self, api: WebSocketApiDescription) -> Any:
        """Return a boto3 client that sends to a WebSocket API's connections (07_api_gateway_choices).

        It is the client "apigatewaymanagementapi", which each API has under an address of its own.
        """
        return self.target.session.client("apigatewaymanagementapi", endpoint_url=api.connections_url)

    def tokens_by_word(self, model_id: str, text: str) -> list[tuple[str, int]]:
        """Return a text's words, each with the number of its tokens (introduced in 09_bedrock_summary)."""
        return tokens_by_word(self.target, model_id, text)

    def model_id(self, model: str) -> str:
        """Return what this Region calls a model by: its own id, or a profile's (09_bedrock_summary).

        Raises:
            LabError: the Region has neither.
        """
        return model_in_region.model_id(self.target, model)

    def model_arns(self, model_id: str) -> list[str]:
        """Return what a policy has to allow for calls by this id (09_bedrock_summary)."""
        return model_in_region.model_arns(self.target, model_id)

    def model_quota(self, model_id: str, *, requests_per_minute: int) -> AbstractContextManager[None]:
        """Lower a model's quota: `with lab.model_quota(model, requests_per_minute=3):` (09_bedrock_summary).

        Only the local cloud's quotas can be lowered. On AWS this says so, and changes nothing.
        """
        return model_quota(self.target, model_id, requests_per_minute=requests_per_minute)

    def wait_until(
        self, condition: Callable[[], Answer | None], *, doing: str, timeout_seconds: float = 60
    ) -> Answer:
        """Ask until the answer is true, and return it. The calls in it are plumbing on the tape."""
        with self.tape.plumbing():
            return waiting.wait_until(condition, doing=doing, timeout_seconds=timeout_seconds)

    def expect_error(self, code: str | type[Exception]) -> AbstractContextManager[None]:
        """Show the error that a step provokes: `with lab.expect_error("InvalidArgument"):`, or a type."""
        return expect_error(code)

    def calls(self, *, plumbing: bool = False) -> CallTable:
        """Return the AWS calls of the newest cell that made any; the lab's own count only if asked for."""
        return CallTable(self.tape.cell(plumbing=plumbing))

    def cost(self) -> CostTable:
        """Show what the newest cell that called AWS, this notebook and all of them would have cost on AWS."""
        return CostTable(self._meter.read())

    # --- Cleaning up --------------------------------------------------------------------------------------

    def inventory(self) -> Resources:
        """Ask the cloud what the lab has built here, in all notebooks."""
        return inventory(self.target)

    def teardown(self, *, dry_run: bool = False) -> TeardownReport:
        """Delete everything that the lab built here, in all notebooks.

        Raises:
            TeardownError: some of it is still there.
        """
        with lifted():
            report = teardown(self.target, progress=print, dry_run=dry_run)
        if not dry_run and report.left:
            raise TeardownError(
                doing="deleting what the lab built",
                cause=f"{len(report.left)} things are still there.",
                next_step="Run it again: it goes on where it stopped.",
                detail="\n".join([*map(str, report.failed), *map(str, report.left)]),
            )
        return report

    def _qualified(self, thing: str, qualifier: str | None) -> str:
        return self.name(thing) + (f":{qualifier}" if qualifier else "")


def _notebook() -> Any:
    """Return IPython's shell where there is one, or None."""
    ipython = sys.modules.get("IPython")
    return ipython.get_ipython() if ipython else None


def _join_notebook(shell: Any, target: Target) -> None:
    """Let IPython tell the tape when a cell starts, and let the notebook's other tools reach the same cloud.

    Without that, a plain `boto3.client("s3")` or a pasted `!aws s3 ls` would go to the learner's own account.
    """
    # IPython has counted the cell already when it announces it.
    shell.events.register("pre_run_cell", lambda _: target.tape.start_cell(shell.execution_count - 1))
    boto3.DEFAULT_SESSION = target.session
    for name, value in target.environment().items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value
