"""MiniStack's version, the environment it reads, and the private functions that we rely on."""

from __future__ import annotations

import importlib
import importlib.metadata
import inspect
import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from labsupport.errors import CloudError
from labsupport.localcloud.ministack.http_apis.seams import HTTP_SEAMS
from labsupport.localcloud.ministack.rest_apis.seams import REST_SEAMS
from labsupport.localcloud.ministack.websocket_apis.seams import WEBSOCKET_SEAMS

VERSION = importlib.metadata.version("ministack")
PINNED_VERSION = "1.5.33"

# Module, name and parameters of each one, as they are in the pinned version.
SEAMS = [
    ("app", "_build_persistence_save_dict", ""),
    ("app", "_dispatch_service_request", "method path headers body query_params request_id"),
    (
        "app",
        "_enforce_execute_api",
        "api_id stage method execute_path headers query_params iam_action",
    ),
    (
        "app",
        "_enforce_data_plane",
        "service iam_action headers query_params request_id resource_arn service_context auth_error_response "
        "named_resource",
    ),
    ("app", "_get_module", "name"),
    (
        "app",
        "_handle_lambda_url_request",
        "host path method headers body query_params source_ip",
    ),
    ("app", "_parse_lambda_url", "host path"),
    ("app", "detect_service", "method path headers query_params"),
    (
        "core.iam_actions",
        "access_denied_response",
        "service action principal_arn request_id error_code message headers resource_arn explicit_deny "
        "resource_policy_arn",
    ),
    ("core.iam_actions", "extract_iam_action", "service method path headers body query_params"),
    ("core.iam_actions", "_query_param", "query_params key"),
    ("core.iam_actions", "_safe_json_field", "body field"),
    (
        "core.iam_actions",
        "extract_resource_arn",
        "service method path headers body query_params region account_id",
    ),
    ("core.iam_actions", "request_tag_context", "service iam_action body params"),
    ("core.iam_evaluator", "_gather_role_policies", "role_name account_id"),
    ("core.iam_evaluator", "_resource_policy", "service resource_arn"),
    (
        "core.iam_evaluator",
        "combine_resource_policy",
        "identity ctx policy owner_account required limits",
    ),
    ("core.iam_evaluator", "_gather_user_policies", "user_name account_id"),
    ("core.iam_evaluator", "_permissions_boundary", "store name account_id"),
    ("core.iam_evaluator", "enforce", "access_key_id iam_action service region resource_arn service_context"),
    ("core.iam_evaluator", "evaluate", "ctx policies limits"),
    ("core.iam_evaluator", "AuthError", "code message details"),
    ("core.iam_evaluator", "is_root_access_key", "access_key_id"),
    ("core.iam_evaluator", "evaluate_resource_policy", "doc ctx service named_only direct_only"),
    ("core.lambda_runtime", "_account_region_from_function_config", "config"),
    ("core.lambda_runtime", "execution_credentials", "config"),
    ("core.lambda_runtime", "reset", ""),
    ("core.concurrency", "run_reentrant", "fn args thread_name"),
    ("core.router", "extract_access_key_id", "headers query_params"),
    ("core.responses", "StreamingResponse", "runner"),
    ("services.bedrock", "handle_request", "method path headers body query_params"),
    ("services.bedrock_runtime", "handle_request", "method path headers body query_params"),
    ("services.bedrock_agent", "_create_ds", "kb_id body"),
    ("services.bedrock_agent", "_delete_ds", "kb_id ds_id"),
    ("services.bedrock_agent", "_delete_kb", "kb_id"),
    ("services.bedrock_agent", "_metadata_attributes", "raw"),
    ("services.bedrock_agent", "_run_s3_ingestion", "kb_id ds_id ds_rec"),
    ("services.bedrock_agent", "handle_request", "method path headers body query_params"),
    ("services.bedrock_agent_runtime", "_filter_matches", "flt metadata"),
    ("services.bedrock_agent_runtime", "_not_found", "msg"),
    ("services.bedrock_agent_runtime", "_validation", "msg"),
    ("services.bedrock_agent_runtime", "handle_request", "method path headers body query_params"),
    ("services.s3", "_get_object_data", "bucket_name key version_id"),
    ("services.cloudwatch", "_calc_stats", "points"),
    ("services.cloudwatch", "_dims_from_list", "dimensions"),
    ("services.cloudwatch", "_dims_key", "dims"),
    ("services.cloudwatch", "_dispatch_alarm_actions", "alarm old_state new_state reason"),
    ("services.cloudwatch", "_evaluate_alarm", "alarm"),
    ("services.cloudwatch", "_evaluate_parent_alarms", "child seen"),
    ("services.cloudwatch", "_evict_old_metrics", ""),
    ("services.cloudwatch", "_get_metric_data", "params cbor_data is_cbor is_json"),
    ("services.cloudwatch", "_get_metric_statistics", "params cbor_data is_cbor is_json"),
    ("services.cloudwatch", "_parse_ts", "value"),
    (
        "services.cloudwatch",
        "_record_history",
        "alarm_name old_state new_state reason alarm_type reason_data",
    ),
    ("services.cloudwatch", "_stat_value", "stats stat_name points"),
    ("services.cloudwatch_logs", "_append_log_events", "stream events"),
    ("services.cloudwatch_logs", "_compile_filter_pattern", "raw"),
    ("services.cloudwatch_logs", "_collect_query_records", "group_names start_time_s end_time_s"),
    ("services.cloudwatch_logs", "_fanout_to_subscription_filters", "group_name stream_name events"),
    ("services.cloudwatch_logs", "_filter_log_events", "data"),
    ("services.cloudwatch_logs", "_make_group_arn", "name"),
    ("services.cloudwatch_logs", "_put_metric_filter", "data"),
    ("services.cloudwatch_logs", "_put_subscription_filter", "data"),
    ("services.cloudwatch_logs", "_resolve_query_log_groups", "data"),
    ("services.cloudwatch_logs", "_start_live_tail", "data"),
    ("services.cloudwatch_logs", "_start_query", "data"),
    ("services.cloudwatch_logs", "_subscription_pattern_matches", "pattern message"),
    (
        "services.dynamodb",
        "_add_consumed_capacity",
        "result data table_name write old_item new_item index_name",
    ),
    ("services.dynamodb", "_apply_index_projection", "item table index_name"),
    ("services.dynamodb", "_get_item_by_key", "table key"),
    ("services.dynamodb", "_item_size_bytes", "item"),
    ("services.dynamodb", "_paginate_evaluated_items", "items limit table index_name"),
    ("services.dynamodb", "stream_records_since", "table_name position limit account_id region"),
    ("services.dynamodb", "stream_start_position", "table_name account_id region"),
    ("services.eventbridge", "_dispatch_to_lambda", "arn payload"),
    ("services.eventbridge", "_dispatch_to_sns", "arn payload"),
    ("services.eventbridge", "_dispatch_to_sqs", "spec payload sqs_parameters"),
    ("services.eventbridge", "_invoke_target", "target event rule view"),
    ("services.eventbridge", "_parse_cron_fields", "expr"),
    ("services.eventbridge", "_parse_rate_seconds", "expr"),
    ("services.eventbridge", "_pattern_event_view", "event"),
    ("services.iam", "_error", "status code message ns"),
    ("services.iam", "_extract_simulate_params", "p"),
    ("services.iam", "_p", "params key default"),
    ("services.iam", "_xml", "status root_tag inner ns"),
    ("services.lambda_svc", "_account_region_from_function_config", "config"),
    ("services.lambda_svc", "_acquire_execution_slot", "func config"),
    ("services.lambda_svc", "_apply_filter_criteria", "records esm"),
    ("services.lambda_svc", "_create_esm", "data"),
    ("services.lambda_svc", "_create_function", "data"),
    ("services.lambda_svc", "_delete_provisioned_concurrency", "func_name qualifier"),
    ("services.lambda_svc", "_dispatch_esm_batch", "esm_id fn args"),
    ("services.lambda_svc", "_effective_func_record_for_qualifier", "func qualifier"),
    ("services.lambda_svc", "_emit_lambda_metrics", "function_name duration_ms error throttle"),
    ("services.lambda_svc", "_event_invoke_config", "func qualifier"),
    ("services.lambda_svc", "_execute_function", "func event"),
    ("services.lambda_svc", "_execute_function_dispatch", "func config event request_id started"),
    ("services.lambda_svc", "_execution_record_for_config", "func config"),
    ("services.lambda_svc", "_func_arn", "name"),
    ("services.lambda_svc", "_function_url_is_signed", "headers query_params"),
    ("services.lambda_svc", "_layer_content_url", "layer_name version"),
    ("services.lambda_svc", "_presigned_code_url", "func_name"),
    ("services.lambda_svc", "_get_func_record_for_qualifier", "name qualifier"),
    ("services.lambda_svc", "_get_func_record_for_ref", "function_ref"),
    ("services.lambda_svc", "_get_provisioned_concurrency", "func_name qualifier"),
    ("services.lambda_svc", "_init_stream_position", "esm_id source_arn starting"),
    ("services.lambda_svc", "_iter_all_esms", ""),
    ("services.lambda_svc", "_invoke", "name event headers path_qualifier query_params"),
    ("services.lambda_svc", "_poll_dynamodb_streams", ""),
    ("services.lambda_svc", "_poll_kinesis", ""),
    ("services.lambda_svc", "_put_function_concurrency", "func_name data"),
    ("services.lambda_svc", "_put_provisioned_concurrency", "func_name qualifier data"),
    ("services.lambda_svc", "_reject_unreadable_zip", "zip_data"),
    ("services.lambda_svc", "_release_esm_poll_state", "esm_id"),
    ("services.lambda_svc", "_reserved_concurrency", "func config"),
    ("services.lambda_svc", "_resolve_existing_esm_function", "function_ref"),
    ("services.lambda_svc", "_resolve_layer_zip", "attachment"),
    ("services.lambda_svc", "_run_sqs_batch", "esm func_rec event batch queue_url queue_name"),
    ("services.lambda_svc", "_runtime_env_vars", "config"),
    ("services.lambda_svc", "_throttle_response", "reason_code msg retry_after"),
    ("services.lambda_svc", "_schedule_state_transition", "func_name delay"),
    ("services.lambda_svc", "_update_code", "name data"),
    ("services.lambda_svc", "_update_config", "name data"),
    ("services.lambda_svc", "_update_esm", "esm_id data"),
    ("services.lambda_svc", "function_policy_for_arn", "resource_arn"),
    (
        "services.lambda_svc",
        "handle_function_url_request",
        "url_id method path headers body query_params resolved source_ip",
    ),
    ("services.lambda_svc", "handle_request", "method path headers body query_params"),
    ("services.lambda_svc", "invalidate_worker", "func_name qualifier account region"),
    ("services.lambda_svc", "invoke_async_with_retry", "func event"),
    ("services.lambda_svc", "resolve_function_url", "url_id"),
    ("services.s3", "_deliver_event_to_lambda", "arn event_payload bucket_region"),
    ("services.s3", "_invalid_notification_config", "message"),
    (
        "services.s3",
        "_validate_notification_configs",
        "configs bucket_region bucket_name skip_destination_validation",
    ),
    (
        "services.sns",
        "_deliver_to_lambda",
        "endpoint envelope topic_arn sub_arn msg_id raw_message message_attributes",
    ),
    (
        "services.sns",
        "_deliver_to_sqs",
        "endpoint envelope raw raw_message message_group_id message_dedup_id message_attributes topic_arn",
    ),
    ("services.sns", "_error", "code message status"),
    ("services.sns", "_find_subscription", "topic_arn sub_arn"),
    ("services.sns", "_p", "params key default"),
    ("services.sns", "_set_subscription_attributes", "params"),
    ("services.sns", "_subscribe", "params"),
    ("services.sns", "_topic_by_arn_any_scope", "topic_arn"),
    ("services.scheduler", "_at_time_epoch", "expr"),
    ("services.scheduler", "_create_schedule", "name body"),
    ("services.scheduler", "_delete_schedule", "name query"),
    ("services.scheduler", "_error", "status code message"),
    ("services.scheduler", "_update_schedule", "name body"),
    ("services.scheduler", "handle_request", "method path headers body_bytes query_params"),
    ("services.sns", "topic_policy_allows", "topic_arn service source_arn source_account"),
    ("services.sts", "register_session", "access_key session"),
    ("services.sqs", "_build_send_sys_attrs", "now sys_attrs_input"),
    ("services.sqs", "_ensure_msg_fields", "m"),
    ("services.sqs", "_md5_msg_attrs", "attrs"),
    ("services.sqs", "_queue_by_arn", "arn"),
    ("services.sqs", "_queue_url", "name"),
    ("services.sqs", "queue_delay", "q"),
    ("services.sqs", "queue_policy_allows", "queue_arn service source_arn source_account"),
    *HTTP_SEAMS,
    *REST_SEAMS,
    *WEBSOCKET_SEAMS,
]


