"""Who may call a route of an HTTP API: Lambda authorizers, JSON Web Tokens, and IAM.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-access-control.html
"""

from __future__ import annotations

import base64
import json
import time
import uuid
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from labsupport.localcloud.record import CloudRecord
from tests.conformance.http_apis import HttpApi, http_api

UNAUTHORIZED = (401, {"message": "Unauthorized"})
FORBIDDEN = (403, {"message": "Forbidden"})
INTERNAL = (500, {"message": "Internal Server Error"})
# It answers what the Authorization header asks for, and counts how often it is asked.
AUTHORIZER = """
import json

asked = 0

def handler(event, context):
    global asked
    asked += 1
    token = event["headers"]["authorization"]
    if token == "broken":
        raise ValueError("broken")
    if token == "nonsense":
        return {"isAuthorized": "false"}
    seen = {"asked": asked, "event": json.dumps(event)}
    if event.get("routeArn", "").endswith("/policy") or event["version"] == "1.0":
        arn = event.get("routeArn") or event["methodArn"]
        statement = {"Action": "execute-api:Invoke", "Effect": token, "Resource": arn}
        policy = {"Version": "2012-10-17", "Statement": [statement]}
        return {"principalId": "me", "policyDocument": policy, "context": seen}
    return {"isAuthorized": token == "Allow", "context": seen}
"""


@pytest.fixture(scope="module")
def api(cloud: CloudRecord, cloud_home: Path) -> Iterator[HttpApi]:
    with http_api(cloud_home) as built:
        yield built


def said(answer: Any) -> tuple[int, Any]:
    return answer.status_code, answer.json()


def call(api: HttpApi, path: str, token: str, **request: Any) -> Any:
    return api.call(path, headers={"authorization": token}, **request)


@pytest.fixture(scope="module")
def simple(api: HttpApi) -> str:
    """Return the id of an authorizer with simple responses; /simple and /again use it."""
    arn = api.function("authorizer", AUTHORIZER)
    authorizer = lambda_authorizer(api, arn, EnableSimpleResponses=True)
    for key in ("GET /simple", "GET /again"):
        api.route(key, AuthorizationType="CUSTOM", AuthorizerId=authorizer)
    return authorizer


def lambda_authorizer(api: HttpApi, arn: str, *, permitted: bool = True, **settings: Any) -> str:
    uri = f"arn:aws:apigateway:{api.target.region}:lambda:path/2015-03-31/functions/{arn}/invocations"
    defaults = {
        "IdentitySource": ["$request.header.Authorization"],
        "AuthorizerPayloadFormatVersion": "2.0",
        "AuthorizerResultTtlInSeconds": 0,
    }
    created: str = api.gateway.create_authorizer(
        ApiId=api.api_id, Name=uuid.uuid4().hex, AuthorizerType="REQUEST", AuthorizerUri=uri,
        **{**defaults, **settings},
    )["AuthorizerId"]  # fmt: skip
    if permitted:
        api.permit(arn, f"{api.source}/authorizers/{created}")
    return created


def test_a_simple_response_decides_and_its_context_is_in_the_event(api: HttpApi, simple: str) -> None:
    event = call(api, "/simple", "Allow").json()
    context = event["requestContext"]["authorizer"]["lambda"]
    asked = json.loads(context["event"])
    assert (asked["version"], asked["type"], asked["identitySource"]) == ("2.0", "REQUEST", ["Allow"])
    assert asked["routeArn"] == f"{api.source}/$default/GET/simple"
    assert asked["routeKey"] == "GET /simple"
    assert said(call(api, "/simple", "Deny")) == FORBIDDEN


def test_without_its_identity_source_a_request_is_unauthorized(api: HttpApi, simple: str) -> None:
    assert said(api.call("/simple")) == UNAUTHORIZED


@pytest.mark.parametrize("token", ["broken", "nonsense"])
def test_an_authorizer_that_fails_is_a_500(api: HttpApi, simple: str, token: str) -> None:
    assert said(call(api, "/simple", token)) == INTERNAL


def test_the_authorizers_function_needs_its_own_permission(api: HttpApi, simple: str) -> None:
    arn = api.function("stranger", AUTHORIZER)
    authorizer = lambda_authorizer(api, arn, permitted=False, EnableSimpleResponses=True)
    api.route("GET /stranger", AuthorizationType="CUSTOM", AuthorizerId=authorizer)
    assert said(call(api, "/stranger", "Allow")) == INTERNAL
    api.permit(arn, f"{api.source}/authorizers/{authorizer}")
    assert call(api, "/stranger", "Allow").status_code == 200


