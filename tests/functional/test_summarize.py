"""functions/summarize on the local cloud: from an upload to a summary, and what its role may not do."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from labsupport.lab import Lab
from labsupport.localcloud.record import CloudRecord
from labsupport.waiting import tolerate, wait_until

pytestmark = pytest.mark.functional

MODEL = "amazon.nova-pro-v1:0"  # no other test here counts its requests
PRICES = '{"input": 0.8, "output": 3.2}'
TEXT = tomllib.loads(
    (Path(__file__).parents[1] / "files" / "summaries" / "vi-2-lua.toml").read_text(encoding="utf-8")
)["text"]


def deploy(lab: Lab, **environment: str) -> str:
    bucket = lab.deploy_bucket("texts")
    lab.deploy_function(
        "summarize",
        environment={"MODEL_ID": MODEL, "PRICES": PRICES, **environment},
        values={"bucket": bucket, "model_arns": lab.model_arns(MODEL)},
        timeout_seconds=20,
    )
    return bucket


def invoke(lab: Lab, bucket: str, key: str) -> dict[str, Any]:
    record = {"s3": {"bucket": {"name": bucket}, "object": {"key": key}}}
    answer = lab.client("lambda").invoke(
        FunctionName=lab.name("summarize"), Payload=json.dumps({"Records": [record]})
    )
    found: dict[str, Any] = json.loads(answer["Payload"].read())
    return found


def test_an_upload_becomes_a_summary_with_its_cost(lab: Lab) -> None:
    bucket = deploy(lab)
    arn = lab.client("lambda").get_function(FunctionName=lab.name("summarize"))["Configuration"][
        "FunctionArn"
    ]
    lab.allow_invoke(
        "summarize", service="s3.amazonaws.com", source_arn=f"arn:aws:s3:::{bucket}", statement_id="s3"
    )
    lab.notify_function("texts", arn, prefix="texts/")
    s3 = lab.client("s3")
    s3.put_object(Bucket=bucket, Key="texts/lúa 1.txt", Body=TEXT.encode())

    def report() -> dict[str, Any] | None:
        with tolerate("NoSuchKey"):
            body = s3.get_object(Bucket=bucket, Key="summaries/lúa 1.txt.summary.json")["Body"].read()
            found: dict[str, Any] = json.loads(body)
            return found
        return None

    found = wait_until(report, doing="waiting for the summary", timeout_seconds=30, next_step="Look.")
    assert all(sentence in TEXT for sentence in found["summary"].split(". ")[:1])
    assert found["dollars"] == pytest.approx((found["inputTokens"] * 0.8 + found["outputTokens"] * 3.2) / 1e6)


@pytest.fixture
def lower_quota(cloud: CloudRecord) -> Any:
    def change(**quota: int) -> None:
        httpx.put(
            f"{cloud.url}/_lab/model-quotas",
            json={"modelId": MODEL, **quota},
            headers={"Authorization": f"Bearer {cloud.secret_access_key}"},
        ).raise_for_status()

    yield change
    change()


def test_a_throttled_model_is_tried_again_and_given_up_in_the_end(
    lab: Lab, lower_quota: Callable[..., None]
) -> None:
    bucket = deploy(lab, MAX_ATTEMPTS="2")
    lab.client("s3").put_object(Bucket=bucket, Key="texts/a.txt", Body=b"One thing happened here.")
    lower_quota(requestsPerMinute=0)
    found = invoke(lab, bucket, "texts/a.txt")
    assert found["errorType"] == "ThrottlingException" and "(reached max retries: 1)" in found["errorMessage"]
    lower_quota()
    assert invoke(lab, bucket, "texts/a.txt") == {"summaries": ["summaries/a.txt.summary.json"]}


def test_its_role_may_invoke_one_model_and_read_texts_only(lab: Lab) -> None:
    bucket = deploy(lab, MODEL_ID="amazon.nova-lite-v1:0")
    s3 = lab.client("s3")
    s3.put_object(Bucket=bucket, Key="texts/a.txt", Body=b"One thing happened here.")
    denied = invoke(lab, bucket, "texts/a.txt")
    assert denied["errorType"] == "AccessDeniedException"
    assert "bedrock:InvokeModel on resource: " in denied["errorMessage"]
    deploy(lab)
    assert invoke(lab, bucket, "texts/a.txt") == {"summaries": ["summaries/a.txt.summary.json"]}
    role = lab.client("iam").get_role(RoleName=lab.name("summarize"))["Role"]["Arn"]
    decisions = {
        (result["EvalActionName"], result["EvalResourceName"]): result["EvalDecision"]
        for action, key in (
            ("s3:GetObject", "texts/a"),
            ("s3:GetObject", "summaries/a"),
            ("s3:PutObject", "texts/a"),
        )
        for result in lab.client("iam").simulate_principal_policy(
            PolicySourceArn=role, ActionNames=[action], ResourceArns=[f"arn:aws:s3:::{bucket}/{key}"]
        )["EvaluationResults"]
    }
    assert list(decisions.values()) == ["allowed", "implicitDeny", "implicitDeny"]
