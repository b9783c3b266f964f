"""boto3 sessions: one that can reach nothing but the local cloud, and one for a real account.

A local session takes nothing from the learner's machine: no profile, no file, no variable, no proxy. Should a
request nevertheless be on its way to another host, it is stopped before it is sent.
"""

from __future__ import annotations

import os
from typing import Any
from urllib.parse import urlsplit

import boto3
import botocore.session
from botocore.config import Config
from botocore.exceptions import ConnectTimeoutError, EndpointConnectionError
from botocore.loaders import create_loader

from labsupport.errors import CloudError, TargetError

RETRIES = {"mode": "standard", "total_max_attempts": 3}
LOCAL_CONFIG = Config(
    proxies={},
    connect_timeout=2,
    retries=RETRIES,
    auth_scheme_preference="sigv4",  # or a Bedrock bearer token in the environment would be used
    s3={"addressing_style": "path"},  # bucket names as host names don't resolve on loopback
    inject_host_prefix=False,
    endpoint_discovery_enabled=False,
    ignore_configured_endpoint_urls=True,
    use_fips_endpoint=False,
    use_dualstack_endpoint=False,
)
MODELS = create_loader()  # one for all local sessions: each would read the same service models again
AWS_CONFIG = Config(connect_timeout=10, retries=RETRIES | {"total_max_attempts": 5})


class LocalSession(boto3.Session):  # type: ignore[misc]  # boto3 publishes no types
    """A session whose every client talks to the local cloud.

    Raises from any call:
        TargetError: the request was meant for another host.
        CloudError: the local cloud doesn't answer.
    """

    def __init__(self, url: str, region: str, *, access_key_id: str, secret_access_key: str) -> None:
        core = botocore.session.Session(session_vars=_nothing_from_outside())
        core.register_component("data_loader", MODELS)
        core.set_credentials(access_key_id, secret_access_key)
        core.set_default_client_config(LOCAL_CONFIG)
        core.register("before-send", self._stop_other_hosts)
        core.register("response-received", self._explain_no_answer)
        self._url = url
        super().__init__(botocore_session=core, region_name=region)

    def client(self, service_name: str, *args: Any, **kwargs: Any) -> Any:
        """Create a client of the local cloud. boto3's `resource` comes through here too."""
        if not kwargs.get("endpoint_url"):
            kwargs["endpoint_url"] = self._url
        return super().client(service_name, *args, **kwargs)

    def _stop_other_hosts(self, request: Any, **_: Any) -> None:
        host = urlsplit(request.url).netloc
        if host != urlsplit(self._url).netloc:
            raise TargetError(
                doing="calling AWS in local mode",
                cause=f"the request was meant for {host}, which is not the local cloud. Nothing was sent.",
                next_step="Use the clients of lab.client(...). For a real account, set LAB_TARGET=aws.",
            )

    def _explain_no_answer(self, exception: Exception | None, **_: Any) -> None:
        if isinstance(exception, EndpointConnectionError | ConnectTimeoutError):
            raise CloudError(
                doing="calling the local cloud",
                cause=f"nothing answers at {self._url}: the local cloud has stopped.",
                next_step="Run the Setup cell again: it starts the cloud, with all that was built in it. "
                "`./lab status` shows whether it runs.",
            ) from exception


def aws_session(region: str | None, profile: str | None) -> Any:
    """Return a session for a real account, from the learner's own AWS configuration.

    Raises:
        botocore.exceptions.BotoCoreError: the profile or the configuration file is not usable.
    """
    core = botocore.session.Session(profile=profile)
    core.set_default_client_config(AWS_CONFIG)
    return boto3.Session(botocore_session=core, region_name=region)


def _nothing_from_outside() -> dict[str, tuple[Any, ...]]:
    """Return botocore's session variables without the environment variables and file entries behind them."""
    variables: dict[str, tuple[Any, ...]] = {
        name: (None, None, default, convert)
        for name, (_, _, default, convert) in botocore.session.Session.SESSION_VARIABLES.items()
    }
    for file in ("config_file", "credentials_file"):
        variables[file] = (None, None, os.devnull, None)
    return variables
