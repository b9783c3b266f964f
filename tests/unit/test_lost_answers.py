"""When a build begins again, and when it doesn't."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError, NoCredentialsError, ReadTimeoutError

from labsupport import lost_answers
from labsupport.errors import DeployError
from labsupport.lost_answers import survives_lost_answers


def refusal(code: str, status: int = 400) -> ClientError:
    answer = {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(answer, "CreateThing")


def builder(*errors: Exception) -> tuple[list[str], object]:
    """Return how often it was begun, and a build that meets these errors, one each time."""
    begun: list[str] = []

    @survives_lost_answers
    def build() -> str:
        begun.append("begun")
        if len(begun) <= len(errors):
            raise errors[len(begun) - 1]
        return "built"

    return begun, build


@pytest.mark.parametrize(
    "error",
    [
        refusal("EntityAlreadyExists", 409),
        refusal("ResourceInUseException"),
        refusal("ConflictException", 409),
        refusal("ThrottlingException"),
        refusal("TooManyRequestsException", 429),
        refusal("InternalFailure", 500),
        ReadTimeoutError(endpoint_url="https://x"),
        ConnectionClosedError(endpoint_url="https://x"),
    ],
    ids=str,
)
def test_where_an_answer_may_be_lost_a_build_begins_again(error: Exception) -> None:
    begun, build = builder(error, error)
    assert build() == "built"  # type: ignore[operator]
    assert len(begun) == 3


@pytest.mark.parametrize(
    "error",
    [
        refusal("AccessDenied", 403),
        refusal("ValidationException"),
        refusal("LimitExceededException"),
        refusal("ResourceNotFoundException", 404),
        NoCredentialsError(),
        DeployError(doing="x", cause="y", next_step="z"),
    ],
    ids=str,
)
def test_any_other_error_is_shown_at_once(error: Exception) -> None:
    begun, build = builder(error)
    with pytest.raises(type(error)):
        build()  # type: ignore[operator]
    assert len(begun) == 1


def test_what_is_refused_for_good_is_shown_in_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lost_answers, "BEGINS_AGAIN_WITHIN_SECONDS", 0.2)
    begun, build = builder(*[refusal("ConflictException")] * 100)
    with pytest.raises(ClientError, match="ConflictException"):
        build()  # type: ignore[operator]
    assert 2 <= len(begun) < 100


def test_a_build_within_a_build_leaves_it_to_the_outer_one() -> None:
    inner_begun, inner = builder(refusal("ConflictException"))
    outer_begun: list[str] = []

    @survives_lost_answers
    def outer() -> object:
        outer_begun.append("begun")
        return inner()  # type: ignore[operator]

    assert outer() == "built"
    assert (len(outer_begun), len(inner_begun)) == (2, 2)
