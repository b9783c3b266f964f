"""The cards as data, and how they read."""

from __future__ import annotations

import re
import traceback

import pytest

from labsupport.error_cards import (
    Card,
    Failure,
    cards,
    failure_of_answer,
    failure_of_function,
    recognise,
)
from labsupport.errors import LabError
from labsupport.invocation import Invocation
from labsupport.views.error_card import lab_error_card, our_mistake_card, recognised_card

TASKS = {
    "1.1 secure access",
    "2.1 loosely coupled",
    "2.1 scalable",
    "2.2 highly available",
    "3.1 storage",
    "3.2 elastic compute",
    "3.3 databases",
    "4.1 storage cost",
    "No exam task",
}
DENIAL = (
    "User: arn:aws:sts::123456789012:assumed-role/lab-me-thumbnail/lab-me-thumbnail is not authorized to "
    'perform: s3:PutObject on resource: "arn:aws:s3:::photos/a.jpg" because no identity-based policy '
    "allows the s3:PutObject action"
)


@pytest.mark.parametrize("card", cards(), ids=lambda card: card.name)
def test_a_card_says_everything_in_sentences(card: Card) -> None:
    assert re.fullmatch("[a-z]+(-[a-z]+)*", card.name)
    assert card.types or card.codes or card.message
    assert len(card.title) < 60 and not card.title.endswith(".")
    for text in (card.means, card.why, card.do):
        assert re.fullmatch(r"([A-Z`]|boto3 ).*[.?]", text), text
        assert text.count("`") % 2 == 0
    task, _, idea = card.exam.partition(": ")
    assert task in TASKS and idea.endswith(".")


@pytest.mark.parametrize("card", cards(), ids=lambda card: card.name)
def test_a_titles_placeholders_are_groups_of_the_pattern(card: Card) -> None:
    assert set(re.findall(r"\{(\w+)\}", card.title)) <= re.compile(card.message).groupindex.keys()


def test_no_two_cards_have_one_name() -> None:
    names = [card.name for card in cards()]
    assert len(set(names)) == len(names)


def test_a_denial_is_taken_apart() -> None:
    card = recognise(Failure((), "AccessDenied", DENIAL))
    assert card is not None
    assert card.title == "The role lab-me-thumbnail may not do s3:PutObject"
    assert card.facts == {
        "who": "the role lab-me-thumbnail",
        "what": "s3:PutObject",
        "where": "arn:aws:s3:::photos/a.jpg",
    }


def test_an_error_that_aws_gave_to_a_function_is_taken_for_awss() -> None:
    message = f"An error occurred (AccessDenied) when calling the PutObject operation: {DENIAL}"
    assert failure_of_function("ClientError", message) == Failure((), "AccessDenied", DENIAL)
    retried = (
        "An error occurred (SlowDown) when calling the GetObject operation (reached max retries: 4): Wait."
    )
    assert failure_of_function("ClientError", retried) == Failure((), "SlowDown", "Wait.")
    assert failure_of_function("KeyError", None) == Failure((), "KeyError", "")


def test_everything_that_a_card_asks_for_has_to_fit() -> None:
    card = Card("n", "t", "m", "w", "d", "e", types=("A",), codes=("B",), message="^c")
    assert card.fits(Failure(("A", "Exception"), "B", "cc"))
    assert not card.fits(Failure(("X",), "B", "cc"))
    assert not card.fits(Failure(("A",), "X", "cc"))
    assert not card.fits(Failure(("A",), "B", "xc"))


REST = {"x-amz-apigw-id": "a"}
HTTP = {"apigw-requestid": "a"}


