"""What notebooks use of the lab: `from labsupport import Lab`.

The names are imported when they are first used, so that the command line's help needs no boto3.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from labsupport.errors import LabError
    from labsupport.invocation import Invocation
    from labsupport.lab import Lab

EXPORTS = {"Lab": "labsupport.lab", "Invocation": "labsupport.invocation", "LabError": "labsupport.errors"}
__all__ = ["Invocation", "Lab", "LabError"]


def __getattr__(name: str) -> Any:
    if name not in EXPORTS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(EXPORTS[name]), name)
