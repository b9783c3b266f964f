"""A deletion whose answer is lost: the client asks again, hears "not found", and has to go on from there.

Each fake is an AWS service as far as one deletion needs it. `Twice` sends it every call two times and keeps
the second answer, which is what a client sees that retried.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from labsupport.resources.bucket import empty_bucket
from labsupport.resources.concurrency import clear_concurrency
from labsupport.resources.data_source import delete_data_source
from labsupport.resources.event_rule import delete_rule
from labsupport.resources.knowledge_base import delete_knowledge_base
from labsupport.resources.managed_policy import delete_policy
from labsupport.resources.role import delete_role
from labsupport.resources.table import delete_table
from labsupport.resources.usage_plan import delete_usage_plan
from labsupport.resources.user_pool import delete_user_pool
from labsupport.tape import Tape


class Twice:
    """A client that loses the answer to every call that changes something, and retries."""

    def __init__(self, service: Any) -> None:
        self._service = service

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._service, name)
        if name.startswith(("get", "list", "describe")):
            return method

        def call(**parameters: Any) -> Any:
            method(**parameters)
            return method(**parameters)

        return call


class Paged:
    """A service whose lists have one page each."""

    def get_paginator(self, operation: str) -> Any:
        return SimpleNamespace(paginate=lambda **parameters: [getattr(self, operation)(**parameters)])


def refused(code: str, operation: str = "Delete") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": code}}, operation)


def on(service: Any) -> Any:
    return SimpleNamespace(
        client=lambda name: Twice(service), tape=Tape(), account="123456789012", region="us-east-1"
    )


class Iam(Paged):
    """One role with two inline and two attached policies. IAM deletes no role that has any."""

    def __init__(self) -> None:
        self.inline, self.attached, self.role = {"a", "b"}, {"arn:a", "arn:b"}, {"r"}

    def list_role_policies(self, RoleName: str) -> Any:
        return {"PolicyNames": sorted(self.inline)}

    def list_attached_role_policies(self, RoleName: str) -> Any:
        return {"AttachedPolicies": [{"PolicyArn": arn} for arn in sorted(self.attached)]}

    def delete_role_policy(self, RoleName: str, PolicyName: str) -> None:
        self._remove(self.inline, PolicyName)

    def detach_role_policy(self, RoleName: str, PolicyArn: str) -> None:
        self._remove(self.attached, PolicyArn)

    def delete_role(self, RoleName: str) -> None:
        if RoleName in self.role and (self.inline or self.attached):
            raise refused("DeleteConflict")
        self._remove(self.role, RoleName)

    @staticmethod
    def _remove(things: set[str], name: str) -> None:
        if name not in things:
            raise refused("NoSuchEntity")
        things.remove(name)


def test_a_role_goes_although_its_policies_were_gone_already() -> None:
    iam = Iam()
    delete_role(on(iam), "r")
    assert (iam.inline, iam.attached, iam.role) == (set(), set(), set())


class UsagePlans:
    """One plan with two stages. API Gateway deletes no plan that has any."""

    def __init__(self) -> None:
        self.stages, self.plans = {"x:prod", "y:prod"}, {"p"}

    def get_usage_plan(self, usagePlanId: str) -> Any:
        places = (place.split(":") for place in sorted(self.stages))
        return {"apiStages": [{"apiId": api, "stage": stage} for api, stage in places]}

    def update_usage_plan(self, usagePlanId: str, patchOperations: list[dict[str, str]]) -> None:
        for operation in patchOperations:
            if operation["value"] not in self.stages:
                raise refused("NotFoundException")
            self.stages.remove(operation["value"])

    def delete_usage_plan(self, usagePlanId: str) -> None:
        if self.stages:
            raise refused("BadRequestException")
        if usagePlanId not in self.plans:
            raise refused("NotFoundException")
        self.plans.remove(usagePlanId)


def test_a_usage_plan_goes_although_its_stages_were_taken_from_it_already() -> None:
    plans = UsagePlans()
    delete_usage_plan(on(plans), "p")
    assert (plans.stages, plans.plans) == (set(), set())


class Uploads:
    """A bucket with two unfinished uploads and no object."""

    def __init__(self) -> None:
        self.uploads = {"1", "2"}

    def list_multipart_uploads(self, Bucket: str) -> Any:
        return {"Uploads": [{"Key": "k", "UploadId": each} for each in sorted(self.uploads)]}

    def abort_multipart_upload(self, Bucket: str, Key: str, UploadId: str) -> None:
        if UploadId not in self.uploads:
            raise refused("NoSuchUpload")
        self.uploads.remove(UploadId)

    def list_object_versions(self, **_: Any) -> Any:
        return {}


def test_a_bucket_is_emptied_although_an_upload_was_broken_off_already() -> None:
    bucket = Uploads()
    empty_bucket(on(bucket), "b")
    assert bucket.uploads == set()


class Table:
    """A table that is being created still, and that takes a moment to go."""

    def __init__(self) -> None:
        self.states = iter(["CREATING", "ACTIVE"])
        self.asked_while_it_went = 0
        self.state = "CREATING"

    def delete_table(self, TableName: str) -> None:
        if self.state == "DELETING":
            raise refused("ResourceNotFoundException")
        self.state = next(self.states, "ACTIVE")
        if self.state != "ACTIVE":
            raise refused("ResourceInUseException")
        self.state = "DELETING"

    def describe_table(self, TableName: str) -> Any:
        self.asked_while_it_went += 1
        if self.asked_while_it_went > 2:
            raise refused("ResourceNotFoundException")
        return {"Table": {"TableStatus": self.state}}


def test_a_table_that_is_being_created_is_deleted_and_waited_for() -> None:
    table = Table()
    delete_table(on(table), "t")
    assert (table.state, table.asked_while_it_went) == ("DELETING", 3)


class Knowledge(Paged):
    """A knowledge base and a data source that take a moment to go, and are not deleted a second time."""

    def __init__(self) -> None:
        self.asked = 0
        self.going = False

    def delete_data_source(self, **_: Any) -> None:
        if self.going:
            raise refused("ResourceNotFoundException")
        self.going = True

    delete_knowledge_base = delete_data_source

    def list_data_sources(self, **_: Any) -> Any:
        self.asked += 1
        return {"dataSourceSummaries": [{"dataSourceId": "s"}] if self.asked < 3 else []}

    def get_knowledge_base(self, **_: Any) -> Any:
        self.asked += 1
        if self.asked == 3:
            raise refused("ResourceNotFoundException")
        return {"knowledgeBase": {"status": "DELETING"}}


@pytest.mark.parametrize("delete", [delete_data_source, delete_knowledge_base])
def test_what_takes_a_moment_to_go_is_waited_for_although_it_was_deleted_already(delete: Any) -> None:
    knowledge = Knowledge()
    delete(on(knowledge), "k/s")
    assert knowledge.asked == 3


class Provisioned(Paged):
    """A function with provisioned concurrency on two aliases."""

    def __init__(self) -> None:
        self.aliases = {"a", "b"}
        self.reserved = True

    def list_provisioned_concurrency_configs(self, FunctionName: str) -> Any:
        arn = f"arn:aws:lambda:us-east-1:123456789012:function:{FunctionName}:"
        count = {"RequestedProvisionedConcurrentExecutions": 1}
        return {
            "ProvisionedConcurrencyConfigs": [
                {"FunctionArn": arn + alias, **count} for alias in sorted(self.aliases)
            ]
        }

    def delete_provisioned_concurrency_config(self, FunctionName: str, Qualifier: str) -> None:
        if Qualifier not in self.aliases:
            raise refused("ResourceNotFoundException")
        self.aliases.remove(Qualifier)

    def delete_function_concurrency(self, FunctionName: str) -> None:
        self.reserved = False


def test_provisioned_concurrency_is_taken_away_although_some_of_it_was_already() -> None:
    function = Provisioned()
    clear_concurrency(on(function), "f")
    assert (function.aliases, function.reserved) == (set(), False)


class Pools:
    """A user pool with deletion protection and a domain, as AWS's Cognito deletes none."""

    def __init__(self) -> None:
        self.pool: dict[str, str] | None = {"DeletionProtection": "ACTIVE", "Domain": "d"}

    def describe_user_pool(self, UserPoolId: str) -> Any:
        return {"UserPool": dict(self._found())}

    def update_user_pool(self, UserPoolId: str, DeletionProtection: str) -> None:
        self._found()["DeletionProtection"] = DeletionProtection

    def delete_user_pool_domain(self, UserPoolId: str, Domain: str) -> None:
        if self._found().pop("Domain", None) != Domain:
            raise refused("InvalidParameterException")

    def delete_user_pool(self, UserPoolId: str) -> None:
        if self._found() != {"DeletionProtection": "INACTIVE"}:
            raise refused("InvalidParameterException")
        self.pool = None

    def _found(self) -> dict[str, str]:
        if self.pool is None:
            raise refused("ResourceNotFoundException")
        return self.pool


