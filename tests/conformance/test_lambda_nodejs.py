"""Node.js functions, as AWS's Node.js runtimes run them. Skipped where there is no Node.js.

https://docs.aws.amazon.com/lambda/latest/dg/lambda-nodejs.html
https://docs.aws.amazon.com/lambda/latest/dg/nodejs-handler.html
https://docs.aws.amazon.com/lambda/latest/dg/nodejs-context.html
https://docs.aws.amazon.com/lambda/latest/dg/nodejs-logging.html
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import time
from typing import Any

import pytest

from labsupport.lab import Lab
from labsupport.localcloud.lambda_service.function import Function, LoggingConfig
from tests.conformance.conftest import Bench, make_function, package

NODE = shutil.which("node") or shutil.which("nodejs")
pytestmark = pytest.mark.skipif(NODE is None, reason="there is no Node.js on this machine")

PID = "exports.handler = async () => process.pid;"
REQUIRED = "\nRequire stack:\n- /var/task/index.js\n- /var/runtime/index.mjs"


def node_function(
    source: str, *, file: str = "index.js", more: dict[str, str] | None = None, **changes: Any
) -> Function:
    """Make a Node.js function whose handler is index.handler."""
    settings = {"runtime": "nodejs22.x", "handler": "index.handler", "memory_mb": 512, **changes}
    return make_function(code=package({file: source, **(more or {})}), **settings)


@pytest.mark.parametrize(
    ("file", "source", "more"),
    [
        ("index.js", "exports.handler = async (event) => event;", {}),
        ("index.js", "exports.handler = (event, context, callback) => callback(null, event);", {}),
        ("index.cjs", "exports.handler = async (event) => event;", {}),
        ("index.mjs", "export const handler = async (event) => event;", {}),
        (
            "index.js",
            "export const handler = async (event) => event;",
            {"package.json": '{"type": "module"}'},
        ),
    ],
    ids=["CommonJS", "callback", "cjs", "mjs", "type module"],
)
def test_a_handler_gets_the_event_and_its_answer_comes_back(
    any_bench: Bench, file: str, source: str, more: dict[str, str]
) -> None:
    result = any_bench.invoke(node_function(source, file=file, more=more), '{"key": "ảnh mèo"}'.encode())
    assert result.error is None and json.loads(result.payload) == {"key": "ảnh mèo"}


def test_the_installed_nodejs_runs_it_and_init_start_says_so(bench: Bench) -> None:
    assert NODE is not None
    installed = subprocess.run([NODE, "--version"], capture_output=True, text=True, check=True).stdout
    result = bench.invoke(node_function("exports.handler = async () => process.version;"))
    assert json.loads(result.payload) == installed.strip()
    major = installed[1:].split(".")[0]
    assert result.log_tail.startswith(f"INIT_START Runtime Version: nodejs:{major}.lab\t")


def test_context_has_what_aws_documents(bench: Bench) -> None:
    source = "exports.handler = async (e, c) => ({ ...c, left: c.getRemainingTimeInMillis() });"
    function = node_function(source, timeout_seconds=7)
    context = json.loads(bench.invoke(function).payload)
    assert 5_000 < context.pop("left") <= 7_000
    assert context.pop("logStreamName") in bench.streams
    assert context.pop("awsRequestId") in "".join(bench.messages())
    assert context == {
        "functionName": function.name,
        "functionVersion": "$LATEST",
        "memoryLimitInMB": "512",
        "logGroupName": function.log_group,
        "invokedFunctionArn": function.arn,
        "callbackWaitsForEmptyEventLoop": True,
    }


def test_the_environment_variables_are_lambdas_and_the_functions_own(any_bench: Bench) -> None:
    source = "exports.handler = async () => Object.keys(process.env);"
    names = json.loads(any_bench.invoke(node_function(source, environment={"MINE": "1"})).payload)
    found = {name for name in names if not name.startswith(("AWS_", "LAMBDA_"))} - {"TMPDIR"}
    assert found == {
        "LANG", "LD_LIBRARY_PATH", "MINE", "NODE_PATH", "PATH", "TZ", "_HANDLER", "_X_AMZN_TRACE_ID",
    }  # fmt: skip


LOGS = """
    console.log("outside");
    exports.handler = async () => {
        console.log("count %d", 3, { deep: [1] });
        console.info("two\\nlines");
        console.warn("careful");
        console.error("bad", new TypeError("worse"));
        console.debug("detail");
        process.stdout.write("plain\\n");
    };
