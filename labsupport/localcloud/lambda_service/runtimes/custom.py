"""Custom runtimes, "provided.al2023": the function or a layer of it brings a program named `bootstrap`.

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-custom.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from labsupport.localcloud.lambda_service.function import Function


class CustomRuntime:
    """Nothing but the function's own program, which talks to the Runtime API."""

    family = "provided"
    contents: Mapping[str, Path] = MappingProxyType({})
    programs: Mapping[str, Path] = MappingProxyType({})
    needs: Sequence[Path] = ()

    def version(self, function: Function) -> str:
        """Return "provided:al2023.lab"."""
        return function.runtime.replace(".", ":") + ".lab"

    def variables(self, function: Function) -> dict[str, str]:
        """Return none."""
        return {}

    def command(self, function: Function) -> list[str]:
        """Return where Lambda looks for the program."""
        return ["/var/task/bootstrap:/opt/bootstrap"]
