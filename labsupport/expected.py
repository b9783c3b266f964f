"""Errors that a step provokes on purpose: shown in one line, and missed when they don't come."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from botocore.exceptions import ClientError

from labsupport.errors import LabError
from labsupport.waiting import error_code


@contextlib.contextmanager
def expect_error(code: str) -> Iterator[None]:
    """Print AWS's error with this code; any other error passes through.

    Raises:
        LabError: no error came.
    """
    try:
        yield
    except ClientError as error:
        if error_code(error) != code:
            raise
        print(f"{code}: {error.response['Error'].get('Message', '')}")
    else:
        raise LabError(
            doing=f"provoking the error {code}",
            cause="AWS accepted the call: what this step breaks is not broken any more.",
            next_step="Run the notebook from this step's first cell.",
        )
