"""`Lab` as notebooks use it: in this process, and in a real kernel."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from labsupport.errors import DeployError, LabError, TeardownError
from labsupport.lab import Lab
from labsupport.localcloud import supervisor
from labsupport.localcloud.record import CloudRecord
from labsupport.resources.function_policy import policy_statements
from labsupport.settings import PROJECT, Settings

pytestmark = pytest.mark.functional


def test_it_says_in_one_line_where_it_is(
    cloud: CloudRecord, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    lab = Lab("05", settings=settings)
    line = f"Local cloud, account {cloud.account}, Region us-east-1. Names begin with lab-{lab.owner}-.\n"
    assert capsys.readouterr().out == line


def test_names(lab: Lab) -> None:
    full = f"lab-{lab.owner}-photos"
    assert lab.name("photos") == full
    assert lab.name(full) == full
    assert lab.name("arn:aws:lambda:us-east-1:1:function:x") == "arn:aws:lambda:us-east-1:1:function:x"


def test_the_first_function_from_the_folder_to_its_log_line(
    lab: Lab, capsys: pytest.CaptureFixture[str]
) -> None:
    function = lab.deploy_function("hello")
    assert function.change == "created"
    assert capsys.readouterr().out.endswith(f"Function {lab.name('hello')}: created.\n")
    assert function.runtime == f"python{sys.version_info.major}.{sys.version_info.minor}"
    cold = lab.invoke("hello", {"name": "Mai"})
    warm = lab.invoke("hello", {"name": "Mai"})
    assert cold.result == {"message": "Hello, Mai!"}
    assert not cold.failed
    assert (cold.cold, warm.cold) == (True, False)
    assert cold.report is not None
    assert cold.report.init_ms is not None
    assert "Saying hello to Mai" in cold.log_lines
    assert cold.request_id != warm.request_id
    report = lab.wait_for_report("hello", request_id=warm.request_id)
    assert report.init_ms is None
    assert repr(lab.logs("hello")).count("\n") > 5
    messages = [event.message for event in lab.logs("hello")]
    assert messages.count("Saying hello to Mai") == 2


def test_logs_of_an_asynchronous_invocation_are_waited_for(lab: Lab) -> None:
    function = lab.deploy_function("hello")
    started = datetime.now(UTC)
    lab.client("lambda").invoke(
        FunctionName=function.name, InvocationType="Event", Payload=b'{"name": "Mai"}'
    )
    events = lab.logs("hello", since=started - timedelta(seconds=1), until="Saying hello to Mai")
    assert any(event.message == "Saying hello to Mai" for event in events)
    report = lab.wait_for_report("hello", since=started - timedelta(seconds=1))
    assert report.billed_ms >= 1
    with pytest.raises(DeployError, match="never said"):
        lab.logs("hello", until="never said", timeout_seconds=0.2)
    assert lab.logs("hello", since=datetime.now(UTC) + timedelta(hours=1)) == []


def test_running_the_cell_again_changes_nothing(lab: Lab) -> None:
    lab.deploy_function("hello")
    assert lab.deploy_function("hello").change == "unchanged"


def test_a_failing_handler_is_a_result(lab: Lab, tmp_path: Path) -> None:
    (tmp_path / "handler.py").write_text("def handler(event, context):\n    return event['missing']\n")
    lab.deploy_function("hello", code=tmp_path)
    invocation = lab.invoke("hello", {})
    assert invocation.failed
    assert (invocation.error_type, invocation.error_message) == ("KeyError", "'missing'")
    assert invocation.result is None
    assert "handler.py" in invocation.stack_trace[0]
    assert "KeyError: 'missing'" in repr(invocation)


def test_a_policys_values_are_filled_in_and_a_missing_one_is_named(lab: Lab) -> None:
    with pytest.raises(LabError, match=r"\$\{failure_queue\}"):
        lab.deploy_role("thumbnail")
    values = {"source_bucket": "a", "target_bucket": "b", "failure_queue": "c"}
    assert lab.deploy_role("thumbnail", values=values).endswith(f":role/lab-{lab.owner}-thumbnail")
    found = lab.client("iam").get_role_policy(RoleName=lab.name("thumbnail"), PolicyName="least-privilege")
    assert f"log-group:/aws/lambda/{lab.name('thumbnail')}:*" in json.dumps(found["PolicyDocument"])


def test_the_queue_behind_a_function_gets_what_it_failed_on(lab: Lab, tmp_path: Path) -> None:
    (tmp_path / "handler.py").write_text("def handler(event, context):\n    raise ValueError(event['key'])\n")
    queue = lab.deploy_queue("failed")
    policy = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": ["sqs:SendMessage", "logs:*"], "Resource": "*"}],
    }
    role_arn = lab.deploy_role("hello", policy=policy)
    lab.deploy_function("hello", code=tmp_path, role_arn=role_arn)
    lab.on_failure("hello", queue.arn)
    lab.client("lambda").invoke(
        FunctionName=lab.name("hello"), InvocationType="Event", Payload=b'{"key": "raw/a.jpg"}'
    )
    sqs = lab.client("sqs")
    received = lab.wait_until(
        lambda: sqs.receive_message(QueueUrl=queue.url).get("Messages"),
        doing="waiting for the failed event",
        timeout_seconds=20,
    )
    assert json.loads(received[0]["Body"])["requestPayload"] == {"key": "raw/a.jpg"}


def test_an_api_that_is_built_again_takes_the_place_of_the_earlier_one(lab: Lab) -> None:
    echo = lab.deploy_function("echo")
    for api_id in ("first1", "second2", "second2"):
        lab.allow_api("echo", api_id)
    statements = policy_statements(lab.target, echo.name).values()
    sources = [statement["Condition"]["ArnLike"]["AWS:SourceArn"] for statement in statements]
    assert sources == [f"arn:aws:execute-api:{lab.region}:{lab.account}:second2/*"]


def test_an_access_log_has_its_log_group_and_is_in_the_inventory(lab: Lab) -> None:
    for _ in range(2):
        access_log = lab.deploy_access_log("orders")
    assert access_log.arn.endswith(f":log-group:{access_log.name}")
    assert access_log.name in [resource.name for resource in lab.inventory()]


def test_the_tape_shows_the_cells_own_calls_and_plumbing_only_if_asked_for(lab: Lab) -> None:
    lab.deploy_bucket("photos")
    lab.client("s3").put_object(Bucket=lab.name("photos"), Key="a", Body=b"x")
    assert [call.operation for call in lab.calls()] == ["PutObject"]
    assert "CreateBucket" in [call.operation for call in lab.calls(plumbing=True)]
    assert "aws s3api put-object" in repr(lab.calls())


def test_the_inventory_and_the_teardown(lab: Lab, capsys: pytest.CaptureFixture[str]) -> None:
    lab.deploy_function("hello")
    lab.invoke("hello")
    assert [resource.kind for resource in lab.inventory()] == ["function", "role", "log group"]
    assert lab.name("hello") in repr(lab.inventory())
    assert lab.teardown().is_clean
    assert lab.inventory() == []
    assert "Nothing" in repr(lab.inventory())
    assert "Nothing of the lab is left." in capsys.readouterr().out


def test_when_something_can_not_be_deleted_then_the_teardown_says_so(lab: Lab) -> None:
    lab.deploy_queue("jobs")

    def deny(**_: Any) -> None:
        raise LabError(doing="deleting the queue", cause="not today.", next_step="Wait.")

    events = lab.client("sqs").meta.events
    events.register("before-call.sqs.DeleteQueue", deny)
    with pytest.raises(TeardownError) as caught:
        lab.teardown()
    assert "not today" in (caught.value.detail or "")
    events.unregister("before-call.sqs.DeleteQueue", deny)


def test_a_notebook_that_starts_again_after_its_kernel_died_finds_and_updates_what_is_there(
    cloud: CloudRecord, settings: Settings
) -> None:
    died = Lab("05", settings=settings)
    died.deploy_function("hello")
    again = Lab("05", settings=settings)
    assert again.deploy_function("hello").change == "unchanged"
    assert again.teardown().is_clean


def test_the_help_of_the_command_line_needs_no_boto3() -> None:
    code = "import sys, labsupport, labsupport.cli; print('boto3' in sys.modules)"
    finished = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=PROJECT)
    assert finished.stdout.strip() == "False"


class TestInAKernel:
    """What a learner sees in a real notebook."""

    def run_cells(self, settings: Settings, *cells: str, **variables: str) -> list[Any]:
        """Run cells in a new kernel that has the settings, and return the notebook's cells."""
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in cells])
        notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3"}
        environment = {**os.environ, "LAB_HOME": str(settings.home), "LAB_OWNER": settings.owner or ""}
        environment |= {"PYTHONPATH": str(PROJECT), **variables}
        client = NotebookClient(notebook, timeout=60, allow_errors=True)
        client.execute(env=environment)
        return list(notebook.cells)

    def text(self, cell: Any) -> str:
        parts = [output.get("text", "") for output in cell.outputs]
        parts += [output.get("data", {}).get("text/plain", "") for output in cell.outputs]
        return "".join(parts)

    def error(self, cell: Any) -> Any:
        return next(output for output in cell.outputs if output.output_type == "error")

    def test_each_cell_has_its_own_tape(self, cloud: CloudRecord, settings: Settings) -> None:
        cells = self.run_cells(
            settings,
            "from labsupport import Lab\nlab = Lab('05')",
            "lab.client('sts').get_caller_identity();",
            "lab.client('s3').list_buckets();",
            "lab.calls()",
            "lab.calls()",
        )
        assert self.text(cells[0]).startswith("Local cloud, account")
        assert "s3 ListBuckets: 200" in self.text(cells[3])
        assert "sts" not in self.text(cells[3])
        assert self.text(cells[4]).splitlines()[1] == "    aws s3api list-buckets"

    def test_the_cost_names_the_cell_by_its_prompt(self, cloud: CloudRecord, settings: Settings) -> None:
        cells = self.run_cells(
            settings,
            "from labsupport import Lab\nlab = Lab('05')",
            "lab.client('s3').list_buckets();",
            "x = 1",
            "lab.cost()",
            "lab.calls()",
        )
        assert cells[1].execution_count == 2
        assert "Cell [2]" in self.text(cells[3])
        assert "How it adds up" in cells[3].outputs[0]["data"]["text/html"]
        assert self.text(cells[4]).startswith("s3 ListBuckets: 200")  # the meter's own calls don't count

    def test_an_error_of_ours_is_shown_as_its_message_without_our_frames(
        self, cloud: CloudRecord, settings: Settings
    ) -> None:
        cells = self.run_cells(
            settings, "from labsupport import Lab\nlab = Lab('05')", "lab.deploy_role('thumbnail')"
        )
        error = self.error(cells[1])
        assert error.ename == "LabError"
        assert "${failure_queue}" in error.evalue
        assert "What to do:" in error.evalue
        assert "permissions.py" not in "\n".join(error.traceback)
        assert len(error.traceback) <= 4

    def test_plain_boto3_and_the_aws_cli_reach_the_same_cloud_too(
        self, cloud: CloudRecord, settings: Settings
    ) -> None:
        cells = self.run_cells(
            settings,
            "import boto3\nfrom labsupport import Lab\nlab = Lab('05')",
            "boto3.client('sts').get_caller_identity()['Account']",
            "lab.calls()",
            "boto3.Session().client('sts').get_caller_identity()['Account']",
            "import os\nprint(*(f'{name}={value}' for name, value in os.environ.items() if 'real' in value))",
            AWS_PROFILE="does-not-exist",
            AWS_ENDPOINT_URL_STS="http://127.0.0.1:9",
            AWS_SECRET_ACCESS_KEY="real",
        )
        assert self.text(cells[1]) == f"'{cloud.account}'"
        assert "sts GetCallerIdentity: 200" in self.text(cells[2])
        assert self.text(cells[3]) == f"'{cloud.account}'"
        assert self.text(cells[4]) == "\n"

    def test_setup_on_aws_without_a_named_account_is_a_plain_sentence(
        self, cloud: CloudRecord, settings: Settings
    ) -> None:
        cells = self.run_cells(settings, "from labsupport import Lab\nLab('05')", LAB_TARGET="aws")
        assert "LAB_AWS_ACCOUNT" in self.error(cells[0]).evalue
        assert "target.py" not in "\n".join(self.error(cells[0]).traceback)

    def test_when_the_cloud_is_killed_under_it_then_the_setup_cell_brings_it_back(
        self, tmp_path: Path
    ) -> None:
        settings = replace(
            Settings.from_environment({}), home=tmp_path / "home", owner=f"t{uuid.uuid4().hex[:6]}"
        )
        setup = "from labsupport import Lab\nlab = Lab('05')\ns3 = lab.client('s3')"
        kill = (
            "import os, time\nfrom labsupport.localcloud import supervisor\ntime.sleep(1.5)\n"
            f"os.kill(supervisor.find(lab.settings.home).pid, {int(signal.SIGKILL)})"
        )
        try:
            cells = self.run_cells(
                settings,
                setup,
                "lab.deploy_bucket('photos')",
                kill,
                "s3.put_object(Bucket=lab.name('photos'), Key='a', Body=b'x');",
                setup,
                "s3.put_object(Bucket=lab.name('photos'), Key='a', Body=b'x')['ETag']",
            )
            error = self.error(cells[3])
            assert error.ename == "CloudError"
            assert "the local cloud has stopped" in error.evalue
            assert "Run the Setup cell again" in error.evalue
            assert "botocore" not in "\n".join(error.traceback)
            assert "Local cloud" in self.text(cells[4])
            assert "9dd4e461268c8034f5c8564e155c67a6" in self.text(cells[5])
        finally:
            supervisor.stop(settings.home)
