"""Calls as a table that unfolds, and as text."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from labsupport.views.call_table import CallTable


@dataclass
class Bytes:
    """A file's content that is no text."""

    text: str | None = None

    def __str__(self) -> str:
        return "(4 bytes)"


@dataclass
class Body:
    """A file."""

    name: str = "body.bin"
    content: Bytes = field(default_factory=Bytes)


@dataclass
class Shell:
    """A command."""

    line: str
    files: tuple[Body, ...] = ()


@dataclass
class Model:
    """An operation's model, as far as it is needed."""

    http: dict[str, str] = field(default_factory=lambda: {"method": "PUT"})


@dataclass
class FakeCall:
    """A call as the tape tells of it."""

    service: str = "s3"
    operation: str = "PutObject"
    parameters: dict[str, Any] = field(default_factory=dict)
    plumbing: bool = False
    seconds: float | None = 0.0123
    http_status: int | None = 200
    error_code: str | None = None
    model: Any = field(default_factory=Model)
    line: str = "aws s3api put-object --key '<b>&'"

    def command(self) -> Shell:
        return Shell(self.line, (Body(), Body("event.json", Bytes('{"a": 1}'))))

    def __str__(self) -> str:
        return f"{self.service} {self.operation}"


def html(*calls: FakeCall) -> str:
    return CallTable(calls)._repr_html_()


def test_a_call_is_a_row_that_unfolds_to_its_command_and_its_permission() -> None:
    [summary], [details] = (re.findall(f"<{tag}.*</{tag}>", html(FakeCall())) for tag in ("summary", "div"))
    assert re.sub("<[^>]*>", "", summary) == "s3 PutObject20012 ms"
    assert "aws s3api put-object --key &#x27;&lt;b&gt;&amp;&#x27;</pre>" in details
    assert re.search("with this in body.bin:</p><pre[^>]*>\\(4 bytes\\)</pre>", details)
    assert re.search("with this in event.json:</p><pre[^>]*>{&quot;a&quot;: 1}</pre>", details)
    assert re.search("needs permission for <code[^>]*>s3:PutObject</code>", details)


def test_an_error_stands_in_the_place_of_the_answer() -> None:
    assert ">AccessDenied<" in html(FakeCall(http_status=403, error_code="AccessDenied"))
    assert ">no answer yet<" in html(FakeCall(http_status=None, seconds=None))


def test_a_call_of_the_labs_is_marked() -> None:
    assert "by the lab" in html(FakeCall(plumbing=True))
    assert "by the lab" not in html(FakeCall())


def test_where_no_permission_is_needed_or_known_it_says_so_or_nothing() -> None:
    assert "needs no permission" in html(FakeCall("sts", "GetCallerIdentity"))
    unknown = html(FakeCall("polly", "SynthesizeSpeech"))
    assert "permission" not in unknown


def test_each_row_can_be_reached_by_keyboard_and_needs_no_script_or_style_sheet() -> None:
    shown = html(FakeCall(), FakeCall())
    assert shown.count("<details") == shown.count("<summary") == 2
    assert not re.search("<(script|style|link|img)|onclick|https?:", shown)


def test_outside_notebooks_it_is_text() -> None:
    assert repr(CallTable([FakeCall(), FakeCall(operation="GetObject")])) == "s3 PutObject\ns3 GetObject"
    assert repr(CallTable()) == "No AWS call."
    assert "No AWS call." in html()
