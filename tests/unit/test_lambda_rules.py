"""The rules of the Lambda API, without a cloud: AWS's sentences, and where each limit lies."""

from __future__ import annotations

import base64
import io
import re
import zipfile
from dataclasses import replace
from typing import Any

import pytest

from labsupport.localcloud import lambda_api
from labsupport.localcloud.lambda_service.variables import environment_variables
from labsupport.localcloud.rules import (
    lambda_aliases,
    lambda_environment_variables,
    lambda_function_name,
    lambda_layers,
    lambda_package,
    lambda_payload,
    lambda_recursion,
    lambda_runtimes,
    lambda_settings,
    lambda_update,
    model_constraints,
)
from labsupport.localcloud.rules.refusal import Refusal
from tests.conformance.conftest import make_function

ARN = "arn:aws:lambda:us-east-1:123456789012:function:thumbnail"


def message(refusal: Refusal | None) -> str:
    assert refusal is not None
    return refusal.message


class TestModelConstraints:
    def refusal(self, **parameters: Any) -> Refusal | None:
        call = lambda_api.read("POST", "/2015-03-31/functions", {}, {}, b"")
        assert call is not None
        required = {"FunctionName": "f", "Role": "arn:aws:iam::123456789012:role/r", "Code": {}}
        wanted = {name: value for name, value in (required | parameters).items() if value is not None}
        return model_constraints.refusal(call.operation.input_shape, wanted)

    @pytest.mark.parametrize(
        ("parameters", "sentence"),
        [
            (
                {"MemorySize": 127},
                "Value '127' at 'memorySize' failed to satisfy constraint: Member must have value greater "
                "than or equal to 128",
            ),
            (
                {"EphemeralStorage": {}},
                "Value null at 'ephemeralStorage.size' failed to satisfy constraint: Member must not be null",
            ),
            (
                {"Handler": "a b"},
                "Value 'a b' at 'handler' failed to satisfy constraint: Member must satisfy regular "
                r"expression pattern: [^\s]+",
            ),
            (
                {"Architectures": ["x86_64", "arm64"]},
                "Value '[x86_64, arm64]' at 'architectures' failed to satisfy constraint: Member must have "
                "length less than or equal to 1",
            ),
            (
                {"Architectures": ["sparc"]},
                "Value '[sparc]' at 'architectures' failed to satisfy constraint: Member must satisfy "
                "constraint: [Member must satisfy enum value set: [x86_64, arm64]]",
            ),
            (
                {"Environment": {"Variables": {"SECRET!": "hidden"}}},
                "Value at 'environment.variables' failed to satisfy constraint: Map keys must satisfy "
                "constraint: [Member must satisfy regular expression pattern: [a-zA-Z]([a-zA-Z0-9_])+]",
            ),
            (
                {"Tags": {"team": "100%"}},
                "Value '{team=100%}' at 'tags' failed to satisfy constraint: Map values must satisfy "
                "constraint: [Member must have length less than or equal to 256, Member must satisfy regular "
                r"expression pattern: ([\p{L}\p{Z}\p{N}_.:/=+\-@]*)]",
            ),
            (
                {"FileSystemConfigs": [{"Arn": "x", "LocalMountPath": "/mnt/x"}]},
                "Value 'x' at 'fileSystemConfigs.1.member.arn' failed to satisfy constraint: Member must "
                "satisfy regular expression pattern: ",
            ),
        ],
    )
    def test_a_broken_constraint_is_named_as_aws_names_it(
        self, parameters: dict[str, Any], sentence: str
    ) -> None:
        refused = self.refusal(**parameters)
        assert refused is not None and refused.code == "ValidationException"
        assert refused.message.startswith(f"1 validation error detected: {sentence}")

    def test_all_problems_stand_in_one_message(self) -> None:
        text = message(self.refusal(Role=None, Timeout=0, Description="x" * 257))
        assert text.startswith("3 validation errors detected: Value null at 'role'")
        assert text.count("; Value '") == 2

    @pytest.mark.parametrize(
        "parameters",
        [
            {},
            {"MemorySize": 128, "Timeout": 1, "EphemeralStorage": {"Size": 512}},
            {"Tags": {"größe": "sehr groß"}},
            {"Layers": ["arn:aws:lambda:us-east-1:123456789012:layer:pillow:1"]},
            {"Environment": {"Variables": {"AB": ""}}},
            {"Handler": "x" * 128, "Description": ""},
        ],
    )
    def test_what_the_model_allows_is_not_refused(self, parameters: dict[str, Any]) -> None:
        assert self.refusal(**parameters) is None

    @pytest.mark.parametrize(
        ("parameters", "text"),
        [
            ({"MemorySize": "128"}, "STRING_VALUE can not be converted to an Integer"),
            ({"Publish": 1}, "NUMBER_VALUE can not be converted to a Boolean"),
            ({"Timeout": True}, "TRUE_VALUE can not be converted to an Integer"),
            ({"Handler": ["a"]}, "Start of list found where not expected"),
            ({"Layers": {}}, "Start of structure or map found where not expected."),
            ({"Environment": {"Variables": {"AA": 1}}}, "NUMBER_VALUE can not be converted to a String"),
        ],
    )
    def test_another_type_is_a_serialization_error(self, parameters: dict[str, Any], text: str) -> None:
        assert self.refusal(**parameters) == Refusal("SerializationException", text)

    def test_every_pattern_of_the_model_can_be_read(self) -> None:
        call = lambda_api.read("GET", "/2015-03-31/functions", {}, {}, b"")
        assert call is not None
        model = call.operation.service_model
        shapes = [model.shape_for(name) for name in model.shape_names]
        patterns = [shape.metadata["pattern"] for shape in shapes if "pattern" in shape.metadata]
        assert len(patterns) > 50
        for pattern in patterns:
            re.compile(model_constraints._as_python(pattern))


