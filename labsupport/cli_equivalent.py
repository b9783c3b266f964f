"""The AWS CLI command that makes the same call as boto3 did, derived from botocore's model of the operation.

The commands run as they stand in a shell that has `lab env`. Bytes can't be written on a command line: they
stand as files (`fileb://payload.json`), and the command says which files it needs and what they hold.
https://docs.aws.amazon.com/cli/latest/userguide/cli-usage-parameters.html
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from botocore import xform_name

# Where the CLI departs from botocore's names (services that the course uses).
SERVICES = {"s3": "s3api"}
OPTIONS = {
    ("sns", "Subscribe", "Endpoint"): "notification-endpoint",
    ("apigateway", "CreateRestApi", "version"): "api-version",
    ("apigatewayv2", "CreateApi", "Version"): "api-version",
    ("apigatewayv2", "UpdateApi", "Version"): "api-version",
    ("stepfunctions", "SendTaskSuccess", "output"): "task-output",
}
NEED_ENDPOINT_OPTION = {"sqs"}
"""Services for which version 1 of the AWS CLI overlooks AWS_ENDPOINT_URL and would call AWS."""

HOISTED = {("lambda", "CreateFunction", "Code"), ("lambda", "PublishLayerVersion", "Content")}
"""Structures whose ZipFile the CLI takes as an option of its own, --zip-file."""


@dataclass(frozen=True)
class Blob:
    """Stand for bytes in recorded parameters.

    Attributes:
        size_bytes: their number, or None for a stream.
        text: the bytes themselves where they are a short text, such as the JSON event of an invocation.
    """

    size_bytes: int | None
    text: str | None = None

    def __str__(self) -> str:
        return "(a stream)" if self.size_bytes is None else f"({self.size_bytes:,} bytes)"


@dataclass(frozen=True)
class CommandFile:
    """Name a file that has to be there before the command is run, and what it has to hold."""

    name: str
    content: Blob

    def __str__(self) -> str:
        return f"{self.name} holds {self.content.text or self.content}"


@dataclass(frozen=True)
class Command:
    """Hold one AWS CLI command.

    Attributes:
        line: the command, quoted for a shell; a comment where the CLI has no command for the operation.
        files: stand-ins for bytes, to be written before the command is run.
    """

    line: str
    files: tuple[CommandFile, ...] = ()


def command_for(model: Any, parameters: Mapping[str, Any], endpoint_url: str | None = None) -> Command:
    """Return the equivalent of one call.

    Args:
        model: botocore.model.OperationModel.
        parameters: as `Call.parameters` holds them: bytes are `Blob`.
        endpoint_url: of the local cloud; None on AWS.
    """
    service = model.service_model.service_name
    if model.has_event_stream_output or model.has_event_stream_input:
        return Command(f"# The AWS CLI has no command for {model.name}: it can't show event streams.")
    words = ["aws", SERVICES.get(service, service), xform_name(model.name, "-")]
    files: list[CommandFile] = []
    for name, value in parameters.items():
        if (service, model.name, name) in HOISTED:
            value = dict(value)
            archive = value.pop("ZipFile", None)
            words += _option("zip-file", archive, None, files) if archive else []
            if not value:
                continue
        option = OPTIONS.get((service, model.name, name)) or xform_name(name, "-")
        words += _option(option, value, model.input_shape.members[name], files)
    if endpoint_url and service in NEED_ENDPOINT_OPTION:
        words += ["--endpoint-url", endpoint_url]
    if model.has_streaming_output:
        words.append("response.json" if service == "lambda" else "response.bin")
    return Command(shlex.join(words), tuple(files))


def _option(option: str, value: Any, shape: Any, files: list[CommandFile]) -> list[str]:
    if isinstance(value, bool):
        return [f"--{option}" if value else f"--no-{option}"]
    if isinstance(value, Blob):
        file = CommandFile(option + _suffix(option, value), value)
        files.append(file)
        is_stream = shape is not None and shape.serialization.get("streaming")
        return [f"--{option}", file.name if is_stream else f"fileb://{file.name}"]
    if isinstance(value, list) and value and all(_is_plain_word(item) for item in value):
        return [f"--{option}", *map(str, value)]
    if isinstance(value, list | Mapping):
        return [f"--{option}", json.dumps(value, ensure_ascii=False, default=_as_text)]
    text = _as_text(value)
    return [f"--{option}={text}"] if text.startswith("-") else [f"--{option}", text]


def _suffix(option: str, value: Blob) -> str:
    if option == "zip-file":
        return ".zip"
    return ".json" if (value.text or "").startswith(("{", "[", '"')) else ".bin"


def _is_plain_word(item: Any) -> bool:
    if isinstance(item, bool) or not isinstance(item, str | int | float):
        return False
    return not str(item).startswith(("[", "{", "-")) and str(item) != ""


def _as_text(value: Any) -> str:
    return value.isoformat() if isinstance(value, date) else str(value)
