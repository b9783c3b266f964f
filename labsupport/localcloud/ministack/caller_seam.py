"""Who a request comes from: only who knows its secret is believed to be the root user, or a function's role.

MiniStack takes a few access keys for the root user's, whatever their signature (the account's number, "test",
none at all), and makes the keys of a function's role from its name. Both can be guessed, by a function and by
any web page that the learner opens. So the root user has one access key, whose secret is drawn once and kept
in the lab's home, and the keys of roles are made with a secret that is drawn for each run.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Callable
from typing import Any

from labsupport.localcloud.download_links import DownloadLinks
from labsupport.localcloud.ministack.seams import replace
from labsupport.localcloud.record import RootKey

# What S3 does for nobody in particular, beside what a bucket's policy and ACL allow: nothing.
NOT_FOR_ANYBODY = {"s3:ListAllMyBuckets", "s3:CreateBucket"}


class CallerSeam:
    """Where MiniStack asks whose access key this is, and where it hands out keys and links of its own."""

    def __init__(self, root: RootKey, account: str) -> None:
        """Take MiniStack's modules, and the only access key of the root user of `account`."""
        from ministack.core import iam_evaluator, lambda_runtime
        from ministack.services import lambda_svc, sts

        self._evaluator: Any = iam_evaluator
        self._runtime: Any = lambda_runtime
        self._lambda: Any = lambda_svc
        self._sts: Any = sts
        self._root, self._account = root, account
        self._key = secrets.token_bytes(32)
        self.links = DownloadLinks(self._key)

    def attach(self) -> None:
        """Stand before MiniStack's own functions, and make the root user known."""
        replace(self._evaluator, "is_root_access_key", lambda _original: lambda key: not key)
        replace(self._evaluator, "enforce", self._asking_who_is_nobody)
        replace(self._runtime, "execution_credentials", lambda _original: self._role_session)
        replace(self._lambda, "_presigned_code_url", self._signing)
        replace(self._lambda, "_layer_content_url", self._signing)
        root = {
            "Arn": f"arn:aws:iam::{self._account}:root",
            "AccountId": self._account,
            "UserId": self._account,
            "SecretAccessKey": self._root.secret_access_key,
        }
        self._sts.register_session(self._root.access_key_id, root)

    def _asking_who_is_nobody(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def enforce(access_key_id: str, iam_action: str, *arguments: Any, **more: Any) -> Any:
            if not access_key_id and iam_action in NOT_FOR_ANYBODY:
                return self._evaluator.AuthError("AccessDenied", "Access Denied")
            return original(access_key_id, iam_action, *arguments, **more)

        return enforce

    def _role_session(self, config: dict[str, Any]) -> dict[str, str]:
        """Return the credentials of a function's role: the same ones at each invocation, and no other's."""
        account, _region = self._runtime._account_region_from_function_config(config)
        role = config.get("Role", "").rsplit("/", 1)[-1]
        session = config.get("FunctionName", "")[:64]
        about = f"{config.get('FunctionArn', '')}:{config.get('Role', '')}"
        access_key_id = f"ASIA{self._made_of('key', about)[:16].upper()}"
        secret, token = self._made_of("secret", about), self._made_of("token", about)
        record = {
            "Arn": f"arn:aws:sts::{account}:assumed-role/{role}/{session}",
            "UserId": f"{role}:{session}",
            "SecretAccessKey": secret,
            "SessionToken": token,
        }
        self._sts.register_session(access_key_id, record)
        return {
            "AWS_ACCESS_KEY_ID": access_key_id,
            "AWS_SECRET_ACCESS_KEY": secret,
            "AWS_SESSION_TOKEN": token,
        }

    def _made_of(self, purpose: str, about: str) -> str:
        return hmac.new(self._key, f"{purpose}:{about}".encode(), hashlib.sha256).hexdigest()

    def _signing(self, original: Callable[..., str]) -> Callable[..., str]:
        def sign(*arguments: Any) -> str:
            return self.links.sign(original(*arguments))

        return sign
