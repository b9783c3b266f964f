"""What a handler sees of the machine that it runs on.

https://docs.aws.amazon.com/lambda/latest/operatorguide/execution-environment.html
"""

from __future__ import annotations

import ctypes
import io
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from labsupport.localcloud.lambda_service.sandbox import Walls
from labsupport.waiting import wait_until
from tests.conformance.conftest import Bench, archive, make_function, processes_of

IPC_PRIVATE, IPC_CREAT, IPC_RMID = 0, 0o1000, 0


@pytest.fixture
def walled(bench: Bench) -> Bench:
    if bench.service.sandbox_description == "plain directories":
        pytest.skip("this host allows no user namespaces: functions run in plain directories")
    return bench


@pytest.fixture
def hidden(walled: Bench) -> Bench:
    if walled.service.sandbox_description != Walls.FILES_AND_PROCESSES.value:
        pytest.skip("this host allows no /proc of one's own: functions see its processes")
    return walled


@pytest.fixture
def system_v_memory() -> Iterator[int]:
    """Return the number of a piece of System V shared memory of this user's."""
    libc = ctypes.CDLL(None, use_errno=True)
    number = libc.shmget(IPC_PRIVATE, 4096, IPC_CREAT | 0o600)
    assert number >= 0, os.strerror(ctypes.get_errno())
    yield number
    libc.shmctl(number, IPC_RMID, None)


def ask(bench: Bench, source: str, event: Any = None) -> Any:
    """Invoke a handler that is made of this source, and return its answer."""
    result = bench.invoke(make_function(source, timeout_seconds=30), json.dumps(event).encode())
    assert result.error is None, result.log_tail
    return json.loads(result.payload)


def test_of_the_machine_there_is_what_runtimes_need(walled: Bench) -> None:
    source = """
        import grp, os, pwd, socket
        def handler(event, context):
            with open("/dev/null", "wb") as null, open("/dev/urandom", "rb") as random:
                null.write(random.read(8))
            return {"top": os.listdir("/"), "dev": os.listdir("/dev"), "etc": os.listdir("/etc"),
                    "users": [user.pw_name for user in pwd.getpwall()],
                    "me": pwd.getpwuid(os.getuid()).pw_name,
                    "groups": [group.gr_name for group in grp.getgrall()],
                    "host": socket.gethostname(), "address": socket.gethostbyname(socket.gethostname())}
    """
    answer = ask(walled, source)
    assert not {"home", "run", "sys", "mnt", "media", "srv"} & set(answer["top"])
    devices = {"null", "zero", "full", "random", "urandom"}
    assert set(answer["dev"]) == {*devices, "fd", "stdin", "stdout", "stderr"}
    assert {"passwd", "hosts", "ld.so.cache"} <= set(answer["etc"]) and len(answer["etc"]) < 20
    assert not {"shadow", "subuid", "fstab", "hostname", "machine-id", "localtime"} & set(answer["etc"])
    assert (answer["users"], answer["groups"], answer["me"]) == (["lambda"], ["lambda"], "lambda")
    assert (answer["host"], answer["address"]) == ("localhost", "127.0.0.1")


def test_shared_memory_of_other_programs_is_out_of_reach(walled: Bench, system_v_memory: int) -> None:
    source = """
        import ctypes, os
        def handler(event, context):
            libc = ctypes.CDLL(None, use_errno=True)
            reached = libc.shmctl(event, 2, ctypes.create_string_buffer(256))  # IPC_STAT
            listed = len(open("/proc/sysvipc/shm").readlines()) - 1
            return {"reached": reached, "listed": listed, "posix": os.path.exists("/dev/shm")}
    """
    assert ask(walled, source, system_v_memory) == {"reached": -1, "listed": 0, "posix": False}


def test_processes_share_no_memory_and_talk_by_pipes(walled: Bench) -> None:
    """https://aws.amazon.com/blogs/compute/parallel-processing-in-python-with-aws-lambda/."""
    source = """
        import multiprocessing
        def handler(event, context):
            ours, theirs = multiprocessing.Pipe()
            child = multiprocessing.Process(target=theirs.send, args=("by a pipe",))
            child.start()
            answer = ours.recv()
            child.join()
            try:
                multiprocessing.Lock()
            except OSError as error:
                return answer, str(error)
    """
    said, error = ask(walled, source)
    assert said == "by a pipe"
    assert error in ("[Errno 2] No such file or directory", "[Errno 38] Function not implemented")


def test_variables_that_act_at_a_start_reach_no_file_of_the_host(walled: Bench, tmp_path: Path) -> None:
    (tmp_path / "json.py").write_text("open(__file__ + '.loaded', 'w').close()\nfrom _json import *\n")
    shutil.copy(path_of_libm(), tmp_path / "libm.so.6")
    theirs = {"PYTHONPATH": str(tmp_path), "LD_PRELOAD": str(tmp_path / "libm.so.6"), "PYTHONHASHSEED": "0"}
    source = """
        import os, sys
        def handler(event, context):
            return {"environ": dict(os.environ), "path": sys.path, "hash": hash("a word")}
    """
    result = walled.invoke(make_function(source, environment=theirs))
    assert not (tmp_path / "json.py.loaded").exists()
    assert re.search(
        r"ld.so: object '.*libm.so.6' from LD_PRELOAD cannot be preloaded", "".join(walled.messages())
    )
    answer = json.loads(result.payload)
    assert theirs.items() <= answer["environ"].items()
    assert not [name for name in answer["environ"] if name.startswith("_LAB")]
    assert str(tmp_path) in answer["path"]
    command = [sys.executable, "-c", "print(hash('a word'))"]
    expected = subprocess.run(command, env={"PYTHONHASHSEED": "0"}, capture_output=True, check=True).stdout
    assert answer["hash"] == int(expected)


