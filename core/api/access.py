"""Who may call an endpoint, said once beside it and checked before it runs.

Source: API behaviours section 3, order of checks: bad token 401, scope 403, user required 422,
unconfirmed 403, then 404 and 422 by the operation.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from core.errors import Forbidden, Unauthenticated, Unprocessable

ANYONE, OPTIONAL, USER, APP = "anyone", "optional", "user", "app"


@dataclass(frozen=True)
class Credential:
    """What a valid token proves. ``user`` and ``account`` are None for an app's own token."""

    token_id: int
    application_id: int
    scopes: frozenset[str]
    user: Any = None
    account: Any = None

    def covers(self, scopes: Iterable[str]) -> bool:
        """True if one of these scopes was granted, itself or by its parent (``read`` for ``read:x``)."""
        return any(scope in self.scopes or _parent(scope) in self.scopes for scope in scopes)


def _parent(scope: str) -> str:
    return scope.rpartition(":")[0]


@dataclass(frozen=True)
class Access:
    """Kind of caller, and the scopes of which any one is enough."""

    kind: str
    scopes: tuple[str, ...] = ()
    unconfirmed: bool = False

    @classmethod
    def anyone(cls) -> "Access":
        """With or without token, whatever its scopes."""
        return cls(ANYONE)

    @classmethod
    def optional(cls, *scopes: str) -> "Access":
        """Without token, or with one that carries a scope."""
        return cls(OPTIONAL, scopes)

    @classmethod
    def user(cls, *scopes: str) -> "Access":
        """Only a person acting as an account."""
        return cls(USER, scopes)

    @classmethod
    def newcomer(cls, *scopes: str) -> "Access":
        """As user, also before the e-mail address is confirmed."""
        return cls(USER, scopes, unconfirmed=True)

    @classmethod
    def app(cls, *scopes: str) -> "Access":
        """Any valid token, an app's own included."""
        return cls(APP, scopes)

    def check(self, credential: Credential | None) -> None:
        """Raise Unauthenticated, Forbidden or Unprocessable when the caller may not go on."""
        if credential is None:
            if self.kind in (USER, APP):
                raise Unauthenticated()
            return
        if self.scopes and not credential.covers(self.scopes):
            raise Forbidden(_("This action is outside the authorized scopes"))
        if self.kind == USER:
            self._check_person(credential)

    def _check_person(self, credential: Credential) -> None:
        if credential.user is None:
            raise Unprocessable(_("This method requires an authenticated user"))
        if credential.user.disabled_at is not None or credential.account.suspended_at is not None:
            raise Forbidden(_("Your login is currently disabled"))
        if credential.user.confirmed_at is None and not self.unconfirmed:
            raise Forbidden(_("Your login is missing a confirmed e-mail address"))
