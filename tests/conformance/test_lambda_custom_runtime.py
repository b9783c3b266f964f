"""Custom runtimes: a program named `bootstrap` that talks to the Runtime API.

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-custom.html
https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from labsupport.localcloud.lambda_service import host
from labsupport.localcloud.lambda_service.function import Function
from labsupport.localcloud.lambda_service.runtimes.python import base_interpreter
from tests.conformance.conftest import Bench, archive, make_function, package

# A runtime in a few lines. It has to bring its language; this one borrows the interpreter of the tests.
BOOTSTRAP = f"""#!{base_interpreter()} -S
import json, os, urllib.request
base = f"http://{{os.environ['AWS_LAMBDA_RUNTIME_API']}}/2018-06-01/runtime/invocation"
while True:
    with urllib.request.urlopen(base + "/next") as event:
        request_id, body = event.headers["Lambda-Runtime-Aws-Request-Id"], json.loads(event.read())
    print("one event", flush=True)
    answer = json.dumps([os.environ["_HANDLER"], __file__, body]).encode()
    urllib.request.urlopen(urllib.request.Request(f"{{base}}/{{request_id}}/response", answer)).read()
"""


def custom_function(code: bytes, **changes: Any) -> Function:
    return make_function(code=code, runtime="provided.al2023", handler="anything", memory_mb=512, **changes)


def test_the_functions_own_bootstrap_runs(any_bench: Bench) -> None:
    function = custom_function(package({"bootstrap": BOOTSTRAP}))
    cold, warm = any_bench.invoke(function, b'"event"'), any_bench.invoke(function, b'"event"')
    assert cold.error is None and warm.error is None
    handler, file, event = json.loads(warm.payload)
    assert (handler, event) == ("anything", "event") and file.endswith("/bootstrap")
    assert "INIT_START Runtime Version: provided:al2023.lab" in cold.log_tail
    assert "one event\n" in warm.log_tail and "Init Duration" not in warm.log_tail


def test_a_layer_may_bring_it(any_bench: Bench) -> None:
    function = custom_function(archive(app=""), layers=(package({"bootstrap": BOOTSTRAP}),))
    assert json.loads(any_bench.invoke(function, b"1").payload)[2] == 1


OF_THE_C_LIBRARY = 0b11 << 31
"""Signals 32 and 33. Who starts this process may have them ignored in it: glibc's posix_spawn does."""


@pytest.mark.skipif(not host.IS_LINUX, reason="/proc tells, and is Linux's")
def test_it_starts_as_if_nothing_had_been_before_it(bench: Bench) -> None:
    program = "#!/bin/sh\ngrep SigIgn /proc/self/status\necho left: $(env | grep -c _LAB_)\n"
    bench.invoke(custom_function(package({"bootstrap": program})))
    ignored = next(line for line in bench.messages() if line.startswith("SigIgn:"))
    assert int(ignored.split()[1], 16) & ~OF_THE_C_LIBRARY == 0, ignored
    assert "left: 0\n" in bench.messages()


@pytest.mark.parametrize(
    ("code", "message"),
    [
        (archive(app=""), "Error: Couldn't find valid bootstrap(s): [/var/task/bootstrap /opt/bootstrap]"),
        (
            package({"bootstrap": "neither a script nor a program"}),
            "Error: fork/exec /var/task/bootstrap: exec",
        ),
    ],
    ids=["missing", "not a program"],
)
def test_without_a_program_the_entry_point_is_invalid(bench: Bench, code: bytes, message: str) -> None:
    if bench.service.sandbox_description == "plain directories":
        message = message.split("/var/task")[0]  # the host's paths
    result = bench.invoke(custom_function(code))
    assert result.error is not None
    assert result.error["errorType"] == "Runtime.InvalidEntrypoint"
    assert result.error["errorMessage"].startswith(message)


def test_a_runtime_that_this_lab_does_not_have_is_named(bench: Bench) -> None:
    result = bench.invoke(make_function(runtime="ruby3.4"))
    assert result.error is not None
    assert result.error["errorType"] == "Lab.Unsupported"
    assert "ruby3.4" in result.error["errorMessage"] and "Python, Node.js" in result.error["errorMessage"]
