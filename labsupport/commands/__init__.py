"""The commands of `lab`, one module each; `labsupport.cli` holds the list."""

from labsupport.errors import LabError


class UsageError(LabError):
    """What was typed names something that doesn't exist (exit code 2, as for a wrong option)."""