@pytest.mark.parametrize("payload_format", ["1.0", "2.0"])
def test_a_policy_allows_or_denies(api: HttpApi, simple: str, payload_format: str) -> None:
    arn = (
        f"arn:aws:lambda:{api.target.region}:{api.target.account}:function:lab-{api.target.owner}-authorizer"
    )
    authorizer = lambda_authorizer(api, arn, AuthorizerPayloadFormatVersion=payload_format)
    path = f"/{payload_format}/policy"
    api.route(f"GET {path}", AuthorizationType="CUSTOM", AuthorizerId=authorizer)
    context = call(api, path, "Allow").json()["requestContext"]["authorizer"]["lambda"]
    assert json.loads(context["event"])["version"] == payload_format
    assert said(call(api, path, "Deny")) == FORBIDDEN


def asked(api: HttpApi, path: str, token: str) -> int:
    found: int = call(api, path, token).json()["requestContext"]["authorizer"]["lambda"]["asked"]
    return found


def test_a_verdict_is_kept_by_identity_source_for_all_routes(api: HttpApi, simple: str) -> None:
    assert asked(api, "/simple", "Allow") != asked(api, "/simple", "Allow")
    api.gateway.update_authorizer(
        ApiId=api.api_id, AuthorizerId=simple, AuthorizerResultTtlInSeconds=300,
        IdentitySource=["$request.header.Authorization", "$request.header.x-who"],
    )  # fmt: skip

    def by(who: str, path: str, stage: str = "$default") -> Any:
        headers = {"authorization": "Allow", "x-who": who}
        event = api.event(path, headers=headers, stage=stage)
        return event["requestContext"]["authorizer"]["lambda"]["asked"]

    first = by("a", "/simple")
    assert by("a", "/again") == first
    assert by("b", "/simple") == first + 1
    api.gateway.create_stage(ApiId=api.api_id, StageName="dev", AutoDeploy=True)
    assert by("a", "/simple", stage="dev") == first + 2


def test_a_kept_policy_is_judged_anew_for_each_route(api: HttpApi, simple: str) -> None:
    arn = (
        f"arn:aws:lambda:{api.target.region}:{api.target.account}:function:lab-{api.target.owner}-authorizer"
    )
    authorizer = lambda_authorizer(
        api, arn, AuthorizerPayloadFormatVersion="1.0", AuthorizerResultTtlInSeconds=300
    )
    for path in ("/one", "/two"):
        api.route(f"GET {path}", AuthorizationType="CUSTOM", AuthorizerId=authorizer)
    assert call(api, "/one", "Allow").status_code == 200
    assert said(call(api, "/two", "Allow")) == FORBIDDEN  # the policy names /one
    assert call(api, "/one", "Allow").status_code == 200


# JSON Web Tokens


@pytest.fixture(scope="module")
def pool(api: HttpApi) -> Iterator[tuple[str, str, Any]]:
    """Return an issuer and a client of a user pool, and what a user's log-in gives."""
    cognito = api.target.client("cognito-idp")
    pool_id = cognito.create_user_pool(PoolName=f"lab-{api.target.owner}")["UserPool"]["Id"]
    client = cognito.create_user_pool_client(
        UserPoolId=pool_id, ClientName="c", ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH"]
    )["UserPoolClient"]["ClientId"]
    cognito.admin_create_user(UserPoolId=pool_id, Username="ana")
    password = uuid.uuid4().hex + "Aa1!"
    cognito.admin_set_user_password(UserPoolId=pool_id, Username="ana", Password=password, Permanent=True)
    tokens = cognito.initiate_auth(
        AuthFlow="USER_PASSWORD_AUTH",
        ClientId=client,
        AuthParameters={"USERNAME": "ana", "PASSWORD": password},
    )["AuthenticationResult"]
    issuer = f"https://cognito-idp.{api.target.region}.amazonaws.com/{pool_id}"
    yield issuer, client, tokens
    cognito.delete_user_pool(UserPoolId=pool_id)


def jwt_route(api: HttpApi, path: str, issuer: str, audience: str, scopes: tuple[str, ...] = ()) -> None:
    authorizer = api.gateway.create_authorizer(
        ApiId=api.api_id, Name=uuid.uuid4().hex, AuthorizerType="JWT",
        IdentitySource=["$request.header.Authorization"],
        JwtConfiguration={"Issuer": issuer, "Audience": [audience]},
    )["AuthorizerId"]  # fmt: skip
    api.route(
        f"GET {path}", AuthorizationType="JWT", AuthorizerId=authorizer, AuthorizationScopes=list(scopes)
    )


