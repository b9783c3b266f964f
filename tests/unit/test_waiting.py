import pytest
from botocore.exceptions import ClientError

from labsupport import waiting
from labsupport.errors import DeployError
from labsupport.waiting import retry_while, tolerate, wait_until


def aws_error(code: str, message: str = "") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, "Operation")


def test_wait_until_returns_the_first_true_answer() -> None:
    answers = iter([None, 0, "", "done", "too late"])
    assert wait_until(lambda: next(answers), doing="x", timeout_seconds=5) == "done"


def test_when_it_never_happens_then_the_error_says_what_was_waited_for() -> None:
    with pytest.raises(DeployError) as caught:
        wait_until(lambda: None, doing="waiting for the thumbnail", timeout_seconds=0.1, next_step="Look.")
    assert caught.value.doing == "waiting for the thumbnail"
    assert "0.1 s" in caught.value.cause
    assert caught.value.next_step == "Look."


def test_a_condition_is_asked_at_least_once() -> None:
    assert wait_until(lambda: True, doing="x", timeout_seconds=0)


def test_retry_while_goes_on_as_long_as_the_refusal_passes() -> None:
    refusals = iter([aws_error("Busy"), aws_error("Busy")])

    def call() -> str:
        for refusal in refusals:
            raise refusal
        return "done"

    assert retry_while(lambda error: "Busy" in str(error), call, timeout_seconds=5) == "done"


@pytest.mark.parametrize(
    ("code", "calls_at_least", "calls_at_most"), [("Busy", 2, 99), ("AccessDenied", 1, 1)]
)
def test_retry_while_shows_awss_own_error_at_the_end(
    code: str, calls_at_least: int, calls_at_most: int
) -> None:
    calls = []

    def call() -> None:
        calls.append(code)
        raise aws_error(code)

    with pytest.raises(ClientError, match=code):
        retry_while(lambda error: "Busy" in str(error), call, timeout_seconds=0.3)
    assert calls_at_least <= len(calls) <= calls_at_most


def test_tolerate_goes_on_for_the_named_codes_only() -> None:
    with tolerate("Gone", "NotThere"):
        raise aws_error("NotThere")
    with pytest.raises(ClientError, match="AccessDenied"), tolerate("Gone"):
        raise aws_error("AccessDenied")


def test_who_waits_long_is_told_what_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "QUIET_SECONDS", 0.1)
    told: list[str] = []
    with pytest.raises(DeployError):
        wait_until(lambda: None, doing="waiting for it", timeout_seconds=0.5, progress=told.append)
    with pytest.raises(ClientError):
        retry_while(
            lambda _: True, _busy, timeout_seconds=0.5, doing="waiting for the role", progress=told.append
        )
    assert told == [
        "Waiting for it: 0 s so far, 0.5 s at most.",
        "Waiting for the role: 0 s so far, 0.5 s at most.",
    ]


def test_who_waits_a_moment_is_told_nothing() -> None:
    told: list[str] = []
    answers = iter([None, None, "done"])
    wait_until(lambda: next(answers), doing="x", progress=told.append)
    assert told == []


def _busy() -> None:
    raise aws_error("Busy")
