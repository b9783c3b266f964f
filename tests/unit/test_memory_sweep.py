"""Measuring memory settings, with a Lambda of the test's own."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Sequence
from typing import Any

import pytest

from labsupport.errors import LabError
from labsupport.memory_curve import MemoryCurve, MemorySetting
from labsupport.memory_sweep import sweep_memory
from labsupport.tape import Tape

COLD = "cold"


class FakeLambda:
    """A target with one function. It answers with the next of its starts: COLD, or a duration."""

    def __init__(self, starts: Sequence[str | float], *, error: str | None = None, log: str = "") -> None:
        self.tape = Tape()
        self.memory_mb = 128
        self.changes: list[int] = []
        self.payloads: list[Any] = []
        self._starts, self._error, self._log = list(starts), error, log

    def client(self, service: str) -> FakeLambda:
        assert service == "lambda"
        return self

    def update_function_configuration(self, *, FunctionName: str, MemorySize: int) -> None:
        self.memory_mb = MemorySize
        self.changes.append(MemorySize)

    def get_function_configuration(self, *, FunctionName: str) -> dict[str, Any]:
        return {
            "FunctionName": FunctionName,
            "FunctionArn": "",
            "Runtime": "",
            "Handler": "",
            "Role": "",
            "MemorySize": self.memory_mb,
            "Timeout": 3,
            "CodeSha256": "",
            "CodeSize": 1,
            "State": "Active",
            "LastUpdateStatus": "Successful",
        }

    def invoke(self, *, Payload: bytes, **_: Any) -> dict[str, Any]:
        self.payloads.append(json.loads(Payload))
        start = self._starts.pop(0)
        took = 900.0 if start == COLD else float(start)
        report = f"REPORT RequestId: r\tDuration: {took} ms\tBilled Duration: {int(took) + 1} ms\t"
        report += f"Memory Size: {self.memory_mb} MB\tMax Memory Used: 41 MB\t"
        report += "Init Duration: 77.00 ms\t" if start == COLD else ""
        answer = {"Payload": io.BytesIO(b"{}"), "LogResult": base64.b64encode((self._log or report).encode())}
        if self._error:
            error = {"errorType": self._error, "errorMessage": "it broke"}
            answer |= {"FunctionError": "Unhandled", "Payload": io.BytesIO(json.dumps(error).encode())}
        return {**answer, "ResponseMetadata": {"RequestId": "r"}}


def sweep(cloud: FakeLambda, memory_mb: Sequence[int], told: list[str], **options: Any) -> MemoryCurve:
    return sweep_memory(
        cloud,  # type: ignore[arg-type]
        "lab-me-password",
        {"rounds": 1},
        memory_mb=memory_mb,
        progress=told.append,
        **options,
    )


def test_the_median_of_the_warm_starts_stands_for_a_setting() -> None:
    cloud = FakeLambda([COLD, 30.5, 10.5, 20.5, COLD, 5.5, 7.5, 6.5])
    curve = sweep(cloud, [512, 128], [])
    assert curve.settings == (MemorySetting(128, 20.5, 21, 41), MemorySetting(512, 6.5, 7, 41))
    assert cloud.changes == [128, 512]
    assert cloud.payloads == [{"rounds": 1}] * 8


def test_a_cold_start_between_warm_ones_does_not_count() -> None:
    curve = sweep(FakeLambda([COLD, 30, COLD, 10, 20]), [128], [])
    assert curve.settings[0].duration_ms == 20


def test_it_says_what_begins_and_what_each_setting_took() -> None:
    told: list[str] = []
    sweep(FakeLambda([COLD, 2071, 2069, COLD, 153, 151]), [128, 1769], told, times=2)
    assert told == [
        "Measuring 2 settings, each with a cold start and 2 warm invocations.",
        "   128 MB:  2,071  2,069 ms → $4.51 a million",
        " 1,769 MB:    153    151 ms → $4.58 a million",
    ]


@pytest.mark.parametrize(
    ("cloud", "cause"),
    [
        (FakeLambda([COLD], error="Sandbox.Timedout"), "Sandbox.Timedout: it broke"),
        (FakeLambda([COLD], log="the end of a long log"), "longer than 4 KB"),
        (FakeLambda([COLD, 1, COLD, COLD, COLD]), "5 invocations had 1 warm starts"),
    ],
    ids=["a failing function", "no REPORT line", "cold starts only"],
)
def test_what_cannot_be_measured_is_explained(cloud: FakeLambda, cause: str) -> None:
    with pytest.raises(LabError, match=cause) as error:
        sweep(cloud, [128], [], times=2)
    assert "lab.logs('lab-me-password')" in error.value.next_step