class TestFunctionName:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("thumbnail", ("thumbnail", None, None, None)),
            ("thumbnail:live", ("thumbnail", "live", None, None)),
            ("function:thumbnail", ("thumbnail", None, None, None)),
            ("123456789012:function:thumbnail:$LATEST", ("thumbnail", "$LATEST", "123456789012", None)),
            (ARN, ("thumbnail", None, "123456789012", "us-east-1")),
            (f"{ARN}:7", ("thumbnail", "7", "123456789012", "us-east-1")),
        ],
    )
    def test_every_form_is_understood(self, text: str, expected: tuple[str | None, ...]) -> None:
        assert lambda_function_name.parse(text) == expected

    def test_another_form_is_none(self) -> None:
        assert lambda_function_name.parse("arn:aws:s3:::bucket") is None
        assert lambda_function_name.parse("") is None

    def test_another_region_and_another_qualifier_are_refused(self) -> None:
        reference = lambda_function_name.parse(f"{ARN}:1")
        assert reference is not None
        assert lambda_function_name.problem(reference, qualifier="1", region="us-east-1") is None
        elsewhere = lambda_function_name.problem(reference, qualifier=None, region="eu-west-1")
        assert elsewhere is not None and elsewhere.status == 404
        other = lambda_function_name.problem(reference, qualifier="2", region="us-east-1")
        assert message(other).startswith("The derived qualifier")

    @pytest.mark.parametrize(("length", "fits"), [(64, True), (65, False)])
    def test_a_name_has_at_most_64_characters(self, length: int, fits: bool) -> None:
        reference = lambda_function_name.parse("x" * length)
        assert reference is not None
        assert (lambda_function_name.creation_problem(reference, account="123456789012") is None) == fits


class TestSettings:
    def test_managed_instances_have_other_limits(self) -> None:
        large = {"MemorySize": 32_768, "Timeout": 5_400}
        assert "10240" in message(lambda_settings.problem(large))
        managed = {"CapacityProviderConfig": {"LambdaManagedInstancesCapacityProviderConfig": {}}}
        assert lambda_settings.problem(large | managed) is None

    def test_every_blocked_runtime_is_one_that_aws_once_had(self) -> None:
        call = lambda_api.read("POST", "/2015-03-31/functions", {}, {}, b"")
        assert call is not None
        known = call.operation.input_shape.members["Runtime"].metadata["enum"]
        assert set(known) > lambda_runtimes.BLOCKED
        assert lambda_runtimes.problem("python3.9", known) is None  # deprecated, and still taken
        offered = message(lambda_runtimes.problem("cobol", known))
        assert "python3.13" in offered and "python2.7" not in offered


class TestEnvironmentVariables:
    @pytest.mark.parametrize(
        ("value", "fits"), [("x" * 4085, True), ("x" * 4086, False), ("é" * 2042, True), ("é" * 2043, False)]
    )
    def test_4_kb_are_measured_in_bytes_of_json(self, value: str, fits: bool) -> None:
        assert (lambda_environment_variables.problem({"NAME": value}) is None) == fits

    def test_all_reserved_names_are_told(self) -> None:
        text = message(
            lambda_environment_variables.problem({"AWS_REGION": "", "OWN": "", "AWS_SESSION_TOKEN": ""})
        )
        assert text.endswith("Reserved keys used in this request: AWS_REGION, AWS_SESSION_TOKEN")

    def test_exactly_what_a_function_can_not_set_is_reserved(self) -> None:
        """The environment is made in another place. Both must agree on what a function may set."""
        function = make_function()

        def environment(**variables: str) -> dict[str, str]:
            return environment_variables(
                replace(function, environment=variables),
                api_address="127.0.0.1:1",
                log_stream="s",
                telemetry_fd=3,
                provisioned=False,
            )

        of_the_lab = {"_LAB_SERVICE", "_LAMBDA_TELEMETRY_LOG_FD", "PYTHONCOERCECLOCALE"}
        of_the_runtime = {"AWS_LAMBDA_LOG_FORMAT", "AWS_LAMBDA_LOG_LEVEL"}  # AWS's list doesn't name them
        fixed = {name for name in environment() if environment(**{name: "mine"})[name] != "mine"}
        fixed -= of_the_lab | of_the_runtime
        assert fixed <= lambda_environment_variables.RESERVED
        assert not (set(environment()) - fixed) & lambda_environment_variables.RESERVED


