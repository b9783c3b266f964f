"""Extensions and the Shutdown phase, as AWS documents them.

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-extensions-api.html
https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html
"""

from __future__ import annotations

import io
import json
import textwrap
import time
import zipfile
from dataclasses import replace

import psutil
import pytest

from labsupport.localcloud.lambda_service.function import Function
from labsupport.waiting import wait_until
from tests.conformance.conftest import Bench, archive, make_function

ECHO = "def handler(event, context):\n    return event\n"

PRELUDE = """#!/usr/bin/env python3
import json, os, sys, time, urllib.request

BASE = f"http://{os.environ['AWS_LAMBDA_RUNTIME_API']}/2020-01-01/extension"
NAME = os.path.basename(sys.argv[0])

def call(method, path, body=None, **headers):
    request = urllib.request.Request(BASE + path, method=method, headers=headers)
    with urllib.request.urlopen(request, json.dumps(body).encode() if body is not None else None) as answer:
        return json.loads(answer.read() or b"{}"), answer.headers

def register(*events):
    answer, headers = call("POST", "/register", {"events": events}, **{"Lambda-Extension-Name": NAME})
    return headers["Lambda-Extension-Identifier"]

def next_event(identifier):
    return call("GET", "/event/next", **{"Lambda-Extension-Identifier": identifier})[0]

def say(text):
    print(text, flush=True)
"""

LISTENER = """
me = register("INVOKE", "SHUTDOWN")
while True:
    event = next_event(me)
    say(f"{NAME} got {json.dumps(event)}")
    if event["eventType"] == "SHUTDOWN":
        say(f"{NAME} says good-bye")
        break
"""


def extension_layer(**programs: str) -> bytes:
    """Zip programs as a layer's extensions, executable."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as opened:
        for name, source in programs.items():
            entry = zipfile.ZipInfo(f"extensions/{name}")
            entry.external_attr = 0o755 << 16
            opened.writestr(entry, PRELUDE + textwrap.dedent(source))
    return buffer.getvalue()


def stop(bench: Bench, function: Function) -> None:
    """End the function's environments and wait until they are gone."""
    bench.service.retire(function.name)
    bench.service.wait_until_quiet()


def got(bench: Bench, name: str) -> list[dict[str, object]]:
    """Return the events that an extension has printed."""
    lines = [message for message in bench.messages() if message.startswith(f"{name} got ")]
    return [json.loads(line.removeprefix(f"{name} got ")) for line in lines]


def test_an_extension_is_told_of_each_invocation_and_of_the_end(any_bench: Bench) -> None:
    function = make_function(ECHO, layers=(extension_layer(notes=LISTENER),))
    first, second = any_bench.invoke(function), any_bench.invoke(function)
    assert first.error is None and second.error is None
    stop(any_bench, function)
    events = got(any_bench, "notes")
    assert [event["eventType"] for event in events] == ["INVOKE", "INVOKE", "SHUTDOWN"]
    assert events[0]["invokedFunctionArn"] == function.arn
    assert str(events[0]["requestId"]) in first.log_tail
    assert events[2]["shutdownReason"] == "spindown"
    assert "notes says good-bye\n" in any_bench.messages()
    assert "EXTENSION\tName: notes\tState: Ready\tEvents: [INVOKE, SHUTDOWN]\n" in any_bench.messages()


def test_an_idle_environment_has_its_shutdown_phase_in_its_own_log_stream(any_bench: Bench) -> None:
    any_bench.service._idle_seconds = 0.2
    function = make_function(ECHO, layers=(extension_layer(notes=LISTENER),))
    any_bench.invoke(function)
    good_bye = "notes says good-bye\n"
    wait_until(lambda: good_bye in any_bench.messages(), doing="shutting down", timeout_seconds=20)
    assert got(any_bench, "notes")[-1]["shutdownReason"] == "spindown"
    [events] = any_bench.streams.values()
    assert events[-1].message == good_bye, "the one stream that the invocation was logged in, too"


