"""Many at once, many in a row, and an end in the middle of it: nothing is lost and nothing is left behind."""

from __future__ import annotations

import gc
import json
import os
import signal
import subprocess
import sys
import threading
import time
import tracemalloc
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
from PIL import Image

from labsupport.lab import Lab
from labsupport.localcloud import supervisor
from labsupport.localcloud.lambda_service import guard
from labsupport.localcloud.lambda_service.guard import Guard
from labsupport.localcloud.lambda_service.sandbox import INSIDE
from labsupport.settings import Settings
from tests import images
from tests.conformance.conftest import Bench, archive, make_function

pytestmark = pytest.mark.functional

ENVIRONMENTS = 200
UPLOADS = 50
BURST = 20
ECHO = "def handler(event, context):\n    return event\n"


class CountingGuard(Guard):
    """A guard that can be asked whom it watches."""

    def __init__(self) -> None:
        super().__init__()
        self.watched: set[int] = set()
        self.ever = 0

    def watch(self, process_group: int) -> None:
        self.watched.add(process_group)
        self.ever += 1
        super().watch(process_group)

    def forget(self, process_group: int) -> None:
        self.watched.discard(process_group)
        super().forget(process_group)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path / "work")
    yield bench
    bench.service.close()


def test_two_hundred_environments_come_and_go_without_a_trace(bench: Bench, tmp_path: Path) -> None:
    counting = CountingGuard()
    bench.service._keepers.guard.close()
    bench.service._keepers = replace(bench.service._keepers, guard=counting)
    function = make_function(ECHO)
    bench.invoke(function)  # what the service makes once is there from now on
    bench.service.retire(function.name)
    bench.service.wait_until_quiet()
    gc.collect()
    before = traces(tmp_path, counting)

    provision = bench.service.provision(make_function(ECHO), ENVIRONMENTS)
    wait_for(lambda: provision.status != "IN_PROGRESS", seconds=120)
    assert provision.status == "READY", provision.reason
    during = traces(tmp_path, counting)
    for what in ("processes", "folders", "listening ports", "watched by the guard"):
        assert during[what] == before[what] + ENVIRONMENTS, what

    bench.service.release(provision)
    bench.service.wait_until_quiet()
    wait_for(lambda: traces(tmp_path, counting) == before, seconds=10)
    assert counting.ever == ENVIRONMENTS + 1


def traces(directory: Path, counting: CountingGuard) -> dict[str, int]:
    """Count what environments are made of."""
    here = psutil.Process()
    return {
        "processes": len(here.children()),
        "folders": len(list((directory / "work").glob("environment-*"))),
        "descriptors": here.num_fds(),
        "listening ports": sum(each.status == psutil.CONN_LISTEN for each in here.net_connections("tcp")),
        "watched by the guard": len(counting.watched),
        "threads": threading.active_count(),
    }


def test_a_thousand_warm_invocations_leave_nothing_in_memory(bench: Bench) -> None:
    bench.service._write_log = lambda *_: None
    function = make_function("def handler(event, context):\n    print('hello')\n    return event\n")

    def memory_after(times: int) -> int:
        for _ in range(times):
            assert bench.invoke(function).error is None
        gc.collect()
        return tracemalloc.get_traced_memory()[0]

    tracemalloc.start()
    try:
        first = memory_after(100)
        descriptors = psutil.Process().num_fds()
        second, third = memory_after(500), memory_after(500)
    finally:
        tracemalloc.stop()
    # What is made once, whenever that is, is in one of the two differences only.
    assert min(second - first, third - second) < 50_000, "a hundred bytes an invocation are too much"
    wait_for(
        lambda: psutil.Process().num_fds() <= descriptors, seconds=5
    )  # the governor opens some in passing


