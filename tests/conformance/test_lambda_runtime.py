"""What AWS documents about execution environments, asked of ours.

https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html
"""

from __future__ import annotations

import json
import os
import re
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from labsupport.localcloud.lambda_service import host
from labsupport.waiting import wait_until
from tests.conformance.conftest import RUNTIME, Bench, archive, make_function, processes_of

ECHO = "def handler(event, context):\n    return event\n"


def test_a_handler_gets_the_event_and_its_answer_comes_back(any_bench: Bench) -> None:
    result = any_bench.invoke(make_function(ECHO), '{"key": "ảnh mèo"}'.encode())
    assert json.loads(result.payload) == {"key": "ảnh mèo"}
    assert result.error is None


def test_context_names_the_function_and_counts_down(bench: Bench) -> None:
    source = """
        def handler(event, context):
            return [context.function_name, context.memory_limit_in_mb, context.get_remaining_time_in_millis(),
                    context.log_stream_name, context.invoked_function_arn]
    """
    function = make_function(source, timeout_seconds=7, memory_mb=512)
    name, memory, left_ms, stream, arn = json.loads(bench.invoke(function).payload)
    assert (name, memory, arn) == (function.name, "512", function.arn)
    assert 6_000 < left_ms <= 7_000
    assert stream in bench.streams


def test_first_invocation_is_cold_and_the_next_one_is_warm(any_bench: Bench) -> None:
    function = make_function("n = 0\ndef handler(event, context):\n    global n\n    n += 1\n    return n\n")
    first, second = any_bench.invoke(function), any_bench.invoke(function)
    assert [first.payload, second.payload] == [b"1", b"2"]
    assert f"INIT_START Runtime Version: {RUNTIME.replace('python', 'python:')}.lab\t" in first.log_tail
    assert "Init Duration" in first.log_tail
    assert "INIT_REPORT" not in first.log_tail, "only an Init phase that fails is reported by itself"
    assert "Init Duration" not in second.log_tail and "INIT_START" not in second.log_tail
    assert len(any_bench.streams) == 1


def test_report_line_has_awss_form(bench: Bench) -> None:
    first = bench.invoke(make_function(ECHO)).log_tail
    report = re.search(
        r"^REPORT RequestId: (\S+)\tDuration: (\d+\.\d\d) ms\tBilled Duration: (\d+) ms\t"
        r"Memory Size: 128 MB\tMax Memory Used: (\d+) MB\tInit Duration: (\d+\.\d\d) ms\t$",
        first,
        re.MULTILINE,
    )
    assert report, first
    assert re.search(rf"^START RequestId: {report[1]} Version: \$LATEST$", first, re.MULTILINE)
    assert re.search(rf"^END RequestId: {report[1]}$", first, re.MULTILINE)
    # Billed since 1 August 2025: Duration and Init Duration, rounded up to the next millisecond.
    assert 0 <= int(report[3]) - (float(report[2]) + float(report[5])) < 1
    assert 5 < int(report[4]) < 128


def test_log_events_have_times_of_their_own_and_keep_their_lines(bench: Bench) -> None:
    source = """
        import logging, time
        def handler(event, context):
            print("first")
            time.sleep(0.05)
            logging.getLogger().error("one record\\nof two lines")
    """
    bench.invoke(make_function(source))
    (events,) = bench.streams.values()
    first = next(event for event in events if event.message == "first\n")
    record = next(event for event in events if "one record" in event.message)
    assert record.message.endswith("one record\nof two lines\n")
    assert record.timestamp_ms - first.timestamp_ms >= 45


@pytest.mark.parametrize(
    ("handler", "code", "error_type", "message"),
    [
        (
            "app.handler",
            "import PIL",
            "ImportModuleError",
            "Unable to import module 'app': No module named 'PIL'",
        ),
        ("app.missing", ECHO, "HandlerNotFound", "Handler 'missing' missing on module 'app'"),
        ("gone.handler", ECHO, "ImportModuleError", "Unable to import module 'gone': No module named 'gone'"),
        ("nodot", ECHO, "MalformedHandlerName", "Bad handler 'nodot': not enough values to unpack"),
        (
            "app.handler",
            "def handler(:",
            "UserCodeSyntaxError",
            "Syntax error in module 'app': invalid syntax",
        ),
    ],
    ids=["missing package", "missing function", "missing module", "malformed name", "syntax error"],
)
def test_failing_init_gives_awss_error(
    bench: Bench, handler: str, code: str, error_type: str, message: str
) -> None:
    result = bench.invoke(make_function(code, handler=handler))
    assert result.error is not None
    assert result.error["errorType"] == f"Runtime.{error_type}"
    assert message in result.error["errorMessage"]
    # Init failed, and failed again inside the invocation: a suppressed init.
    assert f"Phase: init\tStatus: error\tError Type: Runtime.{error_type}" in result.log_tail
    assert f"Phase: invoke\tStatus: error\tError Type: Runtime.{error_type}" in result.log_tail
    assert "Init Duration" not in result.log_tail.splitlines()[-1]