def test_extensions_start_before_the_runtime(bench: Bench) -> None:
    source = 'print("the function starts")\n' + ECHO
    layer = extension_layer(
        slow='time.sleep(0.3)\nme = register()\nsay("the extension has registered")\n' + "next_event(me)\n"
    )
    bench.invoke(make_function(source, layers=(layer,)))
    messages = [message for message in bench.messages() if message.startswith("the ")]
    assert messages == ["the extension has registered\n", "the function starts\n"]


def test_a_slow_extension_counts_as_duration(bench: Bench) -> None:
    slow = 'me = register("INVOKE")\nwhile True:\n    next_event(me)\n    time.sleep(0.4)\n'
    function = make_function(ECHO, layers=(extension_layer(slow=slow),))
    bench.invoke(function)
    report = bench.invoke(function).log_tail.split("\tDuration: ")[1]
    assert float(report.split(" ms")[0]) >= 400


def test_the_environment_is_frozen_with_its_extensions(bench: Bench) -> None:
    ticking = """
        import threading
        ticks = 0
        def tick():
            global ticks
            while True:
                time.sleep(0.01)
                ticks += 1
        threading.Thread(target=tick, daemon=True).start()
        me = register("INVOKE")
        while True:
            next_event(me)
            say(f"ticks {ticks}")
    """
    function = make_function(ECHO, layers=(extension_layer(ticking=ticking),))
    bench.invoke(function)
    time.sleep(0.5)  # the time in which nothing must happen
    bench.invoke(function)
    before, after = (int(m.split()[1]) for m in bench.messages() if m.startswith("ticks "))
    assert after - before < 20, "50 ticks would fit in half a second"


def test_without_an_extension_the_runtime_gets_no_sigterm(bench: Bench) -> None:
    function = make_function(SIGTERM_HANDLER)
    bench.invoke(function)
    stop(bench, function)
    assert "runtime got SIGTERM\n" not in bench.messages()


SIGTERM_HANDLER = """
    import os, signal, sys
    def leave(number, frame):
        print("runtime got SIGTERM", flush=True)
        sys.exit(0)
    signal.signal(signal.SIGTERM, leave)
    def handler(event, context):
        return event
"""


def test_an_internal_extension_brings_sigterm(bench: Bench) -> None:
    source = """
        import json, os, threading, urllib.request
        base = f"http://{os.environ['AWS_LAMBDA_RUNTIME_API']}/2020-01-01/extension"
        def register():
            request = urllib.request.Request(base + "/register", b'{"events": []}',
                                             {"Lambda-Extension-Name": "inside"})
            with urllib.request.urlopen(request) as answer:
                identifier = answer.headers["Lambda-Extension-Identifier"]
            def wait():
                request = urllib.request.Request(base + "/event/next",
                                                 headers={"Lambda-Extension-Identifier": identifier})
                urllib.request.urlopen(request).read()
            threading.Thread(target=wait, daemon=True).start()
        register()
    """
    function = make_function(textwrap.dedent(source) + textwrap.dedent(SIGTERM_HANDLER))
    assert bench.invoke(function).error is None
    started = time.monotonic()
    stop(bench, function)
    took = time.monotonic() - started
    # Before Python 3.12 AWS's client waits for its next event with signals shut out: its time runs out.
    assert "runtime got SIGTERM\n" in bench.messages() or took > 0.4
    assert took < 5
    assert any("Name: inside" in message for message in bench.messages())


def test_an_extension_that_does_not_leave_is_killed_after_two_seconds(bench: Bench) -> None:
    stubborn = 'me = register("SHUTDOWN")\nnext_event(me)\nsay("I stay")\ntime.sleep(60)\n'
    function = make_function(ECHO, layers=(extension_layer(stubborn=stubborn),))
    bench.invoke(function)
    started = time.monotonic()
    stop(bench, function)
    assert 1.5 < time.monotonic() - started < 10
    assert "I stay\n" in bench.messages()
    assert not [
        p for p in psutil.process_iter(["cmdline"]) if "extensions/stubborn" in str(p.info["cmdline"])
    ]


