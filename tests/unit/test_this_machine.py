"""Which servers an API of the local cloud may ask."""

from __future__ import annotations

import pytest

from labsupport.localcloud.api_gateway.this_machine import problem


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:8000/x", "http://localhost", "https://[::1]:1/", "http://me:pw@api.localhost:2"]
)
def test_this_machine(url: str) -> None:
    assert problem(url) is None


@pytest.mark.parametrize(
    "url",
    [
        "http://192.0.2.1/",
        "https://example.com",
        "http://127.0.0.1@example.com/",
        "http://localhost.example.com",
        "http://127.0.0.1.example.com:80",
        "//",
        "",
    ],
)
def test_elsewhere(url: str) -> None:
    assert "on this machine only" in str(problem(url))
