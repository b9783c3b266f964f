"""The Lambda API: which operation a request is, and its parameters (`service_api.py`)."""

from __future__ import annotations

from labsupport.localcloud.service_api import ApiCall, ServiceApi

__all__ = ["ApiCall", "read"]

read = ServiceApi("lambda").read
