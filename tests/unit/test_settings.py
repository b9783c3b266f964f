from pathlib import Path

import pytest

from labsupport.errors import TargetError
from labsupport.settings import PROJECT, Settings


def test_when_nothing_is_set_then_the_local_cloud_in_us_east_1() -> None:
    settings = Settings.from_environment({})
    assert (settings.target, settings.region, settings.owner) == ("local", "us-east-1", None)
    assert settings.home == PROJECT / ".lab"
    assert not settings.unattended


def test_the_project_holds_functions_and_layers() -> None:
    assert (Settings.from_environment({}).project / "functions" / "hello" / "handler.py").is_file()
    assert (Settings.from_environment({}).project / "layers").is_dir()


def test_when_a_variable_is_empty_then_it_counts_as_unset() -> None:
    empty = dict.fromkeys(("LAB_TARGET", "LAB_REGION", "LAB_OWNER", "LAB_HOME", "LAB_AWS_ACCOUNT"), " ")
    assert Settings.from_environment(empty) == Settings.from_environment({})


def test_in_local_mode_the_learners_aws_variables_are_not_read() -> None:
    environ = {"AWS_REGION": "eu-west-1", "AWS_DEFAULT_REGION": "eu-west-1", "AWS_PROFILE": "work"}
    assert Settings.from_environment(environ) == Settings.from_environment({})


@pytest.mark.parametrize(
    ("environ", "region"),
    [
        ({"LAB_REGION": "eu-central-1", "AWS_REGION": "eu-west-1"}, "eu-central-1"),
        ({"AWS_REGION": "eu-west-1", "AWS_DEFAULT_REGION": "eu-west-2"}, "eu-west-1"),
        ({"AWS_DEFAULT_REGION": "eu-west-2"}, "eu-west-2"),
        ({}, None),
    ],
)
def test_on_aws_the_region_is_the_labs_then_the_learners(environ: dict[str, str], region: str | None) -> None:
    assert Settings.from_environment({"LAB_TARGET": "aws", **environ}).region == region


def test_on_aws_the_profile_and_the_account_are_read() -> None:
    environ = {"LAB_TARGET": "aws", "AWS_PROFILE": "work", "LAB_AWS_ACCOUNT": "111122223333"}
    settings = Settings.from_environment(environ)
    assert (settings.aws_profile, settings.aws_account) == ("work", "111122223333")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("LAB_TARGET", "azure"),
        ("LAB_REGION", "Frankfurt"),
        ("LAB_OWNER", "Anna"),
        ("LAB_OWNER", "averylongname"),
        ("LAB_OWNER", "an-na"),
        ("LAB_AWS_ACCOUNT", "12345"),
        ("LAB_PERMISSIONS_BOUNDARY", "lab-boundary-ana"),
        ("LAB_MAX_USD", "much"),
        ("LAB_MAX_USD", "-1"),
        ("LAB_EXPIRES_HOURS", "0"),
        ("LAB_EXPIRES_HOURS", "1.5"),
    ],
)
def test_when_a_value_is_not_usable_then_the_error_names_variable_and_value(name: str, value: str) -> None:
    with pytest.raises(TargetError) as caught:
        Settings.from_environment({name: value})
    assert name in caught.value.doing
    assert value in caught.value.cause


def test_the_home_may_be_given_with_a_tilde() -> None:
    assert Settings.from_environment({"LAB_HOME": "~/lab"}).home == Path.home() / "lab"


@pytest.mark.parametrize(("value", "unattended"), [("1", True), ("true", True), ("0", False), ("no", False)])
def test_unattended(value: str, unattended: bool) -> None:
    assert Settings.from_environment({"LAB_UNATTENDED": value}).unattended is unattended


def test_a_ceiling_holds_on_aws_and_on_the_local_cloud_only_if_it_is_set() -> None:
    on_aws = {"LAB_TARGET": "aws", "LAB_AWS_ACCOUNT": "111122223333"}
    assert Settings.from_environment(on_aws).max_usd == 1
    assert Settings.from_environment(on_aws | {"LAB_MAX_USD": "2.50"}).max_usd == 2.5
    assert Settings.from_environment({}).max_usd is None
    assert Settings.from_environment({"LAB_MAX_USD": "0"}).max_usd == 0


def test_what_is_built_expires_after_a_day_or_as_it_is_set() -> None:
    assert Settings.from_environment({}).expires_hours == 24
    assert Settings.from_environment({"LAB_EXPIRES_HOURS": "168"}).expires_hours == 168
