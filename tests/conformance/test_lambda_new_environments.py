"""Which changes of a function give it new execution environments, through boto3.

A change of the code or the configuration does; what is not part of an environment does not.

https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html
https://docs.aws.amazon.com/lambda/latest/api/API_UpdateFunctionConfiguration.html
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

from labsupport.lab import Lab
from tests.conformance.conftest import archive

pytestmark = pytest.mark.functional

SOURCE = """
    import importlib.util, os, uuid
    me = str(uuid.uuid4())
    def handler(event, context):
        storage = os.statvfs("/tmp")
        return {
            "me": me,
            "answer": "first",
            "memory": int(context.memory_limit_in_mb),
            "patient": context.get_remaining_time_in_millis() > 30_000,
            "variable": os.environ.get("NAME"),
            "layer": importlib.util.find_spec("tool") is not None,
            "walled": os.environ["LAMBDA_TASK_ROOT"] == "/var/task",
            "tmp": storage.f_blocks * storage.f_frsize >> 20,
        }
    def other(event, context):
        return {"me": me, "answer": "other"}
"""
POLICY = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "logs:*", "Resource": "*"}],
}


class Stage(NamedTuple):
    """One function, and what its changes need."""

    lab: Lab
    name: str

    def configure(self, **settings: Any) -> None:
        client = self.lab.client("lambda")
        client.update_function_configuration(FunctionName=self.name, **settings)
        client.get_waiter("function_updated_v2").wait(FunctionName=self.name)

    def invoke(self) -> dict[str, Any]:
        answer = self.lab.client("lambda").invoke(FunctionName=self.name)
        content: dict[str, Any] = json.load(answer["Payload"])
        assert "FunctionError" not in answer, content
        return content


@pytest.fixture
def stage(lab: Lab) -> Stage:
    role = lab.deploy_role("first", policy=POLICY)
    lab.deploy_function(
        "changing", code=archive(app=SOURCE), handler="app.handler", role_arn=role, memory_mb=512
    )
    return Stage(lab, lab.name("changing"))


def code(stage: Stage) -> None:
    client = stage.lab.client("lambda")
    changed = archive(app=SOURCE.replace("first", "second"))
    client.update_function_code(FunctionName=stage.name, ZipFile=changed)
    client.get_waiter("function_updated_v2").wait(FunctionName=stage.name)


def layers(stage: Stage) -> None:
    layer = stage.lab.client("lambda").publish_layer_version(
        LayerName=stage.lab.name("tool"), Content={"ZipFile": archive(python__tool="")}
    )
    stage.configure(Layers=[layer["LayerVersionArn"]])


def role(stage: Stage) -> None:
    stage.configure(Role=stage.lab.deploy_role("second", policy=POLICY))


def tags(stage: Stage) -> None:
    client = stage.lab.client("lambda")
    arn = client.get_function(FunctionName=stage.name)["Configuration"]["FunctionArn"]
    client.tag_resource(Resource=arn, Tags={"course": "lambda"})
    client.untag_resource(Resource=arn, TagKeys=["course"])


def reserved_concurrency(stage: Stage) -> None:
    client = stage.lab.client("lambda")
    client.put_function_concurrency(FunctionName=stage.name, ReservedConcurrentExecutions=5)
    client.delete_function_concurrency(FunctionName=stage.name)


def permission(stage: Stage) -> None:
    stage.lab.client("lambda").add_permission(
        FunctionName=stage.name,
        StatementId="s3",
        Action="lambda:InvokeFunction",
        Principal="s3.amazonaws.com",
    )


def version(stage: Stage) -> None:
    stage.lab.client("lambda").publish_version(FunctionName=stage.name)


def retries(stage: Stage) -> None:
    stage.lab.client("lambda").put_function_event_invoke_config(
        FunctionName=stage.name, MaximumRetryAttempts=0
    )


def setting(**settings: Any) -> Callable[[Stage], None]:
    return lambda stage: stage.configure(**settings)


@pytest.mark.parametrize(
    ("change", "shows"),
    [
        (code, {"answer": "second"}),
        (setting(MemorySize=640), {"memory": 640}),
        (setting(Timeout=60), {"patient": True}),
        (setting(Environment={"Variables": {"NAME": "value"}}), {"variable": "value"}),
        (layers, {"layer": True}),
        (role, {}),
        (setting(Handler="app.other"), {"answer": "other"}),
        (setting(EphemeralStorage={"Size": 640}), {}),
        (setting(LoggingConfig={"LogFormat": "JSON"}), {}),
    ],
    ids=["code", "memory", "timeout", "environment", "layers", "role", "handler", "storage", "logging"],
)
def test_a_change_gives_a_new_environment(
    stage: Stage, change: Callable[[Stage], None], shows: dict[str, Any]
) -> None:
    warm = [stage.invoke()["me"] for _ in range(2)]
    assert warm[0] == warm[1]
    change(stage)
    after = stage.invoke()
    assert after["me"] != warm[0], "the warm environment is still in use"
    assert {name: after[name] for name in shows} == shows
    assert stage.invoke()["me"] == after["me"], "the new one is warm from now on"


@pytest.mark.parametrize(
    "change", [tags, reserved_concurrency, permission, version, retries], ids=lambda change: change.__name__
)
def test_what_is_no_part_of_an_environment_leaves_it_warm(
    stage: Stage, change: Callable[[Stage], None]
) -> None:
    before = stage.invoke()["me"]
    change(stage)
    assert stage.invoke()["me"] == before


def test_tmp_has_the_size_that_the_configuration_says(stage: Stage) -> None:
    stage.configure(EphemeralStorage={"Size": 640})
    found = stage.invoke()
    if not found["walled"]:
        pytest.skip("this host allows no user namespaces: the temporary folder has no limit")
    assert found["tmp"] == 640
