"""What the environment says of a local cloud's behaviour."""

from __future__ import annotations

import pytest

from labsupport.localcloud.lambda_service.asynchronous import AWS_RETRY_SECONDS
from labsupport.localcloud.models import semantic
from labsupport.localcloud.options import CloudOptions


def test_nothing_said_means_the_defaults() -> None:
    assert CloudOptions.from_environment({"LAB_IDLE_SECONDS": ""}) == CloudOptions()


def test_each_variable_is_read() -> None:
    environ = {"LAB_IDLE_SECONDS": "1.5", "LAB_RETRY_INTERVALS": "aws", "LAB_ROLE_DELAY_SECONDS": "8"}
    environ |= {"LAB_MODEL_URL": "http://127.0.0.1:11434/v1", "LAB_MODEL_NAME": "qwen3"}
    found = CloudOptions.from_environment(environ)
    assert found == CloudOptions(1.5, AWS_RETRY_SECONDS, 8.0, "http://127.0.0.1:11434/v1", "qwen3")


@pytest.mark.parametrize("value", ["soon", "-1", "inf", "nan"])
@pytest.mark.parametrize("name", ["LAB_IDLE_SECONDS", "LAB_ROLE_DELAY_SECONDS"])
def test_what_is_no_number_of_seconds_is_refused_by_name(name: str, value: str) -> None:
    with pytest.raises(ValueError, match=f"{name} is '{value}'. It must be a number of seconds"):
        CloudOptions.from_environment({name: value})


def test_no_environment_may_be_idle_for_no_time() -> None:
    with pytest.raises(ValueError, match="LAB_IDLE_SECONDS"):
        CloudOptions.from_environment({"LAB_IDLE_SECONDS": "0"})


@pytest.mark.parametrize(
    "value", ["localhost:11434", "ftp://127.0.0.1", "http://", "http://me:secret@127.0.0.1"]
)
def test_what_is_no_address_of_a_model_server_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match=r"LAB_MODEL_URL .* must be an address such as"):
        CloudOptions.from_environment({"LAB_MODEL_URL": value})


def test_embeddings_are_one_of_two_and_never_another_than_was_asked_for() -> None:
    with pytest.raises(ValueError, match=r"LAB_EMBEDDINGS is 'best'. It must be one of stand-in, semantic"):
        CloudOptions.from_environment({"LAB_EMBEDDINGS": "best"})
    environ = {"LAB_EMBEDDINGS": "semantic"}
    if semantic.problem() is None:
        assert CloudOptions.from_environment(environ).embeddings == "semantic"
    else:
        with pytest.raises(ValueError, match=r"the extra isn't installed: .* is missing. Run"):
            CloudOptions.from_environment(environ)
