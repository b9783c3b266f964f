"""The runtimes: which program runs a function's code, and what stands beside it in /var/runtime.

A runtime's identifier begins with its family: "python3.13", "nodejs22.x", "provided.al2023". Whatever
version of it a function asks for, the one that is installed on this machine runs it. INIT_START names that
one.

https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html
"""

from __future__ import annotations

import re
from collections.abc import Callable

from labsupport.localcloud.lambda_service.runtimes.custom import CustomRuntime
from labsupport.localcloud.lambda_service.runtimes.nodejs import NodejsRuntime
from labsupport.localcloud.lambda_service.runtimes.python import PythonRuntime
from labsupport.localcloud.lambda_service.runtimes.runtime import Runtime, unsupported

FAMILIES: dict[str, Callable[[], Runtime]] = {
    "python": PythonRuntime,
    "nodejs": NodejsRuntime.find,
    "provided": CustomRuntime,
}


class Runtimes:
    """What was found on this machine so far."""

    def __init__(self) -> None:
        self._found: dict[str, Runtime] = {}

    def find(self, identifier: str) -> Runtime:
        """Return what runs functions with a runtime, "python3.13" and the like.

        Raises:
            InitFailure: nothing on this machine does. The error says what to do.
        """
        family = re.sub("[^a-z].*", "", identifier)
        if family not in FAMILIES:
            raise unsupported(
                f"This function's runtime is {identifier}, and this lab runs Python, Node.js and custom "
                "runtimes (provided). Choose one of them, or run the function on AWS."
            )
        if family not in self._found:  # asked again after a failure: it may have been installed meanwhile
            self._found[family] = FAMILIES[family]()
        return self._found[family]
