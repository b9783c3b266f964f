"""A lower quota for a model, for as long as a step needs it (notebook 09_bedrock_summary).

The local cloud's quotas can be set. AWS's are the account's, and no call of AWS lowers them: there the step
runs with the account's own.
"""

from __future__ import annotations

import contextlib
import json
import urllib.request
from collections.abc import Iterator
from typing import Any

from labsupport.target import Target

PAGE = "/_lab/model-quotas"
AS_IT_IS = "AWS has no call that lowers a quota. This runs with your account's own."

# The learner's own proxy settings must not send loopback traffic elsewhere.
_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@contextlib.contextmanager
def model_quota(target: Target, model_id: str, *, requests_per_minute: int) -> Iterator[None]:
    """Lower a model's requests a minute; afterwards they are the usual ones again."""
    if target.endpoint_url is None:
        print(AS_IT_IS)
        yield
        return
    _put(target, {"modelId": model_id, "requestsPerMinute": requests_per_minute})
    try:
        yield
    finally:
        _put(target, {"modelId": model_id})


def _put(target: Target, quota: dict[str, Any]) -> None:
    secret = target.session.get_credentials().secret_key
    request = urllib.request.Request(
        f"{target.endpoint_url}{PAGE}",
        data=json.dumps(quota).encode(),
        headers={"Authorization": f"Bearer {secret}"},
        method="PUT",
    )
    with _opener.open(request, timeout=10):
        pass