class TestLayers:
    def test_five_layers_and_one_version_of_each(self) -> None:
        arns = [f"arn:aws:lambda:us-east-1:123456789012:layer:l{n}:1" for n in range(6)]
        assert lambda_layers.problem(arns[:5]) is None
        assert message(lambda_layers.problem(arns)) == "Cannot reference more than 5 layers."
        twice = message(lambda_layers.problem([arns[0], arns[0][:-1] + "2"]))
        assert f"{arns[0]} and {arns[0][:-1]}2 are versions of the same layer" in twice


class TestPackage:
    def encoded(self, size: int) -> str:
        """Return a zip of that many bytes: zip files may begin with anything."""
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as opened:
            opened.writestr("app.py", "")
        return base64.b64encode(bytes(size - len(buffer.getvalue())) + buffer.getvalue()).decode()

    @pytest.mark.parametrize(("extra", "fits"), [(0, True), (1, False)])
    def test_50_mb_zipped(self, extra: int, fits: bool) -> None:
        refused = lambda_package.problem(self.encoded(50 * 1024**2 + extra))
        assert (refused is None) == fits
        assert fits or (refused is not None and refused.status == 413)

    @pytest.mark.parametrize("zip_file", ["", "bm8gemlw", "no base64!"])
    def test_what_is_no_zip(self, zip_file: str) -> None:
        assert message(lambda_package.problem(zip_file)).startswith("Could not unzip uploaded file")

    def test_the_request_is_measured_before(self) -> None:
        assert lambda_package.request_problem("UpdateFunctionConfiguration", 5_119) is None
        refused = lambda_package.request_problem("UpdateFunctionConfiguration", 5_120)
        assert refused is not None and refused.status == 413
        assert lambda_package.request_problem("CreateAlias", 10**9) is None

    @pytest.mark.parametrize(
        ("parameters", "text"),
        [
            ({"Code": {}}, "Please provide a source"),
            ({"Code": {"ZipFile": "x"}, "Runtime": "python3.13"}, "Runtime and Handler are mandatory"),
            ({"Code": {"ZipFile": "x"}, "Handler": "a.b"}, "Runtime and Handler are mandatory"),
            ({"Code": {"ImageUri": "x"}}, None),
            ({"Code": {"S3Bucket": "b", "S3Key": "k"}, "Runtime": "r", "Handler": "a.b"}, None),
        ],
    )
    def test_a_new_function_has_code_and_a_zip_has_a_handler(
        self, parameters: dict[str, Any], text: str | None
    ) -> None:
        refused = lambda_package.source_problem(parameters)
        assert refused is None if text is None else message(refused).startswith(text)


class TestPayload:
    @pytest.mark.parametrize(
        ("invocation_type", "limit"), [("RequestResponse", 6 * 1024**2), ("Event", 1024**2)]
    )
    def test_the_limit_is_the_last_size_that_fits(self, invocation_type: str, limit: int) -> None:
        fits = b'"' + b"x" * (limit - 2) + b'"'
        assert lambda_payload.request_problem(fits, invocation_type) is None
        refused = lambda_payload.request_problem(b" " + fits, invocation_type)
        assert refused is not None and (refused.code, refused.status) == ("RequestTooLargeException", 413)

    @pytest.mark.parametrize("payload", [b"{", b"'x'", b"\xff", b"Infinity", b"[NaN]"])
    def test_what_is_no_json(self, payload: bytes) -> None:
        refused = lambda_payload.request_problem(payload, "Event")
        assert refused is not None and refused.code == "InvalidRequestContentException"

    @pytest.mark.parametrize("payload", [b"", b"null", b'"x"', b" 1 "])
    def test_nothing_and_any_json_are_events(self, payload: bytes) -> None:
        assert lambda_payload.request_problem(payload, "RequestResponse") is None

    def test_an_answer_may_be_a_little_larger_than_6_mb(self) -> None:
        assert lambda_payload.response_error(bytes(6_291_556)) is None
        error = lambda_payload.response_error(bytes(6_291_557))
        assert error is not None and error["errorType"] == "Function.ResponseSizeTooLarge"


