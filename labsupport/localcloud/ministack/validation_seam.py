"""Ask the rules before a request of the Lambda API reaches MiniStack.

AWS's service model comes first, then how the function is named, then the operation's own rules. The first
refusal counts.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, NamedTuple

from labsupport.localcloud import lambda_api
from labsupport.localcloud.lambda_api import ApiCall
from labsupport.localcloud.ministack.lambda_path import LambdaPath
from labsupport.localcloud.ministack.seams import replace
from labsupport.localcloud.ministack.states_seam import FunctionStates
from labsupport.localcloud.rules import (
    lambda_aliases,
    lambda_archive,
    lambda_environment_variables,
    lambda_function_name,
    lambda_layers,
    lambda_package,
    lambda_payload,
    lambda_runtimes,
    lambda_settings,
    lambda_update,
    model_constraints,
)
from labsupport.localcloud.rules.lambda_function_name import FunctionReference
from labsupport.localcloud.rules.refusal import Refusal, invalid_parameter

Answer = Any


class _Request(NamedTuple):
    """A request as a rule sees it.

    Attributes:
        reference: the function that is named, or None.
        function: MiniStack's record of it, or None.
    """

    call: ApiCall
    reference: FunctionReference | None
    function: dict[str, Any] | None

    def get(self, parameter: str, default: Any = None) -> Any:
        """Return a parameter."""
        return self.call.parameters.get(parameter, default)

    @property
    def qualifier(self) -> str | None:
        """Return the version or alias that is asked for, wherever it stands."""
        return self.get("Qualifier") or (self.reference.qualifier if self.reference else None)


Rule = Callable[[_Request], Refusal | None]


class ValidationSeam:
    """The rules of the Lambda API, in front of MiniStack's router."""

    def __init__(self) -> None:
        """Take MiniStack's modules."""
        from ministack.core import responses
        from ministack.services import lambda_svc

        self._lambda: Any = lambda_svc
        self._responses: Any = responses
        self._states = FunctionStates()
        self._rules: dict[str, tuple[Rule, ...]] = {
            "CreateFunction": (self._new_name, _source, *CONFIGURATION, _package),
            "UpdateFunctionConfiguration": (*CONFIGURATION, _update),
            "UpdateFunctionCode": (_package, _update),
            "PublishLayerVersion": (_package,),
            "PublishVersion": (_update, _version),
            "CreateAlias": (_alias,),
            "GetAlias": (_known_alias,),
            "GetPolicy": (_policy,),
            "UpdateAlias": (_known_alias, _alias),
            "DeleteFunction": (_latest_stays,),
            "Invoke": (_payload, self._pending),
            "InvokeWithResponseStream": (_payload, self._pending),
        }

    def attach(self) -> None:
        """Stand before MiniStack's router."""
        self._states.attach()
        replace(self._lambda, "handle_request", self._asking_rules)
        replace(self._lambda, "_reject_unreadable_zip", lambda _original: self._unreadable)

    def _asking_rules(self, original: Callable[..., Answer]) -> Callable[..., Answer]:
        async def handle(method: str, path: str, headers: Any, body: bytes, query_params: Any) -> Answer:
            try:
                call = lambda_api.read(method, path, headers, query_params, body)
            except ValueError as error:
                return self._refused(Refusal("SerializationException", str(error)))
            if call is None:
                return await original(method, path, headers, body, query_params)
            name = str(call.parameters.get("FunctionName", ""))
            reference = lambda_function_name.parse(name)
            ours = reference if reference and self._is_ours(reference) else None
            self._states.note_request(call.name, ours.name if ours else None)
            function = self._lambda._functions.get(ours.name) if ours else None
            refusal = self._refusal(_Request(call, reference, function), len(body))
            if refusal:
                return self._refused(refusal)
            if ours and ours.account:  # MiniStack knows neither partial ARNs nor a new function's
                path = path.replace(name, ours.short)
                if call.name == "CreateFunction":
                    body = json.dumps({**json.loads(body), "FunctionName": ours.name}).encode()
            return await original(method, LambdaPath.of(call, path), headers, body, query_params)

        return handle

    def _refusal(self, request: _Request, body_bytes: int) -> Refusal | None:
        before: tuple[Rule, ...] = (
            lambda request: lambda_package.request_problem(request.call.name, body_bytes),
            _model,
            self._name,
        )
        for rule in (*before, *self._rules.get(request.call.name, ())):
            if refusal := rule(request):
                return refusal
        return None

    def _refused(self, refusal: Refusal) -> Answer:
        return self._lambda.error_response_json(refusal.code, refusal.message, refusal.status)

    def _unreadable(self, package: bytes | None) -> Answer | None:
        """Refuse a package wherever it comes from, a bucket included; None means that there is none."""
        refusal = None if package is None else lambda_archive.problem(package)
        return refusal and self._refused(refusal)

    def _is_ours(self, reference: FunctionReference) -> bool:
        here = self._responses.get_account_id(), self._responses.get_region()
        return all(said in (None, known) for said, known in zip(reference[2:], here, strict=True))

    def _name(self, request: _Request) -> Refusal | None:
        return request.reference and lambda_function_name.problem(
            request.reference, qualifier=request.get("Qualifier"), region=self._responses.get_region()
        )

    def _new_name(self, request: _Request) -> Refusal | None:
        account = self._responses.get_account_id()
        return request.reference and lambda_function_name.creation_problem(request.reference, account=account)

    def _pending(self, request: _Request) -> Refusal | None:
        _record, config = self._lambda._effective_func_record_for_qualifier(
            request.function, request.qualifier
        )
        return config and lambda_update.pending_problem(config)


