"""What a family of runtimes has to tell before a function of it can run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from labsupport.localcloud.lambda_service.function import Function
from labsupport.localcloud.lambda_service.invocation import InitFailure


class Runtime(Protocol):
    """One family of runtimes, as it is installed on this machine."""

    @property
    def family(self) -> str:
        """The family's name, the first part of a runtime's identifier."""

    def version(self, function: Function) -> str:
        """Return the name that INIT_START gives to it: "python:3.13.lab"."""

    @property
    def contents(self) -> Mapping[str, Path]:
        """{name in /var/runtime: the file or folder on this machine}."""

    @property
    def programs(self) -> Mapping[str, Path]:
        """{name in /var/lang/bin: the file on this machine}."""

    @property
    def needs(self) -> Sequence[Path]:
        """What of this machine its programs need to see, themselves included."""

    def variables(self, function: Function) -> Mapping[str, str]:
        """Return environment variables that are its own. A function may set them too."""

    def command(self, function: Function) -> Sequence[str]:
        """Return the command line of the program that talks to the Runtime API.

        The program may be several, separated as in PATH: the first one that exists runs. The command line
        is empty where `inside/bootstrap.py`, which is Python, goes on as the runtime itself.
        """


def unsupported(message: str) -> InitFailure:
    """Make the error of a function that can't run here."""
    return InitFailure({"errorType": "Lab.Unsupported", "errorMessage": message})
