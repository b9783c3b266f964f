"""Stand in for awslambdaric's native `runtime_client` where it isn't built: on anything but Linux.

The same five functions over one keep-alive HTTP connection, with the same errors. awslambdaric imports
this module by its name, so it must be on the path before the runtime starts.
"""

import http.client
import os

_PREFIX = "/2018-06-01/runtime/invocation"
_EVENT_HEADERS = (
    "Lambda-Runtime-Aws-Request-Id",
    "Lambda-Runtime-Trace-Id",
    "Lambda-Runtime-Invoked-Function-Arn",
    "Lambda-Runtime-Deadline-Ms",
    "Lambda-Runtime-Client-Context",
    "Lambda-Runtime-Cognito-Identity",
    "Lambda-Runtime-Aws-Tenant-Id",
    "Lambda-Runtime-Invocation-Id",
    "Content-Type",
)
_user_agent = ""
_connection = None


def initialize_client(user_agent):
    """Remember how to introduce ourselves."""
    global _user_agent
    _user_agent = user_agent


def next():
    """Wait for the next event. Returns (payload, headers)."""
    response, payload = _call("GET", "/next")
    headers = {name: response.getheader(name) for name in _EVENT_HEADERS}
    headers["Lambda-Runtime-Deadline-Ms"] = int(headers["Lambda-Runtime-Deadline-Ms"] or 0)
    return payload, headers


def post_invocation_result(request_id, response, content_type, invocation_id=None):
    """Post the handler's answer."""
    _call("POST", f"/{request_id}/response", response, {"Content-Type": content_type or "application/json"})


def post_error(request_id, response, xray_fault, invocation_id=None):
    """Post the handler's error."""
    headers = {
        "Content-Type": "application/json",
        "Lambda-Runtime-Function-XRay-Error-Cause": xray_fault or "",
    }
    _call("POST", f"/{request_id}/error", response, headers)


def _call(method, path, body=None, headers=None):
    global _connection
    if _connection is None:
        _connection = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
    if isinstance(body, str):
        body = body.encode()
    try:
        _connection.request(method, _PREFIX + path, body, {"User-Agent": _user_agent, **(headers or {})})
        response = _connection.getresponse()
        payload = response.read()
    except OSError as error:
        raise RuntimeError(f"{method} {path} failed: {error}") from error
    if response.status >= 300:
        raise RuntimeError(f"{method} {path} answered {response.status}")
    return response, payload
