"""Customer managed policies: permissions that several roles share.

https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_managed-vs-inline.html
"""

from __future__ import annotations

from labsupport.resources.ownership import as_dict
from labsupport.target import Target
from labsupport.waiting import tolerate

GONE = "NoSuchEntity"


def policy_tags(target: Target, arn: str) -> dict[str, str]:
    """Return a policy's tags; none if it is gone."""
    with tolerate(GONE):
        pages = target.client("iam").get_paginator("list_policy_tags").paginate(PolicyArn=arn)
        return as_dict([tag for page in pages for tag in page["Tags"]])
    return {}


def delete_policy(target: Target, name: str) -> None:
    """Delete a policy with its versions. `name` has its path, if it has one. It may be gone already.

    Our roles are deleted before. Whatever else it is attached to is somebody else's: then IAM refuses.
    """
    iam, arn = target.client("iam"), f"arn:aws:iam::{target.account}:policy/{name}"
    with target.tape.plumbing(), tolerate(GONE):
        for page in iam.get_paginator("list_policy_versions").paginate(PolicyArn=arn):
            for version in page["Versions"]:
                if not version["IsDefaultVersion"]:
                    with tolerate(GONE):
                        iam.delete_policy_version(PolicyArn=arn, VersionId=version["VersionId"])
        iam.delete_policy(PolicyArn=arn)
