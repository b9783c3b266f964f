"""What a client of an HTTP API gets: CORS, the route, its limits, its authorizer, then its integration.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api.html
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

from labsupport.localcloud.api_gateway.http import cors, response, routes
from labsupport.localcloud.api_gateway.http.exchange import HttpAnswer, HttpExchange
from labsupport.localcloud.api_gateway.token_bucket import ACCOUNT_BURST, ACCOUNT_RATE, TokenBuckets
from labsupport.localcloud.ministack.http_apis.authorizers_seam import HttpAuthorizersSeam
from labsupport.localcloud.ministack.http_apis.deployments_seam import Deployed
from labsupport.localcloud.ministack.http_apis.iam_seam import HttpIamSeam, Onward
from labsupport.localcloud.ministack.http_apis.integrations_seam import HttpIntegrationsSeam

MOST_BYTES = 10 * 1024**2


class HttpAnsweringSeam:
    """Find the answer to a request."""

    def __init__(
        self,
        authorizers: HttpAuthorizersSeam,
        iam: HttpIamSeam,
        integrations: HttpIntegrationsSeam,
        buckets: TokenBuckets,
    ) -> None:
        """Take what does the parts."""
        self._authorizers, self._iam = authorizers, iam
        self._integrations, self._buckets = integrations, buckets

    async def answer(self, exchange: HttpExchange, deployed: Deployed | None, onward: Onward) -> HttpAnswer:
        """Return what the client gets.

        Args:
            exchange: the request. It learns what is found out about it.
            deployed: what its stage serves, or None.
            onward: sends the request through MiniStack.
        """
        if deployed is None:
            return response.message(404, "Not Found")
        if deployed.cors and (preflight := cors.preflight(deployed.cors, exchange)):
            return preflight
        answer = await self._routed(exchange, deployed, onward)
        if deployed.cors:
            cors.decorate(deployed.cors, exchange, answer)
        return answer

    async def _routed(self, exchange: HttpExchange, deployed: Deployed, onward: Onward) -> HttpAnswer:
        if exchange.is_cut or len(exchange.body) > MOST_BYTES:
            return _said(exchange, 413, "Request Entity Too Large")
        path = "/" + exchange.path.lstrip("/")
        match = routes.find(deployed.routes.values(), exchange.method, path)
        if match is None:
            return _said(exchange, 404, "Not Found")
        exchange.route_key, exchange.path_parameters = match.route["routeKey"], match.path_parameters
        if not self._admits(exchange, deployed.stage):
            return _said(exchange, 429, "Too Many Requests")
        integrate = functools.partial(self._integrations.answer, exchange, match.route, deployed.integrations)
        if match.route.get("authorizationType") == "AWS_IAM":
            answer = await self._iam.answer(exchange, onward, integrate)
            return answer or _said(exchange, 403, "Forbidden")
        refusal = await self._authorizers.refusal(exchange, match.route, deployed.authorizers)
        return _said(exchange, *refusal) if refusal else await integrate()

    def _admits(self, exchange: HttpExchange, stage: Mapping[str, Any]) -> bool:
        """Ask the route's bucket, then the account's.

        https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-throttling.html
        """
        settings = {
            **(stage.get("defaultRouteSettings") or {}),
            **((stage.get("routeSettings") or {}).get(exchange.route_key) or {}),
        }
        rate = settings.get("throttlingRateLimit")
        burst = settings.get("throttlingBurstLimit")
        if rate is not None or burst is not None:
            route = (exchange.api_id, exchange.stage, exchange.route_key)
            rate = ACCOUNT_RATE if rate is None else float(rate)
            if not self._buckets.take(route, rate=rate, burst=ACCOUNT_BURST if burst is None else burst):
                return False
        account = (exchange.account, exchange.region)
        return self._buckets.take(account, rate=ACCOUNT_RATE, burst=ACCOUNT_BURST)


def _said(exchange: HttpExchange, status: int, text: str) -> HttpAnswer:
    exchange.error = text
    return response.message(status, text)
