"""An API as AWS's service model describes it: which operation a request is, and its parameters.

botocore carries the models that AWS publishes. They know each operation's path, and each parameter's type,
length, range and pattern, so that none of them is written down here.

https://docs.aws.amazon.com/lambda/latest/api/API_Operations.html
https://docs.aws.amazon.com/bedrock/latest/APIReference/welcome.html
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote

if TYPE_CHECKING:
    from botocore.model import OperationModel, Shape


@dataclass(frozen=True)
class ApiCall:
    """A request, read.

    Attributes:
        operation: its model; `operation.input_shape` describes the parameters.
        parameters: {parameter: value} from path, query, headers and body, by AWS's names. A payload is bytes.
    """

    operation: OperationModel
    parameters: dict[str, Any]

    @property
    def name(self) -> str:
        """Return the operation's name, such as "CreateFunction"."""
        return str(self.operation.name)


@dataclass(frozen=True)
class _Route:
    method: str
    path: re.Pattern[str]
    query: Mapping[str, list[str]]
    operation: OperationModel


class ServiceApi:
    """The REST API of a service.

    `label` is the pattern of a parameter in a path. Bedrock's may be ARNs, with slashes in them.
    """

    def __init__(self, service: str, *, label: str = "[^/]+") -> None:
        """Take botocore's name of the service. Its model is loaded by the first request."""
        self._service, self._label = service, label

    def read(
        self, method: str, path: str, headers: Mapping[str, str], query: Mapping[str, Any], body: bytes
    ) -> ApiCall | None:
        """Return the call that a request makes, or None when it is none of this API's.

        Raises:
            ValueError: the body is not the JSON object that the operation takes.
        """
        path = unquote(path).rstrip("/")
        for route in self._routes:
            match = route.path.fullmatch(path)
            if match and route.method == method and all(_first(query, name) for name in route.query):
                parameters = dict(_outside_the_body(route.operation, match.groupdict(), headers, query))
                return ApiCall(route.operation, parameters | _body(route.operation, body))
        return None

    @functools.cached_property
    def _routes(self) -> list[_Route]:
        # A fifth of a second, paid by the first request instead of each start.
        from botocore.loaders import Loader
        from botocore.model import ServiceModel

        model = ServiceModel(Loader().load_service_model(self._service, "service-2"))
        routes = []
        for operation in map(model.operation_model, model.operation_names):
            path, _, query = operation.http["requestUri"].partition("?")
            pattern = re.sub(r"\{(\w+)\}", rf"(?P<\1>{self._label})", path)
            routes.append(_Route(operation.http["method"], re.compile(pattern), parse_qs(query), operation))
        return sorted(routes, key=lambda route: -len(route.query))  # "/layers?find=..." before "/layers"


def _outside_the_body(
    operation: OperationModel,
    in_path: Mapping[str, str],
    headers: Mapping[str, str],
    query: Mapping[str, Any],
) -> Iterator[tuple[str, Any]]:
    lower = {name.lower(): value for name, value in headers.items()}
    for name, shape in _members(operation).items():
        wire_name = shape.serialization.get("name", name)
        values = {
            "uri": in_path.get(wire_name),
            "querystring": query.get(wire_name),
            "header": lower.get(wire_name.lower()),
        }
        value = values.get(shape.serialization.get("location"))
        if value is not None:
            yield name, _typed(shape, value)


def _body(operation: OperationModel, body: bytes) -> dict[str, Any]:
    if operation.input_shape is None:
        return {}
    payload = operation.input_shape.serialization.get("payload")
    if payload:
        return {payload: body}
    sent = json.loads(body) if body else {}
    if not isinstance(sent, dict):
        raise ValueError("the body is no JSON object")
    return {name: value for name, value in sent.items() if name in _members(operation) and value is not None}


def _members(operation: OperationModel) -> Mapping[str, Any]:
    return operation.input_shape.members if operation.input_shape is not None else {}


def _typed(shape: Shape, value: Any) -> Any:
    """Return what a path, a query or a header says, as JSON would say it."""
    values = value if isinstance(value, list) else [value]
    if shape.type_name == "list":
        return values
    text = str(values[0])
    if shape.type_name in ("integer", "long") and text.isdigit():
        return int(text)
    return text == "true" if shape.type_name == "boolean" else text


def _first(query: Mapping[str, Any], name: str) -> str | None:
    value = query.get(name)
    return (value[0] if value else None) if isinstance(value, list) else value
