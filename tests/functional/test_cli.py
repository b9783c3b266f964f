"""The command line as real processes: what they print where, their exit codes, what they start and end."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from labsupport.commands.doctor import environment, local_cloud, machine
from labsupport.commands.doctor.finding import Mark
from labsupport.localcloud import supervisor
from labsupport.localcloud.record import CloudRecord
from labsupport.naming import resource_name
from labsupport.settings import Settings
from labsupport.target import Target
from tests.checkout import Checkout

pytestmark = pytest.mark.functional

HOSTILE = {
    "AWS_PROFILE": "company",
    "AWS_SESSION_TOKEN": "a company's token",
    "AWS_ENDPOINT_URL_STS": "http://127.0.0.1:9",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true",
    "AWS_CONFIG_FILE": "/nowhere",
    "HTTP_PROXY": "http://127.0.0.1:9",
    "http_proxy": "http://127.0.0.1:9",
}
WHO_AM_I = "import boto3; print(boto3.client('sts').get_caller_identity()['Account'])"


@pytest.fixture
def alone(tmp_path: Path) -> Iterator[Checkout]:
    """A checkout with a home of its own, in which no cloud runs yet."""
    checkout = Checkout(tmp_path)
    yield checkout
    supervisor.stop(checkout.home)


@pytest.fixture
def shared(cloud: CloudRecord, settings: Settings, tmp_path: Path) -> Checkout:
    """A checkout that uses the session's cloud as an owner of its own."""
    return Checkout(tmp_path, home=settings.home, owner=settings.owner)


# Starting up and going wrong


def test_the_help_imports_nothing_heavy(alone: Checkout) -> None:
    code = (
        "import sys; from labsupport.cli import main; main(['--help']); print(*sys.modules, file=sys.stderr)"
    )
    answer = subprocess.run(
        [sys.executable, "-c", code], env=alone.environ, capture_output=True, text=True, check=True
    )
    heavy = {"boto3", "botocore", "papermill", "nbformat", "nbconvert", "jupyterlab", "psutil", "asyncio"}
    assert heavy & set(answer.stderr.split()) == set()


def test_when_a_setting_is_wrong_then_its_sentence_and_no_traceback(alone: Checkout) -> None:
    answer = alone.lab("status", LAB_TARGET="azure")
    assert (answer.returncode, answer.stdout) == (1, "")
    assert answer.stderr.startswith("While reading the setting LAB_TARGET")
    assert "What to do:" in answer.stderr
    assert "Traceback" not in answer.stderr


def test_when_a_command_breaks_then_one_line_and_the_traceback_in_a_file(alone: Checkout) -> None:
    (alone.root / "labsupport/commands/stop.py").write_text("raise RuntimeError('broken on purpose')\n")
    answer = alone.lab("stop")
    log = alone.home / "last-error.log"
    assert answer.returncode == 1
    assert answer.stderr.splitlines() == [
        "`./lab stop` failed unexpectedly: RuntimeError: broken on purpose",
        f"The full traceback is in {log}. Please add it when you report this.",
    ]
    assert log.read_text().endswith("RuntimeError: broken on purpose\n")
    assert log.stat().st_mode & 0o077 == 0
    assert "labsupport/cli.py" in log.read_text()


def test_when_the_traceback_cannot_be_kept_then_it_is_shown(alone: Checkout) -> None:
    (alone.root / "labsupport/commands/stop.py").write_text("raise RuntimeError('broken')\n")
    alone.home.write_text("a file where the lab's folder should be")
    answer = alone.lab("stop")
    assert answer.returncode == 1
    assert "Traceback (most recent call last)" in answer.stderr


def test_when_the_reader_goes_away_then_nothing_is_said(alone: Checkout) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    answer = subprocess.run(
        alone.command("status"),
        env=alone.environ | {"PYTHONUNBUFFERED": ""},  # or the pipe would be noticed earlier than in a shell
        stdout=writing,
        stderr=subprocess.PIPE,
        text=True,
        timeout=60,
    )
    os.close(writing)
    assert (answer.returncode, answer.stderr) == (1, "")


def test_all_arguments_of_lab_test_reach_pytest(alone: Checkout) -> None:
    tests = "def test_good(): pass\ndef test_bad(): assert False\n"
    (alone.root / "test_it.py").write_text(tests)
    good = alone.lab("test", "-q", "-k", "good or better", "test_it.py")
    bad = alone.lab("test", "-q", "test_it.py")
    assert (good.returncode, bad.returncode) == (0, 1)
    assert "1 passed, 1 deselected" in good.stdout
    assert "1 failed, 1 passed" in bad.stdout