def prepare_environment(*, home: Path, port: int, account: str, region: str) -> None:
    """Set the environment variables that MiniStack reads when it is imported.

    Variables of the learner's own AWS set-up are removed: a key in AWS_ACCESS_KEY_ID would become a root
    key of the local cloud, and DOCKER_HOST would make MiniStack look for containers.
    """
    theirs = ("AWS_", "MINISTACK_", "LAMBDA_", "LOCALSTACK_")
    for name in [name for name in os.environ if name.startswith(theirs)]:
        del os.environ[name]
    os.environ.update(
        AUTH="true",
        BIND_HOST="127.0.0.1",
        GATEWAY_PORT=str(port),
        MINISTACK_HOST="127.0.0.1",
        MINISTACK_ACCOUNT_ID=account,
        MINISTACK_REGION=region,
        PERSIST_STATE="0",  # state.py saves, and sooner
        STATE_DIR=str(home / "state"),
        S3_PERSIST="1",
        S3_DATA_DIR=str(home / "state" / "s3"),
        SFTP_ENABLED="0",
        IOT_MTLS_ENABLED="0",
        LAMBDA_ACCOUNT_CONCURRENCY="1000",
        LOG_LEVEL="WARNING",
        TMPDIR=str(home / "work"),
        DOCKER_HOST=f"unix://{home}/no-docker",
        # boto3 in this process delivers to destinations. It must find nothing of the learner's.
        AWS_CONFIG_FILE=os.devnull,
        AWS_SHARED_CREDENTIALS_FILE=os.devnull,
        AWS_EC2_METADATA_DISABLED="true",
        NO_PROXY="*",
        no_proxy="*",
    )
    logging.getLogger("labsupport").setLevel(logging.INFO)


def check() -> None:
    """Check the version and every seam.

    Raises:
        CloudError: another version is installed, or a function isn't what it was.
    """
    if VERSION != PINNED_VERSION:
        raise _unfit(f"version {PINNED_VERSION} is needed, {VERSION} is installed.")
    for module_name, name, parameters in SEAMS:
        seam = getattr(importlib.import_module(f"ministack.{module_name}"), name, None)
        found = " ".join(inspect.signature(seam).parameters) if callable(seam) else None
        if found != parameters:
            raise _unfit(f"ministack.{module_name}.{name} takes ({found}) and not ({parameters}).")


def replace(module: Any, name: str, make: Callable[[Any], Any]) -> None:
    """Put `make(original)` in the place of a module's function. MiniStack calls it by module attribute."""
    setattr(module, name, make(getattr(module, name)))


def _unfit(cause: str) -> CloudError:
    return CloudError(
        doing="starting the local cloud",
        cause=f"the installed MiniStack doesn't fit: {cause}",
        next_step="Run `./lab doctor`; deleting .venv and running `./lab open` again installs what fits.",
    )