def test_a_user_pools_tokens_open_a_route(api: HttpApi, pool: Any) -> None:
    issuer, client, tokens = pool
    jwt_route(api, "/pool", issuer, client)
    for kind in ("IdToken", "AccessToken"):
        jwt = call(api, "/pool", f"Bearer {tokens[kind]}").json()["requestContext"]["authorizer"]["jwt"]
        assert jwt["claims"]["iss"] == issuer
        assert isinstance(jwt["claims"]["exp"], str)
    assert said(api.call("/pool")) == UNAUTHORIZED
    assert said(call(api, "/pool", "Bearer no.token.atall")) == UNAUTHORIZED
    head, body, signature = tokens["IdToken"].split(".")
    forged = base64.urlsafe_b64encode(bytes(reversed(base64.urlsafe_b64decode(signature + "=="))))
    assert said(call(api, "/pool", f"{head}.{body}.{forged.decode().rstrip('=')}")) == UNAUTHORIZED


def test_another_audience_is_unauthorized_and_a_missing_scope_forbidden(api: HttpApi, pool: Any) -> None:
    issuer, client, tokens = pool
    jwt_route(api, "/audience", issuer, "another")
    jwt_route(api, "/scope", issuer, client, ("orders/write",))
    jwt_route(api, "/admin", issuer, client, ("orders/write", "aws.cognito.signin.user.admin"))
    token = f"Bearer {tokens['AccessToken']}"
    assert said(call(api, "/audience", token)) == UNAUTHORIZED
    assert said(call(api, "/scope", token)) == FORBIDDEN
    assert call(api, "/admin", token).status_code == 200


class Issuer:
    """An OpenID Connect issuer of this machine."""

    def __init__(self) -> None:
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        Thread(target=self.server.serve_forever, daemon=True).start()

    def token(self, **claims: Any) -> str:
        defaults = {"iss": self.url, "aud": "me", "exp": int(time.time()) + 60}
        head = {"alg": "RS256", "kid": "k1"}
        body = {name: value for name, value in {**defaults, **claims}.items() if value is not None}
        signed = ".".join(_encoded(json.dumps(part).encode()) for part in (head, body))
        return f"{signed}.{_encoded(self.key.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256()))}"

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        issuer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                numbers = issuer.key.public_key().public_numbers()
                n, e = (_encoded(v.to_bytes(size, "big")) for v, size in ((numbers.n, 256), (numbers.e, 3)))
                pages = {
                    "/.well-known/openid-configuration": {"jwks_uri": f"{issuer.url}/keys"},
                    "/keys": {"keys": [{"kty": "RSA", "kid": "k1", "alg": "RS256", "n": n, "e": e}]},
                }
                body = json.dumps(pages[self.path]).encode()
                self.send_response(200)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_arguments: Any) -> None:
                pass

        return Handler


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


@pytest.fixture(scope="module")
def issuer(api: HttpApi) -> Iterator[Issuer]:
    found = Issuer()
    jwt_route(api, "/issuer", found.url, "me")
    yield found
    found.server.shutdown()
    found.server.server_close()


def test_any_issuer_with_a_key_set_will_do(api: HttpApi, issuer: Issuer) -> None:
    answer = call(api, "/issuer", f"Bearer {issuer.token(groups=['a', 'b'], n=1)}")
    claims = answer.json()["requestContext"]["authorizer"]["jwt"]["claims"]
    assert (claims["groups"], claims["n"]) == ("[a b]", "1")
    assert call(api, "/issuer", issuer.token(aud=None, client_id="me")).status_code == 200


@pytest.mark.parametrize(
    "claims",
    [{"exp": 1}, {"exp": None}, {"exp": "soon"}, {"nbf": 9_999_999_999}, {"iat": 9_999_999_999},
     {"iss": "https://other.example"}, {"aud": "you"}],
)  # fmt: skip
def test_a_token_that_is_not_for_here_or_not_for_now_is_unauthorized(
    api: HttpApi, issuer: Issuer, claims: dict[str, Any]
) -> None:
    assert said(call(api, "/issuer", f"Bearer {issuer.token(**claims)}")) == UNAUTHORIZED