# status, env, stop


def test_when_no_cloud_runs_then_status_says_so_and_starts_none(alone: Checkout) -> None:
    text, machine_readable = alone.lab("status"), alone.lab("status", "--json")
    assert (text.returncode, machine_readable.returncode) == (0, 0)
    assert text.stdout.startswith("The local cloud is not running.")
    status = json.loads(machine_readable.stdout)
    assert status.pop("progress")["exercises_passed"] == 0
    assert status == {
        "target": "local",
        "running": False,
        "url": None,
        "account": None,
        "region": "us-east-1",
        "owner": None,
        "running_since": None,
        "models": None,
        "resources": [],
    }
    assert not alone.home.exists()


def test_status_tells_what_the_cloud_holds(shared: Checkout, target: Target, cloud: CloudRecord) -> None:
    queue = resource_name(target.owner, "failed")
    target.client("sqs").create_queue(QueueName=queue, tags=target.tags())
    status = json.loads(shared.lab("status", "--json").stdout)
    assert {key: status[key] for key in ("target", "running", "url", "account", "region", "owner")} == {
        "target": "local",
        "running": True,
        "url": cloud.url,
        "account": cloud.account,
        "region": cloud.region,
        "owner": target.owner,
    }
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00", status["running_since"])
    [resource] = status["resources"]
    assert (resource["kind"], resource["name"]) == ("queue", queue)
    assert resource["arn"] == f"arn:aws:sqs:us-east-1:{cloud.account}:{queue}"
    assert status["models"] == "stand-ins"
    text = shared.lab("status").stdout
    assert "Resources  queue: 1" in text and "Models     stand-ins" in text


@pytest.mark.parametrize("shell", ["dash", "bash"])
def test_env_points_every_tool_at_the_cloud(shared: Checkout, cloud: CloudRecord, shell: str) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not on this machine")
    script = f"""eval "$('{sys.executable}' -m labsupport env)" && '{sys.executable}' -c "{WHO_AM_I}" """
    answer = subprocess.run(
        [shell, "-euc", script], env=shared.environ | HOSTILE, capture_output=True, text=True, timeout=60
    )
    assert (answer.stdout.strip(), answer.returncode) == (cloud.account, 0), answer.stderr


def test_env_points_the_aws_cli_at_the_cloud(shared: Checkout, cloud: CloudRecord) -> None:
    program = shutil.which("aws")
    if program is None or subprocess.run([program, "--version"], capture_output=True).returncode:
        pytest.skip("the AWS CLI is not on this machine")
    script = (
        f"""eval "$('{sys.executable}' -m labsupport env)" && aws sts get-caller-identity --query Account"""
    )
    answer = subprocess.run(
        ["sh", "-euc", script], env=shared.environ | HOSTILE, capture_output=True, text=True, timeout=60
    )
    assert (json.loads(answer.stdout), answer.returncode) == (cloud.account, 0), answer.stderr


def test_env_starts_the_cloud_and_prints_nothing_but_shell(alone: Checkout) -> None:
    answer = alone.lab("env", **HOSTILE)
    record = supervisor.find(alone.home)
    assert record is not None
    lines = answer.stdout.splitlines()
    assert all(re.fullmatch(r"export \w+=\S+|unset \w+", line) for line in lines)
    assert f"export AWS_ENDPOINT_URL={record.url}" in lines
    assert f"export AWS_ACCOUNT_ID={record.account}" in lines
    assert "export AWS_CONFIG_FILE=/dev/null" in lines
    assert "export AWS_EC2_METADATA_DISABLED=true" in lines
    assert "unset AWS_PROFILE" in lines

    stopped, again = alone.lab("stop"), alone.lab("stop")
    assert (stopped.returncode, again.returncode) == (0, 0)
    assert stopped.stdout.startswith("The local cloud is stopped.")
    assert again.stdout == "The local cloud was not running.\n"
    assert supervisor.find(alone.home) is None


# teardown