class TestUpdate:
    def configuration(self, **members: str) -> dict[str, Any]:
        return {"FunctionArn": ARN, "RevisionId": "1", "CodeSha256": "abc"} | members

    def test_states_follow_each_other(self) -> None:
        configuration = self.configuration(LastUpdateStatus="InProgress")
        lambda_update.created(configuration)
        assert lambda_update.in_progress(configuration) and "LastUpdateStatus" not in configuration
        lambda_update.finish(configuration)
        assert configuration == self.configuration(State="Active", LastUpdateStatus="Successful")
        lambda_update.updating(configuration)
        assert configuration["State"] == "Active" and lambda_update.in_progress(configuration)
        lambda_update.finish(configuration)
        assert configuration == self.configuration(State="Active", LastUpdateStatus="Successful")

    def test_only_a_pending_function_takes_no_invocation(self) -> None:
        updating = self.configuration(State="Active", LastUpdateStatus="InProgress")
        assert lambda_update.pending_problem(updating) is None
        pending = lambda_update.pending_problem(self.configuration(State="Pending"))
        assert pending is not None and (pending.code, pending.status) == ("ResourceConflictException", 409)

    def test_what_is_in_progress_comes_before_the_revision(self) -> None:
        updating = self.configuration(State="Active", LastUpdateStatus="InProgress")
        assert message(lambda_update.update_problem(updating, "old")).endswith(f"for resource: {ARN}")
        ready = self.configuration(State="Active", LastUpdateStatus="Successful")
        refused = lambda_update.update_problem(ready, "old")
        assert refused is not None and (refused.code, refused.status) == ("PreconditionFailedException", 412)
        assert lambda_update.update_problem(ready, "1") is None
        assert lambda_update.update_problem(ready, None) is None

    def test_a_version_is_published_of_the_expected_code_only(self) -> None:
        assert lambda_update.version_problem(self.configuration(), "abc") is None
        assert "(xyz) is different" in message(lambda_update.version_problem(self.configuration(), "xyz"))


class TestAliases:
    @pytest.mark.parametrize(
        ("version", "weights", "text"),
        [
            ("1", {}, None),
            ("$LATEST", {}, None),
            ("1", {"2": 0.5}, None),
            ("3", {}, f"Function not found: {ARN}:3"),
            ("1", {"3": 0.5}, f"Function not found: {ARN}:3"),
            ("1", {"1": 0.5}, "Invalid function version 1. Function version 1 is already included in"),
            ("$LATEST", {"1": 0.5}, "$LATEST is not supported for an alias pointing to more than 1 version"),
            (
                "1",
                {"2": 0.2, "3": 0.2},
                "Number of items in AdditionalVersionWeights cannot be greater than 1",
            ),
        ],
    )
    def test_an_alias_points_at_what_there_is(
        self, version: str, weights: dict[str, float], text: str | None
    ) -> None:
        alias = {"FunctionVersion": version, "RoutingConfig": {"AdditionalVersionWeights": weights}}
        refused = lambda_aliases.problem(alias, versions={"1", "2"}, function_arn=ARN)
        assert refused is None if text is None else message(refused).startswith(text)


class TestRecursion:
    NEW = "Root=1-6b000000-000000000000000000000000;Parent=53995c3f42cd8ad8;Sampled=0"

    def test_sixteen_invocations_of_a_chain_and_no_more(self) -> None:
        trace: str | None = None
        for _ in range(16):
            assert not lambda_recursion.stops(trace, ARN)
            trace = lambda_recursion.invoked(self.NEW, trace, ARN)
        assert lambda_recursion.stops(trace, ARN)

    def test_each_function_of_a_chain_has_a_count_of_its_own(self) -> None:
        trace = lambda_recursion.invoked(self.NEW, None, ARN)
        trace = lambda_recursion.invoked(self.NEW, trace, f"{ARN}-2")
        trace = lambda_recursion.invoked(self.NEW, trace, ARN)
        assert (lambda_recursion.count(trace, ARN), lambda_recursion.count(trace, f"{ARN}-2")) == (2, 1)

    def test_the_root_stays_and_the_parent_is_new(self) -> None:
        first = lambda_recursion.invoked(self.NEW, None, ARN)
        second = lambda_recursion.invoked("Root=1-7-7;Parent=1111111111111111;Sampled=0", first + ";Odd", ARN)
        assert second.startswith(f"{self.NEW.split(';')[0]};Parent=1111111111111111;Sampled=0;Lineage=")

    @pytest.mark.parametrize("trace", [None, "", "Root=1", "Lineage=", "Lineage=x", "Lineage=a:b|c:1", ";;="])
    def test_a_header_without_a_count_is_the_first_of_its_chain(self, trace: str | None) -> None:
        assert lambda_recursion.count(trace, ARN) == 0
        assert lambda_recursion.count(lambda_recursion.invoked(self.NEW, trace, ARN), ARN) == 1
