"""What a Region calls a model by, and what a policy has to allow for that.

https://docs.aws.amazon.com/bedrock/latest/userguide/inference-profiles-prereq.html
"""

from __future__ import annotations

from dataclasses import replace

import pytest
from botocore.exceptions import ClientError

from labsupport.errors import LabError
from labsupport.localcloud.record import CloudRecord
from labsupport.model_in_region import model_arns, model_id
from labsupport.session import LocalSession
from labsupport.settings import Settings
from labsupport.target import Target, connect
from tests.conformance.conftest import may

MICRO, HAIKU = "amazon.nova-micro-v1:0", "anthropic.claude-haiku-5-5"
MESSAGES = [{"role": "user", "content": [{"text": "Summarise: it rains."}]}]


@pytest.fixture
def elsewhere(cloud: CloudRecord, settings: Settings) -> Target:
    """Return the cloud in a Region that calls Nova Micro through a profile only."""
    return connect(replace(settings, region="us-west-2"), notebook="09")


def test_where_a_models_own_id_can_be_called_it_is_taken(target: Target) -> None:
    assert model_id(target, MICRO) == MICRO
    assert model_arns(target, MICRO) == [f"arn:aws:bedrock:us-east-1::foundation-model/{MICRO}"]


def test_elsewhere_it_is_a_profiles(elsewhere: Target) -> None:
    bedrock = elsewhere.client("bedrock-runtime")
    with pytest.raises(ClientError, match="on-demand throughput"):
        bedrock.converse(modelId=MICRO, messages=MESSAGES)
    found = model_id(elsewhere, MICRO)
    assert found == f"us.{MICRO}"
    assert model_id(elsewhere, found) == found
    assert bedrock.converse(modelId=found, messages=MESSAGES)["stopReason"] == "end_turn"
    assert bedrock.converse(modelId=model_arns(elsewhere, found)[0], messages=MESSAGES)["usage"]


def test_a_profile_that_stays_in_a_part_of_the_world_goes_first(target: Target) -> None:
    assert model_id(target, HAIKU) == f"us.{HAIKU}"
    arns = model_arns(target, f"global.{HAIKU}")
    assert arns[0] == f"arn:aws:bedrock:us-east-1:{target.account}:inference-profile/global.{HAIKU}"
    assert f"arn:aws:bedrock:::foundation-model/{HAIKU}" in arns


@pytest.mark.parametrize("model", ["amazon.nova-canvas-v1:0", "nothing"])
def test_a_model_that_the_region_has_not_is_said_with_what_to_do(target: Target, model: str) -> None:
    with pytest.raises(LabError, match=f"us-east-1 calls the model {model}") as caught:
        model_id(target, model)
    assert "LAB_REGION" in caught.value.next_step


def test_a_policy_with_these_arns_lets_in_and_with_one_of_them_less_it_does_not(
    elsewhere: Target, somebody: tuple[str, LocalSession]
) -> None:
    name, session = somebody
    theirs = session.client("bedrock-runtime", region_name="us-west-2")
    found = model_id(elsewhere, MICRO)
    arns = model_arns(elsewhere, found)
    assert len(arns) >= 3
    statement = {"Effect": "Allow", "Action": "bedrock:InvokeModel"}
    may(elsewhere.client("iam"), name, {**statement, "Resource": arns})
    assert theirs.converse(modelId=found, messages=MESSAGES)["stopReason"] == "end_turn"
    for missing in arns:
        rest = [arn for arn in arns if arn != missing]
        may(elsewhere.client("iam"), name, {**statement, "Resource": rest})
        with pytest.raises(ClientError) as denied:
            theirs.converse(modelId=found, messages=MESSAGES)
        assert missing in str(denied.value)
