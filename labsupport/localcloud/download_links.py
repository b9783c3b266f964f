"""Links to a function's code and to a layer, for whoever may ask for them: signed, and good for ten minutes.

https://docs.aws.amazon.com/lambda/latest/api/API_FunctionCodeLocation.html
"""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

GOOD_SECONDS = 600


class DownloadLinks:
    """Sign links, and tell which ones were signed here."""

    def __init__(self, key: bytes, now: Callable[[], float] = time.time) -> None:
        """Sign with `key`."""
        self._key, self._now = key, now

    def sign(self, url: str) -> str:
        """Return the link with its expiry and signature; what stood in its query is left out."""
        parts = urlsplit(url)
        expires = int(self._now()) + GOOD_SECONDS
        query = f"Expires={expires}&Signature={self._signature(parts.path, expires)}"
        return parts._replace(query=query).geturl()

    def fits(self, path: str, query: str) -> bool:
        """Tell whether a request follows a link that is still good."""
        values = parse_qs(query)
        expires, signature = values.get("Expires", [""])[0], values.get("Signature", [""])[0]
        if not (expires.isascii() and expires.isdigit() and int(expires) >= self._now()):
            return False
        return hmac.compare_digest(self._signature(path, int(expires)).encode(), signature.encode())

    def _signature(self, path: str, expires: int) -> str:
        return hmac.new(self._key, f"{path}\n{expires}".encode(), hashlib.sha256).hexdigest()
