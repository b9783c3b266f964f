"""Stop the local cloud. What was built in it is kept, and is there again when the cloud next starts."""

from __future__ import annotations

import argparse

from labsupport.localcloud import supervisor
from labsupport.settings import Settings


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare no options."""


def run(arguments: argparse.Namespace) -> int:
    """Stop the cloud, and say whether one was running."""
    home = Settings.from_environment().home
    if supervisor.stop(home):
        print("The local cloud is stopped. Its state is kept; `./lab teardown` would delete it.")
    else:
        print("The local cloud was not running.")
    return 0
