"""The same functions in the lab's Lambda service and under AWS's runtime client alone (`oracle.py`).

What the service adds of its own (START and REPORT lines, /var/task, a second Init phase after one that
failed) is taken away in `as_the_oracle_sees`; everything else must be the same, byte for byte.

https://docs.aws.amazon.com/lambda/latest/dg/python-handler.html
https://docs.aws.amazon.com/lambda/latest/dg/python-exceptions.html
https://docs.aws.amazon.com/lambda/latest/dg/python-logging.html
https://docs.aws.amazon.com/lambda/latest/dg/python-context.html
"""

from __future__ import annotations

import io
import json
import os
import re
import signal
import uuid
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from labsupport.localcloud.lambda_service.function import Function
from tests.conformance import oracle
from tests.conformance.conftest import RUNTIME, Bench, archive, make_function
from tests.conformance.oracle import Observed

awslambdaric = pytest.importorskip("awslambdaric", reason="AWS publishes its runtime client for Linux")

ECHO = "def handler(event, context):\n    return event\n"


@dataclass(frozen=True)
class Case:
    """A function of a few lines, and the events that it gets one after the other."""

    sentence: str
    source: str
    events: tuple[str, ...] = ("{}",)
    handler: str = "app.handler"


def answers(sentence: str, expression: str, *events: str) -> Case:
    """A handler that returns an expression."""
    source = f"import datetime, decimal, math\ndef handler(event, context):\n    return {expression}\n"
    return Case(sentence, source, events or ("{}",))


def does(sentence: str, *statements: str, before: str = "") -> Case:
    """A handler that runs statements, after imports and what else comes before it."""
    body = "".join(f"    {line}\n" for statement in statements for line in statement.splitlines())
    return Case(sentence, f"import logging, os, sys\n{before}\ndef handler(event, context):\n{body}")


PAYLOADS = [
    Case(
        "every JSON type comes back as it went in",
        ECHO,
        ("{}", "[]", '"text"', "12", "-0.5", "true", "false", "null", '{"b": [1, {"a": null}], "a": ""}'),
    ),
    answers(
        "an event has Python's types", "[type(event).__name__, repr(event)]", '{"a": [1, 2.0, null]}', "1e3"
    ),
    answers("a key that comes twice keeps its last value", "event", '{"a": 1, "a": 2}'),
    answers("a handler that returns nothing answers null", "None"),
    answers("text of all scripts comes back", "event", '"ảnh mèo 🐈 \\u0000 \\u2028 \\ud83d\\udc08"'),
    answers(
        "integers have no limit and floats keep their digits", "event", "[123456789012345678901, 0.1, 1e-7]"
    ),
    answers("sums of floats show their error", "[0.1 + 0.2, 1e22, -0.0, 5e-324, 1e400]"),
    answers("what is no number is written as JavaScript does", "[math.nan, math.inf, -math.inf]"),
    answers("a Decimal keeps its digits", "[decimal.Decimal('1.10'), decimal.Decimal('1E+3')]"),
    answers("a Decimal that is no number is NaN", "decimal.Decimal('NaN')"),
    answers("a tuple becomes a list and a number a key", "{'t': (1, 2), 3: 'three', None: 0, True: 1}"),
    answers("bytes are the answer as they are", "bytes(range(256))"),
    answers("bytes in a list are taken for text", "[b'abc']"),
    answers("a set can't be marshalled", "{1, 2}"),
    answers("a date can't be marshalled", "datetime.date(2026, 11, 24)"),
    answers("an object can't be marshalled", "decimal"),
    answers("a key that is a tuple can't be marshalled", "{(1, 2): 3}"),
    does("a circle can't be marshalled", "event['me'] = event", "return event"),
    answers("five megabytes come through", "'x' * 5_000_000"),
    answers("five megabytes go in", "len(event)", '"' + "y" * 5_000_000 + '"'),
    answers("an API's answer is an object like others", "{'statusCode': 200, 'body': '{}', 'headers': {}}"),
]

