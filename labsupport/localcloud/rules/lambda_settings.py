"""What an ordinary function may have: at most 10,240 MB of memory, 900 s, and 10,240 MB in /tmp.

AWS's service model allows more, for functions on Managed Instances (`CapacityProviderConfig`), and these
limits of ordinary functions are checked after it. The sentence is the one that AWS documents for memory; for
the other two it is made alike.

https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
https://docs.aws.amazon.com/lambda/latest/dg/troubleshooting-deployment.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from labsupport.localcloud.rules.refusal import Refusal, invalid_parameter

MOST_MEMORY_MB = 10_240
MOST_TIMEOUT_SECONDS = 900
MOST_EPHEMERAL_STORAGE_MB = 10_240


def problem(parameters: Mapping[str, Any]) -> Refusal | None:
    """Return AWS's refusal of a function's settings, or None. A setting that is not given is no problem."""
    if parameters.get("CapacityProviderConfig"):
        return None
    storage = parameters.get("EphemeralStorage") or {}
    settings = (
        ("MemorySize", parameters.get("MemorySize"), MOST_MEMORY_MB),
        ("Timeout", parameters.get("Timeout"), MOST_TIMEOUT_SECONDS),
        ("EphemeralStorage", storage.get("Size"), MOST_EPHEMERAL_STORAGE_MB),
    )
    for name, value, most in settings:
        if value is not None and value > most:
            return invalid_parameter(
                f"'{name}' value failed to satisfy constraint: "
                f"Member must have value less than or equal to {most}"
            )
    return None
