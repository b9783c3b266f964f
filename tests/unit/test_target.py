"""The guards in front of a real account, with a session that answers without AWS."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError, ProfileNotFound
from botocore.stub import Stubber

from labsupport import naming
from labsupport.errors import TargetError
from labsupport.naming import owner_of
from labsupport.settings import Settings
from labsupport.target import connect, stable_user

ACCOUNT = "111122223333"
ANNA = f"arn:aws:iam::{ACCOUNT}:user/anna"
ON_AWS = replace(Settings.from_environment({"LAB_TARGET": "aws", "LAB_AWS_ACCOUNT": ACCOUNT}))


class StubbedSession(boto3.Session):  # type: ignore[misc]
    """A session whose STS answers with one identity, or refuses, and which has no other client."""

    def __init__(self, region: str | None, *, arn: str = ANNA, refusal: str | None = None) -> None:
        super().__init__(aws_access_key_id="A", aws_secret_access_key="B", region_name=region)
        self.arn, self.refusal = arn, refusal

    def client(self, service_name: str, *args: Any, **kwargs: Any) -> Any:
        assert service_name == "sts"
        client = super().client(service_name, *args, **kwargs)
        stubber = Stubber(client)
        if self.refusal:
            stubber.add_client_error("get_caller_identity", self.refusal)
        else:
            identity = {"Account": self.arn.split(":")[4], "Arn": self.arn, "UserId": "AIDA"}
            stubber.add_response("get_caller_identity", identity)
        stubber.activate()
        return client


def test_when_no_account_is_named_then_nothing_is_asked_and_the_error_says_how_to_name_it() -> None:
    def no_session(region: str | None, profile: str | None) -> Any:
        raise AssertionError("AWS was asked")

    with pytest.raises(TargetError, match="LAB_AWS_ACCOUNT"):
        connect(replace(ON_AWS, aws_account=None), make_aws_session=no_session)


def test_when_the_credentials_are_another_accounts_then_both_accounts_are_named() -> None:
    other = "arn:aws:iam::444455556666:user/anna"
    with pytest.raises(TargetError) as caught:
        connect(ON_AWS, make_aws_session=lambda region, profile: StubbedSession("eu-west-1", arn=other))
    assert ACCOUNT in caught.value.doing
    assert "444455556666" in caught.value.cause


def test_when_the_account_is_the_named_one_then_the_target_is_aws() -> None:
    target = connect(
        ON_AWS, notebook="05", make_aws_session=lambda region, profile: StubbedSession("eu-west-1")
    )
    assert (target.name, target.account, target.region) == ("aws", ACCOUNT, "eu-west-1")
    assert target.endpoint_url is None
    assert target.owner == owner_of(ACCOUNT, ANNA)
    assert target.tags()["lab-notebook"] == "05"


def test_what_is_built_expires_that_many_hours_from_now() -> None:
    for hours in (1, 48):
        target = connect(
            replace(ON_AWS, expires_hours=hours),
            make_aws_session=lambda region, profile: StubbedSession("eu-west-1"),
        )
        before = datetime.now(UTC).replace(microsecond=0)
        expires = naming.expires(target.tags())
        assert expires is not None
        assert before + timedelta(hours=hours) <= expires <= datetime.now(UTC) + timedelta(hours=hours)


def test_an_api_has_a_host_name_of_its_own_on_aws_and_a_path_in_the_local_cloud() -> None:
    aws = connect(ON_AWS, make_aws_session=lambda region, profile: StubbedSession("eu-west-1"))
    assert aws.api_url("a1", "live") == "https://a1.execute-api.eu-west-1.amazonaws.com/live"
    assert aws.api_url("a1", "$default") == "https://a1.execute-api.eu-west-1.amazonaws.com"
    assert aws.api_url("a1", "live", protocol="websocket").startswith("wss://a1.execute-api.")
    local = replace(aws, endpoint_url="http://127.0.0.1:4566")
    assert local.api_url("a1", "$default") == "http://127.0.0.1:4566/_aws/execute-api/a1/$default"
    assert local.api_url("a1", "live", protocol="websocket") == "ws://127.0.0.1:4566/_aws/execute-api/a1/live"


def test_when_neither_settings_nor_profile_name_a_region_then_us_east_1() -> None:
    class WithoutRegion(StubbedSession):
        region_name = None

    def session(region: str | None, profile: str | None) -> Any:
        return StubbedSession(region) if region else WithoutRegion("eu-west-1")

    assert connect(ON_AWS, make_aws_session=session).region == "us-east-1"


def test_the_owner_of_the_settings_wins() -> None:
    target = connect(
        replace(ON_AWS, owner="anna"), make_aws_session=lambda region, profile: StubbedSession("us-east-1")
    )
    assert target.owner == "anna"


def test_when_aws_refuses_the_credentials_then_its_words_are_the_cause() -> None:
    refusing = StubbedSession("us-east-1", refusal="ExpiredToken")
    with pytest.raises(TargetError) as caught:
        connect(ON_AWS, make_aws_session=lambda region, profile: refusing)
    assert "ExpiredToken" in caught.value.cause
    assert isinstance(caught.value.__cause__, ClientError)


def test_when_the_profile_does_not_exist_then_the_error_says_so() -> None:
    def session(region: str | None, profile: str | None) -> Any:
        raise ProfileNotFound(profile=profile)

    with pytest.raises(TargetError, match="wrok"):
        connect(replace(ON_AWS, aws_profile="wrok"), make_aws_session=session)


@pytest.mark.parametrize(
    ("arn", "user"),
    [
        (ANNA, ANNA),
        (
            "arn:aws:sts::1:assumed-role/Admin/anna@example.com",
            "arn:aws:sts::1:assumed-role/Admin/anna@example.com",
        ),
        (
            "arn:aws:sts::1:assumed-role/Admin/botocore-session-1795309133",
            "arn:aws:sts::1:assumed-role/Admin/root",
        ),
    ],
)
def test_a_user_is_the_same_at_every_sign_in(arn: str, user: str) -> None:
    assert stable_user(arn, "root") == user


BOUNDARY = f"arn:aws:iam::{ACCOUNT}:policy/lab-boundary-ana"


def test_roles_get_the_permissions_boundary_that_is_named() -> None:
    settings = replace(ON_AWS, permissions_boundary=BOUNDARY)
    target = connect(settings, make_aws_session=lambda region, profile: StubbedSession("eu-west-1"))
    assert target.permissions_boundary == BOUNDARY


def test_a_permissions_boundary_of_another_account_is_refused() -> None:
    settings = replace(ON_AWS, permissions_boundary=BOUNDARY.replace(ACCOUNT, "444455556666"))
    with pytest.raises(TargetError, match="LAB_PERMISSIONS_BOUNDARY"):
        connect(settings, make_aws_session=lambda region, profile: StubbedSession("eu-west-1"))
