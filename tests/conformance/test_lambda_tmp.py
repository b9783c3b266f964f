"""/tmp, and how many files may be open: asked of real functions.

https://docs.aws.amazon.com/lambda/latest/dg/configuration-ephemeral-storage.html
https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html
https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
"""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest

from tests.conformance.conftest import Bench, make_function

WRITER = """
    import os, time
    def handler(event, context):
        if "mb" in event:
            with open("/tmp/large", "wb") as file:
                for written in range(event["mb"]):
                    try:
                        file.write(bytes(1 << 20))
                    except OSError as error:
                        return written, os.strerror(error.errno)
        if "note" in event:
            open("/tmp/note", "w").write(event["note"])
        if event.get("sleep"):
            time.sleep(60)
        if event.get("exit"):
            os._exit(1)
        return sorted(os.listdir("/tmp"))
"""


@pytest.fixture
def walled(bench: Bench) -> Bench:
    """A bench whose functions have a /tmp of their own."""
    if bench.service.sandbox_description == "plain directories":
        pytest.skip("this host allows no user namespaces: the temporary folder is a plain one")
    return bench


def test_tmp_is_as_large_as_the_function_asks_for(walled: Bench) -> None:
    source = (
        "import os\ndef handler(e, c):\n    s = os.statvfs('/tmp')\n    return s.f_blocks * s.f_frsize >> 20"
    )
    function = make_function(source)
    assert json.loads(walled.invoke(function).payload) == 512, "the default"
    larger = replace(function, ephemeral_storage_mb=10_240, revision="larger")
    assert json.loads(walled.invoke(larger).payload) == 10_240


def test_a_full_tmp_has_no_space_left(walled: Bench) -> None:
    function = make_function(WRITER, memory_mb=1769, timeout_seconds=60)
    written, reason = json.loads(walled.invoke(function, b'{"mb": 600}').payload)
    assert written in (511, 512)
    assert reason == "No space left on device"


def test_what_lies_in_tmp_is_not_the_functions_memory(walled: Bench) -> None:
    result = walled.invoke(make_function(WRITER, timeout_seconds=60), b'{"mb": 300}')
    assert result.error is None, "it has 128 MB"
    used = re.search(r"Max Memory Used: (\d+) MB", result.log_tail)
    assert used and int(used[1]) < 100


def test_tmp_belongs_to_one_environment(walled: Bench) -> None:
    function = make_function(WRITER)
    assert json.loads(walled.invoke(function, b'{"note": "mine"}').payload) == ["note"]
    other = replace(function, revision="other")
    assert json.loads(walled.invoke(other).payload) == [], "a new environment begins with an empty /tmp"


@pytest.mark.parametrize(
    ("event", "error_type"),
    [({"exit": True}, "Runtime.ExitError"), ({"sleep": True}, "Sandbox.Timedout")],
    ids=["crash", "timeout"],
)
def test_tmp_survives_every_reset(walled: Bench, event: dict[str, bool], error_type: str) -> None:
    function = make_function(WRITER, timeout_seconds=1)
    walled.invoke(function, b'{"note": "kept"}')
    for _ in range(3):
        failed = walled.invoke(function, json.dumps(event).encode())
        assert failed.error is not None and failed.error["errorType"] == error_type
    assert json.loads(walled.invoke(function).payload) == ["note"]
    assert len(walled.streams) == 1


def test_tmp_survives_an_init_phase_that_failed(walled: Bench) -> None:
    source = """
        import os
        if not os.path.exists("/tmp/tried"):
            open("/tmp/tried", "w").close()
            os._exit(1)
        def handler(event, context):
            return os.listdir("/tmp")
    """
    result = walled.invoke(make_function(source))
    assert "Phase: init\tStatus: error" in result.log_tail
    assert json.loads(result.payload) == ["tried"]


def test_a_reset_keeps_the_walls(walled: Bench) -> None:
    source = """
        import os, re, socket
        def handler(event, context):
            if event.get("exit"):
                os._exit(1)
            try:
                open("/var/task/x", "w")
            except OSError as error:
                refused = os.strerror(error.errno)
            status = open("/proc/self/status").read()
            return {"uid": os.getuid(), "homes": os.path.exists("/home"), "refused": refused,
                    "powers": int(re.search("CapEff:(.*)", status)[1], 16),
                    "namespaces": [fd for fd in map(int, os.listdir("/dev/fd")) if holds_namespaces(fd)]}
        def holds_namespaces(fd):
            try:
                with socket.socket(fileno=os.dup(fd)) as end:
                    return bool(end.recvmsg(1, 64, socket.MSG_PEEK | socket.MSG_DONTWAIT)[1])
            except OSError:  # no socket, or nothing in it
                return False
    """
    function = make_function(source)
    before = json.loads(walled.invoke(function).payload)
    walled.invoke(function, b'{"exit": true}')
    after = json.loads(walled.invoke(function).payload)
    ordinary = {"uid": 993, "homes": False, "refused": "Read-only file system", "powers": 0, "namespaces": []}
    assert before == after == ordinary


def test_tmp_ends_with_its_environment(walled: Bench) -> None:
    function = make_function(WRITER)
    walled.invoke(function, b'{"note": "gone soon"}')
    [environment] = walled.service._pool.all()
    walled.service.retire(function.name)
    walled.service.wait_until_quiet()
    assert [end.fileno() for end in environment._place.kept] == [-1, -1], "nothing keeps the namespaces"
    assert not environment._place.home.exists()


def test_1024_files_may_be_open(any_bench: Bench) -> None:
    source = """
        import os
        def handler(event, context):
            opened = []
            try:
                while True:
                    opened.append(os.open("/dev/null", os.O_RDONLY))
            except OSError as error:
                highest = opened[-1]
                for number in opened:
                    os.close(number)
                return highest, os.strerror(error.errno)
    """
    assert json.loads(any_bench.invoke(make_function(source)).payload) == [1023, "Too many open files"]
