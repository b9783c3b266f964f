"""What `./lab doctor --target aws` says of an account. The local cloud plays AWS: its IAM is a real one."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from botocore.stub import Stubber

from labsupport.commands.doctor import aws_account, aws_permissions
from labsupport.commands.doctor.finding import Finding, Mark
from labsupport.course_usage import course_usage
from labsupport.localcloud.record import CloudRecord
from labsupport.session import LocalSession
from labsupport.settings import Settings
from labsupport.target import Target, connect
from tests.learner import make_learner, remove

pytestmark = pytest.mark.functional


def session_of(record: CloudRecord) -> Callable[[str | None, str | None], LocalSession]:
    """Return what makes sessions as `aws_session` does, for the local cloud."""
    return lambda region, profile: LocalSession(
        record.url,
        region or "us-east-1",
        access_key_id=record.access_key_id,
        secret_access_key=record.secret_access_key,
    )


@dataclass(frozen=True)
class Caller:
    """Somebody with credentials, and what they have set."""

    target: Target
    settings: Settings


def caller(record: CloudRecord, home: Path, *, owner: str, boundary: str | None = None) -> Caller:
    settings = Settings.from_environment({"LAB_TARGET": "aws", "LAB_AWS_ACCOUNT": record.account})
    settings = replace(settings, home=home, owner=owner, permissions_boundary=boundary)
    return Caller(connect(settings, make_aws_session=session_of(record)), settings)


@pytest.fixture(scope="module")
def admin(cloud: CloudRecord, cloud_home: Path) -> Caller:
    return caller(cloud, cloud_home, owner=f"a{uuid.uuid4().hex[:6]}")


@pytest.fixture(scope="module")
def learner(admin: Caller, cloud: CloudRecord, cloud_home: Path) -> Iterator[Caller]:
    owner = f"a{uuid.uuid4().hex[:6]}"
    theirs, limit = make_learner(admin.target, cloud, owner)
    yield caller(theirs, cloud_home, owner=owner, boundary=limit)
    remove(admin.target, owner)


def found(check: str, who: Caller, settings: Settings | None = None) -> Finding:
    """Return what one of the checks finds."""
    checks = [*aws_permissions.checks(who.target), *aws_account.checks(who.target)]
    return {each.__name__: each for each in checks}[check](settings or who.settings)


@contextmanager
def denied(admin: Caller, learner: Caller, *actions: str) -> Iterator[None]:
    """Deny a learner some actions for a while."""
    iam, user = admin.target.client("iam"), f"learner-{learner.target.owner}"
    statement = {"Effect": "Deny", "Action": actions, "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam.put_user_policy(UserName=user, PolicyName="no", PolicyDocument=document)
    try:
        yield
    finally:
        iam.delete_user_policy(UserName=user, PolicyName="no")


# Whose account


def test_when_no_account_is_named_then_whose_credentials_these_are(cloud: CloudRecord) -> None:
    finding = aws_account.credentials(Settings(target="aws"), session=session_of(cloud))
    assert finding.mark is Mark.FAIL
    assert f"arn:aws:iam::{cloud.account}:" in finding.text
    assert str(finding.next_step).endswith(f"export LAB_AWS_ACCOUNT={cloud.account}")


def test_when_another_account_is_named_then_both(cloud: CloudRecord) -> None:
    def to(settings: Settings) -> Target:
        return connect(settings, make_aws_session=session_of(cloud))

    named = Settings(target="aws", aws_account="999999999999")
    assert aws_account.credentials(replace(named, aws_account=cloud.account), to=to).mark is Mark.PASS
    finding = aws_account.credentials(named, to=to)
    assert finding.mark is Mark.FAIL and cloud.account in finding.text


# Permissions


def test_a_learner_with_the_ready_policies_has_all_that_the_course_needs(learner: Caller) -> None:
    finding = found("allowed", learner)
    assert finding.mark is Mark.PASS, finding.text
    assert int(finding.text.split("all ")[1].split()[0]) > 100


def test_a_learner_whose_roles_get_no_boundary_is_told_of_it(learner: Caller) -> None:
    unset = replace(learner.settings, permissions_boundary=None)
    finding = found("allowed", learner, unset)
    assert finding.mark is Mark.FAIL and "iam:CreateRole (notebook 00" in finding.text
    finding = found("boundary", learner, unset)
    assert str(finding.next_step).endswith(
        f"LAB_PERMISSIONS_BOUNDARY={learner.settings.permissions_boundary}"
    )
    assert found("boundary", learner).mark is Mark.PASS


def test_what_a_policy_denies_is_named_with_the_notebooks(admin: Caller, learner: Caller) -> None:
    with denied(admin, learner, "s3vectors:CreateIndex"):
        finding = found("allowed", learner)
    assert finding.mark is Mark.FAIL
    assert finding.text.startswith("IAM denies s3vectors:CreateIndex (notebook 10), of ")


def test_when_iam_may_not_be_asked_then_that_is_no_failure(admin: Caller, learner: Caller) -> None:
    with denied(admin, learner, "iam:SimulatePrincipalPolicy", "iam:GetUser"):
        finding = found("allowed", learner)
    assert finding.mark is Mark.WARN and "SimulatePrincipalPolicy" in finding.text


def test_the_root_user_is_warned(admin: Caller) -> None:
    finding = found("allowed", admin)
    assert finding.mark is Mark.WARN and "root user" in finding.text


# Lambda, Bedrock, money, what is there


@pytest.mark.parametrize(
    ("unreserved", "mark"), [(1000, Mark.PASS), (104, Mark.WARN), (10, Mark.WARN), (0, Mark.WARN)]
)
def test_too_little_concurrency_names_the_notebooks(admin: Caller, unreserved: int, mark: Mark) -> None:
    limit = {"ConcurrentExecutions": 1000, "UnreservedConcurrentExecutions": unreserved}
    with Stubber(admin.target.client("lambda")) as stubber:
        stubber.add_response("get_account_settings", {"AccountLimit": limit})
        finding = found("concurrency", admin)
    assert finding.mark is mark
    if mark is Mark.WARN:
        assert " 03" in finding.text and (" 05" in finding.text) is (unreserved == 0)


def lists(stubber: Stubber, model: str, *, by_its_own_id: bool, profiles: Sequence[str] = ()) -> None:
    """Let Bedrock answer how the Region calls a model."""
    arn = f"arn:aws:bedrock:us-east-1::foundation-model/{model}"
    types = ["ON_DEMAND"] if by_its_own_id else ["INFERENCE_PROFILE"]
    summary = {"modelArn": arn, "modelId": model, "inferenceTypesSupported": types}
    stubber.add_response("list_foundation_models", {"modelSummaries": [summary]})
    if not by_its_own_id:
        profile = {"inferenceProfileName": "p", "type": "SYSTEM_DEFINED", "status": "ACTIVE"}
        found = [
            {
                **profile,
                "inferenceProfileId": name,
                "inferenceProfileArn": f"arn:aws:bedrock:us-east-1:111122223333:inference-profile/{name}",
                "models": [{"modelArn": arn}],
            }
            for name in profiles
        ]
        stubber.add_response("list_inference_profiles", {"inferenceProfileSummaries": found})


def answers(stubber: Stubber, model: str, **changes: Any) -> None:
    """Let Bedrock answer that a model is available, but for what is changed."""
    stubber.add_response(
        "get_foundation_model_availability",
        {
            "modelId": model,
            "agreementAvailability": {"status": "AVAILABLE"},
            "authorizationStatus": "AUTHORIZED",
            "entitlementAvailability": "AVAILABLE",
            "regionAvailability": "AVAILABLE",
            **changes,
        },
        {"modelId": model},
    )


def of_models(who: Caller, model: str) -> Finding:
    """Return what is found where notebooks 09 and 10 use one model."""
    used = {
        number: replace(course_usage()[number], number=number, models=frozenset({model}))
        for number in ("09", "10")
    }
    return aws_account.Account(who.target, used).models(who.settings)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({}, ""),
        ({"regionAvailability": "NOT_AVAILABLE"}, "not in us-east-1"),
        ({"authorizationStatus": "NOT_AUTHORIZED"}, "the account is not authorized for it"),
        ({"entitlementAvailability": "NOT_AVAILABLE"}, "the account has no access to it"),
        ({"agreementAvailability": {"status": "PENDING"}}, "its agreement is PENDING"),
    ],
)
def test_a_model_that_may_not_be_used_is_named_with_the_reason(
    admin: Caller, changes: dict[str, Any], reason: str
) -> None:
    model = "amazon.nova-micro-v1:0"
    with Stubber(admin.target.client("bedrock")) as stubber:
        lists(stubber, model, by_its_own_id=True)
        answers(stubber, model, **changes)
        finding = of_models(admin, model)
    assert finding.mark is (Mark.WARN if reason else Mark.PASS)
    assert (f"{model} ({reason}) (notebook 09, 10)" in finding.text) is bool(reason)


@pytest.mark.parametrize(
    ("profiles", "mark"), [(["eu.anthropic.claude-haiku-5-5"], Mark.PASS), ([], Mark.WARN)]
)
def test_a_model_of_another_regions_profile_is_looked_for_in_ours(
    admin: Caller, profiles: list[str], mark: Mark
) -> None:
    model = "anthropic.claude-haiku-5-5"
    with Stubber(admin.target.client("bedrock")) as stubber:
        lists(stubber, model, by_its_own_id=False, profiles=profiles)
        if profiles:
            answers(stubber, model, regionAvailability="NOT_AVAILABLE")  # a profile goes to other Regions
        finding = of_models(admin, f"us.{model}")
        stubber.assert_no_pending_responses()
    assert finding.mark is mark
    assert (f"us.{model} (not in us-east-1)" in finding.text) is (not profiles)


def test_the_price_is_said_beside_the_ceiling(admin: Caller) -> None:
    assert found("price", admin, replace(admin.settings, max_usd=100.0)).mark is Mark.PASS
    low = found("price", admin, replace(admin.settings, max_usd=0.01))
    assert low.mark is Mark.WARN and "LAB_MAX_USD stops it at $0.01" in low.text
    assert "no ceiling" in found("price", admin, replace(admin.settings, max_usd=None)).text


def test_what_is_left_is_counted(admin: Caller) -> None:
    sqs, name = admin.target.client("sqs"), f"lab-{admin.target.owner}-done"
    assert found("leftovers", admin).mark is Mark.PASS
    url = sqs.create_queue(QueueName=name, tags=admin.target.tags())["QueueUrl"]
    try:
        finding = found("leftovers", admin)
    finally:
        sqs.delete_queue(QueueUrl=url)
    assert finding.mark is Mark.WARN and finding.text.startswith("1 things of the owner")


def test_a_region_that_lacks_a_service_is_named(admin: Caller) -> None:
    assert found("region", admin).mark is Mark.PASS
    elsewhere = replace(admin.target, region="us-gov-west-9")
    finding = found("region", Caller(elsewhere, admin.settings))
    assert finding.mark is Mark.WARN and "lambda (notebook 00" in finding.text
