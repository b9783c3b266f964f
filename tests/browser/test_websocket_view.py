"""The WebSocket client in a real browser: it connects, sends, sees what is pushed, and connects again."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Visit
from tests.browser.lesson import milliseconds, wait_until_ready
from tests.browser.test_jupyterlab import ERRORS, run_all_cells

pytestmark = pytest.mark.browser

ANSWER_SECONDS = 60


def test_a_message_is_sent_and_a_pushed_one_is_seen(visit: Visit) -> None:
    visit.checkout.add("websocket.ipynb")
    page = visit.page
    page.goto(visit.url.replace("00_start_here", "websocket") + "&reset")
    wait_until_ready(page, "WebSocket")
    run_all_cells(page, 4)
    expect(page.locator(ERRORS)).to_have_count(0)

    client = page.get_by_role("region", name="WebSocket client")
    state, log = client.get_by_role("status"), client.get_by_role("list", name="Messages")
    expect(state).to_have_text("open", timeout=milliseconds(ANSWER_SECONDS))
    field = client.get_by_label("Message (JSON)")
    field.fill("no JSON")
    field.press("Control+Enter")
    expect(client.get_by_role("alert")).to_contain_text("Not sent")
    field.fill('{"action": "wave"}')
    field.press("Control+Enter")
    expect(log).to_contain_text(
        '"pushed": "{\\"action\\": \\"wave\\"}"', timeout=milliseconds(ANSWER_SECONDS)
    )
    client.get_by_role("button", name="Disconnect").press("Enter")
    expect(state).to_have_text("closed with code 1000")
    client.get_by_role("button", name="Reconnect").press("Enter")
    expect(state).to_have_text("open", timeout=milliseconds(ANSWER_SECONDS))
    assert (visit.errors, visit.outside) == ([], [])
