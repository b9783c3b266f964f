"""A teardown and a sweep in an account that others use, too: what is theirs stays, a dry run changes nothing.

The account is listed by AWS's own APIs (tests/account.py), so that the inventory isn't its own judge.
"""

from __future__ import annotations

import argparse
import uuid
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from labsupport import naming
from labsupport.commands import sweep as command
from labsupport.found import Resource, Resources
from labsupport.inventory import inventory, inventory_of_all
from labsupport.localcloud import supervisor
from labsupport.localcloud.record import CloudRecord
from labsupport.resources.event_source_mapping import delete_event_source_mapping, event_source_mappings
from labsupport.resources.layer import publish_layer
from labsupport.resources.queue import deploy_queue
from labsupport.resources.role import deploy_role
from labsupport.resources.table import deploy_table
from labsupport.settings import Settings
from labsupport.sweeping import by_owner, expired
from labsupport.tape import Tape
from labsupport.target import Target, connect
from labsupport.teardown import teardown
from tests.account import everything_on, writes
from tests.learner import connect_as_instructor
from tests.one_of_each import ALL_KINDS, build_one_of_each
from tests.strangers import CODE, NOTHING, build_strangers

pytestmark = pytest.mark.functional

OTHER = "neighbour"
UNKNOWN_TO_THE_LOCAL_IAM = {"event rule", "alarm", "managed policy", "event source mapping"}
"""For these the local cloud knows no resource, tag or function to ask a policy about; the unit test does."""
NOW = datetime(2030, 1, 2, tzinfo=UTC)


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return replace(Settings.from_environment({}), home=tmp_path_factory.mktemp("swept"), owner="ana")


@pytest.fixture(scope="module")
def cloud(settings: Settings) -> Iterator[CloudRecord]:
    """Start a local cloud of its own: what is swept here would be missed elsewhere."""
    yield supervisor.start(settings.home)
    supervisor.stop(settings.home)


@pytest.fixture(scope="module")
def account(cloud: CloudRecord, settings: Settings) -> Target:
    return connect(settings, notebook="05")


@pytest.fixture(scope="module")
def strangers(account: Target) -> list[str]:
    """Fill the account with strangers, and return everything that there is then."""
    assert build_strangers(account, OTHER, of_each=2) > 150
    found = everything_on(account)
    assert len(found) >= 200
    return found


def of(account: Target, owner: str, **changes: Any) -> Target:
    """Return the account for another owner."""
    return replace(account, owner=owner, **changes)


def build(target: Target) -> None:
    name = f"lab-{target.owner}-own-{uuid.uuid4().hex[:6]}"
    deploy_role(target, name, policy=NOTHING)
    deploy_queue(target, name)
    deploy_table(target, name, keys=["id"])
    publish_layer(target, name, CODE, python_version="3.11")


