import json
import re
from pathlib import Path

import pytest

from labsupport.errors import LabError
from labsupport.permissions import read_policy
from labsupport.settings import PROJECT


@pytest.fixture
def policy_file(tmp_path: Path) -> Path:
    path = tmp_path / "thumbnail" / "policy.json"
    path.parent.mkdir()
    path.write_text('{"Statement": [{"Resource": "arn:aws:s3:::${source_bucket}/raw/${aws:username}"}]}')
    return path


def test_placeholders_are_filled_and_iams_own_variables_are_left(policy_file: Path) -> None:
    policy = read_policy(policy_file, {"source_bucket": "photos", "not_used": "x"})
    assert policy["Statement"][0]["Resource"] == "arn:aws:s3:::photos/raw/${aws:username}"


def test_when_a_placeholder_has_no_value_then_the_error_names_it_and_the_file(policy_file: Path) -> None:
    with pytest.raises(LabError) as caught:
        read_policy(policy_file, {})
    assert "${source_bucket}" in caught.value.cause
    assert "thumbnail/policy.json" in caught.value.doing
    assert "values={'source_bucket': ...}" in caught.value.next_step


def test_a_value_can_not_change_the_document(policy_file: Path) -> None:
    policy = read_policy(policy_file, {"source_bucket": 'a", "Effect": "Allow'})
    assert list(policy["Statement"][0]) == ["Resource"]


def test_a_list_fills_a_placeholder_that_is_the_whole_text(policy_file: Path) -> None:
    policy_file.write_text('{"Statement": [{"Resource": "${arns}", "Sid": "${arn}"}]}')
    policy = read_policy(policy_file, {"arns": ["arn:a", 'arn:"b"'], "arn": "arn:c"})
    assert policy["Statement"] == [{"Resource": ["arn:a", 'arn:"b"'], "Sid": "arn:c"}]


def test_a_list_for_a_part_of_a_text_is_an_error_that_names_it(policy_file: Path) -> None:
    with pytest.raises(LabError, match="source_bucket"):
        read_policy(policy_file, {"source_bucket": ["photos", "texts"]})


def test_when_there_is_no_file_then_the_error_says_where_it_belongs(tmp_path: Path) -> None:
    with pytest.raises(LabError, match="there is no file"):
        read_policy(tmp_path / "policy.json", {})


def test_when_the_file_is_not_json_then_the_error_says_where_it_breaks(policy_file: Path) -> None:
    policy_file.write_text("{")
    with pytest.raises(LabError, match="not JSON"):
        read_policy(policy_file, {})


@pytest.mark.parametrize("path", sorted((PROJECT / "functions").glob("*/policy.json")), ids=str)
def test_every_functions_policy_can_be_filled_and_grants_nothing_on_everything(path: Path) -> None:
    names = set(re.findall(r"\$\{(\w+)\}", path.read_text()))
    policy = read_policy(path, dict.fromkeys(names, "x"))
    assert policy["Version"] == "2012-10-17"
    assert '"*"' not in json.dumps([statement["Resource"] for statement in policy["Statement"]])