def test_teardown_deletes_what_a_dry_run_lists(shared: Checkout, target: Target) -> None:
    queue = resource_name(target.owner, "failed")
    target.client("sqs").create_queue(QueueName=queue, tags=target.tags())
    dry, real, again = (shared.lab("teardown", *words) for words in (["--dry-run"], [], []))
    assert (dry.returncode, real.returncode, again.returncode) == (0, 0, 0)
    assert queue in dry.stdout and "Deleted" not in dry.stdout
    assert f"Deleted queue {queue}" in real.stdout
    assert real.stdout.splitlines()[-1] == "1 deleted, 0 failed. Nothing of the lab is left."
    assert "Nothing: the lab has built nothing here" in again.stdout


def test_when_something_cannot_be_deleted_then_teardown_fails_and_names_it(
    shared: Checkout, target: Target
) -> None:
    bucket, s3 = resource_name(target.owner, "locked"), target.client("s3")
    s3.create_bucket(Bucket=bucket, ObjectLockEnabledForBucket=True)
    tags = [{"Key": key, "Value": value} for key, value in target.tags().items()]
    s3.put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": tags})
    s3.put_object(Bucket=bucket, Key="kept", Body=b"x", ObjectLockLegalHoldStatus="ON")
    try:
        answer = shared.lab("teardown")
    finally:
        s3.put_object_legal_hold(Bucket=bucket, Key="kept", LegalHold={"Status": "OFF"})
    assert answer.returncode == 1
    assert f"Could not delete bucket {bucket}" in answer.stdout
    assert answer.stdout.splitlines()[-1] == "Run `./lab teardown` again."


def test_on_aws_teardown_needs_a_named_account(alone: Checkout) -> None:
    answer = alone.lab("teardown", "--yes", LAB_TARGET="aws")
    assert answer.returncode == 1
    assert "LAB_AWS_ACCOUNT" in answer.stderr


# open


def test_when_the_wanted_port_is_taken_then_open_says_so_and_starts_nothing(alone: Checkout) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        answer = alone.lab("open", "--no-browser", "--port", str(port))
    assert (answer.returncode, answer.stdout) == (1, "")
    assert f"While opening JupyterLab on port {port}: another program uses that port." in answer.stderr
    assert supervisor.find(alone.home) is None


def test_open_serves_the_course_to_who_has_the_printed_address(alone: Checkout) -> None:
    alone.add("passes.ipynb", "00_start_here.ipynb")
    process = alone.start("open", "--no-browser")
    try:
        assert process.stdout is not None
        assert "Opening the course in JupyterLab" in process.stdout.readline()
        url = process.stdout.readline().strip()
        assert re.fullmatch(
            r"http://127\.0\.0\.1:\d+/lab/tree/notebooks/00_start_here\.ipynb\?token=\w+", url
        )
        assert b"JupyterLab" in wait_for(url, process)
        assert (
            b"JupyterLab" not in urllib.request.urlopen(url.partition("?")[0], timeout=10).read()
        )  # the login page
        address, token = url.partition("/lab/")[0], url.partition("?")[2]
        contents = json.load(urllib.request.urlopen(f"{address}/api/contents?{token}", timeout=10))
        assert {"notebooks", "labsupport"} <= {entry["name"] for entry in contents["content"]}
        assert supervisor.wait_until_ready(alone.home).url  # the cloud has been started beside it
    finally:
        process.terminate()
        process.communicate(timeout=30)


def wait_for(url: str, process: subprocess.Popen[str], timeout_seconds: float = 90) -> bytes:
    deadline = time.monotonic() + timeout_seconds
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(urllib.error.URLError):
            return bytes(urllib.request.urlopen(url, timeout=10).read())
        time.sleep(0.1)
    raise AssertionError(f"JupyterLab did not answer; exit code {process.poll()}")


# doctor


def test_the_doctors_exit_code_agrees_with_its_marks(shared: Checkout) -> None:
    answer = shared.lab("doctor")
    marks = re.findall(r"^(pass|warn|fail)  ", answer.stdout, re.MULTILINE)
    assert len(marks) >= 13
    assert answer.returncode == (1 if "fail" in marks else 0)
    counts = ", ".join(f"{marks.count(mark)} {mark}" for mark in ("pass", "warn", "fail"))
    assert answer.stdout.splitlines()[-1] == f"{len(marks)} checks: {counts}"
    assert "pass  the local cloud answers at http://127.0.0.1:" in answer.stdout


AWS_WITHOUT_CREDENTIALS = {
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
}


