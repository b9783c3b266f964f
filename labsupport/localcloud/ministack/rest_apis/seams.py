"""The private functions of MiniStack's REST APIs that we rely on: a part of `seams.SEAMS`."""

from __future__ import annotations

# Module, name and parameters of each one, as they are in the pinned version.
REST_SEAMS = [
    (
        "app",
        "_enforce_data_plane",
        "service iam_action headers query_params request_id resource_arn service_context "
        "auth_error_response named_resource",
    ),
    ("services.apigateway_v1", "_api_key_from_request", "headers"),
    ("services.apigateway_v1", "_apply_stage_patch", "stage patch_ops"),
    (
        "services.apigateway_v1",
        "_build_api_export",
        "api_id stage_name export_type include_integrations include_authorizers",
    ),
    (
        "services.apigateway_v1",
        "_build_lambda_event_v1",
        "api_id stage_name stage resource request_path method headers body query_params "
        "path_params binary_media_types authorizer_context caller_identity",
    ),
    ("services.apigateway_v1", "_call_lambda_raw", "function_ref event account_id region"),
    ("services.apigateway_v1", "_check_quota", "key api_id stage_name"),
    ("services.apigateway_v1", "_check_throttle", "stage api_id stage_name resource_path http_method key"),
    ("services.apigateway_v1", "_create_deployment", "api_id data"),
    ("services.apigateway_v1", "_create_model", "api_id data"),
    ("services.apigateway_v1", "_create_request_validator", "api_id data"),
    ("services.apigateway_v1", "_create_resource", "api_id parent_id data"),
    ("services.apigateway_v1", "_create_rest_api", "data"),
    ("services.apigateway_v1", "_create_stage", "api_id data"),
    ("services.apigateway_v1", "_create_usage_plan", "data"),
    ("services.apigateway_v1", "_create_usage_plan_key", "plan_id data"),
    ("services.apigateway_v1", "_delete_deployment", "api_id deployment_id"),
    ("services.apigateway_v1", "_delete_rest_api", "api_id"),
    ("services.apigateway_v1", "_deploy_to_stage", "api_id deployment_id stage_name description variables"),
    (
        "services.apigateway_v1",
        "_execute_in_scope",
        "request api_id stage_name method path headers body query_params owner_account_id owner_region",
    ),
    ("services.apigateway_v1", "_extract_lambda_ref_from_integration_uri", "uri"),
    ("services.apigateway_v1", "_gateway_error_response", "error request"),
    ("services.apigateway_v1", "_get_export", "api_id stage_name export_type headers query_params"),
    ("services.apigateway_v1", "_get_method", "api_id resource_id http_method"),
    ("services.apigateway_v1", "_get_rest_api", "api_id"),
    ("services.apigateway_v1", "_get_stage", "api_id stage_name"),
    (
        "services.apigateway_v1",
        "_handle_execute_in_scope",
        "api_id stage_name method path headers body query_params owner_account_id owner_region",
    ),
    ("services.apigateway_v1", "_import_security_schemes", "api_id spec"),
    ("services.apigateway_v1", "_invoke_authorizer_lambda", "authorizer event account_id region"),
    (
        "services.apigateway_v1",
        "_invoke_http_proxy_v1",
        "integration path method headers body query_params path_params",
    ),
    (
        "services.apigateway_v1",
        "_invoke_lambda_custom_v1",
        "integration api_id stage_name stage resource request_path method headers body "
        "query_params path_params owner_account_id owner_region binary_media_types "
        "authorizer_context caller_identity",
    ),
    (
        "services.apigateway_v1",
        "_invoke_lambda_proxy_v1",
        "integration api_id stage_name stage resource request_path method headers body "
        "query_params path_params owner_account_id owner_region binary_media_types "
        "authorizer_context caller_identity",
    ),
    ("services.apigateway_v1", "_invoke_mock_v1", "integration"),
    (
        "services.apigateway_v1",
        "_invoke_sqs_v1",
        "integration api_id stage_name stage resource request_path method headers body "
        "query_params path_params owner_account_id owner_region binary_media_types "
        "authorizer_context caller_identity",
    ),
    ("services.apigateway_v1", "_media_type_matches", "media_type binary_media_types"),
    ("services.apigateway_v1", "_method_security", "security scheme_map"),
    ("services.apigateway_v1", "_put_gateway_response", "api_id response_type data"),
    ("services.apigateway_v1", "_put_integration", "api_id resource_id http_method data"),
    (
        "services.apigateway_v1",
        "_put_integration_response",
        "api_id resource_id http_method status_code data",
    ),
    ("services.apigateway_v1", "_put_method", "api_id resource_id http_method data"),
    ("services.apigateway_v1", "_put_method_response", "api_id resource_id http_method status_code data"),
    ("services.apigateway_v1", "_resolve_api_key", "value"),
    ("services.apigateway_v1", "_rest_api_arn", "api_id"),
    ("services.apigateway_v1", "_rest_api_view", "api"),
    ("services.apigateway_v1", "_update_integration", "api_id resource_id http_method data"),
    ("services.apigateway_v1", "_update_stage", "api_id stage_name data"),
    ("services.apigateway_v1", "_update_usage_plan", "plan_id data"),
    ("services.apigateway_v1", "_usage_plans_for_key", "key_id api_id stage_name"),
    ("services.apigateway_v1", "_v1_error", "code message status"),
    ("services.apigateway_v1", "_v1_response", "data status"),
    ("services.apigateway_v1", "find_api_scope", "api_id"),
    ("services.apigateway_v1", "handle_execute", "api_id stage_name method path headers body query_params"),
    ("services.apigateway_v1", "handle_request", "method path headers body query_params"),
    ("services.apigateway_v1", "method_authorization_type", "api_id stage_name method path"),
    ("services.apigateway_v1", "request_scope", "account_id region"),
]
