"""Cognito user pools: who signs in, and the tokens that an API's authorizer trusts.

https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools.html
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import Any

from labsupport.lost_answers import ONCE, survives_lost_answers
from labsupport.resources.ownership import require_ours
from labsupport.target import Target
from labsupport.waiting import tolerate

FLOWS = ["ALLOW_ADMIN_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]
GONE = "ResourceNotFoundException"
LONGEST_PAGE = 60  # of Cognito's lists


@dataclass(frozen=True)
class UserPoolDescription:
    """Name a user pool in the ways that others ask for.

    Attributes:
        id, name, arn: of the pool.
        client_id: of its app client, which has no secret. Tokens name it: it is a JWT authorizer's audience.
        issuer: who the tokens say they come from. It is a JWT authorizer's issuer.
    """

    id: str
    name: str
    arn: str
    client_id: str
    issuer: str


@dataclass(frozen=True)
class Tokens:
    """What a user who signed in holds. It shows no token: who has it is the user.

    Attributes:
        user: who signed in.
        access: says what the user may do, by its scopes.
        id: says who the user is.
        expires_in_seconds: from the sign-in.
    """

    user: str
    access: str = field(repr=False)
    id: str = field(repr=False)
    expires_in_seconds: int

    def headers(self) -> dict[str, str]:
        """Return the header that brings the access token to an API."""
        return {"Authorization": f"Bearer {self.access}"}


@survives_lost_answers
def deploy_user_pool(target: Target, name: str) -> UserPoolDescription:
    """Create the pool and its app client if they aren't there.

    Raises:
        DeployError: somebody else's pool has this name.
    """
    with target.tape.plumbing():
        pool = find_user_pool(target, name)
        if pool is None:
            pool = target.client("cognito-idp", **ONCE).create_user_pool(
                PoolName=name,
                UsernameAttributes=["email"],
                AdminCreateUserConfig={"AllowAdminCreateUserOnly": True},
                UserPoolTags=target.tags(),
            )["UserPool"]
        else:
            require_ours(target, f"user pool {name}", pool.get("UserPoolTags", {}))
        pool_id = pool["Id"]
        issuer = f"https://cognito-idp.{target.region}.amazonaws.com/{pool_id}"
        return UserPoolDescription(pool_id, name, pool["Arn"], _app_client(target, pool_id, name), issuer)


@survives_lost_answers
def sign_up(target: Target, pool: UserPoolDescription, email: str) -> Tokens:
    """Make a user, with a random password that nobody sees, and sign in.

    Cognito sends no mail. For a user who is there already, the password is replaced.
    """
    client = target.client("cognito-idp")
    password = f"{secrets.token_urlsafe(24)}aA1-"
    with target.tape.plumbing():
        with tolerate("UsernameExistsException"):
            client.admin_create_user(
                UserPoolId=pool.id,
                Username=email,
                UserAttributes=[
                    {"Name": "email", "Value": email},
                    {"Name": "email_verified", "Value": "true"},
                ],
                MessageAction="SUPPRESS",
            )
        client.admin_set_user_password(UserPoolId=pool.id, Username=email, Password=password, Permanent=True)
        answer = client.admin_initiate_auth(
            UserPoolId=pool.id,
            ClientId=pool.client_id,
            AuthFlow="ADMIN_USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": email, "PASSWORD": password},
        )["AuthenticationResult"]
    return Tokens(email, answer["AccessToken"], answer["IdToken"], answer["ExpiresIn"])


def find_user_pool(target: Target, name: str) -> dict[str, Any] | None:
    """Return Cognito's description of the user pool of this name, or None."""
    client = target.client("cognito-idp")
    pages = client.get_paginator("list_user_pools").paginate(MaxResults=LONGEST_PAGE)
    ids = (pool["Id"] for page in pages for pool in page["UserPools"] if pool["Name"] == name)
    pool_id = next(ids, None)
    return client.describe_user_pool(UserPoolId=pool_id)["UserPool"] if pool_id else None


def delete_user_pool(target: Target, pool_id: str) -> None:
    """Delete the pool with its users, app clients and domain. It may be gone already.

    Its deletion protection is lifted. Cognito deletes no pool that has a domain.
    """
    client = target.client("cognito-idp")
    with target.tape.plumbing(), tolerate(GONE):
        pool = client.describe_user_pool(UserPoolId=pool_id)["UserPool"]
        if pool.get("DeletionProtection") == "ACTIVE":
            client.update_user_pool(UserPoolId=pool_id, DeletionProtection="INACTIVE")
        for domain in filter(None, (pool.get("Domain"), pool.get("CustomDomain"))):
            with tolerate(GONE, "InvalidParameterException"):  # a domain that is gone already
                client.delete_user_pool_domain(UserPoolId=pool_id, Domain=domain)
        client.delete_user_pool(UserPoolId=pool_id)


def _app_client(target: Target, pool_id: str, name: str) -> str:
    client = target.client("cognito-idp")
    pages = client.get_paginator("list_user_pool_clients").paginate(
        UserPoolId=pool_id, MaxResults=LONGEST_PAGE
    )
    ids = (
        each["ClientId"] for page in pages for each in page["UserPoolClients"] if each["ClientName"] == name
    )
    found: str | None = next(ids, None)
    if found is None:
        created = target.client("cognito-idp", **ONCE).create_user_pool_client(
            UserPoolId=pool_id, ClientName=name, GenerateSecret=False, ExplicitAuthFlows=FLOWS
        )
        found = created["UserPoolClient"]["ClientId"]
    return found
