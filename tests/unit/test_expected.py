"""Errors that a step provokes on purpose."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from labsupport.errors import LabError
from labsupport.expected import expect_error


def aws_error(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "no"}}, "Operation")


def test_awss_error_is_shown_in_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    with expect_error("Refused"):
        raise aws_error("Refused")
    assert capsys.readouterr().out == "Refused: no\n"


def test_an_error_of_boto3s_own_is_shown_by_its_type(capsys: pytest.CaptureFixture[str]) -> None:
    with expect_error(TypeError):
        raise TypeError("Float types are not supported.")
    assert capsys.readouterr().out == "TypeError: Float types are not supported.\n"


@pytest.mark.parametrize("expected", ["Refused", TypeError])
def test_another_error_passes_through(expected: str | type[Exception]) -> None:
    with pytest.raises(ClientError), expect_error(expected):
        raise aws_error("Other")
    with pytest.raises(ZeroDivisionError), expect_error(expected):
        raise ZeroDivisionError


@pytest.mark.parametrize(("expected", "name"), [("Refused", "Refused"), (TypeError, "TypeError")])
def test_an_error_that_does_not_come_is_missed(expected: str | type[Exception], name: str) -> None:
    with pytest.raises(LabError) as caught, expect_error(expected):
        pass
    assert caught.value.doing == f"provoking the error {name}"
