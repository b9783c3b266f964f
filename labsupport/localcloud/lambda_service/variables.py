"""The environment variables of an execution environment, made by hand: nothing of the host gets in.

https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
"""

from __future__ import annotations

import os

from labsupport.localcloud.lambda_service.function import Function


def environment_variables(
    function: Function, *, api_address: str, log_stream: str, telemetry_fd: int, provisioned: bool
) -> dict[str, str]:
    """Return the variables that Lambda defines, with the function's own among them.

    A function may not set Lambda's reserved variables; the control plane refuses it before.
    """
    defaults = {
        # Unreserved: a function may set these.
        "LANG": "en_US.UTF-8",
        "PATH": "/var/lang/bin:/usr/local/bin:/usr/bin/:/bin:/opt/bin",
        "LD_LIBRARY_PATH": (
            "/var/lang/lib:/lib64:/usr/lib64:/var/runtime:/var/runtime/lib:/var/task:/var/task/lib:/opt/lib"
        ),
        "TZ": ":UTC",
    }
    reserved = {
        "_HANDLER": function.handler,
        "AWS_REGION": function.region,
        "AWS_DEFAULT_REGION": function.region,
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{function.runtime}",
        "AWS_LAMBDA_FUNCTION_NAME": function.name,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory_mb),
        "AWS_LAMBDA_FUNCTION_VERSION": function.version,
        "AWS_LAMBDA_INITIALIZATION_TYPE": "provisioned-concurrency" if provisioned else "on-demand",
        "AWS_LAMBDA_LOG_FORMAT": function.logging.log_format,
        "AWS_LAMBDA_LOG_GROUP_NAME": function.log_group,
        "AWS_LAMBDA_LOG_STREAM_NAME": log_stream,
        "AWS_LAMBDA_RUNTIME_API": api_address,
        "LAMBDA_RUNTIME_DIR": "/var/runtime",
        "LAMBDA_TASK_ROOT": "/var/task",
    }
    if function.logging.log_format == "JSON":
        reserved["AWS_LAMBDA_LOG_LEVEL"] = function.logging.application_log_level
    of_the_lab = {
        "_LAMBDA_TELEMETRY_LOG_FD": str(telemetry_fd),  # taken back by AWS's runtime client
        "_LAB_SERVICE": str(os.getpid()),  # taken back by launcher.py
        "PYTHONCOERCECLOCALE": "0",  # otherwise Python adds LC_CTYPE; bootstrap.py takes it back
    }
    return {
        **defaults,
        **function.platform_environment,
        **function.environment,
        **function.credentials,
        **reserved,
        **of_the_lab,
    }