def test_a_repeated_init_comes_before_the_start_line(bench: Bench) -> None:
    """In the log of a real function, too: github.com/cargo-lambda/cargo-lambda/issues/572."""
    result = bench.invoke(make_function("import sys\nprint('starting')\nsys.exit(3)\n"))
    shown = [line.split("\t")[0].split(" ")[0] for line in result.log_tail.splitlines() if line]
    assert shown == [
        "INIT_START", "starting", "INIT_REPORT", "starting", "INIT_REPORT",
        "START", "RequestId:", "Runtime.ExitError", "END", "REPORT",
    ]  # fmt: skip


def test_an_exception_is_the_answer_and_the_environment_stays_warm(any_bench: Bench) -> None:
    source = """
        calls = []
        def handler(event, context):
            calls.append(1)
            if len(calls) == 1:
                raise KeyError("customer")
            return len(calls)
    """
    function = make_function(source)
    failed = any_bench.invoke(function)
    assert failed.error is not None
    assert (failed.error["errorType"], failed.error["errorMessage"]) == ("KeyError", "'customer'")
    assert "app.py" in failed.error["stackTrace"][0]
    assert any_bench.invoke(function).payload == b"2"


def test_tracebacks_name_awss_paths_in_a_namespace(bench: Bench) -> None:
    if bench.service.sandbox_description == "plain directories":
        pytest.skip("this host allows no user namespaces")
    result = bench.invoke(make_function("def handler(event, context):\n    1 / 0\n"))
    assert result.error is not None
    assert '"/var/task/app.py", line 2' in result.error["stackTrace"][0]


def test_timeout_ends_the_process_and_keeps_the_stream_and_tmp(any_bench: Bench) -> None:
    source = """
        import os, tempfile, time
        def handler(event, context):
            path = os.path.join(tempfile.gettempdir(), "kept")
            if event.get("sleep"):
                open(path, "w").write("from before")
                time.sleep(60)
            return open(path).read()
    """
    function = make_function(source, timeout_seconds=1)
    begun = time.monotonic()
    result = any_bench.invoke(function, b'{"sleep": true}')
    assert time.monotonic() - begun < 3
    assert result.error is not None
    assert result.error["errorType"] == "Sandbox.Timedout"
    assert result.error["errorMessage"].endswith("Error: Task timed out after 1.00 seconds")
    assert "Duration: 1000.00 ms\tBilled Duration: " in result.log_tail
    assert result.log_tail.rstrip().endswith("Status: timeout")
    again = any_bench.invoke(function)
    assert json.loads(again.payload) == "from before"
    assert "Init Duration" not in again.log_tail  # a suppressed init is not reported
    assert len(any_bench.streams) == 1


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("import sys; sys.exit(3)", "Runtime exited with error: exit status 3"),
        ("import os; os._exit(0)", "Runtime exited without providing a reason"),
        ("import os; os.kill(os.getpid(), 9)", "Runtime exited with error: signal: killed"),
        ("import os; os.abort()", "Runtime exited with error: signal: aborted"),
    ],
    ids=["exit status", "exit 0", "killed", "aborted"],
)
def test_a_process_that_ends_is_an_exit_error(bench: Bench, code: str, message: str) -> None:
    function = make_function(f"def handler(event, context):\n    {code}\n")
    result = bench.invoke(function)
    assert result.error is not None
    assert result.error["errorType"] == "Runtime.ExitError"
    assert message in result.error["errorMessage"]
    assert "Status: error\tError Type: Runtime.ExitError" in result.log_tail


