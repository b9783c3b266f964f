"""Print the settings with which the AWS CLI, Terraform or your own scripts use the lab's cloud.

Use it as `eval "$(./lab env)"` in sh, bash or zsh. The local cloud is started if it isn't running. Your own
AWS profile, credentials and endpoints are set aside in that shell, so that nothing reaches a real account.

Version 1 of the AWS CLI ignores the endpoint for SQS, and would ask AWS: use version 2, or add
--endpoint-url "$AWS_ENDPOINT_URL" to its sqs commands.
"""

from __future__ import annotations

import argparse
import shlex

from labsupport.settings import Settings


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare no options."""


def run(arguments: argparse.Namespace) -> int:
    """Print one line of shell a variable, and nothing else."""
    from labsupport.target import connect

    target = connect(Settings.from_environment())
    variables = target.environment() | {"AWS_ACCOUNT_ID": target.account}
    for name, value in sorted(variables.items()):
        print(f"unset {name}" if value is None else f"export {name}={shlex.quote(value)}")
    return 0
