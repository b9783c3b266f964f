"""The meter on the local cloud: runs that nobody invoked by a call, what is kept, and what stands idle."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from labsupport.cost import lambda_dollars
from labsupport.lab import Lab
from labsupport.meter import Meter
from labsupport.views.cost_table import CostTable

pytestmark = pytest.mark.functional


class Diary:
    """A record of progress in memory."""

    def __init__(self) -> None:
        self.kept: list[dict[str, Any]] = []

    def record(self, kind: str, **facts: Any) -> None:
        self.kept.append({"kind": kind, **facts})

    def events(self, kind: str) -> Sequence[Mapping[str, Any]]:
        return [event for event in self.kept if event["kind"] == kind]


@pytest.fixture
def meter(lab: Lab) -> Meter:
    return Meter(lab.target)


def test_what_a_cell_invoked_is_priced_by_its_report(lab: Lab, meter: Meter) -> None:
    lab.deploy_function("hello")
    report = lab.invoke("hello").report
    costs = meter.read()
    assert report is not None and report.init_ms is not None
    written = costs.cell.units["logs-ingestion"]
    by_hand = lambda_dollars(1, billed_ms=report.billed_ms, memory_mb=128) + written * 0.5
    assert costs.cell.dollars() == pytest.approx(by_hand, rel=1e-12)
    assert written * 1024**3 == sum(len(event.message) for event in lab.logs("hello"))
    assert costs.cell.free == 1  # the call to Invoke
    assert costs.unlogged == 0


def test_a_function_that_s3_invokes_is_counted_with_the_upload(lab: Lab, meter: Meter) -> None:
    function, bucket = lab.deploy_function("hello"), lab.deploy_bucket("photos")
    lab.allow_invoke(
        "hello", service="s3.amazonaws.com", source_arn=f"arn:aws:s3:::{bucket}", statement_id="s3"
    )
    lab.notify_function("photos", function.arn, prefix="raw/")
    lab.tape.start_cell()
    lab.client("s3").put_object(Bucket=bucket, Key="raw/a.jpg", Body=b"x")
    lab.tape.start_cell()
    lab.wait_for_report("hello")
    costs = meter.read()
    assert {name: costs.cell.units[name] for name in ("s3-put", "lambda-request")} == {
        "s3-put": 1,
        "lambda-request": 1,
    }
    assert costs.plumbing.units["s3-put"] >= 2  # the bucket and its notification are the lab's own calls


def test_runs_that_an_http_api_started_are_counted_with_their_requests(lab: Lab, meter: Meter) -> None:
    api = lab.deploy_http_api("hello", routes={"GET /hello": lab.deploy_function("hello").arn})
    lab.tape.start_cell()
    http = lab.http(api)
    assert [http.get("/hello").status for _ in range(2)] == [200, 200]
    assert http.get("/nothing").status == 404
    costs = meter.read()
    units = {name: costs.cell.units[name] for name in ("apigateway-http-request", "lambda-request")}
    assert units == {"apigateway-http-request": 3, "lambda-request": 2}
    assert (costs.unlogged, costs.silent) == (0, {})


def test_runs_that_an_api_started_and_no_log_tells_of_are_said_to_be_missing(lab: Lab, meter: Meter) -> None:
    nothing = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}]}
    function = lab.deploy_function("hello", role_arn=lab.deploy_role("hello", policy=nothing))
    http = lab.http(lab.deploy_http_api("hello", routes={"GET /hello": function.arn}))
    assert [http.get("/hello").status for _ in range(2)] == [200, 200]
    lab.invoke("hello")  # is on the tape, so it is told apart
    costs = meter.read()
    assert "lambda-request" not in costs.notebook.units
    assert (costs.unlogged, costs.silent) == (1, {function.name: 2})
    assert f"{function.name} × 2" in repr(CostTable(costs))


def test_a_run_whose_role_may_not_write_logs_is_missed(lab: Lab, meter: Meter) -> None:
    nothing = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}]}
    lab.deploy_function("hello", role_arn=lab.deploy_role("hello", policy=nothing))
    lab.invoke("hello")
    costs = meter.read()
    assert (costs.unlogged, costs.notebook.dollars()) == (1, 0)


def test_what_was_counted_stays_when_the_log_is_deleted(lab: Lab, meter: Meter) -> None:
    lab.deploy_function("hello")
    lab.invoke("hello")
    before = meter.read()
    lab.client("logs").delete_log_group(logGroupName=f"/aws/lambda/{lab.name('hello')}")
    lab.invoke("hello")
    after = meter.read()
    assert (before.notebook.units["lambda-request"], after.notebook.units["lambda-request"]) == (1, 2)


def test_reading_twice_counts_once(lab: Lab, meter: Meter) -> None:
    lab.deploy_function("hello")
    lab.invoke("hello")
    assert meter.read().notebook == meter.read().notebook


def test_what_stands_idle_is_told_apart(lab: Lab, meter: Meter) -> None:
    function, bucket = lab.deploy_function("hello", memory_mb=512), lab.deploy_bucket("photos")
    lab.client("s3").put_object(Bucket=bucket, Key="a", Body=b"x" * 1024)
    aws_lambda = lab.client("lambda")
    version = aws_lambda.publish_version(FunctionName=function.name)["Version"]
    lab.deploy_function("hello", memory_mb=128)  # the version keeps its memory
    aws_lambda.put_provisioned_concurrency_config(
        FunctionName=function.name, Qualifier=version, ProvisionedConcurrentExecutions=2
    )
    lab.wait_until(
        lambda: (
            aws_lambda.get_provisioned_concurrency_config(FunctionName=function.name, Qualifier=version)[
                "Status"
            ]
            == "READY"
        ),
        doing="waiting for provisioned concurrency",
    )
    lab.invoke("hello", qualifier=version)
    costs = meter.read()
    assert costs.notebook.units["lambda-provisioned-request"] == 1
    assert "lambda-request" not in costs.notebook.units
    named = {thing.name: thing.dollars_a_month for thing in costs.standing}
    # two environments of half a GB, 30 days of 86,400 seconds
    assert named[f"provisioned concurrency of 2 on {function.name}:1"] == pytest.approx(
        2_592_000 * 0.0000041667
    )
    assert named[f"objects in {bucket}"] == pytest.approx(0.023 / 1024**2)


def test_the_learners_total_outlives_the_kernel(lab: Lab) -> None:
    diary = Diary()
    lab.deploy_function("hello")
    first = Meter(lab.target, progress=diary)
    lab.invoke("hello")
    once = first.read()
    assert first.read().learner == once.learner
    assert len(diary.kept) == 1  # nothing new was used
    again = Lab("04", settings=replace(lab.settings, owner=f"t{uuid.uuid4().hex[:8]}"))
    second = Meter(again.target, progress=diary)
    again.client("s3").list_buckets()
    both = second.read().learner
    assert both is not None
    [month] = both.values()
    assert month.dollars() == pytest.approx(once.notebook.dollars() + 0.000005, rel=1e-12)


def test_without_a_record_there_is_no_total(meter: Meter) -> None:
    assert meter.read().learner is None


def test_the_lab_shows_it_as_a_table(lab: Lab) -> None:
    lab.deploy_function("hello")
    assert repr(lab.cost()).splitlines()[1].split() == ["This", "notebook", "so", "far", "$0", "$0"]
    lab.client("s3").list_buckets()
    assert repr(lab.cost()).splitlines()[2].split()[-2:] == ["$5.00", "$5.00"]