ERRORS = [
    does("an exception is named by its class", "raise KeyError('customer')"),
    does("an exception may have no message", "raise ValueError"),
    does("a message may have several lines and any script", "raise ValueError('ảnh\\nmèo \"1\"')"),
    does(
        "a class of the function's own is an error type",
        "raise OutOfStock(3)",
        before="class OutOfStock(Exception): pass",
    ),
    does(
        "only the last exception of a chain is told",
        "try: {}['x']\nexcept KeyError as e:\n    raise OSError('y') from e",
    ),
    does(
        "a stack trace has an entry for each call",
        "return first()",
        before="def first(): return second()\ndef second(): raise RuntimeError('deep')",
    ),
    does("an error in the standard library shows its frames", "import json; json.loads('{')"),
    does("a group of exceptions is one error", "raise ExceptionGroup('many', [ValueError(1), OSError(2)])"),
    does(
        "a handler that fails keeps its environment",
        "calls.append(1)\nif len(calls) == 2: raise ValueError\nreturn len(calls)",
        before="calls = []",
    ),
    Case("a handler with too few parameters is a TypeError", "def handler(event):\n    return 1\n"),
    Case("a handler that can't be called is a TypeError", "handler = 7\n"),
    does("an error that is returned is an answer", "return {'errorMessage': 'not really'}"),
]

INIT_ERRORS = [
    Case("a package that is missing", "import nothing_of_this_name\n" + ECHO),
    Case("a name that a module lacks", "from json import nothing_of_this_name\n" + ECHO),
    Case("an ImportError of the function's own", "raise ImportError('no licence')\n"),
    Case("a handler that is missing", ECHO, handler="app.other"),
    Case("a module that is missing", ECHO, handler="other.handler"),
    Case("a name without a dot", ECHO, handler="handler"),
    Case("a module of Python's own", ECHO, handler="sys.handler"),
    Case("a syntax error", "def handler(event, context:\n    return 1\n"),
    Case("a wrong indentation", "def handler(event, context):\nreturn 1\n"),
    Case(
        "an exception at import",
        "def connect():\n    raise ConnectionError('no database')\nconnect()\n" + ECHO,
    ),
    Case("a KeyError at import", "import os\nos.environ['TABLE_NAME']\n" + ECHO),
    Case("a message at import comes before the error", "print('about to fail')\n1 / 0\n"),
]

EXITS = [
    does("sys.exit in a handler", "sys.exit(3)"),
    does("sys.exit with a message writes it", "sys.exit('good-bye')"),
    does("exit() is there", "exit(4)"),
    does("a process that ends at once", "os._exit(0)"),
    does("a process that ends at once with a status", "os._exit(9)"),
    does("a process that aborts", "os.abort()"),
    does("what was written before the end is kept", "print('last words'); sys.exit(1)"),
    Case("sys.exit at import", "import sys\nprint('no configuration')\nsys.exit(3)\n"),
    Case("a process that ends at import", "import os\nos._exit(0)\n"),
]

LOGS = [
    does(
        "each printed line is a record",
        "print('one')\nprint('two', 3, sep='-')\nprint('three\\nfour')\nprint()",
    ),
    does("text without a line end is a record", "print('half', end='')"),
    does("stderr is logged in its order", "print('out')\nprint('err', file=sys.stderr)\nprint('out again')"),
    does("all scripts can be printed", "print('ảnh mèo 🐈')"),
    does(
        "by default WARNING and above are logged",
        "for level in (10, 20, 30, 40, 50): logging.log(level, 'level %d', level)",
    ),
    does(
        "a level that the function sets counts",
        "logging.getLogger().setLevel('DEBUG')",
        "for level in (10, 20, 30, 40, 50): logging.log(level, 'level %d', level)",
    ),
    does(
        "a logger of the function's own writes the same form",
        "logging.getLogger('shop.orders').error('no %s', 'stock')",
    ),
    does("a record of several lines is one record", "logging.error('one\\ntwo\\n  three')"),
    does(
        "a record with an exception has its traceback",
        "try: 1 / 0\nexcept ZeroDivisionError: logging.exception('division')",
    ),
    does("extra fields are not part of the text", "logging.error('here', extra={'order': 1})"),
    does(
        "basicConfig changes nothing",
        "logging.basicConfig(level=logging.INFO, format='%(message)s')",
        "logging.info('lost')\nlogging.error('kept')",
    ),
    does(
        "records and prints keep their order", "for i in range(5): print('p', i); logging.warning('l %d', i)"
    ),
    does("an error is logged with its traceback", "print('before')\nraise ValueError('of two\\nlines')"),
    does("a warning goes to stderr", "import warnings; warnings.warn('old')"),
    does("context.log writes what it is given", "context.log('one\\n'); context.log({'two': 2})"),
    does(
        "a child process writes into the same log",
        "import subprocess; subprocess.run(['echo', 'from a child'])",
    ),
    does("the file descriptor is the log, too", "os.write(1, b'raw\\n'); os.write(2, b'err\\n')"),
    does("a long line is one record", "print('x' * 100_000)"),
    Case(
        "the Init phase has no request id", "import logging\nprint('init')\nlogging.error('in init')\n" + ECHO
    ),
    Case(
        "each invocation has its own request id",
        "import logging\ndef handler(event, context):\n    logging.error(event)\n",
        ("1", "2"),
    ),
]

