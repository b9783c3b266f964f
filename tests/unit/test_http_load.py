"""A load: its bounds, its open loop, its backoff, its figures and its picture. The server is a real one."""

from __future__ import annotations

import io
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from PIL import Image

from labsupport.backoff import pause_seconds
from labsupport.charges import usage_of_call
from labsupport.errors import LabError, TargetError
from labsupport.http_load import send_load
from labsupport.http_samples import HttpSample, Load, percentile
from labsupport.resources.rest_api import RestApiDescription
from labsupport.tape import Tape
from labsupport.target import Target
from labsupport.views.live_load import LiveLoad
from labsupport.views.load_picture import load_picture


class Events:
    def register(self, *_: Any, **__: Any) -> None:
        """Listen to nothing."""


class Session:
    events = Events()


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 100
    statuses: Iterator[int]
    pause_seconds = 0.0


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def do_GET(self) -> None:
        time.sleep(self.server.pause_seconds)
        self.send_response(next(self.server.statuses, 200))
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server(("127.0.0.1", 0), Handler)
    server.statuses = iter(())
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def api_at(url: str) -> RestApiDescription:
    return RestApiDescription("abc", "lab-me-orders", url, "prod", "r", "arn:a", "arn:e")


def target(endpoint_url: str | None = "http://127.0.0.1:1") -> Target:
    return Target("local", "123456789012", "us-east-1", "me", endpoint_url, Session(), Tape())


def run(server: Server, **options: Any) -> tuple[Load, Target]:
    where, api = target(), api_at(f"http://127.0.0.1:{server.server_port}")
    options = {"requests_per_second": 100, "seconds": 0.2, **options}
    return send_load(where, api, "GET /orders", **options), where


def test_each_request_is_sent_when_it_is_due_and_counted_by_status(server: Server) -> None:
    server.statuses = iter([429, 500])
    frames: list[bool] = []
    load, where = run(server, watch=lambda load: frames.append(load.is_over))
    assert len(load) == 20 and load.is_over
    assert load.by_status == {200: 18, 429: 1, 500: 1}
    assert load.by_outcome == {"2xx": 18, "429": 1, "other": 1}
    assert all((sample.sent or 0) >= sample.due for sample in load)
    assert frames[-1] and not any(frames[:-1])
    (call,) = where.tape.calls()
    assert call.operation == "GET /orders × 20"
    assert usage_of_call(call).units == {"apigateway-rest-request": 20}


def test_a_slow_api_does_not_slow_the_sender_and_waiting_for_a_connection_is_latency(server: Server) -> None:
    server.pause_seconds = 0.1
    wide, _ = run(server, concurrency=50, seconds=0.1)
    narrow, _ = run(server, concurrency=1, seconds=0.1)
    assert narrow.percentile(1.0) > 0.8 > wide.p50  # the tenth waits for nine others
    assert narrow[-1].sent is not None and narrow[-1].sent > 0.8


def test_a_client_that_backs_off_gets_through_and_tells_how_often_it_tried(server: Server) -> None:
    server.statuses = iter([429, 503, 429])
    load, where = run(server, requests_per_second=10, seconds=0.1, backoff=True)
    assert load.by_status == {200: 1}
    assert load[0].retried == load.retries == 3
    assert usage_of_call(where.tape.calls()[0]).units == {"apigateway-rest-request": 4}


def test_pauses_grow_differ_and_have_an_end() -> None:
    assert [pause_seconds(attempt, 1.0) for attempt in (1, 2, 3)] == [0.2, 0.4, 0.8]
    assert pause_seconds(3, 0.5) == 0.4
    assert pause_seconds(30, 1.0) == 5.0


def test_where_nobody_answers_the_samples_say_so() -> None:
    load = send_load(target(), api_at("http://127.0.0.1:9"), "GET /", requests_per_second=10, seconds=0.1)
    assert load.by_status == {0: 1} and load.by_outcome["other"] == 1


@pytest.mark.parametrize(
    "options",
    [
        {"requests_per_second": 501},
        {"requests_per_second": 0},
        {"requests_per_second": 500, "seconds": 21},
        {"concurrency": 201},
        {"concurrency": 0},
    ],
)
def test_too_much_is_refused(options: dict[str, Any]) -> None:
    wanted: Any = {"requests_per_second": 10, "seconds": 1, **options}
    with pytest.raises(LabError, match="at most"):
        send_load(target(), api_at("http://127.0.0.1:9"), "GET /", **wanted)


def test_only_the_labs_own_apis_get_load() -> None:
    with pytest.raises(TargetError):
        send_load(target(), api_at("https://example.com"), "GET /", requests_per_second=1, seconds=1)
    with pytest.raises(LabError, match="no API of API Gateway"):
        send_load(target(None), api_at("https://example.com"), "GET /", requests_per_second=1, seconds=1)


SPANS = ((140, 200), (855, 915), (1250, 1310))  # inside of a 2xx, a 429 and another column, in dots


def sampled(count: int = 200, *, is_over: bool = True) -> Load:
    load = Load()
    for number in range(count):
        status = (200, 200, 200, 429, 429, 500)[number * 6 // count]
        load.append(HttpSample(number / 50, number / 50, number / 50 + 0.02 + number % 7 / 100, status))
    load.seconds, load.is_over = count / 50, is_over
    return load


def test_percentiles_are_by_nearest_rank() -> None:
    assert [percentile(range(1, 101), share) for share in (0.5, 0.95, 0.99, 1.0)] == [50, 95, 99, 100]
    assert percentile([], 0.5) == 0
    load = sampled()
    assert (round(load.p50, 3), round(load.p95, 3)) == (0.05, 0.08)
    assert "100 × 2xx" in repr(load) and "p95 80 ms" in repr(load)


@pytest.mark.parametrize("load", [sampled(), sampled(is_over=False), Load([HttpSample(0.0)]), sampled(9)])
def test_the_picture_is_a_png_that_says_itself_in_words(load: Load) -> None:
    picture = load_picture(load)
    assert picture.alt == f"{load!r}."
    image = Image.open(io.BytesIO(picture.data))
    assert image.size == (1520, 780)


def test_the_outcomes_differ_without_colour() -> None:
    image = Image.open(io.BytesIO(load_picture(sampled()).data)).convert("L")
    # The middle of a plain column, of a hatched one (paper and stripes) and of a dark one.
    plain, hatched, dark = ({image.getpixel((x, 380)) for x in range(*span)} for span in SPANS)
    assert len(plain) == 1 and min(plain) > 200
    assert max(hatched) == 255 and min(hatched) < 150
    assert len(dark) == 1 and max(dark) < 80


def test_a_live_load_changes_its_frame_and_leaves_the_picture() -> None:
    class Place:
        shown: Any = None

        def show(self, frame: Any, *, display_id: bool) -> Place:
            self.shown = frame
            return self

        def update(self, picture: Any) -> None:
            self.shown = picture

    place = Place()
    live = LiveLoad(show=place.show)
    live(sampled(is_over=False))
    frame, before = place.shown, place.shown.value
    live(sampled(100, is_over=False))
    assert place.shown is frame and frame.value != before
    live(sampled())
    assert place.shown.alt == f"{sampled()!r}."
