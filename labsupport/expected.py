"""Errors that a step provokes on purpose: shown in one line, and missed when they don't come."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from botocore.exceptions import ClientError

from labsupport.errors import LabError
from labsupport.waiting import error_code


@contextlib.contextmanager
def expect_error(code: str | type[Exception]) -> Iterator[None]:
    """Print AWS's error with this code; any other error passes through.

    Args:
        code: AWS's, such as "InvalidArgument"; or the type of an error that boto3 raises before it calls AWS.

    Raises:
        LabError: no error came.
    """
    name = code if isinstance(code, str) else code.__name__
    try:
        yield
    except ClientError as error:
        if error_code(error) != code:
            raise
        print(f"{name}: {error.response['Error'].get('Message', '')}")
    except Exception as error:
        if isinstance(code, str) or not isinstance(error, code):
            raise
        print(f"{name}: {error}")
    else:
        raise LabError(
            doing=f"provoking the error {name}",
            cause="AWS accepted the call: what this step breaks is not broken any more.",
            next_step="Run the notebook from this step's first cell.",
        )