def test_a_user_pool_goes_although_it_is_protected_and_has_a_domain() -> None:
    pools = Pools()
    delete_user_pool(on(pools), "p")
    assert pools.pool is None


class Rules(Paged):
    """A rule with a target. EventBridge deletes none that has any."""

    def __init__(self) -> None:
        self.targets, self.rules = {"t"}, {"r"}

    def list_targets_by_rule(self, Rule: str) -> Any:
        return {"Targets": [{"Id": each} for each in sorted(self.targets)]}

    def remove_targets(self, Rule: str, Ids: list[str]) -> None:
        self.targets -= set(Ids)

    def delete_rule(self, Name: str) -> None:
        if self.targets:
            raise refused("ValidationException")
        self.rules.discard(Name)


def test_a_rule_goes_with_its_targets() -> None:
    rules = Rules()
    delete_rule(on(rules), "r")
    assert rules.rules == set()


class Policies(Paged):
    """A managed policy of three versions. IAM deletes none that has another one than the default."""

    def __init__(self) -> None:
        self.versions = {"v1", "v2", "v3"}

    def list_policy_versions(self, PolicyArn: str) -> Any:
        assert PolicyArn == "arn:aws:iam::123456789012:policy/team/p"
        versions = [{"VersionId": each, "IsDefaultVersion": each == "v2"} for each in sorted(self.versions)]
        return {"Versions": versions}

    def delete_policy_version(self, PolicyArn: str, VersionId: str) -> None:
        if VersionId not in self.versions:
            raise refused("NoSuchEntity")
        self.versions.remove(VersionId)

    def delete_policy(self, PolicyArn: str) -> None:
        if self.versions - {"v2"}:
            raise refused("DeleteConflict")
        if not self.versions:
            raise refused("NoSuchEntity")
        self.versions.clear()


def test_a_managed_policy_goes_with_its_versions() -> None:
    policies = Policies()
    delete_policy(on(policies), "team/p")
    assert policies.versions == set()
