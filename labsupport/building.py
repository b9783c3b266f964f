"""What a notebook builds: the part of `Lab` that creates and updates.

Each method is one line into `labsupport.resources` or `labsupport.packaging`. It adds what is not the lesson:
the full name, the tags, the zip, the waiting. Running it again updates what is there.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from labsupport import naming
from labsupport.packaging import LayerArchive, build_layer, lambda_platform, zip_directory
from labsupport.permissions import read_policy
from labsupport.resources.api_permission import allow_api
from labsupport.resources.bucket import deploy_bucket, notify_function
from labsupport.resources.concurrency import clear_concurrency
from labsupport.resources.data_source import MAX_TOKENS
from labsupport.resources.earlier_api import clear_api
from labsupport.resources.event_invoke import on_failure
from labsupport.resources.function import FunctionDescription, deploy_function
from labsupport.resources.function_policy import allow_invoke
from labsupport.resources.http_api import DEFAULT_STAGE, HttpApiDescription, Route, deploy_http_api
from labsupport.resources.http_authorizer import JwtAuthorizer
from labsupport.resources.knowledge_base import (
    DIMENSIONS,
    TITAN,
    KnowledgeBaseDescription,
    deploy_knowledge_base,
    knowledge_base_policy,
)
from labsupport.resources.layer import LayerVersion, publish_layer
from labsupport.resources.log_group import LogGroupDescription, deploy_log_group
from labsupport.resources.queue import QueueDescription, deploy_queue
from labsupport.resources.rest_api import RestApiDescription, deploy_rest_api, described_rest_api
from labsupport.resources.rest_methods import RestMethod
from labsupport.resources.role import deploy_role
from labsupport.resources.table import TableDescription, deploy_table
from labsupport.resources.user_pool import Tokens, UserPoolDescription, deploy_user_pool, sign_up
from labsupport.resources.websocket_api import ROUTES, WebSocketApiDescription, deploy_websocket_api
from labsupport.settings import Settings
from labsupport.target import Target

HOST_PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"


class Building:
    """Build on a target.

    Attributes:
        settings: what the environment says.
        target: where the lab builds.
        account, region, owner: of the target.
    """

    def __init__(self, target: Target, settings: Settings) -> None:
        self.target, self.settings = target, settings
        self.account, self.region, self.owner = target.account, target.region, target.owner

    def client(self, service: str, **config: Any) -> Any:
        """Return a boto3 client for this cloud. `config`: options of botocore's Config."""
        return self.target.client(service, **config)

    def name(self, thing: str) -> str:
        """Return the full name of a thing; a full name or an ARN is returned as it is."""
        if thing.startswith("arn:") or naming.is_ours(thing, self.owner):
            return thing
        return naming.resource_name(self.owner, thing)

    def tags(self) -> dict[str, str]:
        """Return the tags to give to what a cell creates itself, or the teardown will not find it."""
        return self.target.tags()

    def deploy_role(
        self,
        thing: str,
        *,
        policy: Mapping[str, Any] | None = None,
        values: Mapping[str, str | Sequence[str]] | None = None,
    ) -> str:
        """Create or update a function's execution role, and return its ARN.

        Args:
            thing: short name of the function that it is for.
            policy: what the role allows; by default functions/<thing>/policy.json.
            values: the policy file's placeholders. account, region, owner and function_name are filled in.
        """
        if policy is None:
            path = self.settings.project / "functions" / thing / "policy.json"
            policy = read_policy(path, self._common_values(thing) | dict(values or {}))
        return deploy_role(self.target, self.name(thing), policy=dict(policy))

    def deploy_function(
        self,
        thing: str,
        *,
        role_arn: str | None = None,
        code: bytes | Path | None = None,
        layers: Sequence[LayerVersion | str] = (),
        environment: Mapping[str, str] | None = None,
        values: Mapping[str, str | Sequence[str]] | None = None,
        handler: str = "handler.handler",
        memory_mb: int = 128,
        timeout_seconds: int = 3,
        log_format: str = "Text",
    ) -> FunctionDescription:
        """Create or update a function, and return when it can be invoked.

        Args:
            thing: short name.
            role_arn: the execution role; by default `deploy_role(thing, values=values)`.
            code: a folder or a zip; by default functions/<thing>.
            layers: as `deploy_layer` returns them, or ARNs of layer versions.
            environment: the function's environment variables.
            values: see `deploy_role`.
            handler, memory_mb, timeout_seconds: as Lambda's.
            log_format: "Text" or "JSON".
        """
        source = self.settings.project / "functions" / thing if code is None else code
        description = deploy_function(
            self.target,
            self.name(thing),
            code=source if isinstance(source, bytes) else zip_directory(source),
            role_arn=role_arn or self.deploy_role(thing, values=values),
            handler=handler,
            runtime=f"python{HOST_PYTHON}",
            memory_mb=memory_mb,
            timeout_seconds=timeout_seconds,
            log_format=log_format,
            environment=environment,
            layers=[layer if isinstance(layer, str) else layer.arn for layer in layers],
        )
        print(f"Function {description.name}: {description.change}.")
        return description

    def build_layer(
        self, thing: str, *, platform: str | None = None, python_version: str = HOST_PYTHON
    ) -> LayerArchive:
        """Build layers/<thing> with pip, or take it from the cache (introduced in 04_pillow_layer).

        Args:
            thing: short name.
            platform: of the wheels, such as "manylinux_2_34_x86_64"; by default the platform that functions
                run on here.
            python_version: of the wheels.
        """
        return build_layer(
            thing,
            cache_dir=self.settings.home / "cache",
            platform=platform or self._platform(python_version),
            python_version=python_version,
            progress=print,
        )

    def deploy_layer(
        self, thing: str, *, platform: str | None = None, python_version: str = HOST_PYTHON
    ) -> LayerVersion:
        """Build a layer (see `build_layer`) and publish it, unless that version is the newest already."""
        archive = self.build_layer(thing, platform=platform, python_version=python_version)
        contents = archive.path.read_bytes()
        return publish_layer(self.target, self.name(thing), contents, python_version=python_version)

    def deploy_bucket(self, thing: str, *, versioned: bool = False) -> str:
        """Create a bucket if it isn't there, and return its full name."""
        return deploy_bucket(self.target, self.name(thing), versioned=versioned)

    def deploy_queue(self, thing: str) -> QueueDescription:
        """Create a queue if it isn't there."""
        return deploy_queue(self.target, self.name(thing))

    def deploy_http_api(
        self,
        thing: str,
        *,
        routes: Mapping[str, str | Route],
        cors: Mapping[str, Any] | None = None,
        stage: str = DEFAULT_STAGE,
        payload_format: str = "2.0",
        authorizers: Mapping[str, JwtAuthorizer] | None = None,
    ) -> HttpApiDescription:
        """Create or update an HTTP API with just these routes (introduced in 06_orders_api).

        Args:
            thing: short name.
            routes: function ARNs by route key, such as "POST /orders"; a `Route` names an authorizer too.
            cors, stage, payload_format, authorizers: see `labsupport.resources.http_api`.
        """
        return deploy_http_api(
            self.target,
            self.name(thing),
            routes=routes,
            cors=cors,
            stage=stage,
            payload_format=payload_format,
            authorizers=authorizers,
        )

    def deploy_rest_api(
        self,
        thing: str,
        *,
        routes: Mapping[str, str | RestMethod],
        stage: str,
        endpoint_type: str = "REGIONAL",
    ) -> RestApiDescription:
        """Create or update a REST API with just these methods, and deploy it (07_api_gateway_choices).

        Args:
            thing: short name.
            routes: function ARNs by method and path, such as "GET /orders/{id}"; a `RestMethod` says more.
            stage: where it goes live, such as "prod".
            endpoint_type: see `labsupport.resources.rest_api`.
        """
        return deploy_rest_api(
            self.target, self.name(thing), routes=routes, stage=stage, endpoint_type=endpoint_type
        )

    def rest_api(
        self, api: Mapping[str, Any], *, stage: str, function_arns: Sequence[str] = ()
    ) -> RestApiDescription:
        """Describe a REST API that a cell made with boto3, and let it invoke functions.

        Args:
            api: as CreateRestApi or GetRestApi returns it.
            stage: which of its addresses is meant; it need not be there yet.
            function_arns: of the functions (notebook 06 does this step by itself).
        """
        with self.target.tape.plumbing():
            described = described_rest_api(self.target, api, stage)
            for arn in function_arns:
                allow_api(self.target, arn, described.name, described.execute_arn)
            return described

    def clear_api(self, thing: str) -> None:
        """Delete the API of this name, and its usage plans and API keys: what an earlier run has left."""
        clear_api(self.target, self.name(thing))

    def deploy_user_pool(self, thing: str) -> UserPoolDescription:
        """Create a Cognito user pool with an app client, if it isn't there (introduced in 06_orders_api)."""
        return deploy_user_pool(self.target, self.name(thing))

    def sign_up(self, pool: UserPoolDescription, email: str) -> Tokens:
        """Make a user of a pool, with a password that nobody sees, and return the user's tokens."""
        return sign_up(self.target, pool, email)

    def deploy_access_log(self, thing: str) -> LogGroupDescription:
        """Create the log group for an API's access log if it isn't there (introduced in 06_orders_api)."""
        return deploy_log_group(self.target, naming.API_LOG_GROUPS + self.name(thing))

    def deploy_knowledge_base(
        self,
        thing: str,
        *,
        bucket: str,
        prefix: str,
        role_arn: str | None = None,
        embedding_model: str = TITAN,
        dimensions: int = DIMENSIONS,
        max_tokens: int = MAX_TOKENS,
    ) -> KnowledgeBaseDescription:
        """Create or update a knowledge base over a bucket's documents, ingest them, and return then.

        Its vectors are kept in S3 Vectors (introduced in 10_rag_and_agents).

        Args:
            thing: short name.
            bucket: of the documents.
            prefix: what their keys begin with, such as "notes/"; "" for all.
            role_arn: the service role; by default one that may do what is needed and nothing else.
            embedding_model: its model id.
            dimensions: how many numbers a vector has.
            max_tokens: how long a chunk may be.
        """
        name, source = self.name(thing), self.name(bucket)
        if role_arn is None:
            policy = knowledge_base_policy(
                self.target, name, bucket=source, prefix=prefix, embedding_model=embedding_model
            )
            role_arn = deploy_role(self.target, name, policy=policy, trust="bedrock.amazonaws.com")
        return deploy_knowledge_base(
            self.target,
            name,
            bucket=source,
            prefix=prefix,
            role_arn=role_arn,
            embedding_model=embedding_model,
            dimensions=dimensions,
            max_tokens=max_tokens,
        )

    def deploy_table(
        self,
        thing: str,
        *,
        keys: Sequence[str],
        indexes: Mapping[str, Sequence[str]] | None = None,
        ttl_attribute: str | None = None,
    ) -> TableDescription:
        """Create a DynamoDB table with on-demand capacity if it isn't there (introduced in 06_orders_api).

        Args:
            thing: short name.
            keys: partition key, and sort key if there is one. All keys are strings.
            indexes: keys of each global secondary index.
            ttl_attribute: holds the time in seconds after which an item is deleted.
        """
        return deploy_table(
            self.target, self.name(thing), keys=keys, indexes=indexes, ttl_attribute=ttl_attribute
        )

    def deploy_websocket_api(
        self,
        thing: str,
        *,
        function_arn: str,
        routes: Sequence[str] = ROUTES,
        answering: Sequence[str] = (),
        stage: str = "live",
    ) -> WebSocketApiDescription:
        """Create or update a WebSocket API whose routes invoke one function, and deploy it.

        Args:
            thing: short name.
            function_arn: of the function.
            routes: route keys. A message's field "action" names its route.
            answering: routes whose function's answer is sent back to the client.
            stage: name of the stage.
        """
        return deploy_websocket_api(
            self.target,
            self.name(thing),
            function_arn=function_arn,
            routes=routes,
            answering=answering,
            stage=stage,
        )

    def allow_invoke(self, thing: str, *, service: str, source_arn: str, statement_id: str) -> None:
        """Let a service invoke a function (its resource-based policy)."""
        allow_invoke(
            self.target,
            self.name(thing),
            service=service,
            source_arn=source_arn,
            statement_id=statement_id,
        )

    def allow_api(self, thing: str, api_id: str) -> None:
        """Let one API, which a notebook built itself, invoke a function: this API and not an earlier one."""
        name = self.name(thing)
        allow_api(self.target, name, name, f"arn:aws:execute-api:{self.region}:{self.account}:{api_id}")

    def notify_function(self, bucket: str, function_arn: str, *, prefix: str, suffix: str = "") -> None:
        """Invoke a function for each new object whose key matches."""
        notify_function(self.target, self.name(bucket), function_arn, prefix=prefix, suffix=suffix)

    def on_failure(self, thing: str, destination_arn: str, *, retries: int = 0) -> None:
        """Send a function's failed asynchronous events to a queue, topic, bucket or function."""
        on_failure(self.target, self.name(thing), destination_arn, retries=retries)

    def clear_concurrency(self, thing: str) -> None:
        """Take a function's reserved and provisioned concurrency away (introduced in 03_concurrency)."""
        clear_concurrency(self.target, self.name(thing))

    def _common_values(self, thing: str) -> dict[str, str | Sequence[str]]:
        return {
            "account": self.account,
            "region": self.region,
            "owner": self.owner,
            "function_name": self.name(thing),
        }

    def _platform(self, python_version: str) -> str | None:
        return None if self.target.name == "local" else lambda_platform(python_version)
