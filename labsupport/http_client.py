"""The HTTP client that a notebook holds: requests to one API, on the tape like the calls of boto3.

In local mode it takes nothing from the machine: no proxy, no variable, and no other host than loopback. An
answer of any status is a result, for 403 and 429 are what the lessons are about. No answer is an error.
"""

from __future__ import annotations

import random
import time
import weakref
from collections.abc import Mapping
from typing import Any, Protocol
from urllib.parse import urlsplit

import httpx
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest

from labsupport.backoff import ATTEMPTS, RETRIED, pause_seconds
from labsupport.errors import CloudError, DeployError, LabError, TargetError
from labsupport.http_call import HttpCall
from labsupport.resources.http_api import HttpApiDescription
from labsupport.resources.rest_api import RestApiDescription
from labsupport.target import Target
from labsupport.views.http_answer import HttpAnswer
from labsupport.waiting import wait_until

TIMEOUT_SECONDS = 35.0  # API Gateway itself gives up after 29 or 30 s
KINDS = {HttpApiDescription: "http", RestApiDescription: "rest"}
LOOPBACK = ("127.0.0.1", "localhost", "::1")


class Api(Protocol):
    """An HTTP API or a REST API, as `deploy_http_api` and `deploy_rest_api` return it."""

    @property
    def url(self) -> str:
        """Where its stage answers."""


