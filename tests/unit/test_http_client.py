"""What the notebook's HTTP client sends, notes on the tape, and says when nobody answers."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from botocore.credentials import Credentials

from labsupport import http_client
from labsupport.backoff import ATTEMPTS
from labsupport.errors import CloudError, DeployError, LabError, TargetError
from labsupport.http_client import HttpClient
from labsupport.resources.rest_api import RestApiDescription
from labsupport.tape import Tape
from labsupport.target import Target
from labsupport.views.call_table import CallTable

LOCAL = "http://127.0.0.1:4566"
API = f"{LOCAL}/_aws/execute-api/abc/prod"
REST = RestApiDescription("abc", "lab-me-orders", API, "prod", "r", "arn:a", "arn:e")


class Events:
    def register(self, *_: Any, **__: Any) -> None:
        """Listen to nothing."""


class Session:
    events = Events()

    def get_credentials(self) -> Credentials:
        return Credentials("AKIDEXAMPLE", "not-a-secret")


def target(endpoint_url: str | None = LOCAL) -> Target:
    return Target("local", "123456789012", "us-east-1", "me", endpoint_url, Session(), Tape())


def client(
    answer: Callable[[httpx.Request], httpx.Response], where: Target | None = None, **options: Any
) -> tuple[HttpClient, Target]:
    where = where or target()
    return HttpClient(
        where, options.pop("api", REST), transport=httpx.MockTransport(answer), **options
    ), where


def echo(request: httpx.Request) -> httpx.Response:
    return httpx.Response(201, json={"url": str(request.url), "body": request.content.decode()})


def test_a_path_is_put_behind_the_address_and_the_answer_is_data() -> None:
    http, _ = client(echo)
    answer = http.post("/orders", json={"item": "tea"}, params={"dry": "1"})
    assert (answer.status, answer.ok) == (201, True)
    assert answer.json() == {"url": f"{API}/orders?dry=1", "body": '{"item":"tea"}'}


@pytest.mark.parametrize("method", ["get", "post", "put", "patch", "delete", "options"])
def test_each_method_is_there(method: str) -> None:
    http, where = client(lambda request: httpx.Response(200, text=request.method))
    assert getattr(http, method)("/x").text == method.upper()
    assert where.tape.calls()[0].operation == f"{method.upper()} /_aws/execute-api/abc/prod/x"


@pytest.mark.parametrize("status", [403, 404, 429, 500])
def test_an_answer_of_any_status_is_a_result(status: int) -> None:
    http, _ = client(lambda _: httpx.Response(status, json={"message": "Forbidden"}))
    assert http.get("/orders").status == status


def test_with_backoff_what_is_refused_is_sent_again_and_every_request_is_on_the_tape(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(http_client, "pause_seconds", lambda attempt, chance: 0.0)
    statuses = iter([429, 503, 200])
    http, where = client(lambda _: httpx.Response(next(statuses)), backoff=True)
    assert http.get("/orders").status == 200
    assert [call.http_status for call in where.tape.calls()] == [429, 503, 200]


def test_backoff_gives_up_and_leaves_other_errors_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_client, "pause_seconds", lambda attempt, chance: 0.0)
    for status, attempts in ((429, ATTEMPTS), (500, 1)):
        http, where = client(lambda _, status=status: httpx.Response(status), backoff=True)
        assert http.signed().get("/orders").status == status
        assert len(where.tape.calls()) == attempts


def test_the_request_is_on_the_tape_with_curl_and_without_secrets() -> None:
    http, where = client(echo, headers={"x-api-key": "k3y", "Authorization": "Bearer t0ken"})
    where.tape.start_cell(7)
    http.post("/orders", content="it's", params={"token": "t0ken"}, headers={"X-Amz-Security-Token": "t0ken"})
    (call,) = where.tape.cell(plumbing=False)
    assert (call.cell, call.service, call.http_status, call.plumbing) == (7, "http", 201, False)
    words = shlex.split(call.cli())
    assert words[0] == "curl" and words[-1] == f"{API}/orders?token=***"
    assert words[-3:-1] == ["--data-raw", "it's"]
    assert "x-api-key: ***" in words and "authorization: ***" in words
    shown = CallTable([call])
    assert "k3y" not in repr(shown) + shown._repr_html_() + repr(call)
    assert "t0ken" not in repr(shown) + shown._repr_html_() + repr(call)
    assert "The same call with curl" in shown._repr_html_()


def test_what_the_lab_itself_sends_is_plumbing() -> None:
    http, where = client(echo)
    with where.tape.plumbing():
        http.get("/orders")
    assert where.tape.calls()[0].plumbing


@pytest.mark.parametrize(
    ("api", "headers", "kind"),
    [
        (REST, {}, "rest"),
        (API, {"x-amz-apigw-id": "a", "x-amzn-requestid": "b"}, "rest"),
        (API, {"apigw-requestid": "a"}, "http"),
        (API, {}, ""),
    ],
)
def test_the_kind_of_api_is_known_by_its_description_or_its_answer(
    api: Any, headers: dict[str, str], kind: str
) -> None:
    http, where = client(lambda _: httpx.Response(200, headers=headers), api=api)
    http.get("/orders")
    call: Any = where.tape.calls()[0]
    assert call.api_kind == kind


def test_a_signed_request_carries_the_signature_for_its_service_and_region() -> None:
    seen: list[httpx.Request] = []

    def note(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200)

    http, _ = client(note)
    http.get("/orders")
    http.signed().post("/orders", json={"item": "tea"}, params={"b": "2 3", "a": "1"})
    plain, signed = seen
    assert "authorization" not in plain.headers
    assert "/us-east-1/execute-api/aws4_request" in signed.headers["authorization"]
    assert "x-amz-date" in signed.headers
    assert signed.url.query == b"b=2%203&a=1"
    assert signed.content == b'{"item":"tea"}'


@pytest.mark.parametrize(
    ("error", "kind", "words"),
    [
        (httpx.ConnectError("refused"), CloudError, "local cloud has stopped"),
        (httpx.ReadTimeout("late"), LabError, "no answer came within 35 s"),
    ],
)
def test_no_answer_is_an_error_that_says_what_to_do(
    error: httpx.TransportError, kind: type[LabError], words: str
) -> None:
    def fail(_: httpx.Request) -> httpx.Response:
        raise error

    http, where = client(fail)
    with pytest.raises(kind, match=words) as caught:
        http.get("/orders")
    assert caught.value.next_step.endswith(".")
    (call,) = where.tape.calls()
    assert call.error_code == type(error).__name__ and call.seconds is not None


def test_on_aws_a_host_that_cannot_be_reached_is_named() -> None:
    def fail(_: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("no such name")

    api = "https://abc.execute-api.us-east-1.amazonaws.com"
    http, _ = client(fail, where=target(None), api=api)
    with pytest.raises(LabError, match=r"abc\.execute-api\S+ could not be reached"):
        http.get("/orders")


@pytest.mark.parametrize(
    "url", ["https://abc.execute-api.us-east-1.amazonaws.com", "http://127.0.0.1.nip.io"]
)
def test_in_local_mode_nothing_is_sent_to_another_machine(url: str) -> None:
    with pytest.raises(TargetError, match="Nothing was sent"):
        HttpClient(target(), url)


def test_an_answer_shows_status_line_telling_headers_and_readable_json() -> None:
    headers = {"Access-Control-Allow-Origin": "*", "Date": "today", "Retry-After": "1"}
    http, _ = client(lambda _: httpx.Response(429, json={"message": "<Too Many>"}, headers=headers))
    answer = http.get("/orders")
    assert repr(answer).splitlines()[0].startswith("429 Too Many Requests, ")
    assert '  "message": "<Too Many>"' in repr(answer).splitlines()
    before, _, folded = answer._repr_html_().partition("<details")
    assert "access-control-allow-origin: *" in before and "retry-after: 1" in before
    assert "&lt;Too Many&gt;" in before and "date: today" in folded and "date" not in before


def test_a_long_answer_is_a_few_lines_of_text() -> None:
    http, _ = client(lambda _: httpx.Response(200, json=[{"n": n, "t": "x" * 500} for n in range(100)]))
    lines = repr(http.get("/orders")).splitlines()
    assert len(lines) == 13 and max(map(len, lines)) <= 110
    assert lines[-1].endswith("more lines")


def test_it_waits_for_a_status_and_what_it_sends_meanwhile_is_plumbing() -> None:
    answers = iter([500, 500, 200])
    http, where = client(lambda request: httpx.Response(next(answers), text=str(request.url)))
    answer = http.wait_for(200, "GET", "/orders", params={"customer": "lan"})
    assert (answer.status, answer.text) == (200, f"{API}/orders?customer=lan")
    assert [call.plumbing for call in where.tape.calls()] == [True] * 3


def test_when_the_status_never_comes_then_the_error_says_which_one_did() -> None:
    http, _ = client(lambda request: httpx.Response(500))
    http.patience_seconds = 0.1
    with pytest.raises(DeployError) as caught:
        http.wait_for(200, "GET", "/orders")
    assert caught.value.doing == "waiting until GET /orders is answered with 200"
    assert caught.value.cause == "the answer is still 500 after 0.1 s."


def test_the_name_of_a_new_api_is_waited_for() -> None:
    answers = iter([httpx.ConnectError("Name or service not known")] * 2)

    def answer(request: httpx.Request) -> httpx.Response:
        for error in answers:
            raise error
        return httpx.Response(200)

    http, _ = client(answer, where=target(None), api="https://a1.example")
    assert http.wait_for(200, "GET", "/orders").status == 200
    http, _ = client(lambda request: answer_nothing(), where=target(None), api="https://a1.example")
    http.patience_seconds = 0.1
    with pytest.raises(DeployError, match="could not be reached: Name or service not known"):
        http.wait_for(200, "GET", "/orders")


def answer_nothing() -> httpx.Response:
    raise httpx.ConnectError("Name or service not known")


def test_what_is_no_http_is_not_the_clouds_fault() -> None:
    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.LocalProtocolError("Illegal header value b'Bearer '")

    http, _ = client(refuse)
    with pytest.raises(LabError, match="can't be written as HTTP: Illegal header value") as caught:
        http.get("/orders", headers={"Authorization": "Bearer "})
    assert not isinstance(caught.value, CloudError)


def test_below_an_error_of_api_gateways_own_stands_its_card() -> None:
    error = httpx.Response(429, json={"message": "Too Many Requests"}, headers={"apigw-requestid": "a"})
    http, _ = client(lambda _: error)
    answer = http.get("/orders")
    assert answer.card is not None and answer.card.title == "API Gateway throttles"
    shown = answer._repr_html_()
    assert shown.index("429") < shown.index("API Gateway throttles") < shown.index("What to do")
    assert repr(answer).endswith("(API Gateway throttles.)")
    own, _ = client(
        lambda _: httpx.Response(429, json={"message": "Sold out"}, headers={"apigw-requestid": "a"})
    )
    assert own.get("/orders").card is None
    assert "What to do" not in own.get("/orders")._repr_html_()