@pytest.mark.parametrize(
    ("source", "timeout_seconds", "reason", "error_type"),
    [
        ("import os\ndef handler(event, context):\n    os._exit(3)\n", 10, "failure", "Runtime.ExitError"),
        ("import time\ndef handler(event, context):\n    time.sleep(9)\n", 1, "timeout", "Sandbox.Timedout"),
    ],
)
def test_a_reset_tells_the_extensions_why(
    bench: Bench, source: str, timeout_seconds: int, reason: str, error_type: str
) -> None:
    function = make_function(
        source, timeout_seconds=timeout_seconds, layers=(extension_layer(notes=LISTENER),)
    )
    failed = bench.invoke(function)
    assert failed.error is not None and failed.error["errorType"] == error_type
    bench.invoke(function)  # waits for the Shutdown phase, then initialises again
    reasons = [event["shutdownReason"] for event in got(bench, "notes") if event["eventType"] == "SHUTDOWN"]
    assert reasons[0] == reason
    assert len(bench.streams) == 1, "a reset keeps the log stream"


@pytest.mark.parametrize(
    ("program", "error_type"),
    [
        ("sys.exit(7)\n", "Extension.Crash"),
        ('me = register()\ncall("POST", "/init/error", {}, **{"Lambda-Extension-Identifier": me, '
         '"Lambda-Extension-Function-Error-Type": "Extension.NoLicence"})\ntime.sleep(9)\n',
         "Extension.NoLicence"),
    ],
)  # fmt: skip
def test_an_extension_that_fails_in_init_fails_the_function(
    bench: Bench, program: str, error_type: str
) -> None:
    result = bench.invoke(make_function(ECHO, layers=(extension_layer(broken=program),)))
    assert result.error is not None and result.error["errorType"] == error_type
    assert "INIT_REPORT" in result.log_tail and error_type in result.log_tail


def test_an_extension_that_crashes_later_fails_the_invocation_and_resets(bench: Bench) -> None:
    program = 'me = register("INVOKE")\nnext_event(me)\nnext_event(me)\nsys.exit(7)\n'
    function = make_function(
        "import time\ndef handler(event, context):\n    time.sleep(event)\n    return event\n",
        layers=(extension_layer(fragile=program),),
    )
    assert bench.invoke(function, b"0").error is None
    crashed = bench.invoke(function, b"2")
    assert crashed.error is not None and crashed.error["errorType"] == "Extension.Crash"
    assert bench.invoke(function, b"0").error is None


def refused(program: str) -> str:
    """A program that prints what the API answers to a wrong request, then behaves."""
    return f"""
        import urllib.error
        try:
            {program}
        except urllib.error.HTTPError as error:
            say(f"refused {{error.code}} {{json.loads(error.read())['errorType']}}")
        me = register()
        next_event(me)
    """


@pytest.mark.parametrize(
    ("program", "answer"),
    [
        ('next_event("nobody")', "403 Extension.UnknownExtensionIdentifier"),
        ('register("SLEEP")', "400 Extension.InvalidEventType"),
        ('call("POST", "/register", {"events": ["SHUTDOWN"]}, **{"Lambda-Extension-Name": "other"})',
         "400 ShutdownEventNotSupportedForInternalExtension"),
        ('call("POST", "/register", {"events": []})', "400 Extension.InvalidExtensionName"),
    ],
)  # fmt: skip
def test_the_extensions_api_refuses(bench: Bench, program: str, answer: str) -> None:
    bench.invoke(make_function(ECHO, layers=(extension_layer(wrong=refused(program)),)))
    assert f"refused {answer}\n" in bench.messages()


def test_a_function_may_have_modules_named_like_ours(any_bench: Bench) -> None:
    source = "import launcher, namespace\ndef handler(event, context):\n    return launcher.N + namespace.N\n"
    function = replace(make_function(), code=archive(app=source, launcher="N = 1\n", namespace="N = 2\n"))
    assert any_bench.invoke(function).payload == b"3"