class HttpClient:
    """Send requests to one API (introduced in 06_orders_api): `http = lab.http(api)`.

    Attributes:
        url: what every path is put behind.
        patience_seconds: how long `wait_for` waits.
    """

    patience_seconds = 60.0

    def __init__(
        self,
        target: Target,
        api: Api | str,
        *,
        headers: Mapping[str, str] | None = None,
        signing: str = "",
        kind: str = "",
        backoff: bool = False,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        """Hold a client for an API, or for an address.

        Args:
            target: where the API is.
            api: as it was deployed, or its address.
            headers: that every request gets, such as x-api-key.
            signing: name of the service that requests are signed for, or "".
            kind: "http" or "rest", for what it costs; by default that of `api`, or what answers tell.
            backoff: whether a request that gets 429 or 503 is sent again, after pauses that grow and differ.
            transport: httpx's, such as that of a test.

        Raises:
            TargetError: in local mode, the address is not on this machine.
        """
        self.url = (api if isinstance(api, str) else api.url).rstrip("/")
        require_reachable(target, self.url)
        self._target, self._signing = target, signing
        self._kind, self._backoff = kind or KINDS.get(type(api), ""), backoff
        self._headers, self._transport = dict(headers or {}), transport
        self._client = httpx.Client(
            timeout=TIMEOUT_SECONDS, trust_env=target.endpoint_url is None, transport=transport
        )
        weakref.finalize(self, self._client.close)  # a notebook forgets to

    def signed(self, service: str = "execute-api") -> HttpClient:
        """Return a client whose requests carry the signature of your credentials (SigV4), for AWS_IAM.

        https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-access-control-iam.html
        """
        return HttpClient(
            self._target,
            self.url,
            headers=self._headers,
            signing=service,
            kind=self._kind,
            backoff=self._backoff,
            transport=self._transport,
        )

    def get(self, path: str, **options: Any) -> HttpAnswer:
        """Send GET. Options are those of `request`."""
        return self.request("GET", path, **options)

    def post(self, path: str, **options: Any) -> HttpAnswer:
        """Send POST. Options are those of `request`."""
        return self.request("POST", path, **options)

    def put(self, path: str, **options: Any) -> HttpAnswer:
        """Send PUT. Options are those of `request`."""
        return self.request("PUT", path, **options)

    def patch(self, path: str, **options: Any) -> HttpAnswer:
        """Send PATCH. Options are those of `request`."""
        return self.request("PATCH", path, **options)

    def delete(self, path: str, **options: Any) -> HttpAnswer:
        """Send DELETE. Options are those of `request`."""
        return self.request("DELETE", path, **options)

    def options(self, path: str, **options: Any) -> HttpAnswer:
        """Send OPTIONS, as browsers do before they let a page call. Options are those of `request`."""
        return self.request("OPTIONS", path, **options)

    def wait_for(self, status: int, method: str, path: str, **options: Any) -> HttpAnswer:
        """Send a request again and again until it is answered with this status, and return that answer.

        A change of an API or of a policy takes some seconds on AWS until it counts, and so does the name of a
        new API: until then nobody answers. The requests are plumbing on the tape. Options are those of
        `request`.

        Raises:
            CloudError: the local cloud doesn't answer.
            DeployError: it wasn't within `patience_seconds`.
        """
        still = "nobody answers"

        def matching() -> HttpAnswer | None:
            nonlocal still
            try:
                answer = self.request(method, path, **options)
            except CloudError:
                raise
            except LabError as error:
                still = error.cause
                return None
            still = f"the answer is still {answer.status}"
            return answer if answer.status == status else None

        doing = f"waiting until {method} {path} is answered with {status}"
        with self._target.tape.plumbing():
            try:
                return wait_until(matching, doing=doing, timeout_seconds=self.patience_seconds)
            except DeployError as error:
                raise DeployError(
                    doing=doing,
                    cause=f"{still} after {self.patience_seconds:g} s.",
                    next_step="Solve the exercise above, if there is one, and run the step's cells again.",
                ) from error

    def request(
        self,
        method: str,
        path: str,
        *,
        json: Any = None,
        content: str | bytes | None = None,
        params: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> HttpAnswer:
        """Send one request, and return the answer, whatever its status (with backoff: the last answer).

        Args:
            method: HTTP method.
            path: behind the API's address, such as "/orders".
            json: data that is sent as JSON.
            content: a body as it is.
            params: the query string.
            headers: more headers.

        Raises:
            CloudError: the local cloud doesn't answer.
            LabError: no answer came, or not in time.
        """
        request = self._client.build_request(
            method,
            self.url + ("/" + path.lstrip("/") if path else ""),
            json=json,
            content=content,
            params=params,
            headers={**self._headers, **(headers or {})},
        )
        if self._signing:
            self._sign(request)
        answer = self._send(request)
        for attempt in range(1, ATTEMPTS if self._backoff else 1):
            if answer.status not in RETRIED:
                break
            time.sleep(pause_seconds(attempt, random.random()))
            answer = self._send(request)
        return answer

    def _send(self, request: httpx.Request) -> HttpAnswer:
        call = HttpCall.of(request, cell=self._target.tape.current_cell)
        call.api_kind = self._kind
        self._target.tape.add(call)
        began = time.perf_counter()
        try:
            response = self._client.send(request)
        except httpx.TransportError as error:
            call.error_code = type(error).__name__
            raise no_answer(self._target, request, error) from error
        finally:
            call.seconds = time.perf_counter() - began
        call.note(response)
        return HttpAnswer.of(response, seconds=call.seconds)

    def _sign(self, request: httpx.Request) -> None:
        # A signature is over %20; httpx writes + for a space.
        request.url = request.url.copy_with(query=request.url.query.replace(b"+", b"%20"))
        credentials = self._target.session.get_credentials().get_frozen_credentials()
        signed = AWSRequest(request.method, str(request.url), data=request.content)
        for name in ("content-type", "host"):
            if name in request.headers:
                signed.headers[name] = request.headers[name]
        SigV4Auth(credentials, self._signing, self._target.region).add_auth(signed)
        request.headers.update(dict(signed.headers))


def require_reachable(target: Target, url: str) -> None:
    """Refuse an address that is not on this machine, in local mode.

    Raises:
        TargetError: it isn't.
    """
    host = urlsplit(url).hostname
    if target.endpoint_url is not None and host not in LOOPBACK:
        raise TargetError(
            doing=f"sending requests to {host}",
            cause="in local mode the lab sends nothing to another machine. Nothing was sent.",
            next_step="Use the url of an API that was deployed here. For a real account, set LAB_TARGET=aws.",
        )


def no_answer(target: Target, request: httpx.Request, error: httpx.TransportError) -> LabError:
    """Return what is said about a request that nobody answered."""
    doing = f"sending {request.method} {request.url.path}"
    if isinstance(error, httpx.LocalProtocolError):
        return LabError(
            doing=doing,
            cause=f"it can't be written as HTTP: {error}.",
            next_step="Look at its headers. Nothing was sent.",
        )
    if isinstance(error, httpx.TimeoutException) and not isinstance(error, httpx.ConnectTimeout):
        return LabError(
            doing=doing,
            cause=f"no answer came within {TIMEOUT_SECONDS:g} s.",
            next_step="Look at the function's logs. API Gateway itself answers after 30 s at the latest.",
        )
    if target.endpoint_url is not None:
        return CloudError(
            doing=doing,
            cause=f"nothing answers at {request.url.host}:{request.url.port}: the local cloud has stopped.",
            next_step="Run the Setup cell again: it starts the cloud. Then deploy the API again for its url.",
        )
    return LabError(
        doing=doing,
        cause=f"{request.url.host} could not be reached: {error}.",
        next_step="Check the network. An API that was just made needs some seconds until its name is known.",
    )
