"""Notebook 09 with another model behind it, in another Region: what it asserts holds for any model.

There the notebook's model is called through an inference profile.
"""

from __future__ import annotations

import itertools
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from labsupport.localcloud import supervisor
from tests.checkout import Checkout
from tests.course import add_course

pytestmark = pytest.mark.notebooks

WORDS = ("In short , nobody of this hotel wrote this sentence . " * 4).split()


class TinyModel(ThreadingHTTPServer):
    """An OpenAI-compatible server. Its model writes one text to everybody, and varies it with temperature."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked: list[dict[str, Any]] = []
        self.number = itertools.count()

    def chunks(self, asked: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """Yield what the model writes, a word at a time, and how many of them."""
        words = [*WORDS, f"({next(self.number)})"] if asked.get("temperature") else WORDS
        written = words[: asked.get("max_tokens")]
        for word in written:
            yield {"choices": [{"index": 0, "delta": {"content": f"{word} "}}]}
        reason = "length" if len(written) < len(words) else "stop"
        yield {"choices": [{"index": 0, "delta": {}, "finish_reason": reason}]}
        read = sum(len(str(message["content"]).split()) for message in asked["messages"])
        yield {"choices": [], "usage": {"prompt_tokens": read, "completion_tokens": len(written)}}


class Handler(BaseHTTPRequestHandler):
    server: TinyModel

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked.append(asked)
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        for chunk in self.server.chunks(asked):
            self.wfile.write(f"data: {json.dumps(chunk)}\n\n".encode())
        self.wfile.write(b"data: [DONE]\n\n")

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def model() -> Iterator[TinyModel]:
    with TinyModel() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_the_notebook_passes_with_another_model_behind_it_in_another_region(
    model: TinyModel, tmp_path: Path
) -> None:
    checkout = add_course(Checkout(tmp_path, owner="other"))
    address = f"http://127.0.0.1:{model.server_port}/v1"
    elsewhere = {"LAB_MODEL_URL": address, "LAB_REGION": "us-west-2"}
    try:
        answer = checkout.lab("run", "09", timeout_seconds=300, **elsewhere)
    finally:
        supervisor.stop(checkout.home)
    assert answer.returncode == 0, answer.stdout
    assert len(model.asked) > 20
    executed = (checkout.build / "notebooks" / "09_bedrock_summary.ipynb").read_text()
    assert "nobody of this hotel wrote this sentence" in executed, "the stand-ins answered"