def test_a_foreign_issuer_is_unauthorized_and_nobody_is_asked(api: HttpApi, issuer: Issuer) -> None:
    # This machine by a name that isn't known for it: it would answer, and the token is good.
    foreign = f"http://2130706433:{issuer.server.server_address[1]}"
    jwt_route(api, "/foreign", foreign, "me")
    assert said(call(api, "/foreign", f"Bearer {issuer.token(iss=foreign)}")) == UNAUTHORIZED


# IAM


def signed(api: HttpApi, path: str, credentials: Credentials) -> dict[str, str]:
    request = AWSRequest("GET", api.url(path))
    SigV4Auth(credentials, "execute-api", api.target.region).add_auth(request)
    return dict(request.headers)


def test_iam_wants_a_signature_and_a_policy(api: HttpApi, cloud: CloudRecord) -> None:
    api.route("GET /iam", AuthorizationType="AWS_IAM")
    assert said(api.call("/iam")) == FORBIDDEN
    root = Credentials(cloud.access_key_id, cloud.secret_access_key)
    iam = api.target.client("iam")
    name = f"lab-{api.target.owner}"
    iam.create_user(UserName=name)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    user = Credentials(key["AccessKeyId"], key["SecretAccessKey"])
    try:
        assert api.call("/iam", headers=signed(api, "/iam", root)).status_code == 200
        assert said(api.call("/iam", headers=signed(api, "/iam", user))) == FORBIDDEN
        statement = {"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": f"{api.source}/*/GET/iam"}
        policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=policy)
        event = api.event("/iam", headers=signed(api, "/iam", user))
        who = event["requestContext"]["authorizer"]["iam"]
        assert (who["accessKey"], who["userArn"]) == (
            key["AccessKeyId"],
            f"arn:aws:iam::{cloud.account}:user/{name}",
        )
        forger = Credentials(key["AccessKeyId"], "wrong")
        assert said(api.call("/iam", headers=signed(api, "/iam", forger))) == FORBIDDEN
    finally:
        iam.delete_access_key(UserName=name, AccessKeyId=key["AccessKeyId"])
        for policy_name in iam.list_user_policies(UserName=name)["PolicyNames"]:
            iam.delete_user_policy(UserName=name, PolicyName=policy_name)
        iam.delete_user(UserName=name)


# What an authorizer can't be


@pytest.mark.parametrize(
    "settings",
    [
        {"AuthorizerType": "JWT", "JwtConfiguration": {"Issuer": "https://issuer.example"}},
        {"AuthorizerType": "JWT", "JwtConfiguration": {"Audience": ["me"]}},
        {"AuthorizerType": "REQUEST", "AuthorizerPayloadFormatVersion": "2.0"},
        {"AuthorizerType": "REQUEST", "AuthorizerUri": "arn:f"},
        {
            "AuthorizerType": "REQUEST",
            "AuthorizerUri": "arn:f",
            "AuthorizerPayloadFormatVersion": "2.0",
            "AuthorizerResultTtlInSeconds": 3601,
        },
    ],
    ids=["no audience", "no issuer", "no function", "no payload format", "kept too long"],
)
def test_what_an_authorizer_cannot_be_is_refused(api: HttpApi, settings: dict[str, Any]) -> None:
    before = len(api.gateway.get_authorizers(ApiId=api.api_id)["Items"])
    with pytest.raises(ClientError, match="BadRequestException"):
        api.gateway.create_authorizer(
            ApiId=api.api_id, Name="a", IdentitySource=["$request.header.Authorization"], **settings
        )
    assert len(api.gateway.get_authorizers(ApiId=api.api_id)["Items"]) == before


def test_without_a_ttl_verdicts_are_kept_for_five_minutes(api: HttpApi) -> None:
    created = api.gateway.create_authorizer(
        ApiId=api.api_id, Name="a", AuthorizerType="REQUEST", AuthorizerUri="arn:f",
        AuthorizerPayloadFormatVersion="2.0", IdentitySource=["$request.header.Authorization"],
    )  # fmt: skip
    assert created["AuthorizerResultTtlInSeconds"] == 300


def test_an_authorizer_cannot_become_what_it_could_not_be(api: HttpApi, simple: str) -> None:
    update, which = api.gateway.update_authorizer, {"ApiId": api.api_id, "AuthorizerId": simple}
    with pytest.raises(ClientError, match="BadRequestException"):
        update(**which, AuthorizerResultTtlInSeconds=3601)
    assert update(**which, AuthorizerResultTtlInSeconds=3600)["AuthorizerResultTtlInSeconds"] == 3600
