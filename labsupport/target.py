"""Where the lab builds: the local cloud, or one named AWS account.

Everything above this module works with a `Target` and never asks which of the two it is.
"""

from __future__ import annotations

import getpass
import os
import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from labsupport import naming
from labsupport.errors import TargetError
from labsupport.localcloud import supervisor
from labsupport.session import LocalSession, aws_session
from labsupport.settings import DEFAULT_EXPIRES_HOURS, DEFAULT_REGION, Settings
from labsupport.tape import Tape

KEPT_VARIABLES = ("AWS_PAGER", "AWS_DEFAULT_OUTPUT")
CLIENT_CONFIG: dict[str, dict[str, Any]] = {
    # Longer than the longest function: a client that gives up earlier would invoke it a second time.
    "lambda": {"read_timeout": 910, "tcp_keepalive": True},
}


@dataclass(frozen=True)
class Target:
    """Describe where the lab builds, and hand out the clients for it.

    Attributes:
        name: "local" or "aws".
        account: 12 digits.
        region: AWS Region.
        owner: the part of every name that keeps learners apart.
        endpoint_url: the local cloud's address; None on AWS.
        session: boto3.Session.
        tape: records the calls of all clients.
        notebook: number of the notebook that builds, "" outside notebooks.
        permissions_boundary: ARN of the policy that limits every role that is built here; None without one.
        expires_hours: after how many hours an instructor may delete what is built here.
    """

    name: str
    account: str
    region: str
    owner: str
    endpoint_url: str | None
    session: Any
    tape: Tape = field(default_factory=Tape)
    notebook: str = ""
    permissions_boundary: str | None = None
    expires_hours: int = DEFAULT_EXPIRES_HOURS
    _clients: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)
    _creating: threading.Lock = field(default_factory=threading.Lock, repr=False, compare=False)

    def __post_init__(self) -> None:
        self.tape.attach(self.session.events, endpoint_url=self.endpoint_url)

    def client(self, service: str, **config: Any) -> Any:
        """Return a client, the same one for the same service. `config`: options of botocore's Config."""
        options = CLIENT_CONFIG.get(service, {}) | config
        key = f"{service} {sorted(options.items())}"
        with self._creating:  # sessions are not safe between threads; clients are
            if key not in self._clients:
                self._clients[key] = self.session.client(service, config=Config(**options))
            return self._clients[key]

    def tags(self) -> dict[str, str]:
        """Return the tags of everything that is built here. They go into the call that creates it.

        Were they set by a call of their own, a crash in between would leave something that nobody finds.
        """
        expires = datetime.now(UTC) + timedelta(hours=self.expires_hours)
        return naming.tags(self.owner, self.notebook, expires=expires)

    def api_url(self, api_id: str, stage: str, *, protocol: str = "http") -> str:
        """Return where a stage of an API Gateway API is called: the data plane, without a slash at the end.

        `protocol` is "http" or "websocket". The stage `$default` has no segment in the address on AWS; the
        local cloud, where an API has no host name of its own, asks for one.

        https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-stages.html
        https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-set-up-websocket-deployment.html
        """
        scheme = {"http": "http", "websocket": "ws"}[protocol]
        if self.endpoint_url is not None:
            host = self.endpoint_url.partition("://")[2]
            return f"{scheme}://{host}/_aws/execute-api/{api_id}/{stage}"
        address = f"{scheme}s://{api_id}.execute-api.{self.region}.amazonaws.com"
        return address if stage == "$default" else f"{address}/{stage}"

    def environment(self, environ: Mapping[str, str] = os.environ) -> dict[str, str | None]:
        """Return the variables with which other tools reach the same place; None means: unset it.

        In local mode every AWS variable of `environ` that could lead elsewhere is unset.
        """
        region: dict[str, str | None] = {"AWS_REGION": self.region, "AWS_DEFAULT_REGION": self.region}
        if self.endpoint_url is None:
            profile = self.session.profile_name
            return region | ({"AWS_PROFILE": profile} if profile != "default" else {})
        credentials = self.session.get_credentials().get_frozen_credentials()
        not_proxied = {"127.0.0.1", *environ.get("no_proxy", environ.get("NO_PROXY", "")).split(",")} - {""}
        aside = [name for name in environ if name.startswith("AWS_") and name not in KEPT_VARIABLES]
        return {
            **dict.fromkeys(aside),
            **region,
            "AWS_ENDPOINT_URL": self.endpoint_url,
            "AWS_ACCESS_KEY_ID": credentials.access_key,
            "AWS_SECRET_ACCESS_KEY": credentials.secret_key,
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
            "NO_PROXY": ",".join(sorted(not_proxied)),
            "no_proxy": ",".join(sorted(not_proxied)),
        }