CONTEXT = [
    answers(
        "context names the function",
        "[context.function_name, context.function_version, context.invoked_function_arn]",
    ),
    answers("context has the request's id", "context.aws_request_id", "1", "2"),
    answers("context has memory and log group", "[context.memory_limit_in_mb, context.log_group_name]"),
    answers("context has the log stream", "context.log_stream_name"),
    answers("context counts down", "0 < context.get_remaining_time_in_millis() <= 10_000"),
    answers(
        "context knows no mobile client and no identity",
        "[context.client_context, context.identity.cognito_identity_id, context.tenant_id]",
    ),
    does("context is an object of AWS's class", "return [type(context).__name__, sorted(vars(context))]"),
    does(
        "the trace id is in the environment",
        "return [part[:5] for part in os.environ['_X_AMZN_TRACE_ID'].split(';')]",
    ),
    does(
        "the handler runs in the main thread",
        "import threading; return threading.current_thread() is threading.main_thread()",
    ),
    does("the function's folder is where it runs", "return [os.getcwd(), __name__, __file__, sys.path[0]]"),
    does("nothing is to be read from stdin", "return sys.stdin.read()"),
    does(
        "globals last from one event to the next", "calls.append(1); return len(calls)", before="calls = []"
    ),
    Case("a module in a folder", "", handler="package/module.handler"),
    Case("a module in a package", "", handler="package.module.handler"),
    does(
        "time is told in UTC and text is UTF-8",
        "import time; return [time.tzname[0], sys.getdefaultencoding(), sys.stdout.encoding]",
    ),
]

CASES = [*PAYLOADS, *ERRORS, *INIT_ERRORS, *EXITS, *LOGS, *CONTEXT]


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    bench = Bench(tmp_path_factory.mktemp("oracle") / "work")
    yield bench
    bench.service.close()


Events = list[tuple[str, bytes]]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.sentence)
def test_the_service_and_the_runtime_client_agree_on(case: Case, bench: Bench, tmp_path: Path) -> None:
    function = make_function(code=archive(app=case.source, package__module=ECHO), handler=case.handler)
    events = [(str(uuid.uuid4()), event.encode()) for event in case.events]
    with ThreadPoolExecutor(1) as beside:
        expected = beside.submit(under_the_oracle, function, events, tmp_path / "task")
        observed = under_the_service(bench, function, events)
    assert as_the_oracle_sees(observed) == as_lambda_says(expected.result(), events)


def test_what_a_function_imports_was_not_there_before(bench: Bench, tmp_path: Path) -> None:
    """Otherwise the Init phase would hide what an import costs."""
    source = (
        "import json, sys\nloaded = sorted(sys.modules)\ndef handler(event, context):\n    return loaded\n"
    )
    function, events = make_function(source), [("1", b"{}")]
    [(_, alone)] = under_the_oracle(function, events, tmp_path / "task").answers
    [(_, here)] = under_the_service(bench, function, events).answers
    of_the_sandbox = {"_ctypes", "_socket", "_struct", "ctypes", "ctypes._endian", "resource", "struct"}
    under_another_name = {"awslambdaric.__main__"}
    assert set(json.loads(here)) - set(json.loads(alone)) <= of_the_sandbox | under_another_name


