"""Checks of an AWS account before anything is built there. They only look: nothing in them costs or changes.

https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
https://docs.aws.amazon.com/bedrock/latest/userguide/model-access.html
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError, EndpointConnectionError

from labsupport.commands.doctor.finding import Finding, failed, passed, warned
from labsupport.course_usage import NotebookUsage, course_usage
from labsupport.errors import LabError, TargetError
from labsupport.inventory import inventory
from labsupport.model_in_region import model_id
from labsupport.session import aws_session
from labsupport.settings import DEFAULT_REGION, Settings
from labsupport.target import Target, connect
from labsupport.waiting import error_code

UNRESERVED = 100
"""What Lambda keeps back for functions without a reservation, in any account."""
Connect = Callable[[Settings], Target]


def credentials(settings: Settings, *, to: Connect = connect, session: Any = aws_session) -> Finding:
    """Check that there are credentials, and that they are those of the account that was named."""
    if settings.aws_account is None:
        return _whose(settings, session)
    try:
        target = to(settings)
    except TargetError as error:
        return failed(error.cause, error.next_step)
    return passed(f"your credentials are those of the account {target.account}, owner {target.owner}")


def _whose(settings: Settings, session: Any) -> Finding:
    """Say whose credentials these are; whether they are meant, only the learner knows."""
    sign_in = "Sign in (`aws sso login`, `aws configure`) or set AWS_PROFILE."
    try:
        caller = session(settings.region or DEFAULT_REGION, settings.aws_profile).client("sts")
        identity = caller.get_caller_identity()
    except (BotoCoreError, ClientError) as error:
        return failed(f"AWS doesn't know whose credentials these are: {error}", sign_in)
    return failed(
        f"LAB_AWS_ACCOUNT names no account. Your credentials are {identity['Arn']}",
        f"If that is where the lab may build: export LAB_AWS_ACCOUNT={identity['Account']}",
    )


def checks(target: Target) -> list[Callable[[Settings], Finding]]:
    """Return the checks of an account, in the order in which they are worth reading."""
    account = Account(target)
    return [account.region, account.concurrency, account.models, account.price, account.leftovers]


class Account:
    """The account that the credentials are for. Its methods are checks."""

    def __init__(self, target: Target, usage: Mapping[str, NotebookUsage] | None = None) -> None:
        """Take a connection to it, and what each notebook uses; by default what was recorded."""
        self._target = target
        self._usage = course_usage() if usage is None else usage

    def region(self, settings: Settings) -> Finding:
        """Compare what the course uses with what boto3 knows of the Region."""
        region, session = self._target.region, self._target.session
        missing = {}
        for service, notebooks in self._notebooks_with("services").items():
            known = session.get_available_regions(service)  # empty for services that it knows nothing of
            if known and region not in known:
                missing[service] = notebooks
        if missing:
            return warned(
                f"boto3 knows of no {_listed(missing)} in {region}",
                "Choose another Region with LAB_REGION, or leave these notebooks out.",
            )
        return passed(f"Region {region}")

    def concurrency(self, settings: Settings) -> Finding:
        """Compare Lambda's concurrency in the account with what the notebooks need."""
        limit = self._target.client("lambda").get_account_settings()["AccountLimit"]
        total, unreserved = limit["ConcurrentExecutions"], limit["UnreservedConcurrentExecutions"]
        text = f"Lambda runs {total} executions at once in this account and Region, {unreserved} unreserved"
        short = [
            number
            for number, used in self._usage.items()
            if used.at_once > unreserved or (used.reserved and unreserved - used.reserved < UNRESERVED)
        ]
        if not short:
            return passed(text)
        return warned(
            f"{text}: too few for notebook {', '.join(short)}",
            f"New accounts start low, and {UNRESERVED} must stay unreserved. Ask for more in Service Quotas, "
            "AWS Lambda, Concurrent executions. The other notebooks don't need it.",
        )

    def models(self, settings: Settings) -> Finding:
        """Ask Amazon Bedrock which of the course's models may be used."""
        refused = {
            f"{model} ({reason})": notebooks
            for model, notebooks in self._notebooks_with("models").items()
            if (reason := self._why_not(model))
        }
        if not refused:
            return passed("Amazon Bedrock: every model of the course may be used")
        return warned(
            f"Amazon Bedrock: {_listed(refused)}",
            "Open the model in the Bedrock console's model catalog, which says what is missing; or choose "
            "another Region with LAB_REGION. The other notebooks don't need it.",
        )

    def _why_not(self, model: str) -> str:
        """Return why a model, or the model of an inference profile, can't be used; "" if it can.

        The course was recorded in us-east-1. Another Region may have another profile with the same model.
        """
        plain = model.removeprefix("us.").removeprefix("global.")
        try:
            called = model_id(self._target, plain)
            told = self._target.client("bedrock").get_foundation_model_availability(modelId=plain)
        except LabError:
            return f"not in {self._target.region}"
        except ClientError as error:
            return f"{error_code(error)}: {error.response['Error']['Message']}"
        # A profile goes to other Regions, too.
        if told["regionAvailability"] != "AVAILABLE" and called == plain:
            return f"not in {self._target.region}"
        if told["authorizationStatus"] != "AUTHORIZED":
            return "the account is not authorized for it"
        if told["entitlementAvailability"] != "AVAILABLE":
            return "the account has no access to it"
        if (agreement := told["agreementAvailability"]["status"]) != "AVAILABLE":
            return f"its agreement is {agreement}"
        return ""

    def price(self, settings: Settings) -> Finding:
        """Say what the course costs at most, beside the ceiling."""
        dollars = sum(used.at_most_dollars() for used in self._usage.values())
        text = f"the whole course costs about ${dollars:.2f} at most, without the free tier"
        if settings.max_usd is None:
            return warned(f"{text}; there is no ceiling", "Set one: export LAB_MAX_USD=1")
        text = f"{text}; LAB_MAX_USD stops it at ${settings.max_usd:.2f}"
        if dollars <= settings.max_usd:
            return passed(text)
        return warned(
            text,
            "What was spent is added up over notebooks and days. For the whole course: "
            f"export LAB_MAX_USD={math.ceil(dollars)}.",
        )

    def leftovers(self, settings: Settings) -> Finding:
        """Ask each service what the lab has built: that shows too whether it answers."""
        try:
            found = inventory(self._target)
        except EndpointConnectionError as error:
            return failed(
                f"a service of the course doesn't answer: {error}",
                "Check the network; or the Region doesn't have it: choose another with LAB_REGION.",
            )
        if not found:
            return passed(f"nothing of the owner {self._target.owner} is left in the account")
        return warned(
            f"{len(found)} things of the owner {self._target.owner} are in the account",
            "If you are not in the middle of the course: LAB_TARGET=aws ./lab teardown",
        )

    def _notebooks_with(self, kind: str) -> dict[str, list[str]]:
        """Return services or models, each with the numbers of the notebooks that use it."""
        found: dict[str, list[str]] = {}
        for number, used in self._usage.items():
            for name in sorted(getattr(used, kind)):
                found.setdefault(name, []).append(number)
        return found


def _listed(wanted_by: dict[str, list[str]]) -> str:
    return ", ".join(f"{name} (notebook {', '.join(numbers)})" for name, numbers in wanted_by.items())