def test_init_longer_than_its_limit_is_tried_again_inside_the_invocation(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    from labsupport.localcloud.lambda_service import environment

    monkeypatch.setattr(environment, "INIT_LIMIT_SECONDS", 0.5)
    result = bench.invoke(make_function("import time\ntime.sleep(1)\n" + ECHO, timeout_seconds=10))
    assert result.error is None
    assert re.search(
        r"INIT_REPORT Init Duration: \d+\.\d\d ms\tPhase: init\tStatus: timeout\n", result.log_tail
    )
    duration = re.search(r"\tDuration: (\d+)", result.log_tail)
    assert duration and int(duration[1]) >= 1000  # the second Init is in the invocation's time


def test_provisioned_environments_have_more_time_to_initialise(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    from labsupport.localcloud.lambda_service import environment

    monkeypatch.setattr(environment, "INIT_LIMIT_SECONDS", 0.2)
    function = make_function("import time\ntime.sleep(0.5)\n" + ECHO)
    provision = bench.service.provision(function, 1)
    while provision.status == "IN_PROGRESS":
        time.sleep(0.01)
    assert provision.status == "READY"
    assert any("Phase: init\tStatus: success" in message for message in bench.messages())


def test_simultaneous_invocations_have_an_environment_each(bench: Bench) -> None:
    function = make_function("import time\ndef handler(e, c):\n    time.sleep(0.5)\n")
    threads = [threading.Thread(target=bench.invoke, args=(function,)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    groups = {os.getpgid(process.pid) for process in processes_of(function)}
    assert len(groups) == 3 == len(bench.streams)


def test_a_new_revision_gets_new_environments_and_the_old_ones_end(bench: Bench) -> None:
    function = make_function("def handler(e, c):\n    return 'old'\n")
    bench.invoke(function)
    old = processes_of(function)
    changed = replace(
        function, revision="changed", code=archive(app="def handler(e, c):\n    return 'new'\n")
    )
    assert bench.invoke(changed).payload == b'"new"'
    assert len(bench.streams) == 2
    assert old and _end(old)


def test_a_retired_function_ends_even_while_it_is_busy(bench: Bench) -> None:
    function = make_function("import time\ndef handler(e, c):\n    time.sleep(0.4)\n    return 'done'\n")
    answers: list[bytes] = []
    thread = threading.Thread(target=lambda: answers.append(bench.invoke(function).payload))
    thread.start()
    while not bench.service._pool._busy:
        time.sleep(0.01)
    bench.service.retire(function.name)
    thread.join()
    assert answers == [b'"done"']  # it could finish, and then it ended
    wait_until(lambda: not processes_of(function), doing="ending what is retired")


def test_layers_are_merged_under_opt_and_the_function_comes_first(any_bench: Bench) -> None:
    source = """
        import first, second, both, mine
        def handler(event, context):
            return [first.name, second.name, both.name, mine.name]
    """
    site_packages = f"python__lib__{RUNTIME}__site-packages__second"
    layers = (
        archive(python__first="name = 1", python__both="name = 'one'", python__mine="name = 'layer'"),
        archive(**{site_packages: "name = 2"}, python__both="name = 'two'"),
    )
    function = make_function(layers=layers, code=archive(app=source, mine="name = 'function'"))
    assert json.loads(any_bench.invoke(function).payload) == [1, 2, "two", "function"]


def test_a_layer_without_its_python_folder_is_not_importable(bench: Bench) -> None:
    function = make_function("import tool\n" + ECHO, layers=(archive(tool=""),))
    result = bench.invoke(function)
    assert result.error is not None
    assert result.error["errorMessage"] == "Unable to import module 'app': No module named 'tool'"


def test_the_runtime_has_boto3_and_nothing_of_the_hosts(
    any_bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LEAK_OF_THE_HOST", "1")
    source = """
        import importlib.util as util, os
        def handler(event, context):
            names = ("boto3", "botocore", "urllib3", "PIL", "numpy", "jupyterlab", "labsupport", "ministack")
            return {"found": [n for n in names if util.find_spec(n)], "environ": sorted(os.environ)}
    """
    answer = json.loads(any_bench.invoke(make_function(source, environment={"MINE": "1"})).payload)
    assert answer["found"] == ["boto3", "botocore", "urllib3"]
    unexpected = [name for name in answer["environ"] if not name.startswith(("AWS_", "LAMBDA_"))]
    plain = {"TMPDIR"} if any_bench.service.sandbox_description == "plain directories" else set()
    assert set(unexpected) - plain == {
        "LANG", "LD_LIBRARY_PATH", "MINE", "PATH", "PYTHONPATH", "TZ", "_HANDLER", "_X_AMZN_TRACE_ID",
    }  # fmt: skip


def test_what_a_function_writes_has_no_permissions_of_the_learners(any_bench: Bench) -> None:
    source = """
        import os, stat, tempfile
        def handler(event, context):
            path = os.path.join(tempfile.gettempdir(), "written")
            open(path, "w").close()
            return stat.S_IMODE(os.stat(path).st_mode)
    """
    before = os.umask(0o077)
    try:
        assert json.loads(any_bench.invoke(make_function(source)).payload) == 0o644
    finally:
        os.umask(before)


def test_a_namespace_hides_the_home_and_is_read_only(bench: Bench) -> None:
    if bench.service.sandbox_description == "plain directories":
        pytest.skip("this host allows no user namespaces")
    source = """
        import os
        def attempt(path):
            try:
                open(path, "w").close()
                return "written"
            except OSError as error:
                return type(error).__name__, os.strerror(error.errno)
        def handler(event, context):
            return {"task": attempt("/var/task/x"), "opt": attempt("/opt/x"), "etc": attempt("/etc/x"),
                    "tmp": attempt("/tmp/x"), "homes": os.path.exists("/home"), "uid": os.getuid()}
    """
    answer = json.loads(bench.invoke(make_function(source)).payload)
    assert answer["tmp"] == "written"
    assert [answer[name][1] for name in ("task", "opt", "etc")] == ["Read-only file system"] * 3
    assert answer["homes"] is False and answer["uid"] == 993


@pytest.mark.parametrize("own_session", [False, True])
def test_a_child_of_the_handler_ends_with_its_environment(bench: Bench, own_session: bool) -> None:
    source = f"""
        import subprocess
        def handler(event, context):
            subprocess.Popen(["sleep", "600"], start_new_session={own_session})
    """
    function = make_function(source)
    bench.invoke(function)
    # The kernel shows a new program's variables a moment after it has begun.
    wait_until(
        lambda: "sleep" in [process.name() for process in processes_of(function)],
        doing="waiting for the child",
        timeout_seconds=10,
    )
    processes = processes_of(function)
    bench.service.retire(function.name)
    assert _end(processes)


def test_a_child_ends_when_the_runtime_crashes(bench: Bench) -> None:
    source = """
        import os, subprocess
        def handler(event, context):
            print("child", subprocess.Popen(["sleep", "600"]).pid, flush=True)
            os._exit(1)
    """
    function = make_function(source)
    bench.invoke(function)
    assert [message for message in bench.messages() if message.startswith("child")]
    assert _end(processes_of(function))


def test_idle_environments_end_by_themselves(bench: Bench) -> None:
    bench.service._idle_seconds = 0.2
    function = make_function("def handler(e, c):\n    pass\n")
    bench.invoke(function)
    wait_until(lambda: not processes_of(function), doing="ending what is idle")


def test_a_busy_environment_is_not_idle_however_long_it_takes(bench: Bench) -> None:
    bench.service._idle_seconds = 0.2
    source = """
        import time, uuid
        me = str(uuid.uuid4())
        def handler(event, context):
            time.sleep(event)
            return me
    """
    function, other = make_function(source), make_function(source)
    bench.invoke(function, b"0")
    with ThreadPoolExecutor(1) as beside:
        busy = beside.submit(bench.invoke, function, b"1.5")
        bench.invoke(other, b"0")
        wait_until(lambda: not processes_of(other), doing="ending what is idle")
        bench.service._idle_seconds = 60.0
    assert bench.invoke(function, b"0").payload == busy.result().payload


def test_an_answer_that_is_not_json_is_a_marshal_error(bench: Bench) -> None:
    result = bench.invoke(make_function("def handler(e, c):\n    return object()\n"))
    assert result.error is not None and result.error["errorType"] == "Runtime.MarshalError"


def test_large_events_and_answers_pass(bench: Bench) -> None:
    payload = json.dumps({"text": "x" * 5_000_000}).encode()
    result = bench.invoke(make_function(ECHO), payload)
    assert json.loads(result.payload) == json.loads(payload)


def test_much_output_is_not_lost_and_does_not_block(bench: Bench) -> None:
    source = "def handler(e, c):\n    for i in range(20000):\n        print(i, 'x' * 80)\n"
    assert bench.invoke(make_function(source, timeout_seconds=30)).error is None
    numbers = [int(m.split()[0]) for m in bench.messages() if m[0].isdigit()]
    assert numbers == list(range(20000))


def test_the_end_of_a_process_is_noticed_where_the_system_has_no_descriptor_for_it(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(os, "pidfd_open", raising=False)
    result = bench.invoke(make_function("import sys\ndef handler(event, context):\n    sys.exit(3)\n"))
    assert result.error is not None and result.error["errorMessage"].endswith("exit status 3")


def test_the_pure_runtime_client_stands_in_for_the_native_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(host, "HAS_NATIVE_RUNTIME_CLIENT", False)
    source = """
        import runtime_client
        def handler(event, context):
            if event.get("fail"):
                raise ValueError("as told")
            return [runtime_client.__file__.endswith("runtime_client.py"), event["text"]]
    """
    bench = Bench(tmp_path / "work")
    try:
        function = make_function(source)
        answers = [bench.invoke(function, '{"text": "ảnh mèo"}'.encode()) for _ in range(2)]
        failed = bench.invoke(function, b'{"fail": true}')
    finally:
        bench.service.close()
    assert [json.loads(answer.payload) for answer in answers] == [[True, "ảnh mèo"]] * 2
    assert failed.error is not None and failed.error["errorMessage"] == "as told"


def _end(processes: list[psutil.Process]) -> bool:
    """Wait until the processes are gone."""
    _, left = psutil.wait_procs(processes, timeout=5)
    return all(process.status() == psutil.STATUS_ZOMBIE for process in left)
