"""Bursts on the local cloud: what is simultaneous, what is refused, and what boto3 tries again."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from botocore.exceptions import ClientError

from labsupport.burst import Burst
from labsupport.lab import Lab
from labsupport.load import burst_in_log

pytestmark = pytest.mark.functional

SHORT = {"seconds": 0.4}


@pytest.fixture
def name(lab: Lab) -> str:
    return lab.deploy_function("busy", memory_mb=1769, timeout_seconds=10).name


def reserve(lab: Lab, name: str, count: int) -> None:
    lab.client("lambda").put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=count)


def test_calls_at_once_have_an_environment_each_and_then_warm_ones(lab: Lab, name: str) -> None:
    cold, warm = (lab.invoke_at_once("busy", [SHORT] * 9) for _ in range(2))
    assert (len(cold.answered), len(cold.environments), cold.cold_starts) == (9, 9, 9)
    assert (len(warm.answered), warm.cold_starts) == (9, 0)
    assert set(warm.environments) <= set(cold.environments)
    assert warm.most_at_once == 9
    for call in [*cold, *warm]:
        assert call.sent is not None and call.answered is not None
        assert call.called <= call.sent <= call.began + 0.05 and call.duration_seconds >= 0.4
    streams = {event.stream for event in lab.logs("busy")}
    assert set(cold.environments) == streams


def test_calls_one_after_the_other_share_an_environment(lab: Lab, name: str) -> None:
    lab.invoke("busy", {"seconds": 0})
    paced = lab.invoke_at_once("busy", [{"seconds": 0}] * 2, every_seconds=1.5)
    assert paced[0].called < 1.5 <= paced[1].called
    assert (len(paced.environments), paced.most_at_once) == (1, 1)


def test_each_payload_goes_with_its_own_call_and_a_failing_handler_is_a_result(lab: Lab, name: str) -> None:
    burst = lab.invoke_at_once("busy", [{"seconds": 0}, {"seconds": "x"}])
    assert [call.error_type for call in burst] == [None, "TypeError"]
    assert len(burst.environments) == 2


def test_a_refused_call_is_sent_once_unless_more_attempts_are_asked_for(lab: Lab, name: str) -> None:
    reserve(lab, name, 2)
    limited = lab.invoke_at_once("busy", [{"seconds": 1.0}] * 5)
    assert (len(limited.answered), len(limited.refused), len(limited.refusals)) == (2, 3, 3)
    assert {call.reason for call in limited.refused} == {"ReservedFunctionConcurrentInvocationLimitExceeded"}
    patient = lab.invoke_at_once("busy", [SHORT] * 4, attempts=10)
    assert (len(patient.answered), patient.refused) == (4, [])
    assert len(patient.refusals) >= 2
    for call in patient:
        assert call.sent is not None and all(refusal < call.sent for refusal in call.refusals)
    assert patient.most_at_once <= 2


def test_somebody_who_watches_sees_it_go_on_and_end(lab: Lab, name: str) -> None:
    seen: list[tuple[bool, int]] = []

    def watch(burst: Burst) -> None:
        under_way = sum(call.is_under_way for call in burst)
        seen.append((burst.is_over, under_way))

    lab.invoke_at_once("busy", [{"seconds": 0.7}] * 2, watch=watch)
    assert (False, 2) in seen
    assert seen[-1] == (True, 0) and [over for over, _ in seen].count(True) == 1


def test_what_is_no_throttling_is_raised_after_all_calls(lab: Lab) -> None:
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        lab.invoke_at_once("nobody", [{}] * 2)


def test_a_version_is_called_by_its_qualifier(lab: Lab, name: str) -> None:
    version = lab.client("lambda").publish_version(FunctionName=name)["Version"]
    [call] = lab.invoke_at_once("busy", [SHORT], qualifier=version)
    assert f"[{version}]" in str(call.environment) and not call.provisioned


def test_events_are_read_back_from_the_log(lab: Lab, name: str) -> None:
    since = datetime.now(UTC)
    for _ in range(3):
        lab.client("lambda").invoke(FunctionName=name, InvocationType="Event", Payload=b'{"seconds": 1.5}')
    lab.wait_until(
        lambda: len(burst_in_log(lab.logs("busy", since=since))) == 3, doing="waiting for three events"
    )
    burst = burst_in_log(lab.logs("busy", since=since))
    assert (len(burst.environments), burst.cold_starts, burst.most_at_once) == (3, 3, 3)


def test_clearing_takes_the_reservation_and_what_is_provisioned_away(lab: Lab, name: str) -> None:
    client = lab.client("lambda")
    client.publish_version(FunctionName=name)
    client.create_alias(FunctionName=name, Name="live", FunctionVersion="1")
    reserve(lab, name, 5)
    client.put_provisioned_concurrency_config(
        FunctionName=name, Qualifier="live", ProvisionedConcurrentExecutions=1
    )
    for _ in range(2):  # also when there is nothing
        lab.clear_concurrency("busy")
        assert "ReservedConcurrentExecutions" not in client.get_function_concurrency(FunctionName=name)
        listed = client.list_provisioned_concurrency_configs(FunctionName=name)
        assert listed["ProvisionedConcurrencyConfigs"] == []
    assert not lab.calls()[-1].plumbing, "clearing is plumbing"
