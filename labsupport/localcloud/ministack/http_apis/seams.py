"""The private functions of MiniStack's HTTP APIs that we rely on: a part of `seams.SEAMS`."""

from __future__ import annotations

# Module, name and parameters of each one, as they are in the pinned version.
HTTP_SEAMS = [
    ("services.apigateway", "_apigw_error", "code message status"),
    (
        "services.apigateway",
        "_apply_request_parameter_mappings",
        "integration request_headers request_query request_path path_params context_vars stage_vars",
    ),
    ("services.apigateway", "_create_authorizer", "api_id data"),
    ("services.apigateway", "_create_deployment", "api_id data"),
    ("services.apigateway", "_create_integration", "api_id data"),
    ("services.apigateway", "_create_route", "api_id data"),
    ("services.apigateway", "_create_stage", "api_id data"),
    ("services.apigateway", "_fetch_jwks", "url"),
    ("services.apigateway", "_fetch_oidc_jwks_uri", "issuer"),
    ("services.apigateway", "_iam_caller_identity_v2", "headers query_params"),
    ("services.apigateway", "_update_authorizer", "api_id auth_id data"),
    ("services.apigateway", "_update_integration", "api_id int_id data"),
    ("services.apigateway", "_update_route", "api_id route_id data"),
    ("services.apigateway", "_update_stage", "api_id stage_name data"),
    ("services.apigateway", "_validate_jwt_authorizer", "route authorizer headers query_params"),
    ("services.apigateway", "decode_http_api_path", "raw_path"),
    (
        "services.apigateway",
        "handle_execute",
        "api_id stage path method headers body query_params raw_query_string",
    ),
]
