"""A learner as an instructor sets one up, behind the boundary; and an instructor, who may only sweep."""

from __future__ import annotations

import json
from dataclasses import replace

from labsupport.localcloud.record import CloudRecord
from labsupport.policies import LEARNER, boundary_arn, policy, policy_name
from labsupport.settings import Settings
from labsupport.target import Target, connect


def make_learner(admin: Target, record: CloudRecord, owner: str) -> tuple[CloudRecord, str]:
    """Do what `./lab policies` tells an instructor. Return the learner's cloud, and the boundary."""
    iam, user = admin.client("iam"), f"learner-{owner}"
    for name in ("boundary", *LEARNER):
        document = policy(name, account=admin.account, region=admin.region, owner=owner)
        iam.create_policy(PolicyName=policy_name(name, owner), PolicyDocument=json.dumps(document))
    limit = boundary_arn(admin.account, owner)
    iam.create_user(UserName=user, PermissionsBoundary=limit)
    for name in LEARNER:
        arn = f"arn:aws:iam::{admin.account}:policy/{policy_name(name, owner)}"
        iam.attach_user_policy(UserName=user, PolicyArn=arn)
    key = iam.create_access_key(UserName=user)["AccessKey"]
    theirs = replace(record, access_key_id=key["AccessKeyId"], secret_access_key=key["SecretAccessKey"])
    return theirs, limit


def connect_as(admin: Target, record: CloudRecord, settings: Settings, owner: str) -> Target:
    """Make a learner, and return the learner's connection."""
    theirs, limit = make_learner(admin, record, owner)
    settings = replace(settings, owner=owner, permissions_boundary=limit)
    return connect(settings, notebook="05", start_cloud=lambda home: theirs)


def connect_as_instructor(admin: Target, record: CloudRecord, settings: Settings) -> Target:
    """Make somebody with the instructor's policy and no other, and return their connection."""
    iam, user = admin.client("iam"), "instructor"
    document = policy("instructor", account=admin.account, region=admin.region, owner=admin.owner)
    iam.create_user(UserName=user)
    iam.put_user_policy(UserName=user, PolicyName="p", PolicyDocument=json.dumps(document))
    key = iam.create_access_key(UserName=user)["AccessKey"]
    theirs = replace(record, access_key_id=key["AccessKeyId"], secret_access_key=key["SecretAccessKey"])
    return connect(replace(settings, owner="prof"), start_cloud=lambda home: theirs)


def remove(admin: Target, owner: str) -> None:
    iam, user = admin.client("iam"), f"learner-{owner}"
    for key in iam.list_access_keys(UserName=user)["AccessKeyMetadata"]:
        iam.delete_access_key(UserName=user, AccessKeyId=key["AccessKeyId"])
    for each in iam.list_attached_user_policies(UserName=user)["AttachedPolicies"]:
        iam.detach_user_policy(UserName=user, PolicyArn=each["PolicyArn"])
    iam.delete_user_permissions_boundary(UserName=user)
    iam.delete_user(UserName=user)
    for name in ("boundary", *LEARNER):
        arn = f"arn:aws:iam::{admin.account}:policy/{policy_name(name, owner)}"
        iam.delete_policy(PolicyArn=arn)
