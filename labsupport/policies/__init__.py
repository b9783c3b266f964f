"""Ready IAM policies for AWS: what a learner needs, what limits a learner, what an instructor sweeps with.

* `learner-functions.json` and `learner-data.json` say what: just the actions that the notebooks make. They
  are two because together they are too long for one managed policy.
* `boundary.json` says where: names that begin with `lab-<owner>-` and tags of that owner, one Region, small
  models. It is the permissions boundary of the learner and of every role that the learner makes, so that
  nobody gets further by way of a function. The learner can neither take it off nor change it.
* `instructor.json` lists and deletes what carries the lab's names or tags, whoever built it.

The Region is asked for only where a request has one (`Null`): a simulation, which the lessons make, has none.

`./lab policies` prints them with account, Region and owner filled in.

API Gateway, Cognito and Knowledge Bases give out ids, so what is whose there is told by tags, and the tags
are asked for in the call that creates. ImportRestApi takes none, so a learner can't use it: CreateRestApi and
then PutRestApi do the same. Known cost: an untagged API of somebody else could be tagged as one's own.

https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from labsupport.permissions import read_policy

FOLDER = Path(__file__).parent
LEARNER = ("learner-functions", "learner-data")
NAMES = ("boundary", *LEARNER, "instructor")
MAX_CHARACTERS = 6144
"""Of a managed policy, white space not counted.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
"""


def policy(name: str, *, account: str, region: str, owner: str) -> dict[str, Any]:
    """Return one of the policies for an account, a Region and an owner."""
    values = {"account": account, "region": region, "owner": owner}
    return read_policy(FOLDER / f"{name}.json", values)


def policy_name(name: str, owner: str) -> str:
    """Return what a policy is to be called in the account. No learner may write a name like this."""
    return "lab-instructor" if name == "instructor" else f"lab-{name}-{owner}"


def boundary_arn(account: str, owner: str) -> str:
    """Return the ARN that the boundary names itself by: the value of LAB_PERMISSIONS_BOUNDARY."""
    return f"arn:aws:iam::{account}:policy/{policy_name('boundary', owner)}"


def as_text(document: dict[str, Any]) -> str:
    """Return a policy without white space, as IAM counts its characters."""
    return json.dumps(document, separators=(",", ":"))
