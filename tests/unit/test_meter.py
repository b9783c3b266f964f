"""What is charged for, and the sums of the meter: of cells, of the notebook, of the learner."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import botocore.session
import pytest

from labsupport.charges import usage_of_call, usage_of_log_text, usage_of_report
from labsupport.cli_equivalent import Blob
from labsupport.cost import dollars_of, price
from labsupport.http_call import HttpCall
from labsupport.logs import LogEvent, Report
from labsupport.meter import (
    Entry,
    began_with_their_calls,
    cell_starts,
    entries_of_log,
    invoked_function,
    total,
    usage_by_cell,
)
from labsupport.model_usage import ModelTokens
from labsupport.tape import Call
from labsupport.usage import Costs, Standing, Usage
from labsupport.views.cost_table import CostTable

START = datetime(2026, 11, 24, tzinfo=UTC)
MODELS = botocore.session.get_session()
NOVA, HAIKU = "amazon.nova-micro-v1:0", "us.anthropic.claude-haiku-5-5"
TITAN = "arn:aws:bedrock:us-east-1::foundation-model/amazon.titan-embed-text-v2:0"
REPORT = Report("8f5", duration_ms=15.74, billed_ms=147, memory_mb=128, max_memory_mb=56, init_ms=130.49)


def call(
    service: str,
    operation: str,
    *,
    status: int | None = 200,
    cell: int = 1,
    plumbing: bool = False,
    second: float = 0,
    **parameters: Any,
) -> Call:
    model = MODELS.get_service_model(service).operation_model(operation)
    time = START + timedelta(seconds=second)
    return Call(cell, service, operation, parameters, plumbing, time, http_status=status, model=model)


# One call, one run


@pytest.mark.parametrize(
    ("made", "units"),
    [
        (call("s3", "PutObject"), {"s3-put": 1}),
        (call("s3", "CopyObject"), {"s3-put": 1}),
        (call("s3", "CreateMultipartUpload"), {"s3-put": 1}),
        (call("s3", "ListObjectsV2"), {"s3-put": 1}),
        (call("s3", "ListBuckets"), {"s3-put": 1}),
        (call("s3", "GetObject"), {"s3-get": 1}),
        (call("s3", "HeadObject"), {"s3-get": 1}),
        (call("s3", "GetObject", status=404), {"s3-get": 1}),
        (call("sqs", "ReceiveMessage", QueueUrl="http://x/1/jobs"), {"sqs-request": 1}),
        (call("sns", "Publish", TopicArn="arn:t"), {"sns-request": 1}),
        (
            call("sns", "PublishBatch", TopicArn="arn:t", PublishBatchRequestEntries=[{}, {}]),
            {"sns-request": 2},
        ),
        (call("events", "PutEvents", Entries=[{"Detail": "{}"}] * 3), {"events-custom-event": 3}),
        (call("events", "PutEvents", Entries=[{"Detail": "x" * 65_536}]), {"events-custom-event": 2}),
        (call("dynamodb", "PutItem"), {"dynamodb-write": 1}),
        (replace(call("dynamodb", "PutItem"), capacity_units=3.0), {"dynamodb-write": 3.0}),
        (call("dynamodb", "GetItem"), {"dynamodb-read": 0.5}),
        (call("dynamodb", "Query", ConsistentRead=True), {"dynamodb-read": 1}),
        (call("dynamodb", "TransactWriteItems", TransactItems=[{}, {}]), {"dynamodb-write": 4}),
        (call("dynamodb", "BatchWriteItem", RequestItems={"a": [{}] * 25}), {"dynamodb-write": 25}),
        (call("dynamodb", "BatchGetItem", RequestItems={"a": {"Keys": [{}] * 4}}), {"dynamodb-read": 2.0}),
        (
            replace(call("dynamodb", "PutItem", status=400), error_code="ConditionalCheckFailedException"),
            {"dynamodb-write": 1},  # consumed although nothing was written
        ),
        (
            replace(call("bedrock-runtime", "Converse", modelId=NOVA), tokens=ModelTokens(200, 60)),
            {"bedrock-nova-micro-read": 200, "bedrock-nova-micro-written": 60},
        ),
        (
            replace(call("bedrock-runtime", "ConverseStream", modelId=HAIKU), tokens=ModelTokens(7, 3)),
            {"bedrock-claude-haiku-5-5-us-read": 7, "bedrock-claude-haiku-5-5-us-written": 3},
        ),
        (
            replace(call("bedrock-runtime", "InvokeModel", modelId=TITAN), tokens=ModelTokens(9, 0)),
            {"bedrock-titan-embed-text-v2-read": 9},
        ),
        (
            call("apigatewaymanagementapi", "PostToConnection", Data=Blob(32_769)),
            {"apigateway-websocket-message": 2},
        ),
        (
            call("logs", "PutLogEvents", logEvents=[{"message": "ả" * 512}, {"message": "x" * 512}]),
            {"logs-ingestion": 2048 / 1024**3},
        ),
    ],
    ids=lambda value: f"{value.service} {value.operation}" if isinstance(value, Call) else "",
)
def test_a_priced_call_counts_with_its_price(made: Call, units: dict[str, float]) -> None:
    assert usage_of_call(made) == Usage(units)
    assert dollars_of(units).keys() == units.keys()


@pytest.mark.parametrize(
    ("kind", "received", "units"),
    [
        ("http", 10, {"apigateway-http-request": 1}),
        ("http", 512 * 1024 + 1, {"apigateway-http-request": 2}),
        ("rest", 512 * 1024 + 1, {"apigateway-rest-request": 1}),
    ],
)
@pytest.mark.parametrize("status", [200, 429, 502])
def test_a_request_to_an_api_counts_by_its_kind(
    kind: str, received: int, units: dict[str, float], status: int
) -> None:
    made = HttpCall(1, "GET /orders", {}, received_bytes=received, api_kind=kind, http_status=status)
    assert usage_of_call(made) == Usage(units)
    assert dollars_of(units).keys() == units.keys()


@pytest.mark.parametrize(
    ("model", "tokens"),
    [
        (NOVA, None),  # a stream that broke off
        ("amazon.nova-pro-v1:0", ModelTokens(7, 3)),
        (HAIKU, ModelTokens(100_001, 3)),  # a longer prompt has another price
    ],
)
def test_a_models_call_without_a_price_in_the_book_is_named(model: str, tokens: ModelTokens | None) -> None:
    made = replace(call("bedrock-runtime", "Converse", modelId=model), tokens=tokens)
    assert usage_of_call(made) == Usage(unpriced={"bedrock-runtime Converse": 1})


def test_a_refused_call_of_a_model_is_free_and_so_is_counting_tokens() -> None:
    refused = call("bedrock-runtime", "Converse", status=400, modelId=NOVA)
    assert usage_of_call(replace(refused, error_code="ValidationException")) == Usage(free=1)
    assert usage_of_call(call("bedrock-runtime", "CountTokens", modelId=NOVA)) == Usage(free=1)


def test_a_request_that_nobody_answered_is_free_and_one_of_an_unknown_api_is_named() -> None:
    assert usage_of_call(HttpCall(1, "GET /", {}, api_kind="http")) == Usage()
    unknown = HttpCall(1, "GET /", {}, http_status=200)
    assert usage_of_call(unknown) == Usage(unpriced={"http GET /": 1})


def test_a_refusal_of_dynamodb_costs_nothing_but_a_cancelled_transaction_is_not_called_free() -> None:
    refused = replace(call("dynamodb", "PutItem", status=400), error_code="ValidationException")
    assert usage_of_call(refused) == Usage(free=1)
    cancelled = call("dynamodb", "TransactWriteItems", status=400, TransactItems=[{}])
    cancelled = replace(cancelled, error_code="TransactionCanceledException")
    assert usage_of_call(cancelled).unpriced == {"dynamodb TransactWriteItems": 1}


def test_the_prices_of_apis_are_those_of_the_price_book() -> None:
    assert price("apigateway-http-request").dollars(301_000_000) == pytest.approx(300.90)
    assert price("apigateway-rest-request").dollars(1_000_000) == pytest.approx(3.50)
    assert price("apigateway-websocket-message").dollars(1_000_000) == pytest.approx(1.00)
    assert price("dynamodb-write").dollars(1_000_000) == pytest.approx(0.625)
    assert price("dynamodb-read").dollars(1_000_000) == pytest.approx(0.125)
    assert price("apigateway-cache-hour-1.6-gb").dollars(24) == pytest.approx(0.912)


@pytest.mark.parametrize(
    ("service", "operation"),
    [
        ("apigateway", "CreateRestApi"),
        ("apigatewayv2", "CreateApi"),
        ("dynamodb", "CreateTable"),
        ("iam", "CreateRole"),
        ("sts", "GetCallerIdentity"),
        ("lambda", "Invoke"),
        ("logs", "FilterLogEvents"),
    ],
)
def test_a_call_that_costs_nothing_is_counted_as_free(service: str, operation: str) -> None:
    assert usage_of_call(call(service, operation)) == Usage(free=1)


@pytest.mark.parametrize(
    "made",
    [
        call("dynamodb", "ExecuteStatement"),
        call("cognito-idp", "AdminInitiateAuth"),
        call("s3", "DeleteObject"),
        call("sqs", "SendMessage", QueueUrl="http://x/1/jobs.fifo"),
        call("sns", "Publish", TopicArn="arn:t.fifo"),
        call("events", "PutRule"),
        call("logs", "StartQuery"),
    ],
    ids=lambda made: f"{made.service} {made.operation}",
)
def test_a_call_without_a_price_is_named_and_never_free(made: Call) -> None:
    assert usage_of_call(made) == Usage(unpriced={f"{made.service} {made.operation}": 1})


@pytest.mark.parametrize("status", [None, 500, 503])
def test_a_call_that_aws_did_not_answer_costs_nothing(status: int | None) -> None:
    assert usage_of_call(call("s3", "PutObject", status=status)) == Usage()


def test_a_run_is_priced_to_the_last_digit_with_its_init() -> None:
    # 147 ms at 128 MB are 0.018375 GB-seconds at $0.0000166667, and one request is $0.0000002.
    assert f"{usage_of_report(REPORT).dollars():.16f}" == "0.0000005062506125"


def test_on_arm_and_on_provisioned_concurrency_a_run_has_other_prices() -> None:
    arm = usage_of_report(REPORT, architecture="arm64")
    assert arm.dollars() == pytest.approx(0.018375 * 0.0000133334 + 0.0000002, rel=1e-12)
    ahead = usage_of_report(REPORT, is_provisioned=True)
    assert ahead.dollars() == pytest.approx(0.018375 * 0.0000097222 + 0.0000002, rel=1e-12)
    assert ahead.dollars(free_tier=True) == ahead.dollars()


def test_a_log_is_paid_by_its_bytes() -> None:
    assert usage_of_log_text("ả" * 1024**2).dollars() == pytest.approx(3 * 0.5 / 1024, rel=1e-12)


# Sums


def random_usage(dice: random.Random) -> Usage:
    runs = [
        usage_of_report(Report("r", 1, dice.randint(1, 900_000), dice.choice([128, 1769, 10_240]), 64))
        for _ in range(dice.randint(0, 3))
    ]
    return total(
        [*runs, Usage({"s3-put": dice.randint(0, 5)}, free=dice.randint(0, 3)), usage_of_log_text("line")]
    )


@pytest.mark.parametrize("seed", range(20))
def test_the_sum_of_the_cells_is_the_notebook(seed: int) -> None:
    dice = random.Random(seed)
    entries = [Entry(dice.randint(0, 1000), random_usage(dice)) for _ in range(40)]
    starts = [(number, at) for number, at in enumerate(sorted(dice.sample(range(1000), 6)))]
    cells = usage_by_cell(entries, starts)
    notebook = total(entry.usage for entry in entries)
    assert sum(usage.dollars() for usage in cells.values()) == pytest.approx(notebook.dollars(), rel=1e-9)
    assert sum(usage.free for usage in cells.values()) == notebook.free
    for number, start in starts:
        end = min((other for _, other in starts if other > start), default=float("inf"))
        own = [entry.usage for entry in entries if start <= entry.time_ms < end]
        assert cells.get(number, Usage()).dollars() == pytest.approx(total(own).dollars(), rel=1e-9)


@pytest.mark.parametrize("seed", range(20))
def test_more_never_costs_less_and_the_free_tier_never_more_or_below_nothing(seed: int) -> None:
    dice = random.Random(seed)
    usage = Usage()
    for _ in range(20):
        more = usage + random_usage(dice).times(dice.choice([1, 1000, 1_000_000]))
        assert more.dollars() >= usage.dollars()
        assert more.dollars(free_tier=True) >= usage.dollars(free_tier=True)
        assert 0 <= more.dollars(free_tier=True) <= more.dollars()
        usage = more


def test_nothing_costs_nothing() -> None:
    assert Usage().dollars() == Usage().dollars(free_tier=True) == 0
    assert usage_by_cell([], []) == {}


def test_x86_and_arm_share_the_free_gb_seconds() -> None:
    both = {"lambda-gb-second-x86_64": 300_000.0, "lambda-gb-second-arm64": 300_000.0}
    arm_first = 200_000 * 0.0000166667
    assert sum(dollars_of(both, free_tier=True).values()) == pytest.approx(arm_first)


# Which cell


def test_a_cell_that_only_lets_the_lab_call_begins_no_span() -> None:
    calls = [
        call("s3", "CreateBucket", cell=2, second=1, plumbing=True),
        call("s3", "PutObject", cell=2, second=2),
        call("logs", "FilterLogEvents", cell=3, second=3, plumbing=True),
        call("s3", "GetObject", cell=5, second=5),
    ]
    first = START.timestamp() * 1000
    assert cell_starts(calls) == [(2, first + 1000), (5, first + 5000)]


def log(*lines: str, stream: str = "a") -> list[LogEvent]:
    return [LogEvent(1000 + number, stream, line) for number, line in enumerate(lines)]


RAN = "\t".join(
    [
        "REPORT RequestId: 8f5",
        "Duration: 2.50 ms",
        "Billed Duration: 3 ms",
        "Memory Size: 128 MB",
        "Max Memory Used: 9 MB",
    ]
)


def test_a_run_counts_from_its_beginning_and_every_line_is_written() -> None:
    entries = list(entries_of_log(log("START", "my line", RAN), "x86_64"))
    [run] = [entry for entry in entries if entry.request_id]
    assert (run.request_id, run.time_ms) == ("8f5", 1000)
    assert run.usage.units == {"lambda-request": 1, "lambda-gb-second-x86_64": 0.003 * 0.125}
    written = total(entry.usage for entry in entries).units["logs-ingestion"] * 1024**3
    assert written == pytest.approx(len("START" + "my line" + RAN))


def test_a_run_began_with_its_call_whatever_the_clouds_clock_says() -> None:
    invoke = replace(call("lambda", "Invoke", second=7), request_id="8f5")
    slow_clock = Entry(START.timestamp() * 1000 + 6900, Usage({"lambda-request": 1}), "8f5")
    others = replace(slow_clock, request_id="by S3")
    assert [run.time_ms for run in began_with_their_calls([slow_clock, others], [invoke])] == [
        START.timestamp() * 1000 + 7000,
        others.time_ms,
    ]


@pytest.mark.parametrize(
    "given", ["f", "f:live", "123456789012:function:f", "arn:aws:lambda:us-east-1:123456789012:function:f:3"]
)
def test_a_call_names_its_function_in_each_of_awss_ways(given: str) -> None:
    assert invoked_function(call("lambda", "Invoke", FunctionName=given)) == "f"


def test_only_an_environment_that_was_initialised_ahead_is_provisioned() -> None:
    ahead = log("INIT_REPORT Init Duration: 90.00 ms\tPhase: init\tStatus: success", RAN, stream="ahead")
    failed = log("INIT_REPORT Init Duration: 9.00 ms\tPhase: init\tStatus: error", RAN, stream="failed")
    units = total(entry.usage for entry in entries_of_log([*ahead, *failed], "arm64")).units
    assert units["lambda-provisioned-request"] == units["lambda-request"] == 1
    assert units["lambda-provisioned-gb-second-arm64"] == units["lambda-gb-second-arm64"]


# What is shown


def shown(costs: Costs) -> list[str]:
    return repr(CostTable(costs)).splitlines()


def test_a_reading_is_a_small_table() -> None:
    cell = usage_of_report(REPORT)
    costs = Costs(cell, 7, cell + Usage({"s3-put": 2}), {"2026-11": cell.times(2), "2026-12": cell})
    assert [line.split() for line in shown(costs)] == [
        ["On", "AWS", "With", "the", "free", "tier"],
        ["Cell", "[7]", "$0.00000051", "$0"],
        ["…", "a", "million", "times", "a", "month", "$0.51", "$0"],
        ["This", "notebook", "so", "far", "$0.000011", "$0.000010"],
        ["All", "your", "notebooks", "$0.0000015", "$0"],
    ]


def test_what_is_not_in_the_sums_is_said() -> None:
    costs = Costs(
        Usage(),
        None,
        Usage(unpriced={"dynamodb PutItem": 2}),
        unlogged=1,
        silent={"lab-me-orders": 2},
        standing=[
            Standing(
                "provisioned concurrency of 1 on f:1", {"lambda-provisioned-standing-gb-second-x86_64": 1e6}
            ),
            Standing("objects in b", {"s3-storage": 0.001}),
        ],
    )
    assert shown(costs)[1:] == [
        "This notebook so far      $0                  $0",
        "Costs while it stands, used or not: provisioned concurrency of 1 on f:1, $4.17 a month.",
        "Not in the lab's price book, so not counted: dynamodb PutItem × 2.",
        "1 invocation without a REPORT line, so not counted: the log isn't there yet, "
        "or the execution role may not write it.",
        "Runs that CloudWatch counts and no log tells of, so not counted: lab-me-orders × 2. "
        "The log isn't there yet, or the execution role may not write it.",
    ]


def test_in_a_notebook_the_rest_is_folded() -> None:
    stored = Standing("objects in b", {"s3-storage": 0.001})
    costs = Costs(Usage(), 1, usage_of_report(REPORT), plumbing=Usage({"s3-put": 3}), standing=[stored])
    html = CostTable(costs)._repr_html_()
    head, _, folded = html.partition("<summary")
    assert "This notebook so far" in head and "GB-second" not in head
    assert "Lambda GB-second (x86_64)" in folded and "They would add $0.000015: 3 × S3 request" in folded
    assert "costs $0.000023 a month while it stands" in folded
    assert "<script" not in html and "<style" not in html
