"""The local cloud as a process: started, found, killed, stopped, restarted."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import boto3
import psutil
import pytest
from botocore.config import Config

from labsupport.errors import CloudError
from labsupport.learning.progress import Progress
from labsupport.localcloud import supervisor
from labsupport.localcloud.record import CloudRecord
from tests.conformance.conftest import RUNTIME, archive

pytestmark = pytest.mark.functional

TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ],
}


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """A home whose cloud is stopped afterwards, whatever the test did to it."""
    home = tmp_path / "a lab's home"  # a space and a quote, as learners have them
    yield home
    supervisor.stop(home)
    assert _processes_of(home) == []


def start(home: Path, **options: Any) -> CloudRecord:
    record = supervisor.start(home, **options)
    assert record is not None
    return record


def client(record: CloudRecord, service: str) -> Any:
    return boto3.client(
        service,
        endpoint_url=record.url,
        region_name=record.region,
        aws_access_key_id=record.access_key_id,
        aws_secret_access_key=record.secret_access_key,
        config=Config(retries={"max_attempts": 0}),
    )


def deploy(record: CloudRecord, name: str, source: str, **settings: Any) -> Any:
    client(record, "iam").create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST))
    functions = client(record, "lambda")
    functions.create_function(
        FunctionName=name,
        Runtime=RUNTIME,
        Role=f"arn:aws:iam::{record.account}:role/{name}",
        Handler="app.handler",
        Code={"ZipFile": archive(app=source)},
        **settings,
    )
    functions.get_waiter("function_active_v2").wait(FunctionName=name)
    return functions


def test_start_is_ready_and_start_again_is_the_same_cloud(home: Path) -> None:
    record = start(home)
    assert record.url.startswith("http://127.0.0.1:")
    identity = client(record, "sts").get_caller_identity()
    assert identity["Account"] == record.account
    assert len(record.account) == 12 and record.account != "000000000000"
    assert start(home) == record == supervisor.find(home) == supervisor.wait_until_ready(home)


def test_two_starts_at_once_make_one_server(home: Path) -> None:
    records: list[CloudRecord] = []
    threads = [threading.Thread(target=lambda: records.append(start(home))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({record.instance for record in records}) == 1
    assert len(_servers_of(home)) == 1


def test_start_without_waiting_is_finished_by_wait_until_ready(home: Path) -> None:
    assert supervisor.start(home, wait=False) is None
    assert supervisor.wait_until_ready(home) == supervisor.find(home)


def test_stop_leaves_no_process_and_no_scratch_file(home: Path) -> None:
    record = start(home)
    functions = deploy(record, "sleeper", "def handler(e, c):\n    return 1\n")
    functions.invoke(FunctionName="sleeper")
    assert len(_processes_of(home)) >= 2  # the server and an environment
    assert supervisor.stop(home) is True
    assert _processes_of(home) == []
    assert list((home / "work").iterdir()) == []
    assert supervisor.find(home) is None and not (home / "cloud.json").exists()
    assert supervisor.stop(home) is False


@pytest.fixture
def loose_umask() -> Iterator[None]:
    """Let everybody read what is written, as most systems do."""
    before = os.umask(0o022)
    yield
    os.umask(before)


def test_all_that_is_written_is_the_learners_alone(home: Path, loose_umask: None) -> None:
    home.mkdir(mode=0o755)  # as somebody made it who named it in LAB_HOME
    record = start(home)
    functions = deploy(record, "writer", "def handler(e, c):\n    open('/tmp/x', 'w').close()\n")
    functions.invoke(FunctionName="writer")
    Progress(home / "progress" / "me.jsonl").record("hint")
    supervisor.stop(home)
    start(home)
    written = [Path(folder, name) for folder, folders, names in os.walk(home) for name in [*folders, *names]]
    assert {"cloud.json", "cloud.log", "cloud.pickle", "port", "me.jsonl"} <= {path.name for path in written}
    assert [str(path) for path in written if _others_reach(path, home)] == []


def _others_reach(path: Path, home: Path) -> bool:
    below_home = [path, *(folder for folder in path.parents if home in folder.parents)]
    return all(each.lstat().st_mode & 0o077 for each in below_home)


def test_two_labs_do_not_see_each_other(home: Path, tmp_path: Path) -> None:
    other_home = tmp_path / "other"
    try:
        one, other = start(home), start(other_home)
        assert one.port != other.port and one.account != other.account
        client(one, "s3").create_bucket(Bucket="only-in-one")
        assert client(other, "s3").list_buckets()["Buckets"] == []
    finally:
        supervisor.stop(other_home)


def test_a_stale_record_is_replaced(home: Path) -> None:
    record = start(home)
    supervisor.stop(home)
    # Somebody else's process has the pid now, and somebody else may have the port.
    replace(record, pid=os.getpid()).write(home)
    assert supervisor.find(home) is None
    assert start(home).instance != record.instance
    assert psutil.pid_exists(os.getpid())


def test_a_record_that_is_no_json_is_replaced(home: Path) -> None:
    home.mkdir()
    (home / "cloud.json").write_text('{"url": "http://127')
    assert start(home) == supervisor.find(home)


def test_a_port_that_is_taken_is_said_in_a_sentence(home: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(CloudError, match=f"port {port} can't be used: another program listens there"):
            supervisor.start(home, port=port)
    assert start(home, port=port).port == port


def test_the_last_port_is_used_again_unless_it_is_taken(home: Path) -> None:
    port = start(home).port
    supervisor.stop(home)
    assert start(home).port == port
    supervisor.stop(home)
    with socket.create_server(("127.0.0.1", port)):
        assert start(home).port != port


def test_a_server_that_cannot_start_says_why(home: Path) -> None:
    (home / "state").mkdir(parents=True)
    (home / "account").mkdir()  # a folder where a file belongs
    with pytest.raises(CloudError, match="the server process ended") as caught:
        supervisor.start(home)
    assert "IsADirectoryError" in (caught.value.detail or "")
    (home / "account").rmdir()


def test_a_folder_that_cannot_be_written_is_said_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(CloudError, match="can't be written: Not a directory"):
        supervisor.start(tmp_path / "file" / "home")


def test_a_server_that_hangs_is_replaced(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    record = start(home)
    os.kill(record.pid, signal.SIGSTOP)
    monkeypatch.setattr(supervisor, "HEALTH_DEADLINE_SECONDS", 1.0)
    monkeypatch.setattr(supervisor, "STOP_DEADLINE_SECONDS", 1.0)
    assert start(home).instance != record.instance


def test_a_server_that_is_busy_for_some_seconds_is_kept(home: Path) -> None:
    record = start(home)
    os.kill(record.pid, signal.SIGSTOP)
    again = threading.Timer(3.0, os.kill, (record.pid, signal.SIGCONT))
    again.start()
    assert start(home) == record
    again.join()


def test_a_clock_that_is_set_does_not_lose_the_cloud(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    record = start(home)
    create_time = psutil.Process.create_time
    monkeypatch.setattr(psutil.Process, "create_time", lambda process: create_time(process) + 1)
    assert supervisor.find(home) == record
    assert start(home) == record


def test_state_survives_stop_and_kill(home: Path) -> None:
    record = start(home)
    functions = deploy(record, "kept", "def handler(e, c):\n    return 'kept'\n")
    client(record, "s3").create_bucket(Bucket="kept")
    client(record, "s3").put_object(Bucket="kept", Key="a/b.txt", Body=b"one")
    supervisor.stop(home)

    record = start(home)
    client(record, "s3").put_object(Bucket="kept", Key="c.txt", Body=b"two")
    queue = client(record, "sqs").create_queue(QueueName="kept")["QueueUrl"]
    client(record, "sqs").send_message(QueueUrl=queue, MessageBody="three")
    layer = client(record, "lambda").publish_layer_version(
        LayerName="kept", Content={"ZipFile": archive(python__tool="name = 4")}
    )
    client(record, "dynamodb").create_table(
        TableName="kept",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
    )
    client(record, "dynamodb").put_item(TableName="kept", Item={"id": {"S": "five"}})
    time.sleep(1.0)  # what the lab promises: nothing acknowledged a second before is lost
    os.kill(record.pid, signal.SIGKILL)

    record = start(home)
    functions = client(record, "lambda")
    assert functions.invoke(FunctionName="kept")["Payload"].read() == b'"kept"'
    bucket = client(record, "s3")
    assert bucket.get_object(Bucket="kept", Key="a/b.txt")["Body"].read() == b"one"
    assert bucket.get_object(Bucket="kept", Key="c.txt")["Body"].read() == b"two"
    queue = client(record, "sqs").get_queue_url(QueueName="kept")["QueueUrl"]
    messages = client(record, "sqs").receive_message(QueueUrl=queue, WaitTimeSeconds=1)["Messages"]
    assert [message["Body"] for message in messages] == ["three"]
    assert functions.get_layer_version_by_arn(Arn=layer["LayerVersionArn"])["Version"] == 1
    item = client(record, "dynamodb").get_item(TableName="kept", Key={"id": {"S": "five"}})
    assert item["Item"] == {"id": {"S": "five"}}


def test_an_accepted_event_survives_a_kill(home: Path) -> None:
    record = start(home)
    source = """
        import boto3, json, time
        def handler(event, context):
            s3 = boto3.client("s3")
            if not s3.list_objects_v2(Bucket="seen").get("KeyCount"):
                s3.put_object(Bucket="seen", Key="first")
                time.sleep(60)
            s3.put_object(Bucket="seen", Key="second")
    """
    client(record, "s3").create_bucket(Bucket="seen")
    functions = deploy(record, "slow", source, Timeout=90, MemorySize=1769)
    policy = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}
    client(record, "iam").put_role_policy(
        RoleName="slow",
        PolicyName="s3",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [policy]}),
    )
    functions.invoke(FunctionName="slow", InvocationType="Event", Payload=b"{}")
    _wait_for(lambda: _keys(record) == ["first"])
    time.sleep(1.0)
    os.kill(record.pid, signal.SIGKILL)
    record = start(home)
    _wait_for(lambda: _keys(record) == ["first", "second"])


def test_kill_leaves_no_environment_behind(home: Path) -> None:
    record = start(home)
    functions = deploy(record, "busy", "import time\ndef handler(e, c):\n    time.sleep(600)\n", Timeout=900)
    functions.invoke(FunctionName="busy", InvocationType="Event")
    _wait_for(lambda: len(_environments_of(home)) == 1)
    os.kill(record.pid, signal.SIGKILL)
    _wait_for(lambda: _processes_of(home) == [])


def test_an_unreadable_state_is_put_aside(home: Path) -> None:
    start(home)
    supervisor.stop(home)
    (home / "state" / "cloud.pickle").write_bytes(b"not a pickle")
    record = start(home)
    assert client(record, "s3").list_buckets()["Buckets"] == []
    assert (home / "state" / "cloud.unreadable").read_bytes() == b"not a pickle"
    assert "can't be used" in supervisor.log_tail(home)


@pytest.mark.parametrize(
    "path", ["/_ministack/reset", "/_ministack/config", "/_localstack/health", "/_aws/sqs/messages"]
)
def test_administration_is_shut(home: Path, path: str) -> None:
    record = start(home)
    client(record, "s3").create_bucket(Bucket="still-here")
    assert _status(record.url + path, method="POST") == 403
    assert [bucket["Name"] for bucket in client(record, "s3").list_buckets()["Buckets"]] == ["still-here"]


def test_only_loopback_names_are_served(home: Path) -> None:
    record = start(home)
    assert _status(record.url + "/", headers={"Host": "evil.example"}) == 403
    for name in ("localhost", f"localhost:{record.port}", f"127.0.0.1:{record.port}"):
        assert _status(record.url + "/_lab/health", headers={"Host": name}) == 200


def test_the_server_listens_on_loopback_only(home: Path) -> None:
    record = start(home)
    addresses = {c.laddr.ip for c in psutil.Process(record.pid).net_connections() if c.status == "LISTEN"}
    assert addresses == {"127.0.0.1"}


def test_strangers_keys_and_wrong_signatures_are_refused(home: Path) -> None:
    record = start(home)
    stranger = replace(record, access_key_id="AKIAIOSFODNN7EXAMPLE")
    with pytest.raises(
        client(record, "sts").exceptions.ClientError, match=r"InvalidClientTokenId|InvalidAccessKeyId"
    ):
        client(stranger, "s3").list_buckets()


def test_nothing_of_the_learners_aws_set_up_gets_in(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIALEARNERSOWNKEY00")
    record = start(home)
    environ = psutil.Process(record.pid).environ()
    assert environ["AWS_ACCESS_KEY_ID"] == "AKIALEARNERSOWNKEY00"  # it was given to the process,
    mine = replace(record, access_key_id="AKIALEARNERSOWNKEY00")
    with pytest.raises(client(record, "sts").exceptions.ClientError):  # and is no key of the cloud
        client(mine, "s3").list_buckets()


def test_the_supervisor_imports_neither_boto3_nor_ministack() -> None:
    names = "('boto3', 'ministack')"
    code = f"import sys, labsupport.localcloud.supervisor; print(*(name in sys.modules for name in {names}))"
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert printed.split() == ["False", "False"]


def _keys(record: CloudRecord) -> list[str]:
    listed = client(record, "s3").list_objects_v2(Bucket="seen")
    return sorted(entry["Key"] for entry in listed.get("Contents", []))


def _status(url: str, *, method: str = "GET", headers: dict[str, str] | None = None) -> int:
    request = urllib.request.Request(url, method=method, headers=headers or {})
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code


def _servers_of(home: Path) -> list[psutil.Process]:
    return [p for p in _processes_of(home) if "labsupport.localcloud.server" in " ".join(p.cmdline())]


def _environments_of(home: Path) -> set[int]:
    """Return the process groups of the home's environments: each is one, of one process or several."""
    found = [p for p in _processes_of(home) if any("bootstrap.py" in part for part in p.cmdline())]
    return {os.getpgid(process.pid) for process in found}


def _processes_of(home: Path) -> list[psutil.Process]:
    """Every living process that belongs to this home: by its command line or by its folder."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.status() == psutil.STATUS_ZOMBIE or process.pid == os.getpid():
                continue
            named = [*process.cmdline(), *process.environ().values()]
            if any(str(home) in text for text in named):
                found.append(process)
        except psutil.Error:
            continue
    return found


def _wait_for(condition: Any, seconds: float = 15) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it didn't happen in time"
        time.sleep(0.05)