def test_the_doctor_on_aws_without_credentials_says_what_to_do(alone: Checkout) -> None:
    answer = alone.lab("doctor", "--target", "aws", **AWS_WITHOUT_CREDENTIALS)
    assert answer.returncode == 1
    assert "fail  AWS doesn't know whose credentials these are: Unable to locate credentials" in answer.stdout
    assert "      Sign in (`aws sso login`" in answer.stdout
    assert "the local cloud" not in answer.stdout
    assert not alone.home.exists() or not list(alone.home.glob("cloud.*")), "no local cloud was started"


def test_the_doctor_examines_the_account_that_was_named(alone: Checkout, cloud: CloudRecord) -> None:
    """boto3's own setting leads the AWS mode to the local cloud, which plays the account."""
    answer = alone.lab(
        "doctor",
        "--target",
        "aws",
        **AWS_WITHOUT_CREDENTIALS,
        AWS_ENDPOINT_URL=cloud.url,
        AWS_ACCESS_KEY_ID=cloud.access_key_id,
        AWS_SECRET_ACCESS_KEY=cloud.secret_access_key,
        LAB_AWS_ACCOUNT=cloud.account,
        LAB_OWNER="nobody",
    )
    assert f"pass  your credentials are those of the account {cloud.account}, owner nobody" in answer.stdout
    assert "warn  these are the root user's credentials" in answer.stdout
    assert "pass  Lambda runs 1000 executions at once" in answer.stdout
    assert "pass  nothing of the owner nobody is left in the account" in answer.stdout
    assert "itself failed" not in answer.stdout


def test_the_doctor_compares_the_environment_with_a_lock(tmp_path: Path) -> None:
    lock = tmp_path / "requirements.lock"
    lock.write_text(
        "# made by a tool\n"
        "no-such-package==1.0 ; python_version >= '3' \\\n"
        "    --hash=sha256:00 \\\n"
        "    --hash=sha256:01\n"
        "    # via something\n"
        "pip==1.0 \\\n"
        "    --hash=sha256:02\n"
        "windows-only==1 ; sys_platform == 'win32'\n"
        f"pytest=={pytest.__version__}\n"
    )
    missing, other = environment.differences(environment.locked(lock))
    assert missing == "no-such-package is missing"
    assert re.fullmatch(r"pip \d[\d.]* instead of ==1.0", other)


def test_the_doctor_finds_a_kernel_of_another_python(
    tmp_path: Path, settings: Settings, alone: Checkout
) -> None:
    kernel = tmp_path / "kernels" / "python3"
    kernel.mkdir(parents=True)
    spec = {
        "argv": ["/usr/bin/other-python", "-m", "ipykernel_launcher"],
        "display_name": "x",
        "language": "python",
    }
    (kernel / "kernel.json").write_text(json.dumps(spec))
    answer = alone.lab("doctor", JUPYTER_PATH=str(tmp_path))
    assert "fail  the kernel python3 runs another Python: /usr/bin/other-python" in answer.stdout
    assert answer.returncode == 1


def test_the_doctor_finds_folders_that_cannot_be_written(tmp_path: Path, settings: Settings) -> None:
    (tmp_path / "file").write_text("")
    finding = machine.folders(replace(settings, home=tmp_path / "file" / "home"))
    assert finding.mark is Mark.FAIL
    assert machine.folders(replace(settings, home=tmp_path / "home")).mark is Mark.PASS


def test_the_doctor_finds_a_killed_cloud(tmp_path: Path, settings: Settings) -> None:
    home = tmp_path / "home"
    record = supervisor.start(home)
    assert record is not None
    own = replace(settings, home=home)
    assert local_cloud.cloud(own).mark is Mark.PASS
    assert local_cloud.leftovers(own).mark is Mark.PASS
    os.kill(record.pid, signal.SIGKILL)
    try:
        finding = local_cloud.cloud(own)
        assert finding.mark is Mark.WARN
        assert "ended unexpectedly" in finding.text
    finally:
        supervisor.stop(home)


def test_the_doctor_finds_processes_of_a_former_cloud(tmp_path: Path, settings: Settings) -> None:
    own = replace(settings, home=tmp_path)
    command = [sys.executable, "-c", "import time; print(flush=True); time.sleep(60)"]
    environ = {**os.environ, "TMPDIR": str(tmp_path / "work" / "environment")}
    with subprocess.Popen(command, env=environ, stdout=subprocess.PIPE) as left:
        assert left.stdout is not None
        left.stdout.readline()
        finding = local_cloud.leftovers(own)
        left.kill()
    assert finding.mark is Mark.WARN
    assert str(left.pid) in finding.text
    assert finding.next_step == f"End them with: kill -9 {left.pid}"