def test_a_library_of_the_package_is_preloaded(walled: Bench) -> None:
    source = """
        import os
        def handler(event, context):
            if event == "exit":
                os._exit(1)
            with open("/proc/self/maps") as maps:
                return "/var/task/libm.so.6" in maps.read()
    """
    code = io.BytesIO(archive(app=source))
    with zipfile.ZipFile(code, "a") as opened:
        opened.write(path_of_libm(), "libm.so.6")
    function = make_function(code=code.getvalue(), environment={"LD_PRELOAD": "/var/task/libm.so.6"})
    assert walled.invoke(function).payload == b"true"
    walled.invoke(function, b'"exit"')
    assert walled.invoke(function).payload == b"true"  # after a reset, which joins what is there


def path_of_libm() -> str:
    """Return where this machine has the C library's libm, which every Python loads."""
    ctypes.CDLL("libm.so.6")
    with open("/proc/self/maps") as maps:
        return next(line.split(maxsplit=5)[5].strip() for line in maps if "libm.so.6" in line)


def test_a_reset_joins_every_namespace(walled: Bench) -> None:
    source = """
        import os
        def handler(event, context):
            if event == "exit":
                os._exit(1)
            return {kind: os.readlink(f"/proc/self/ns/{kind}") for kind in ("user", "mnt", "uts", "ipc")}
    """
    function = make_function(source)
    before = json.loads(walled.invoke(function).payload)
    walled.invoke(function, b'"exit"')
    assert json.loads(walled.invoke(function).payload) == before
    ours = {kind: os.readlink(f"/proc/self/ns/{kind}") for kind in before}
    assert not set(ours.values()) & set(before.values())


PROCESSES = """
    import os, signal, subprocess
    numbers = lambda: sorted(int(name) for name in os.listdir("/proc") if name.isdigit())
    def reach(pid):
        try:
            os.kill(pid, 0)
            return "reached"
        except OSError as error:
            return os.strerror(error.errno)
    def handler(event, context):
        if event == "crash":
            os._exit(1)
        child = subprocess.Popen(["sleep", "60"])
        seen = numbers()
        child.kill()
        child.wait()
        return {"seen": seen, "mine": [1, os.getpid(), child.pid], "self": os.readlink("/proc/self"),
                "host": reach(event), "first": reach(1)}
"""


def test_a_handler_sees_and_signals_its_own_processes_alone(hidden: Bench) -> None:
    """https://docs.aws.amazon.com/lambda/latest/operatorguide/execution-environment.html"""
    function = make_function(PROCESSES)
    for _ in range(3):  # a process that a reset starts has a /proc of its own, over the one before
        answer = json.loads(hidden.invoke(function, json.dumps(os.getpid()).encode()).payload)
        assert answer["seen"] == answer["mine"] and answer["self"] == str(answer["mine"][1])
        assert answer["host"] == "No such process"
        hidden.invoke(function, b'"crash"')


def test_a_signal_to_its_group_reaches_what_the_handler_has_started(hidden: Bench) -> None:
    source = """
        import os, signal, subprocess
        count = 0
        def handler(event, context):
            global count
            count += 1
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            child = subprocess.Popen(["sleep", "60"])
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            os.killpg(0, signal.SIGTERM)
            return child.wait(), count
    """
    function = make_function(source)
    assert json.loads(hidden.invoke(function).payload) == [-15, 1]
    assert json.loads(hidden.invoke(function).payload) == [-15, 2], "the environment lives on"


def test_a_process_that_has_left_ends_with_the_runtime(hidden: Bench) -> None:
    source = """
        import os, subprocess
        def handler(event, context):
            subprocess.Popen("setsid sleep 600 & wait", shell=True, start_new_session=True)
            os._exit(1)
    """
    function = make_function(source)
    assert hidden.invoke(function).error is not None
    wait_until(lambda: not processes_of(function), doing="ending what is left")


def test_a_handler_cannot_take_another_functions_event(hidden: Bench) -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html"""
    source = """
        import http.client
        def handler(event, context):
            answers = []
            for method, path in event["requests"]:
                connection = http.client.HTTPConnection(event["address"], timeout=5)
                try:
                    connection.request(method, path, "{}")
                    answers.append(connection.getresponse().status)
                except (OSError, http.client.HTTPException) as error:
                    answers.append(type(error).__name__)
            return answers
    """
    victim = make_function("def handler(event, context):\n    return event\n")
    assert hidden.invoke(victim, b"1").payload == b"1"
    [environment] = hidden.service._pool.all()
    requests = [
        ("GET", "/2018-06-01/runtime/invocation/next"),
        ("POST", "/2018-06-01/runtime/init/error"),
        ("POST", "/2020-01-01/extension/register"),
        ("POST", "/lab/launcher/ended"),
    ]
    event = {"address": environment._api_address, "requests": requests}
    assert set(ask(hidden, source, event)) <= {
        "RemoteDisconnected",
        "ConnectionResetError",
        "BrokenPipeError",
    }
    assert hidden.invoke(victim, b"2").payload == b"2"
    assert hidden.service._pool.all()[0] is environment