def test_fifty_photos_at_once_are_fifty_thumbnails(lab: Lab) -> None:
    source, target, failed = lab.deploy_bucket("photos"), lab.deploy_bucket("thumbs"), lab.deploy_queue("dlq")
    function = lab.deploy_function(
        "thumbnail",
        layers=[lab.deploy_layer("pillow")],
        environment={"TARGET_BUCKET": target},
        values={"source_bucket": source, "target_bucket": target, "failure_queue": failed.arn.split(":")[-1]},
        memory_mb=1769,
        timeout_seconds=60,
    )
    lab.allow_invoke(
        "thumbnail", service="s3.amazonaws.com", source_arn=f"arn:aws:s3:::{source}", statement_id="s3"
    )
    lab.notify_function("photos", function.arn, prefix="raw/")
    lab.on_failure("thumbnail", failed.arn)
    s3 = lab.client("s3", max_pool_connections=UPLOADS)

    def upload(number: int) -> None:
        photo = images.encoded(Image.new("RGB", (640, 480), (5 * number, 0, 0)), "PNG")
        s3.put_object(Bucket=source, Key=f"raw/{number}.png", Body=photo)

    with ThreadPoolExecutor(UPLOADS) as threads:
        list(threads.map(upload, range(UPLOADS)))
    wait_for(lambda: s3.list_objects_v2(Bucket=target)["KeyCount"] == UPLOADS, seconds=180)
    for number in range(UPLOADS):
        answer = s3.get_object(Bucket=target, Key=f"thumbnails/{number}.png")
        thumbnail = images.decoded(answer["Body"].read())
        assert (thumbnail.size, thumbnail.getpixel((0, 0))) == ((128, 96), (5 * number, 0, 0))
    asked = lab.client("sqs").get_queue_attributes(QueueUrl=failed.url, AttributeNames=["All"])
    assert asked["Attributes"]["ApproximateNumberOfMessages"] == "0"


def test_kill_in_the_middle_of_a_burst_leaves_no_process(settings: Settings, tmp_path: Path) -> None:
    mark = f"burst-{uuid.uuid4()}"
    source = """
        import subprocess, time
        subprocess.Popen(["sleep", "600"])
        def handler(event, context):
            time.sleep(600)
    """
    home = tmp_path / "home"
    try:
        lab = Lab("05", settings=replace(settings, home=home))
        role = lab.deploy_role("busy", policy={"Version": "2012-10-17", "Statement": [ALLOW_LOGS]})
        lab.deploy_function(
            "busy",
            code=archive(app=source),
            handler="app.handler",
            role_arn=role,
            environment={"MARK": mark},
            timeout_seconds=900,
        )
        for _ in range(BURST):
            lab.client("lambda").invoke(
                FunctionName=lab.name("busy"), InvocationType="Event", Payload=json.dumps({}).encode()
            )
        wait_for(lambda: len(marked(mark)) >= BURST // 2, seconds=30)  # some run, others are being started
        server = supervisor.find(home)
        assert server is not None
        os.kill(server.pid, signal.SIGKILL)
        wait_for(lambda: marked(mark) == [] and marked(str(home)) == [], seconds=15)
    finally:
        supervisor.stop(home)


def test_a_process_without_a_service_runs_no_function() -> None:
    """It was started, and the service was killed before the guard had heard of it."""
    find = f"import sys; sys.path.insert(0, {str(INSIDE)!r})"
    code = f"{find}; import launcher; launcher.end_if_alone(); print('!')"
    command = [sys.executable, "-c", code]

    def run(service: int) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(command, env={"_LAB_SERVICE": str(service)}, stdout=subprocess.PIPE)

    assert run(os.getpid()).stdout == b"!\n"
    assert (run(1).returncode, run(1).stdout) == (1, b"")


@pytest.mark.parametrize(("end", "killed"), [("\n", True), ("", False)])
def test_the_guard_kills_whom_it_was_told_of_in_full(end: str, killed: bool) -> None:
    watched = subprocess.Popen(["sleep", "60"], start_new_session=True)
    try:
        subprocess.run([sys.executable, guard.__file__], input=f"+{watched.pid}{end}".encode(), check=True)
        if killed:
            assert watched.wait(5) == -signal.SIGKILL
        else:
            assert watched.poll() is None, "it was the beginning of another number"
    finally:
        watched.kill()
        watched.wait()


ALLOW_LOGS = {"Effect": "Allow", "Action": "logs:*", "Resource": "*"}


def marked(text: str) -> list[psutil.Process]:
    """Return the living processes that carry this text in a variable, or on their command line."""
    found = []
    for process in psutil.process_iter():
        try:
            carried = [*process.environ().values(), *process.cmdline()]
            alive = process.status() != psutil.STATUS_ZOMBIE and process.pid != os.getpid()
        except psutil.Error:
            continue
        if alive and any(text in each for each in carried):
            found.append(process)
    return found


def wait_for(condition: Callable[[], bool], *, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it didn't happen in time"
        time.sleep(0.05)
