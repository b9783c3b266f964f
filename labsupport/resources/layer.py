"""Lambda layers: libraries that several functions share, under /opt. Versions are immutable.

https://docs.aws.amazon.com/lambda/latest/dg/chapter-layers.html
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from labsupport.errors import DeployError
from labsupport.lost_answers import ONCE, survives_lost_answers
from labsupport.target import Target

UPLOAD_LIMIT_BYTES = 50 * 1024 * 1024  # of a zip archive in the request itself


@dataclass(frozen=True)
class LayerVersion:
    """Describe one version of a layer.

    Attributes:
        arn: of this version, as functions name it.
        code_sha256: of the archive, in base64.
        size_bytes: of the archive.
    """

    name: str
    arn: str
    version: int
    code_sha256: str
    size_bytes: int


@survives_lost_answers
def publish_layer(target: Target, name: str, archive: bytes, *, python_version: str) -> LayerVersion:
    """Publish a version, or return the newest one where it is the same archive for the same Python.

    Args:
        target: where.
        name: full name of the layer.
        archive: a zip with the libraries under `python/`.
        python_version: such as "3.11".

    Raises:
        DeployError: the archive is larger than Lambda takes in a request.
    """
    if len(archive) > UPLOAD_LIMIT_BYTES:
        raise DeployError(
            doing=f"publishing the layer {name}",
            cause=f"its archive has {len(archive) / 1024**2:.1f} MB, and Lambda takes 50 MB in a request.",
            next_step="Leave libraries out of the layer's requirements.txt, or split them into two layers.",
        )
    runtimes = [f"python{python_version}"]
    with target.tape.plumbing():
        newest = next(_versions(target, name), None)
        if newest is not None and newest.get("CompatibleRuntimes") == runtimes:
            description = describe_layer(target, name, newest["Version"])
            if description.code_sha256 == _sha256(archive):
                return description
        answer = target.client("lambda", **ONCE).publish_layer_version(
            LayerName=name, Content={"ZipFile": archive}, CompatibleRuntimes=runtimes
        )
    return _description(name, answer)


def describe_layer(target: Target, name: str, version: int) -> LayerVersion:
    """Return one version of the layer."""
    answer = target.client("lambda").get_layer_version(LayerName=name, VersionNumber=version)
    return _description(name, answer)


def delete_layer(target: Target, name: str) -> None:
    """Delete all versions of the layer. Functions that use them go on working."""
    with target.tape.plumbing():
        for version in list(_versions(target, name)):
            delete_layer_version(target, f"{name}:{version['Version']}")


def delete_layer_version(target: Target, name_and_number: str) -> None:
    """Delete one version, named such as "lab-ab12cd34-pillow:3". Deleting what is gone is no error on AWS."""
    name, number = name_and_number.rsplit(":", 1)
    with target.tape.plumbing():
        target.client("lambda").delete_layer_version(LayerName=name, VersionNumber=int(number))


def _versions(target: Target, name: str) -> Iterator[dict[str, Any]]:
    """Yield the versions, newest first."""
    for page in target.client("lambda").get_paginator("list_layer_versions").paginate(LayerName=name):
        yield from page["LayerVersions"]


def _description(name: str, answer: dict[str, Any]) -> LayerVersion:
    content = answer["Content"]
    arn, version = answer["LayerVersionArn"], answer["Version"]
    return LayerVersion(name, arn, version, content["CodeSha256"], content["CodeSize"])


def _sha256(archive: bytes) -> str:
    return base64.b64encode(hashlib.sha256(archive).digest()).decode()
