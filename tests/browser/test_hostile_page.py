"""A page of another site in the learner's browser: whatever it sends to the local cloud has no effect.

The site's name leads to this machine, as a name that its owner points at 127.0.0.1 would (DNS rebinding).
"""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser

from labsupport.lab import Lab
from labsupport.localcloud.record import CloudRecord
from labsupport.packaging import zip_files
from tests.browser.conftest import open_browser

pytestmark = pytest.mark.browser

EVIL = "evil.example"
CODE = b"def handler(event, context): return {'answer': 42}"
PAGE = b"<!doctype html><title>A page</title><iframe name=hidden></iframe>"
# {cloud}: the local cloud's address. {bucket}: a bucket. {api}: an API without CORS. {ws}: the cloud again.
ATTEMPTS = """
async ({cloud, ws, bucket, api}) => {
    const form = "Action=CreateUser&UserName=evil&Version=2010-05-08";
    const target = {"x-amz-target": "DynamoDB_20120810.ListTables"};
    const read = async (url, options) => (await (await fetch(url, options)).text()).slice(0, 80);
    const sent = async (url, options) => {
        await fetch(url, {mode: "no-cors", ...options}).catch(() => 0);
        throw new Error("sent, and nothing can be read");
    };
    const element = (tag, attribute, url) => new Promise((resolve, reject) => {
        const one = document.createElement(tag);
        one.onload = () => resolve("loaded");
        one.onerror = () => reject(new Error("not loaded"));
        one[attribute] = url;
        document.body.append(one);
    });
    const submit = (action, type, fields) => new Promise((resolve, reject) => {
        const one = Object.assign(document.createElement("form"),
            {method: "POST", action, enctype: type, target: "hidden"});
        for (const [name, value] of Object.entries(fields))
            one.append(Object.assign(document.createElement("input"), {name, value}));
        document.body.append(one);
        document.querySelector("iframe").onload = () => {
            try { resolve(window.hidden.document.body.innerText); } catch (error) { reject(error); }
        };
        one.submit();
    });
    const socket = (url) => new Promise((resolve, reject) => {
        const one = new WebSocket(url);
        one.onopen = () => resolve("open");
        one.onerror = () => reject(new Error("refused"));
    });
    const attempts = {
        "read the health page": () => read(`${cloud}/_lab/health`),
        "read MiniStack's health": () => read(`${cloud}/_ministack/health`),
        "read a bucket": () => read(`${cloud}/${bucket}?list-type=2`),
        "read an object": () => read(`${cloud}/${bucket}/key`),
        "list tables": () => read(cloud, {method: "POST", body: "{}", headers: target}),
        "list functions": () => read(`${cloud}/2015-03-31/functions`),
        "read with credentials": () => read(`${cloud}/${bucket}`, {credentials: "include"}),
        "read an API without CORS": () => read(api),
        "post an action as text": () => sent(cloud, {method: "POST", body: form}),
        "post an action as a form": () => sent(cloud, {method: "POST", body: new URLSearchParams(form)}),
        "post a reset": () => sent(`${cloud}/_ministack/reset`, {method: "POST"}),
        "post an invocation": () => sent(`${cloud}/2015-03-31/functions/f/invocations`, {method: "POST"}),
        "make a bucket": () => read(`${cloud}/evil-bucket`, {method: "PUT"}),
        "overwrite an object": () => read(`${cloud}/${bucket}/key`, {method: "PUT", body: "evil"}),
        "delete an object": () => read(`${cloud}/${bucket}/key`, {method: "DELETE"}),
        "set a quota": () => read(`${cloud}/_lab/model-quotas`, {method: "PUT", body: "{}"}),
        "send a beacon": () => {
            navigator.sendBeacon(`${cloud}/_ministack/reset`, form);
            throw new Error("sent, and nothing can be read");
        },
        "submit a form": () => submit(cloud, "application/x-www-form-urlencoded",
            {Action: "CreateUser", UserName: "evil", Version: "2010-05-08"}),
        "submit a form as text": () => submit(cloud, "text/plain", {Action: "CreateUser", UserName: "evil"}),
        "upload by a form": () => submit(`${cloud}/${bucket}`, "multipart/form-data",
            {key: "key", file: "evil"}),
        "show an object": () => element("img", "src", `${cloud}/${bucket}/key`),
        "run an object": () => element("script", "src", `${cloud}/${bucket}/key`),
        "run an action": () => element("script", "src", `${cloud}/?${form}`),
        "open a WebSocket": () => socket(ws),
        "open a WebSocket of the lab": () => socket(`${ws}/_lab/health`),
    };
    const tried = {};
    for (const [name, attempt] of Object.entries(attempts)) {
        const late = new Promise((_, reject) => setTimeout(() => reject(new Error("no answer")), 10000));
        try { tried[name] = `REACHED: ${await Promise.race([attempt(), late])}`; }
        catch (error) { tried[name] = `refused: ${error.message}`; }
    }
    return tried;
}
"""


