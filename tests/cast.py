"""The cast of the tests: accounts, their tokens, and an app to call the API with.

Anna owns, Bertha follows, Cem is a stranger; Dora and Emil live elsewhere.
"""

from datetime import UTC, datetime
from functools import cache
from typing import Any
from urllib.parse import urlencode

import orjson
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from django.conf import settings
from django.test import Client
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart

from accounts.models import Account, Application, Membership, User
from accounts.oauth.scopes import ALL
from accounts.oauth.tokens import issue_token
from federation.models import SigningKey

PASSWORD = "correct horse battery"
EVERYTHING = "read write follow push"


@cache
def _key_pair() -> tuple[str, str]:
    """One key pair for the whole cast: making one takes longer than most tests."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return private.decode(), public.decode()


def make_account(username: str, *, role: str = "user", password: str | None = None, **fields: Any) -> Account:
    """Make a local account with a confirmed person behind it; ``fields`` are columns of Account."""
    now = datetime.now(UTC)
    uri = f"{settings.BASE_URL}/users/{username}"
    account = Account.objects.create(
        **{
            "username": username,
            "uri": uri,
            "url": f"{settings.BASE_URL}/@{username}",
            "display_name": username.title(),
            "created_at": now,
            **fields,
        }
    )
    user = User(
        email=f"{username}@mail.example",
        role=role,
        locale="en",
        created_at=now,
        confirmed_at=now,
        last_active_on=now.date(),
    )
    if password:
        user.set_password(password)
    else:
        user.set_unusable_password()
    user.save()
    Membership.objects.create(user=user, account=account, created_at=now)
    private, public = _key_pair()
    SigningKey.objects.create(
        actor_uri=account.uri, key_id=account.key_id, private_key_pem=private, public_key_pem=public
    )
    return account


def make_remote_account(username: str, domain: str = "elsewhere.example", **fields: Any) -> Account:
    """Make an account of another server, as if it had been fetched."""
    now = datetime.now(UTC)
    uri = f"https://{domain}/users/{username}"
    return Account.objects.create(
        **{
            "username": username,
            "domain": domain,
            "uri": uri,
            "url": f"https://{domain}/@{username}",
            "display_name": username.title(),
            "inbox_url": f"{uri}/inbox",
            "shared_inbox_url": f"https://{domain}/inbox",
            "outbox_url": f"{uri}/outbox",
            "followers_url": f"{uri}/followers",
            "following_url": f"{uri}/following",
            "created_at": now,
            "fetched_at": now,
            **fields,
        }
    )


def user_of(account: Account) -> User:
    """Return the person who owns a local account."""
    return User.objects.get(memberships__account=account, memberships__role="owner")


def the_application() -> Application:
    """Return the app that the cast uses."""
    application, _ = Application.objects.get_or_create(
        client_id="test-client",
        defaults={
            "name": "Test app",
            "website": "https://app.example",
            "redirect_uris": ["urn:ietf:wg:oauth:2.0:oob"],
            "scopes": list(ALL),
            "client_secret_hash": "",
            "created_at": datetime.now(UTC),
        },
    )
    return application


def token_for(account: Account, scopes: str = EVERYTHING) -> str:
    """Return a token of the test app for the owner of an account."""
    return issue_token(the_application(), user_of(account), account, scopes.split())[1]


def app_token(scopes: str = EVERYTHING) -> str:
    """Return the test app's own token, without a person."""
    return issue_token(the_application(), None, None, scopes.split())[1]


class ApiClient:
    """Calls this server as an app does; bodies are JSON unless ``encoding`` says "form" or "multipart"."""

    def __init__(self, token: str | None = None) -> None:
        headers = {"Accept-Language": "en"} | ({"Authorization": f"Bearer {token}"} if token else {})
        self.token = token
        self.http = Client(headers=headers, SERVER_NAME=settings.WEB_DOMAIN)

    def get(self, path: str, params: Any = None, **headers: str) -> Any:
        """GET with query parameters; a name such as ``id[]`` may have a list."""
        return self.http.get(path, params or {}, secure=True, headers=_dashed(headers))

    def post(self, path: str, data: Any = None, *, encoding: str = "json", **headers: str) -> Any:
        """POST a body."""
        return self._send("POST", path, data, encoding, headers)

    def put(self, path: str, data: Any = None, *, encoding: str = "json", **headers: str) -> Any:
        """PUT a body."""
        return self._send("PUT", path, data, encoding, headers)

    def patch(self, path: str, data: Any = None, *, encoding: str = "json", **headers: str) -> Any:
        """PATCH a body."""
        return self._send("PATCH", path, data, encoding, headers)

    def delete(self, path: str, data: Any = None, *, encoding: str = "json", **headers: str) -> Any:
        """DELETE, with a body if there is one."""
        return self._send("DELETE", path, data, encoding, headers)

    def _send(self, method: str, path: str, data: Any, encoding: str, headers: dict[str, str]) -> Any:
        body, content_type = _encode(data, encoding)
        return self.http.generic(
            method, path, body, content_type=content_type, secure=True, headers=_dashed(headers)
        )


def _dashed(headers: dict[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}


def _encode(data: Any, encoding: str) -> tuple[bytes, str]:
    if encoding == "multipart":
        return encode_multipart(BOUNDARY, data or {}), MULTIPART_CONTENT
    if encoding == "form":
        pairs = data if isinstance(data, list | str) else (data or {})
        text = pairs if isinstance(pairs, str) else urlencode(pairs, doseq=True)
        return text.encode(), "application/x-www-form-urlencoded"
    return orjson.dumps(data) if data is not None else b"", "application/json"


def api_client(account: Account | None = None, scopes: str = EVERYTHING) -> ApiClient:
    """Return an app signed in as an account, or an anonymous one."""
    return ApiClient(token_for(account, scopes) if account else None)
