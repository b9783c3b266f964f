from datetime import UTC, datetime, timedelta, timezone

import pytest

from labsupport import naming
from labsupport.errors import LabError

SOON = datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)


def test_a_name_is_made_of_owner_and_thing() -> None:
    assert naming.resource_name("ab12cd34", "thumbnail-v2") == "lab-ab12cd34-thumbnail-v2"


@pytest.mark.parametrize("thing", ["", "Photos", "my_photos", "a.b", "-a", "a-", "a--b", "ảnh", "a b"])
def test_when_a_thing_has_characters_that_s3_refuses_then_an_error_names_it(thing: str) -> None:
    with pytest.raises(LabError) as caught:
        naming.resource_name("ab12cd34", thing)
    assert repr(thing) in caught.value.doing


def test_a_name_may_have_63_characters_and_no_more() -> None:
    room = 63 - len("lab-ab12cd34-")
    assert len(naming.resource_name("ab12cd34", "x" * room)) == 63
    with pytest.raises(LabError, match="64 characters"):
        naming.resource_name("ab12cd34", "x" * (room + 1))


def test_the_owner_is_stable_and_differs_between_users_and_accounts() -> None:
    owner = naming.owner_of("111122223333", "anna")
    assert owner == naming.owner_of("111122223333", "anna")
    assert len(owner) == 8
    assert int(owner, 16) >= 0
    assert len({owner, naming.owner_of("111122223333", "ben"), naming.owner_of("444455556666", "anna")}) == 3


@pytest.mark.parametrize(
    ("name", "ours"),
    [
        ("lab-anna-photos", True),
        ("/aws/lambda/lab-anna-thumbnail", True),
        ("lab-anna2-photos", False),
        ("lab-anna", False),
        ("my-lab-anna-photos", False),
        ("/aws/lambda/thumbnail", False),
    ],
)
def test_ours_is_what_has_the_owners_whole_prefix(name: str, ours: bool) -> None:
    assert naming.is_ours(name, "anna") is ours


def test_tags_are_ours_only_with_the_labs_and_the_owners_value() -> None:
    tags = naming.tags("anna", "05", expires=SOON)
    assert tags["lab-notebook"] == "05"
    assert naming.has_our_tags(tags, "anna")
    assert not naming.has_our_tags(tags, "ben")
    assert not naming.has_our_tags({"lab-owner": "anna"}, "anna")
    assert not naming.has_our_tags({}, "anna")


def test_the_time_of_expiry_is_told_in_utc_and_read_again() -> None:
    in_hanoi = SOON.astimezone(timezone(timedelta(hours=7)))
    tags = naming.tags("anna", "05", expires=in_hanoi)
    assert tags["lab-expires"] == "2030-01-02T03:04:05Z"
    assert naming.expires(tags) == SOON


@pytest.mark.parametrize("value", [None, "", "tomorrow", "2030-01-02", "2030-01-02T03:04:05"])
def test_what_is_no_time_of_ours_never_expires(value: str | None) -> None:
    assert naming.expires({} if value is None else {"lab-expires": value}) is None