def options(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    return parser.parse_args(words)


def test_a_teardown_among_two_hundred_strangers_leaves_every_one(
    account: Target, strangers: list[str]
) -> None:
    build(account)
    assert len(everything_on(account)) == len(strangers) + 4
    assert teardown(account, late_log_seconds=0).is_clean
    assert inventory(account) == []
    assert everything_on(account) == strangers


def test_a_sweep_by_owner_deletes_that_owners_things_and_leaves_every_stranger(
    account: Target, strangers: list[str], capsys: Any
) -> None:
    build(of(account, "ben"))
    assert command.sweep_on(account, options("--owner", "ben", "--yes")) == 0
    assert "Owner ben: 4 resources, the last expires 20" in capsys.readouterr().out
    assert everything_on(account) == strangers


def test_expired_is_an_owner_whose_last_thing_is(account: Target, strangers: list[str], capsys: Any) -> None:
    build(of(account, "ben", expires_hours=-1))
    build(of(account, "cem", expires_hours=-1))
    build(of(account, "cem", expires_hours=1))  # somebody who still works
    before = everything_on(account)
    assert command.sweep_on(account, options("--expired", "--yes")) == 0
    assert "Owner ben: 4 resources" in capsys.readouterr().out
    assert inventory(account, owner="ben") == []
    assert len(everything_on(account)) == len(before) - 4
    assert teardown(account, owner="cem", late_log_seconds=0).is_clean
    assert everything_on(account) == strangers


def test_without_yes_nothing_that_changes_anything_is_sent(
    account: Target, strangers: list[str], capsys: Any
) -> None:
    build(of(account, "ben", expires_hours=-100))
    before = everything_on(account)
    instructor = of(account, "prof", _clients={}, tape=Tape())
    for words in (["--all"], ["--expired"], ["--owner", "ben"]):
        assert command.sweep_on(instructor, options(*words)) == 0
    assert "Nothing was changed. With --yes this is deleted." in capsys.readouterr().out
    assert teardown(instructor, owner="ben", dry_run=True).left == inventory(account, owner="ben")
    assert writes(instructor) == []
    assert {call.operation for call in instructor.tape.calls()} > {"ListQueues", "ListRoleTags"}
    assert everything_on(account) == before
    assert command.sweep_on(instructor, options("--owner", "ben", "--yes")) == 0
    assert set(writes(instructor)) >= {"DeleteRole", "DeleteQueue"}, "or the check above sees nothing"
    assert everything_on(account) == strangers


def test_an_instructor_with_the_ready_policy_sweeps_everything_and_can_do_no_more(
    account: Target, cloud: CloudRecord, settings: Settings, strangers: list[str]
) -> None:
    instructor = connect_as_instructor(account, cloud, settings)
    build_one_of_each(of(account, "ben"))
    for mapping in event_source_mappings(account):
        delete_event_source_mapping(account, mapping["UUID"])
    report = teardown(instructor, owner="ben", late_log_seconds=0)
    assert {failure.resource.kind for failure in report.failed} <= UNKNOWN_TO_THE_LOCAL_IAM, "".join(
        map(str, report.failed)
    )
    assert {each.kind for each in report.deleted} >= set(ALL_KINDS) - UNKNOWN_TO_THE_LOCAL_IAM
    assert teardown(account, owner="ben", late_log_seconds=0).is_clean
    assert everything_on(account) == strangers
    url = next(each.partition(": ")[2] for each in strangers if each.startswith("sqs") and "photos" in each)
    for method, parameters in (("delete_queue", {"QueueUrl": url}), ("create_queue", {"QueueName": "q"})):
        with pytest.raises(ClientError, match="AccessDenied"):
            getattr(instructor.client("sqs"), method)(**parameters)


def test_a_sweep_of_all_deletes_every_owners_things_and_nobody_elses(
    account: Target, strangers: list[str], capsys: Any
) -> None:
    build(of(account, "ben"))
    found = by_owner(account)
    assert set(found) >= {"ben", OTHER}
    assert all(naming.owner_in(each.name) == "ben" for each in found["ben"])
    assert expired(found) == {}
    assert command.sweep_on(account, options("--all", "--yes")) == 0
    assert inventory_of_all(account) == []
    capsys.readouterr()
    left = everything_on(account)
    assert set(left) < set(strangers)
    gone = [each for each in strangers if each not in left and OTHER not in each]
    # The neighbour's execution logs have an API's id in their names; what has no tags goes by its name.
    by_name = (
        "layer:lab-anax-",
        "default/lab-anax-",
        "/aws/apigateway/lab-anax-",
        "Execution-Logs",
    )
    assert [each for each in gone if not any(part in each for part in by_name)] == []
    assert sum("Execution-Logs" in each for each in gone) == 2


def test_what_has_no_tags_expires_a_day_after_it_was_made() -> None:
    layer = Resource("layer version", "lab-ana-lib:1", "", NOW - timedelta(hours=23), owner="ana")
    queue = replace(layer, kind="queue", name="lab-ana-q", expires=NOW - timedelta(hours=1))
    assert expired({"ana": Resources([layer])}, NOW) == {}
    assert set(expired({"ana": Resources([layer])}, NOW + timedelta(hours=2))) == {"ana"}
    assert set(expired({"ana": Resources([layer, queue])}, NOW)) == {"ana"}
    in_use = replace(queue, expires=NOW + timedelta(hours=1))
    assert expired({"ana": Resources([layer, queue, in_use])}, NOW) == {}
    assert expired({"ana": Resources([replace(layer, created=None)])}, NOW) == {}