def test_an_answer_of_api_gateways_own_is_told_by_its_message_alone() -> None:
    own = failure_of_answer(
        403, REST | {"x-amzn-errortype": "ForbiddenException:"}, '{"message":"Forbidden"}'
    )
    assert own == Failure(("HttpAnswer", "RestApiAnswer"), "ForbiddenException", "403 Forbidden")
    http = failure_of_answer(404, HTTP, '{"message": "Not Found"}\n')
    assert http == Failure(("HttpAnswer", "HttpApiAnswer"), "", "404 Not Found")
    assert failure_of_answer(200, HTTP, '{"message":"Forbidden"}') is None
    assert failure_of_answer(403, HTTP, '{"message":"Forbidden","order":7}') is None
    assert failure_of_answer(403, HTTP, "Forbidden") is None
    assert failure_of_answer(403, {}, '{"message":"Forbidden"}') is None  # another server's


def test_a_status_decides_between_equal_messages_and_a_kind_of_api_between_equal_answers() -> None:
    def name(status: int, headers: dict[str, str], message: str) -> str:
        failure = failure_of_answer(status, headers, f'{{"message": "{message}"}}')
        card = recognise(failure) if failure else None
        return card.name if card else ""

    assert name(500, REST, "Internal server error") == "api-may-not-ask"
    assert name(502, REST, "Internal server error") == "api-function-answer"
    assert name(403, REST, "Forbidden") == "api-key-missing"
    assert name(403, HTTP, "Forbidden") == "api-caller-not-allowed"
    assert name(429, HTTP, "Too Many Requests") == name(429, REST, "Too Many Requests") == "api-throttles"
    assert name(429, HTTP, "not here, try again") == ""


# How they read


def test_a_card_is_html_in_a_notebook_and_text_elsewhere() -> None:
    card = recognise(Failure((), "NoSuchBucket", "gone"))
    assert card is not None
    shown = recognised_card(card, raw="Traceback <module> $a$")
    assert repr(shown).splitlines()[0] == "There is no bucket of this name"
    assert [line.partition(":")[0] for line in repr(shown).splitlines()[1:]] == [
        "It means",
        "Usual cause",
        "What to do",
        "For the exam",
    ]
    html = shown._repr_html_()
    before, _, folded = html.partition("<details")
    assert "lab-&lt;owner&gt;-&lt;thing&gt;" in before and '>lab.name("photos")</code>' in before
    assert "Traceback" not in before and "Traceback &lt;module&gt; $a$" in folded
    assert "mathjax_ignore" in html  # or JupyterLab would set what stands between two dollars as TeX
    assert not re.search("<(script|style|link|img)|https?:", html)


def test_an_error_of_the_labs_has_its_three_parts() -> None:
    error = LabError(doing="building it", cause="it is full.", next_step="Empty it.", detail="line 9")
    shown = lab_error_card(error, raw="Traceback")
    assert repr(shown).splitlines() == ["While building it", "Why: It is full.", "What to do: Empty it."]
    assert "line 9\n\nTraceback" in shown._repr_html_()
    assert "line 9" in "".join(traceback.format_exception(error)), "for who runs it outside of a notebook"


def test_a_mistake_of_the_lab_says_so() -> None:
    assert repr(our_mistake_card("KeyError", "'x'")).startswith(
        "This is a mistake of the lab, not yours\nKeyError: 'x'"
    )


def invocation(error_type: str | None, message: str | None = None) -> Invocation:
    return Invocation(None, error_type, message, [], [], None, "8f5")


def test_a_functions_error_is_shown_first_and_explained_on_request() -> None:
    failed = invocation("Runtime.ImportModuleError", "Unable to import module 'a': No module named 'PIL'")
    html = failed._repr_html_()
    assert html is not None
    before, _, folded = html.partition("<details")
    assert "No module named 'PIL'" in before.replace("&#x27;", "'") and "can't import PIL" not in before
    assert "The function can't import PIL" in folded
    assert "PIL" in repr(failed) and "can't import" not in repr(failed)


def test_other_invocations_have_no_html() -> None:
    assert invocation(None)._repr_html_() is None
    assert invocation("KeyError", "'missing'")._repr_html_() is None