def _model(request: _Request) -> Refusal | None:
    # A function's runtime has a rule of its own, with other words.
    parameters = {name: value for name, value in request.call.parameters.items() if name != "Runtime"}
    return model_constraints.refusal(request.call.operation.input_shape, parameters)


def _source(request: _Request) -> Refusal | None:
    return lambda_package.source_problem(request.call.parameters)


def _settings(request: _Request) -> Refusal | None:
    return lambda_settings.problem(request.call.parameters)


def _runtime(request: _Request) -> Refusal | None:
    known = request.call.operation.input_shape.members["Runtime"].metadata["enum"]
    runtime = request.get("Runtime")
    return lambda_runtimes.problem(str(runtime), known) if runtime else None


def _environment_variables(request: _Request) -> Refusal | None:
    return lambda_environment_variables.problem(request.get("Environment", {}).get("Variables") or {})


def _layers(request: _Request) -> Refusal | None:
    return lambda_layers.problem(request.get("Layers", []))


CONFIGURATION: tuple[Rule, ...] = (_settings, _runtime, _environment_variables, _layers)


def _package(request: _Request) -> Refusal | None:
    source = request.get("Code") or request.get("Content") or request.call.parameters
    zip_file = source.get("ZipFile")
    return lambda_package.problem(zip_file) if zip_file is not None else None


def _update(request: _Request) -> Refusal | None:
    if request.function is None:
        return None  # MiniStack says so
    return lambda_update.update_problem(request.function["config"], request.get("RevisionId"))


def _version(request: _Request) -> Refusal | None:
    if request.function is None:
        return None
    return lambda_update.version_problem(request.function["config"], request.get("CodeSha256"))


def _known_alias(request: _Request) -> Refusal | None:
    name, function = request.get("Name"), request.function
    if function is None or name in function["aliases"]:
        return None
    return lambda_aliases.missing(name, function_arn=function["config"]["FunctionArn"])


def _alias(request: _Request) -> Refusal | None:
    if request.function is None:
        return None
    stored = request.function["aliases"].get(request.get("Name"), {})
    return lambda_aliases.problem(
        {**stored, **request.call.parameters},
        versions=request.function["versions"],
        function_arn=request.function["config"]["FunctionArn"],
    )


def _policy(request: _Request) -> Refusal | None:
    if request.function is None or request.function["policy"]["Statement"]:
        return None
    # Without a statement there is no policy, also after the last one was removed.
    return Refusal("ResourceNotFoundException", "The resource you requested does not exist.", 404)


def _payload(request: _Request) -> Refusal | None:
    return lambda_payload.request_problem(
        request.get("Payload"), request.get("InvocationType", "RequestResponse")
    )


def _latest_stays(request: _Request) -> Refusal | None:
    if request.qualifier == "$LATEST":
        return invalid_parameter("$LATEST version cannot be deleted without deleting the function.")
    return None
