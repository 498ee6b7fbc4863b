"""Doors to one's own account: who am I, change the profile, preferences."""

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from accounts.entities import default_visibility, render_credential_account
from accounts.profiles import ProfileChanges, remove_picture, update_profile
from core.api.access import Access
from core.api.parameters import as_bool, as_list, as_text
from core.api.views import ApiView

WRITE = Access.user("write", "write:accounts")


class OwnAccountView(ApiView):
    """Base of the doors that answer with the caller's own account."""

    def own_account(self) -> Response:
        """Answer with the CredentialAccount of the caller."""
        assert self.credential is not None
        return Response(render_credential_account(self.actor, self.credential.user))


class VerifyCredentials(OwnAccountView):
    """GET /api/v1/accounts/verify_credentials."""

    access = {"GET": Access.user("profile", "read", "read:accounts")}

    def get(self, request: Request) -> Response:
        return self.own_account()


class UpdateCredentials(OwnAccountView):
    """PATCH /api/v1/accounts/update_credentials."""

    access = {"PATCH": WRITE}

    def patch(self, request: Request) -> Response:
        update_profile(self.actor, read_changes(self.params))
        return self.own_account()


class ProfilePicture(OwnAccountView):
    """DELETE /api/v1/profile/avatar and /header."""

    access = {"DELETE": WRITE}

    def delete(self, request: Request, name: str) -> Response:
        remove_picture(self.actor, name)
        return self.own_account()


class Preferences(ApiView):
    """GET /api/v1/preferences."""

    access = {"GET": Access.user("read", "read:accounts")}

    def get(self, request: Request) -> Response:
        account = self.actor
        return Response(
            {
                "posting:default:visibility": default_visibility(account),
                "posting:default:sensitive": account.default_sensitive,
                "posting:default:language": account.default_language or None,
                "posting:default:quote_policy": account.default_quote_policy,
                "reading:expand:media": "default",
                "reading:expand:spoilers": False,
                "reading:autoplay:gifs": False,
            }
        )


def read_changes(params: dict[str, Any]) -> ProfileChanges:
    """Read the parameters of a profile change. Raises BadRequest for a map where a text should be."""
    source = params.get("source")
    source = source if isinstance(source, dict) else {}
    return ProfileChanges(
        display_name=as_text(params.get("display_name")),
        note=as_text(params.get("note")),
        fields=_fields(params),
        avatar=params.get("avatar") or None,
        header=params.get("header") or None,
        avatar_description=as_text(params.get("avatar_description")),
        header_description=as_text(params.get("header_description")),
        locked=_flag(params, "locked"),
        bot=_flag(params, "bot"),
        discoverable=_flag(params, "discoverable"),
        hide_collections=_flag(params, "hide_collections"),
        indexable=_flag(params, "indexable"),
        show_media=_flag(params, "show_media"),
        show_media_replies=_flag(params, "show_media_replies"),
        show_featured=_flag(params, "show_featured"),
        attribution_domains=_texts(params, "attribution_domains"),
        default_visibility=as_text(source.get("privacy")) or None,
        default_sensitive=_flag(source, "sensitive"),
        default_language=as_text(source.get("language")),
        default_quote_policy=as_text(source.get("quote_policy")) or None,
    )


def _flag(params: dict[str, Any], name: str) -> bool | None:
    value = params.get(name)
    return None if value is None or value == "" else as_bool(value)


def _texts(params: dict[str, Any], name: str) -> list[str] | None:
    if name not in params:
        return None
    return [as_text(item) or "" for item in as_list(params[name])]


def _fields(params: dict[str, Any]) -> list[tuple[str, str]] | None:
    if "fields_attributes" not in params:
        return None
    entries = [entry for entry in as_list(params["fields_attributes"]) if isinstance(entry, dict)]
    return [(as_text(entry.get("name")) or "", as_text(entry.get("value")) or "") for entry in entries]
