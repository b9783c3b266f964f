"""The private functions of MiniStack's WebSocket APIs that we rely on: a part of `seams.SEAMS`."""

from __future__ import annotations

# Module, name and parameters of each one, as they are in the pinned version.
WEBSOCKET_SEAMS = [
    ("services.apigateway", "_api_owner", "api_id"),
    (
        "services.apigateway",
        "_authorize_ws_connect",
        "api_id route request_context headers query_params account_id region",
    ),
    ("services.apigateway", "_authorize_ws_iam", "scope connect_arn headers query_params region"),
    ("services.apigateway", "_create_deployment", "api_id data"),
    ("services.apigateway", "handle_connections_api", "method api_id stage connection_id body headers"),
    ("services.apigateway", "handle_websocket", "scope receive send api_id path_override"),
]