"""


def test_console_lines_have_awss_form(any_bench: Bench) -> None:
    tail = any_bench.invoke(node_function(LOGS)).log_tail
    [request_id] = re.findall(r"START RequestId: (\S+)", tail)
    time_of_day = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"
    records = [m for m in any_bench.messages() if re.match(time_of_day, m)]
    assert re.fullmatch(f"{time_of_day}\tundefined\tINFO\toutside\n", records[0])
    expected = [
        "INFO\tcount 3 { deep: [ 1 ] }\n",
        "INFO\ttwo\nlines\n",
        "WARN\tcareful\n",
        "ERROR\tbad TypeError: worse\n    at ",
        "DEBUG\tdetail\n",
    ]
    assert len(records) == 1 + len(expected)
    for record, rest in zip(records[1:], expected, strict=True):
        assert re.sub(f"^{time_of_day}\t", "", record).startswith(f"{request_id}\t{rest}")
    assert "plain\n" in any_bench.messages()


def test_console_lines_as_json(bench: Bench) -> None:
    bench.invoke(node_function(LOGS, logging=LoggingConfig("JSON", "INFO", "INFO")))
    written = [json.loads(m) for m in bench.messages() if m.startswith("{")]
    records = [record for record in written if "level" in record]  # Lambda's own events have none
    assert [record["level"] for record in records] == ["INFO", "INFO", "INFO", "WARN", "ERROR"], "no DEBUG"
    assert "requestId" not in records[0] and records[1]["requestId"] in "".join(bench.messages())
    assert records[1]["message"] == "count 3 { deep: [ 1 ] }"
    assert records[2]["message"] == "two\nlines"
    assert (records[4]["errorType"], records[4]["errorMessage"]) == ("TypeError", "worse")
    assert "plain\n" in bench.messages()


@pytest.mark.parametrize(
    ("handler", "file", "source", "error_type", "message"),
    [
        ("index.handler", "index.js", "require('nothing');", "Runtime.ImportModuleError",
         "Error: Cannot find module 'nothing'" + REQUIRED),
        ("gone.handler", "index.js", "", "Runtime.ImportModuleError",
         "Error: Cannot find module 'gone'\nRequire stack:\n- /var/runtime/index.mjs"),
        ("index.handler", "index.mjs", "import 'nothing';", "Error",
         "Cannot find package 'nothing' imported from /var/task/index.mjs"),
        ("index.missing", "index.js", PID, "Runtime.HandlerNotFound",
         "index.missing is undefined or not exported"),
        ("index.handler", "index.js", "exports.handler = 1;", "Runtime.HandlerNotFound",
         "index.handler is not a function"),
        ("nodot", "index.js", PID, "Runtime.MalformedHandlerName", "Bad handler"),
        ("../index.handler", "index.js", PID, "Runtime.MalformedHandlerName",
         "'../index.handler' is not a valid handler name."),
        ("index.handler", "index.js", "exports.handler = async () => {", "Runtime.UserCodeSyntaxError",
         "SyntaxError: Unexpected end of input"),
        ("index.handler", "index.js", "import fs from 'node:fs';", "Runtime.UserCodeSyntaxError",
         "SyntaxError: Cannot use import statement outside a module"),
        ("index.handler", "index.js", "throw new RangeError('at start');", "RangeError", "at start"),
    ],
    ids=["missing package", "missing module", "missing ES module", "missing function", "no function",
         "malformed name", "relative name", "syntax error", "ES syntax in CommonJS", "exception"],
)  # fmt: skip
def test_failing_init_gives_awss_error(
    bench: Bench, handler: str, file: str, source: str, error_type: str, message: str
) -> None:
    if bench.service.sandbox_description == "plain directories":
        message = message.split("\n- /var")[0].split("/var/task")[0]  # the host's paths
    result = bench.invoke(node_function(source, file=file, handler=handler))
    assert result.error is not None
    assert result.error["errorType"] == error_type
    assert result.error["errorMessage"].startswith(message)
    assert isinstance(result.error["trace"], list)
    assert f'\tundefined\tERROR\tUncaught Exception \t{{"errorType":"{error_type}"' in result.log_tail
    assert f"Phase: init\tStatus: error\tError Type: {error_type}" in result.log_tail
    assert f"Phase: invoke\tStatus: error\tError Type: {error_type}" in result.log_tail


def test_an_exception_is_the_answer_and_the_environment_stays_warm(any_bench: Bench) -> None:
    source = """
        let calls = 0;
        exports.handler = async () => {
            if (++calls === 1) throw new TypeError("no such customer");
            return calls;
        };
    """
    function = node_function(source)
    failed = any_bench.invoke(function)
    assert failed.error is not None
    assert (failed.error["errorType"], failed.error["errorMessage"]) == ("TypeError", "no such customer")
    assert (
        failed.error["trace"][0] == "TypeError: no such customer" and "index.js:4" in failed.error["trace"][1]
    )
    assert (
        '\tERROR\tInvoke Error \t{"errorType":"TypeError","errorMessage":"no such customer"'
        in failed.log_tail
    )
    assert any_bench.invoke(function).payload == b"2"


@pytest.mark.parametrize(
    ("source", "title", "error", "status"),
    [
        ("setTimeout(() => { throw new TypeError('late'); }, 10);", "Uncaught Exception",
         ("TypeError", "late"), 129),
        ("Promise.reject(new Error('alone'));", "Unhandled Promise Rejection",
         ("Runtime.UnhandledPromiseRejection", "Error: alone"), 128),
    ],
    ids=["exception", "rejection"],
)  # fmt: skip
def test_what_nobody_catches_ends_the_process(
    bench: Bench, source: str, title: str, error: tuple[str, str], status: int
) -> None:
    handler = f"""
        const started = process.hrtime.bigint().toString();
        exports.handler = async (event) => {{
            if (event.fail) {{
                {source}
                await new Promise((resolve) => setTimeout(resolve, 2000));
            }}
            return started;
        }};
    """
    function = node_function(handler)
    before = bench.invoke(function).payload
    failed = bench.invoke(function, b'{"fail": true}')
    assert failed.error is not None
    assert (failed.error["errorType"], failed.error["errorMessage"]) == error
    assert f"\tERROR\t{title} \t{{" in failed.log_tail
    assert f"Error: Runtime exited with error: exit status {status}\nRuntime.ExitError\n" in failed.log_tail
    assert "Status: error\tError Type: Runtime.ExitError" in failed.log_tail
    after = bench.invoke(function)
    assert after.error is None and after.payload != before, "the next invocation gets a new process"
    assert len(bench.streams) == 1


def test_a_callback_waits_for_an_empty_event_loop_unless_it_is_told_not_to(bench: Bench) -> None:
    source = """
        exports.handler = (event, context, callback) => {
            context.callbackWaitsForEmptyEventLoop = event.waits;
            setTimeout(() => console.log("done later"), 300);
            callback(null, "called back");
        };
    """
    function = node_function(source)
    waited = bench.invoke(function, b'{"waits": true}')
    assert waited.payload == b'"called back"' and "done later" in waited.log_tail
    hurried = bench.invoke(function, b'{"waits": false}')
    assert hurried.payload == b'"called back"' and "done later" not in hurried.log_tail


def test_only_the_first_answer_counts(bench: Bench) -> None:
    source = """
        exports.handler = (event, context, callback) => {
            if (event.silent) return;
            context.callbackWaitsForEmptyEventLoop = false;
            setTimeout(() => callback(new Error("too late")), 50);
            callback(null, "first");
        };
    """
    function = node_function(source)
    assert bench.invoke(function).payload == b'"first"'
    assert bench.invoke(function, b'{"silent": 1}').payload == b"null", "the late one is not its answer"
    assert bench.invoke(function).payload == b'"first"'
    assert "Runtime exited" not in "".join(bench.messages())


def test_a_handler_that_never_answers_answers_null(bench: Bench) -> None:
    assert bench.invoke(node_function("exports.handler = () => {};")).payload == b"null"
    failed = bench.invoke(node_function("exports.handler = () => {};", runtime="nodejs24.x"))
    assert failed.error is None and failed.payload == b"null", "it returned"


def test_context_done_succeed_and_fail_answer_at_once(bench: Bench) -> None:
    source = """
        exports.handler = (event, context) => {
            setTimeout(() => {}, 60_000);
            event.fail ? context.fail(new Error("told to")) : context.succeed("well");
        };
    """
    function = node_function(source, timeout_seconds=5)
    assert bench.invoke(function).payload == b'"well"'
    failed = bench.invoke(function, b'{"fail": 1}')
    assert failed.error is not None and failed.error["errorMessage"] == "told to"


def test_nodejs_24_refuses_callbacks(bench: Bench) -> None:
    source = "exports.handler = (event, context, callback) => callback(null, 1);"
    result = bench.invoke(node_function(source, runtime="nodejs24.x"))
    assert result.error is not None
    assert result.error["errorType"] == "Runtime.CallbackHandlerDeprecated"
    assert "has removed support for callback-based function handlers" in result.error["errorMessage"]
    assert "\t-\tERROR\tInit Error \t{" in result.log_tail


def test_module_syntax_is_not_guessed(bench: Bench) -> None:
    """Node.js guesses by itself since version 22.7; Lambda switches that off."""
    result = bench.invoke(node_function("export const handler = async () => 1;", runtime="nodejs24.x"))
    assert result.error is not None
    assert result.error["errorType"] == "Runtime.UserCodeSyntaxError"
    assert "Unexpected token 'export'" in result.error["errorMessage"]


def test_nodejs_24_leaves_what_nobody_catches_to_nodejs(bench: Bench) -> None:
    source = """
        export const handler = async () => {
            Promise.reject(new Error("alone"));
            await new Promise(() => {});
        };
    """
    result = bench.invoke(node_function(source, file="index.mjs", runtime="nodejs24.x"))
    assert result.error is not None
    assert result.error["errorType"] == "Runtime.ExitError"
    assert "Runtime exited with error: exit status 1" in result.error["errorMessage"]
    assert "Error: alone\n" in bench.messages()


def test_an_answer_that_is_not_json_is_an_error(bench: Bench) -> None:
    result = bench.invoke(node_function("exports.handler = async () => 10n;"))
    assert result.error is not None and result.error["errorMessage"] == "Unable to stringify response body"


@pytest.mark.parametrize(
    ("file", "source"),
    [
        ("index.js", "const tool = require('tool'); exports.handler = async () => tool.name;"),
        ("index.mjs", "import tool from 'tool'; export const handler = async () => tool.name;"),
    ],
    ids=["require", "import"],
)
def test_a_layers_modules_are_found(any_bench: Bench, file: str, source: str) -> None:
    layers = (package({"nodejs/node_modules/tool/index.js": "exports.name = 'from the layer';"}),)
    result = any_bench.invoke(node_function(source, file=file, layers=layers))
    assert result.payload == b'"from the layer"', result.error


def test_the_missing_sdk_is_explained(bench: Bench) -> None:
    tail = bench.invoke(node_function("require('@aws-sdk/client-s3');")).log_tail
    assert "add @aws-sdk/client-s3 to the function's package or to a layer" in tail


def test_streaming_is_refused_with_a_reason(bench: Bench) -> None:
    result = bench.invoke(node_function("exports.handler = awslambda.streamifyResponse(async () => {});"))
    assert result.error is not None and "This lab doesn't stream responses" in result.error["errorMessage"]


def test_without_nodejs_the_error_says_what_to_do(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    result = bench.invoke(node_function(PID))
    assert result.error is not None
    assert result.error["errorType"] == "Lab.Unsupported"
    assert "there is no Node.js on this machine. Install Node.js" in result.error["errorMessage"]
    monkeypatch.undo()
    assert bench.invoke(node_function(PID)).error is None, "it was installed meanwhile"


def test_the_heap_follows_the_memory(bench: Bench) -> None:
    source = "exports.handler = async () => require('v8').getHeapStatistics().heap_size_limit / 2 ** 20;"
    assert 200 < json.loads(bench.invoke(node_function(source, memory_mb=256)).payload) < 300
    own = {"NODE_OPTIONS": "--max-old-space-size=100 --max_semi_space_size=1"}
    assert json.loads(bench.invoke(node_function(source, memory_mb=256, environment=own)).payload) < 200


@pytest.mark.parametrize("filling", ["Buffer.alloc(1 << 20, 1)", "Array(1e5).fill(kept.length)"])
def test_too_much_memory_ends_the_environment(bench: Bench, filling: str) -> None:
    source = f"const kept = []; exports.handler = async () => {{ for (;;) kept.push({filling}); }};"
    result = bench.invoke(node_function(source, memory_mb=128, timeout_seconds=30))
    assert result.error is not None
    assert result.error["errorMessage"].endswith("Error: Runtime exited with error: signal: killed")
    assert "Status: error\tError Type: Runtime.OutOfMemory" in result.log_tail


def test_cpu_share_follows_memory(bench: Bench) -> None:
    source = """
        exports.handler = async () => {
            const [wall, cpu] = [performance.now(), process.cpuUsage()];
            while (performance.now() - wall < 1000);
            const { user, system } = process.cpuUsage(cpu);
            return (user + system) / 1000 / (performance.now() - wall);
        };
    """
    got = json.loads(bench.invoke(node_function(source, memory_mb=442, timeout_seconds=60)).payload)
    assert got < 0.25 * 1.2


def test_nothing_runs_between_invocations(bench: Bench) -> None:
    source = """
        let last = Date.now(), longest = 0;
        setInterval(() => { longest = Math.max(longest, Date.now() - last); last = Date.now(); }, 10);
        exports.handler = async () => { await new Promise((r) => setTimeout(r, 50)); return longest; };
    """
    function = node_function(source, memory_mb=1769)
    bench.invoke(function)
    time.sleep(1.0)
    assert json.loads(bench.invoke(function).payload) > 800, "the timer went on while nobody invoked it"


def test_a_timeout_resets_the_environment(any_bench: Bench) -> None:
    source = """
        const fs = require("fs"), path = require("path").join(require("os").tmpdir(), "kept");
        exports.handler = async (event) => {
            if (!event.sleep) return fs.readFileSync(path, "utf8");
            fs.writeFileSync(path, "from before");
            await new Promise((resolve) => setTimeout(resolve, 60_000));
        };
    """
    function = node_function(source, timeout_seconds=1)
    failed = any_bench.invoke(function, b'{"sleep": true}')
    assert failed.error is not None and failed.error["errorType"] == "Sandbox.Timedout"
    assert any_bench.invoke(function).payload == b'"from before"'
    assert len(any_bench.streams) == 1


EXTENSION = """#!/usr/bin/env node
const base = `http://${process.env.AWS_LAMBDA_RUNTIME_API}/2020-01-01/extension`;
const call = (path, options) => fetch(base + path, options);
(async () => {
    const body = JSON.stringify({ events: ["INVOKE", "SHUTDOWN"] });
    const named = { "Lambda-Extension-Name": "notes" };
    const answer = await call("/register", { method: "POST", body, headers: named });
    const headers = { "Lambda-Extension-Identifier": answer.headers.get("lambda-extension-identifier") };
    for (;;) {
        const event = await (await call("/event/next", { headers })).json();
        console.log(`notes got ${event.eventType}`);
        if (event.eventType === "SHUTDOWN") process.exit(0);
    }
})();
"""


def test_an_extension_beside_it(any_bench: Bench) -> None:
    function = node_function(PID, layers=(package({"extensions/notes": EXTENSION}),))
    assert any_bench.invoke(function).error is None
    any_bench.service.retire(function.name)
    any_bench.service.wait_until_quiet()
    notes = [message for message in any_bench.messages() if message.startswith("notes got")]
    assert notes == ["notes got INVOKE\n", "notes got SHUTDOWN\n"]


@pytest.mark.functional
def test_a_nodejs_function_through_boto3(lab: Lab) -> None:
    client = lab.client("lambda")
    allowed = {"Effect": "Allow", "Action": "logs:*", "Resource": "*"}
    policy = {"Version": "2012-10-17", "Statement": [allowed]}
    client.create_function(
        FunctionName=lab.name("script"),
        Runtime="nodejs22.x",
        Handler="index.handler",
        Role=lab.deploy_role("script", policy=policy),
        Code={"ZipFile": package({"index.mjs": "export const handler = async (event) => event.key;"})},
    )
    client.get_waiter("function_active_v2").wait(FunctionName=lab.name("script"))
    answer = client.invoke(FunctionName=lab.name("script"), Payload=b'{"key": "value"}')
    assert "FunctionError" not in answer and json.load(answer["Payload"]) == "value"