def under_the_service(bench: Bench, function: Function, events: Events) -> Observed:
    bench.streams.clear()
    results = [bench.service.invoke(function, payload, request_id) for request_id, payload in events]
    answers = [
        ("response", result.payload) if result.error is None else ("error", result.error)
        for result in results
    ]
    [stream] = bench.streams.values()
    return Observed(answers, [event.message.removesuffix("\n") for event in stream])


def under_the_oracle(function: Function, events: Events, folder: Path) -> Observed:
    with zipfile.ZipFile(io.BytesIO(function.code)) as code:
        code.extractall(folder)
    return oracle.run(
        folder,
        function.handler,
        events,
        variables={
            "AWS_EXECUTION_ENV": f"AWS_Lambda_{RUNTIME}",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory_mb),
            "AWS_LAMBDA_FUNCTION_NAME": function.name,
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{function.name}",
            "AWS_LAMBDA_LOG_STREAM_NAME": "2026/11/24/[$LATEST]0123456789abcdef0123456789abcdef",
            "LANG": "en_US.UTF-8",
            "PATH": os.environ["PATH"],
            "PYTHONCOERCECLOCALE": "0",
            "TZ": ":UTC",
        },
        function_arn=function.arn,
        timeout_seconds=function.timeout_seconds,
    )


# Differences that are right: all of them are here


OF_THE_PLATFORM = re.compile(
    r"(INIT_START|START|END|REPORT|INIT_REPORT) |RequestId: \S+ Error: Runtime exited|\nRuntime.ExitError$"
)


def as_the_oracle_sees(observed: Observed) -> Observed:
    """Take away the lines that Lambda itself writes."""
    records = [record for record in observed.records if not OF_THE_PLATFORM.match(record)]
    return Observed([(kind, anywhere(answer)) for kind, answer in observed.answers], anywhere(records))


def as_lambda_says(observed: Observed, events: Events) -> Observed:
    """Add what Lambda makes of a failed Init phase, and of a process that ends."""
    answers, records = [], observed.records
    for position, (kind, answer) in enumerate(observed.answers):
        if kind in ("exit", "init exit"):
            message = f"RequestId: {events[position][0]} Error: {how_it_ended(answer)}"
            answer = {"errorType": "Runtime.ExitError", "errorMessage": message}
        if kind.startswith("init"):
            records = records * 2  # Lambda runs the Init phase again, inside the invocation
        answers.append(("response" if kind == "response" else "error", answer))
    return Observed([(kind, anywhere(answer)) for kind, answer in answers], anywhere(records))


def how_it_ended(status: int) -> str:
    if status < 0:
        return f"Runtime exited with error: signal: {str(signal.strsignal(-status)).lower()}"
    if status == 0:
        return "Runtime exited without providing a reason"
    return f"Runtime exited with error: exit status {status}"


def anywhere(value: Any) -> Any:
    """Give every place, stream and moment the same name."""
    if isinstance(value, bytes):
        return anywhere(value.decode("latin-1")).encode("latin-1")
    if isinstance(value, dict):
        return {key: anywhere(each) for key, each in value.items()}
    if isinstance(value, list):
        return [anywhere(each) for each in value]
    if not isinstance(value, str):
        return value
    for pattern, name in SAME_EVERYWHERE:
        value = re.sub(pattern, name, value)
    return value


SAME_EVERYWHERE = [
    (re.escape(str(Path(awslambdaric.__file__).parents[1])) + r"|/[^\s\"]*/work/runtime", "/var/runtime"),
    (r"/[^\s\"]*/(?:test_the_service_\w+/task|work/code/\w+)", "/var/task"),
    (r"\d{4}/\d\d/\d\d/\[\$LATEST\][0-9a-f]{32}", "LOG STREAM"),
    (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", "TIME"),
]
