"""A new function has code. A package that is uploaded in a request has at most 50 MB zipped, and is a zip.

Larger ones go through S3. Base64 makes 50 MB to 67, and the whole request is measured first: AWS answers 413,
RequestEntityTooLargeException. 250 MB unzipped is checked where the layers are known.

https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
https://docs.aws.amazon.com/lambda/latest/dg/troubleshooting-deployment.html
"""

from __future__ import annotations

import base64
import io
import zipfile
from collections.abc import Mapping
from typing import Any

from labsupport.localcloud.rules.refusal import Refusal, invalid_parameter

MOST_ZIPPED_BYTES = 50 * 1024**2
# {operation: bytes of its request}. AWS's messages name the figures.
MOST_REQUEST_BYTES = {
    "CreateFunction": 70_167_211,
    "UpdateFunctionCode": 70_167_211,
    "PublishLayerVersion": 70_167_211,
    "UpdateFunctionConfiguration": 5_120,
}
TOO_LARGE = "RequestEntityTooLargeException"
NO_ZIP = "Could not unzip uploaded file. Please check your file, then try to upload again."


def request_problem(operation: str, body_bytes: int) -> Refusal | None:
    """Return AWS's refusal of a request that is too long, or None."""
    most = MOST_REQUEST_BYTES.get(operation)
    if most is None or body_bytes < most:
        return None
    return Refusal(TOO_LARGE, f"Request must be smaller than {most} bytes for the {operation} operation", 413)


def source_problem(parameters: Mapping[str, Any]) -> Refusal | None:
    """Return AWS's refusal of a new function without code, or without what a zip needs, or None."""
    code = parameters["Code"]
    if not any(code.get(source) for source in ("ZipFile", "S3Bucket", "ImageUri")):
        return invalid_parameter("Please provide a source for function code.")
    is_zip = parameters.get("PackageType", "Zip") == "Zip" and "ImageUri" not in code
    if is_zip and not (parameters.get("Runtime") and parameters.get("Handler")):
        return invalid_parameter(
            "Runtime and Handler are mandatory parameters for functions created with deployment packages."
        )
    return None


def problem(zip_file: str) -> Refusal | None:
    """Return AWS's refusal of a package, or None.

    Args:
        zip_file: ZipFile as the request has it, in base64.
    """
    try:
        package = base64.b64decode(zip_file, validate=True)
    except ValueError:  # of other characters, or of a wrong length
        return invalid_parameter(NO_ZIP)
    if len(package) > MOST_ZIPPED_BYTES:
        return Refusal(TOO_LARGE, f"Zipped size must be smaller than {MOST_ZIPPED_BYTES} bytes", 413)
    return None if zipfile.is_zipfile(io.BytesIO(package)) else invalid_parameter(NO_ZIP)
