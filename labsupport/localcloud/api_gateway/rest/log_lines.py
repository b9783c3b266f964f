"""The first and the last lines of a request in the execution log.

https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-logging.html
"""

from __future__ import annotations

from typing import Any

from labsupport.localcloud.api_gateway.rest.exchange import Exchange


def log_arrival(exchange: Exchange) -> None:
    """Write what came, before anything is done with it."""
    say, data = exchange.log.say, exchange.log.data
    api_stage = f"{exchange.api_id}/{exchange.stage_name}"
    say(f"Extended Request Id: {exchange.extended_request_id}")
    say(f"Verifying Usage Plan for request: {exchange.request_id}. API Key:  API Stage: {api_stage}")
    say(f"Starting execution for request: {exchange.request_id}")
    say(f"HTTP Method: {exchange.method}, Resource Path: {exchange.path}")
    data("Method request query string", {name: ",".join(values) for name, values in exchange.query.items()})
    data("Method request headers", _masked(exchange.headers))
    data("Method request body before transformations", exchange.body)


def log_departure(exchange: Exchange, status: int, headers: dict[str, Any], body: bytes) -> None:
    """Write what the client gets."""
    say, data = exchange.log.say, exchange.log.data
    if exchange.integration_seconds is not None:
        milliseconds = round(exchange.integration_seconds * 1000)
        say(f"Received response. Status: {status}, Integration latency: {milliseconds} ms", is_data=True)
    data("Method response body after transformations", body)
    data("Method response headers", headers)
    if exchange.error is None:
        say("Successfully completed execution")
    else:
        say(f"Gateway response type: {exchange.error[0]} with status code: {status}", is_error=True)
    say(f"Method completed with status: {status}", is_error=status >= 400)


def _masked(headers: dict[str, Any]) -> dict[str, Any]:
    """Return headers without secrets: AWS shows the last characters of them alone."""
    secret = ("authorization", "x-api-key")
    return {
        name: "*" * 10 + str(value)[-6:] if name.lower() in secret else value
        for name, value in headers.items()
    }