def connect(
    settings: Settings,
    *,
    tape: Tape | None = None,
    notebook: str = "",
    start_cloud: Callable[..., Any] = supervisor.start,
    make_aws_session: Callable[[str | None, str | None], Any] = aws_session,
) -> Target:
    """Connect to the target that the settings name. The local cloud is started if it isn't running.

    Raises:
        CloudError: the local cloud doesn't start.
        TargetError: on AWS, the account is not named, or the credentials are not those of that account.
    """
    if settings.target == "local":
        return _local(settings, tape or Tape(), notebook, start_cloud)
    return _aws(settings, tape or Tape(), notebook, make_aws_session)


def _local(settings: Settings, tape: Tape, notebook: str, start_cloud: Callable[..., Any]) -> Target:
    cloud = start_cloud(settings.home)
    region = settings.region or DEFAULT_REGION
    session = LocalSession(
        cloud.url, region, access_key_id=cloud.access_key_id, secret_access_key=cloud.secret_access_key
    )
    owner = settings.owner or naming.owner_of(cloud.account, getpass.getuser())
    boundary = settings.permissions_boundary
    if boundary and account_of(boundary) != cloud.account:
        boundary = None  # it is meant for an account on AWS
    hours = settings.expires_hours
    return Target("local", cloud.account, region, owner, cloud.url, session, tape, notebook, boundary, hours)


def _aws(
    settings: Settings, tape: Tape, notebook: str, make_session: Callable[[str | None, str | None], Any]
) -> Target:
    if settings.aws_account is None:
        raise TargetError(
            doing="connecting to AWS",
            cause="LAB_TARGET=aws needs the account to be named, so that nothing is built in a wrong one.",
            next_step="Run `aws sts get-caller-identity`, then set LAB_AWS_ACCOUNT to that account's id.",
        )
    try:
        session = make_session(settings.region, settings.aws_profile)
        if session.region_name is None:
            session = make_session(DEFAULT_REGION, settings.aws_profile)
        identity = session.client("sts").get_caller_identity()
    except (BotoCoreError, ClientError) as error:
        raise TargetError(
            doing="asking AWS whose credentials these are",
            cause=f"{error}",
            next_step="Check AWS_PROFILE, sign in (`aws sso login`), try `aws sts get-caller-identity`.",
        ) from error
    account = identity["Account"]
    if account != settings.aws_account:
        raise TargetError(
            doing=f"connecting to the AWS account {settings.aws_account}",
            cause=f"your credentials belong to the account {account}. Nothing was built.",
            next_step="Set AWS_PROFILE to a profile of the right account, or correct LAB_AWS_ACCOUNT.",
        )
    boundary = settings.permissions_boundary
    if boundary and account_of(boundary) != account:
        raise TargetError(
            doing=f"connecting to the AWS account {account}",
            cause=f"LAB_PERMISSIONS_BOUNDARY names a policy of another account: {boundary}.",
            next_step="Correct it: whoever runs the account knows the ARN. Then restart the kernel.",
        )
    owner = settings.owner or naming.owner_of(account, stable_user(identity["Arn"], getpass.getuser()))
    region, hours = session.region_name, settings.expires_hours
    return Target("aws", account, region, owner, None, session, tape, notebook, boundary, hours)


def account_of(arn: str) -> str:
    """Return the account in an ARN, "" where there is none."""
    return arn.split(":")[4]


def stable_user(arn: str, system_user: str) -> str:
    """Return who the caller is, the same at every sign-in.

    boto3 names an assumed role's session after the time. Such a name is replaced by the machine's user name,
    or the learner would have another owner every hour and the lab would not find what it built.
    """
    return re.sub(r"/botocore-session-\d+$", f"/{system_user}", arn)
