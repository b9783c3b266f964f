"""The checks of 04_pillow_layer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from labsupport.learning.checks import Cloud, Point

FUNCTIONS = ("badge", "formats")
SMALL_BYTES = 2_000


def attach(cloud: Cloud) -> Iterator[Point]:
    """Ask which layers the two functions name, and how large their own packages are."""
    for thing in FUNCTIONS:
        settings = _settings(cloud, thing)
        layers = _layers(settings)
        yield Point(
            f"{thing} has the layer pillow and no other",
            ok=[_name(arn) for arn in layers] == [cloud.name("pillow")],
            wrong=f"It has: {', '.join(map(_name, layers)) or 'none'}.",
            look="UpdateFunctionConfiguration takes `Layers`: a list of ARNs with their version.",
        )
        yield Point(
            f"the package of {thing} holds its handler alone",
            ok=settings["CodeSize"] < SMALL_BYTES,
            wrong=f"It has {settings['CodeSize']:,} bytes.",
            look="Deploy functions/" + thing + " as it is: the layer brings the rest.",
        )


def roll_out(cloud: Cloud) -> Iterator[Point]:
    """Ask which version of the layer each function names, and which versions there are."""
    found = cloud.client("lambda").list_layer_versions(LayerName=cloud.name("pillow"))["LayerVersions"]
    newest = max((version["Version"] for version in found), default=0)
    used = {
        thing: [int(arn.rsplit(":", 1)[1]) for arn in _layers(_settings(cloud, thing))] for thing in FUNCTIONS
    }
    yield Point(
        "formats uses the newest version",
        ok=used["formats"] == [newest],
        wrong=f"It uses {used['formats'] or 'none'}, the newest is {newest}.",
        look="A function names its layer with the number. Name the new one.",
    )
    yield Point(
        "badge still uses an older one",
        ok=bool(used["badge"]) and used["badge"] < [newest],
        wrong=f"It uses {used['badge'] or 'none'}.",
        look="Leave badge alone: one function first, then look.",
    )


def functions(cloud: Cloud) -> Iterator[Point]:
    """Ask whether both functions are small and have the complete layer."""
    yield from attach(cloud)
    aws_lambda, name = cloud.client("lambda"), cloud.name("pillow")
    versions = aws_lambda.list_layer_versions(LayerName=name)["LayerVersions"]
    sizes = {
        version["LayerVersionArn"]: aws_lambda.get_layer_version(
            LayerName=name, VersionNumber=version["Version"]
        )["Content"]["CodeSize"]
        for version in versions
    }
    for thing in FUNCTIONS:
        arns = _layers(_settings(cloud, thing))
        yield Point(
            f"{thing} has a complete version of the layer",
            ok=bool(sizes) and all(sizes.get(arn) == max(sizes.values()) for arn in arns),
            wrong="Its version lacks a part.",
            look="Step 5's fix attaches the version that was published first.",
        )


def without_layers(cloud: Cloud) -> None:
    """Take the layers off both functions."""
    for thing in FUNCTIONS:
        _change(cloud, thing, [])


def to_the_older_version(cloud: Cloud) -> None:
    """Give both functions the version before the newest one."""
    found = cloud.client("lambda").list_layer_versions(LayerName=cloud.name("pillow"))["LayerVersions"]
    newest_first = sorted(found, key=lambda version: version["Version"], reverse=True)
    for thing in FUNCTIONS:
        _change(cloud, thing, [newest_first[min(1, len(newest_first) - 1)]["LayerVersionArn"]])


def _settings(cloud: Cloud, thing: str) -> dict[str, Any]:
    found: dict[str, Any] = cloud.client("lambda").get_function_configuration(FunctionName=cloud.name(thing))
    return found


def _layers(settings: dict[str, Any]) -> list[str]:
    return [layer["Arn"] for layer in settings.get("Layers", [])]


def _name(layer_version_arn: str) -> str:
    return layer_version_arn.split(":")[6]


def _change(cloud: Cloud, thing: str, layers: list[str]) -> None:
    aws_lambda = cloud.client("lambda")
    aws_lambda.update_function_configuration(FunctionName=cloud.name(thing), Layers=layers)
    aws_lambda.get_waiter("function_updated_v2").wait(FunctionName=cloud.name(thing))


CHECKS = {"attach": attach, "roll-out": roll_out, "functions": functions}
RESETS = {"attach": without_layers, "roll-out": to_the_older_version}