@pytest.fixture(scope="module")
def misled() -> Iterator[Browser]:
    """Return a browser for which the site's name leads to this machine."""
    with open_browser(f"--host-resolver-rules=MAP {EVIL} 127.0.0.1") as browser:
        yield browser


class BlankPage(http.server.BaseHTTPRequestHandler):
    """A page without anything."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/html")
        self.end_headers()
        self.wfile.write(PAGE)

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture(scope="module")
def page_port() -> Iterator[int]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), BlankPage) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


@pytest.mark.parametrize(
    ("site", "cloud_name"),
    [(EVIL, "127.0.0.1"), (EVIL, EVIL), ("localhost", "127.0.0.1")],
    ids=["another site", "DNS rebinding", "another program of this machine"],
)
def test_a_page_of_another_origin_changes_and_reads_nothing(
    misled: Browser, page_port: int, lab: Lab, cloud: CloudRecord, site: str, cloud_name: str
) -> None:
    bucket = lab.deploy_bucket("private")
    s3, iam = lab.client("s3"), lab.client("iam")
    s3.put_object(Bucket=bucket, Key="key", Body=b"mine")
    function = lab.deploy_function(
        "answer", code=zip_files({"handler.py": CODE}), role_arn=lab.deploy_role("hello")
    )
    shut = lab.deploy_http_api("shut", routes={"GET /x": function.arn})
    with misled.new_context() as context:
        page = context.new_page()
        page.goto(f"http://{site}:{page_port}/")
        address = f"{cloud_name}:{cloud.port}"
        names = {
            "cloud": f"http://{address}",
            "ws": f"ws://{address}",
            "bucket": bucket,
            "api": f"{shut.url}/x",
        }
        tried = page.evaluate(ATTEMPTS, names)
    assert {name: said for name, said in tried.items() if not said.startswith("refused")} == {}
    assert "evil" not in [user["UserName"] for user in iam.list_users()["Users"]]
    assert "evil-bucket" not in [each["Name"] for each in s3.list_buckets()["Buckets"]]
    assert s3.get_object(Bucket=bucket, Key="key")["Body"].read() == b"mine"


def test_an_api_that_allows_it_is_called_by_any_page(misled: Browser, page_port: int, lab: Lab) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-cors.html"""
    function = lab.deploy_function(
        "answer", code=zip_files({"handler.py": CODE}), role_arn=lab.deploy_role("hello")
    )
    cors = {"AllowOrigins": ["*"], "AllowMethods": ["GET"], "AllowHeaders": ["x-mine"]}
    api = lab.deploy_http_api("open", routes={"GET /x": function.arn}, cors=cors)
    with misled.new_context() as context:
        page = context.new_page()
        page.goto(f"http://{EVIL}:{page_port}/")
        said = page.evaluate(
            "async (url) => (await fetch(url, {headers: {'x-mine': '1'}})).text()", f"{api.url}/x"
        )
    assert json.loads(said) == {"answer": 42}
