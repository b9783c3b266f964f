"""Takes as long to import as the variable LOAD_SECONDS says."""

import os
import time

time.sleep(float(os.environ["LOAD_SECONDS"]))  # stands in for loading something large


def handler(event: dict, context: object) -> str:
    """Answer."""
    return "done, at last"
