"""What the environment says about the lab: the only place where `os.environ` is read for settings."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from labsupport.errors import TargetError

DEFAULT_REGION = "us-east-1"
DEFAULT_MAX_USD = 1.0
DEFAULT_EXPIRES_HOURS = 24
TARGETS = ("local", "aws")
BOUNDARY_ARN = r"arn:aws[a-z-]*:iam::\d{12}:policy/[\w+=,.@/-]+"
PROJECT = Path(__file__).resolve().parents[1]
"""The project's root: it holds `notebooks/`, `functions/` and `layers/` beside this package."""


@dataclass(frozen=True)
class Settings:
    """Say where the lab builds, under which names, and where its own files lie.

    Attributes:
        target: "local" (the local cloud) or "aws" (a real account).
        region: AWS Region; None only on aws, and means: the profile's Region.
        owner: LAB_OWNER, the name part that keeps learners apart; None means: derive one.
        home: the lab's own files (local cloud, caches).
        project: the project's root.
        aws_account: LAB_AWS_ACCOUNT, the account that the learner names; used only on aws.
        aws_profile: AWS_PROFILE; None in local mode, which never reads the learner's profiles.
        permissions_boundary: LAB_PERMISSIONS_BOUNDARY, ARN of the policy that limits every role of the lab.
        max_usd: LAB_MAX_USD, what the course may cost; None means: there is no ceiling.
        expires_hours: LAB_EXPIRES_HOURS, after how many hours an instructor may delete what the lab built.
        unattended: nobody is there to answer (`lab run`, CI).
    """

    target: str = "local"
    region: str | None = DEFAULT_REGION
    owner: str | None = None
    home: Path = PROJECT / ".lab"
    project: Path = PROJECT
    aws_account: str | None = None
    aws_profile: str | None = None
    permissions_boundary: str | None = None
    max_usd: float | None = None
    expires_hours: int = DEFAULT_EXPIRES_HOURS
    unattended: bool = False

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] = os.environ) -> Settings:
        """Read the settings. An empty variable counts as unset.

        Raises:
            TargetError: a variable has a value that the lab can't use.
        """
        values = {name: value.strip() for name, value in environ.items() if value.strip()}
        target = _checked(values, "LAB_TARGET", r"local|aws", "Use local or aws.") or "local"
        on_aws = target == "aws"
        region = _checked(values, "LAB_REGION", r"[a-z]{2,}(-[a-z]+)+-\d+", "Use a Region such as us-east-1.")
        return cls(
            target=target,
            region=region or (_aws_region(values) if on_aws else DEFAULT_REGION),
            owner=_checked(values, "LAB_OWNER", r"[a-z0-9]{1,12}", "Use 1 to 12 of a-z and 0-9."),
            home=Path(values.get("LAB_HOME", PROJECT / ".lab")).expanduser().absolute(),
            aws_account=_checked(values, "LAB_AWS_ACCOUNT", r"\d{12}", "Use the account id, 12 digits."),
            aws_profile=(values.get("AWS_PROFILE") or values.get("AWS_DEFAULT_PROFILE")) if on_aws else None,
            permissions_boundary=_checked(
                values, "LAB_PERMISSIONS_BOUNDARY", BOUNDARY_ARN, "Use the ARN of a managed policy of yours."
            ),
            max_usd=_max_usd(values, on_aws=on_aws),
            expires_hours=int(
                _checked(values, "LAB_EXPIRES_HOURS", r"[1-9]\d{0,3}", "Use whole hours, 1 to 9999.")
                or DEFAULT_EXPIRES_HOURS
            ),
            unattended=values.get("LAB_UNATTENDED", "0").lower() in ("1", "true", "yes"),
        )


def _aws_region(values: Mapping[str, str]) -> str | None:
    return values.get("AWS_REGION") or values.get("AWS_DEFAULT_REGION")


def _max_usd(values: Mapping[str, str], *, on_aws: bool) -> float | None:
    """Return the ceiling. Where nothing is spent, there is one only if somebody asks for it."""
    value = _checked(values, "LAB_MAX_USD", r"\d+(\.\d+)?", "Use US dollars, such as 1 or 2.50.")
    if value is not None:
        return float(value)
    return DEFAULT_MAX_USD if on_aws else None


def _checked(values: Mapping[str, str], name: str, pattern: str, hint: str) -> str | None:
    value = values.get(name)
    if value is not None and not re.fullmatch(pattern, value):
        raise TargetError(
            doing=f"reading the setting {name}",
            cause=f"{value!r} is not a value that it can have.",
            next_step=hint,
        )
    return value
