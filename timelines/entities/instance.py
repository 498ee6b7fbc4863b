"""Instance documents as apps read them: what this server is, what it can do, which rules it has.

They describe what is really there: apps choose their buttons by them. Called by `timelines/api/instance.py`.
Source: API behaviours section 15; schemas Instance and V1_Instance.
"""

from datetime import datetime
from hashlib import sha256
from typing import Any

from django.conf import settings
from django.conf.locale import LANG_INFO
from django.utils.html import format_html
from django.utils.translation import get_language_info, override
from django.utils.translation import gettext as _

from accounts import profiles, vapid
from accounts.entities import render_account
from accounts.models import Account
from accounts.rules import RULES, Rule
from core.text.count import URL_CHARACTERS
from federation.models import DomainPolicy
from media.attachments import DESCRIPTION_LIMIT
from media.decoding.limits import (
    IMAGE_MATRIX_LIMIT,
    IMAGE_SIZE_LIMIT_BYTES,
    MIME_TYPES,
    VIDEO_FRAME_RATE_LIMIT,
    VIDEO_MATRIX_LIMIT,
    VIDEO_SIZE_LIMIT_BYTES,
)
from timelines import poll_drafts
from timelines.instance import Numbers, Week
from timelines.interactions import MAX_PINS
from timelines.tags import MAX_FEATURED

# The reason for this number stands in docs/decisions/0005-what-apps-are-told.md.
API_LEVEL = 11
_ICON_SIZES = (48, 192, 512)


def render_instance(numbers: Numbers, contact: Account | None, *, has_terms: bool) -> dict[str, Any]:
    """Return the instance document of the API's second version."""
    configuration = _configuration()
    if has_terms:
        configuration["urls"]["terms_of_service"] = f"{settings.BASE_URL}/terms-of-service"
    return {
        "domain": settings.LOCAL_DOMAIN,
        "title": settings.INSTANCE_NAME,
        "version": settings.API_VERSION,
        # The repository has no public address yet; the home page is where one asks for the source.
        "source_url": f"{settings.BASE_URL}/",
        "description": _description(),
        "usage": {"users": {"active_month": numbers.active_last_month}},
        "thumbnail": {
            "url": _image_url("thumbnail.png"),
            "description": None,
            "blurhash": None,
            "versions": {},
        },
        "icon": [{"src": _image_url(f"icon-{size}.png"), "size": f"{size}x{size}"} for size in _ICON_SIZES],
        "languages": _language_codes(),
        "configuration": configuration,
        "registrations": {
            "enabled": False,
            "approval_required": False,
            "reason_required": None,
            "message": _registration_message(),
            "min_age": None,
            "url": None,
        },
        "api_versions": {"mastodon": API_LEVEL},
        "contact": {"email": settings.CONTACT_EMAIL, "account": _contact(contact)},
        "rules": render_rules(),
    }


def render_v1_instance(numbers: Numbers, contact: Account | None) -> dict[str, Any]:
    """Return the instance document of the API's first version, which many apps still ask for first."""
    configuration = _configuration()
    shared = {name: configuration[name] for name in ("statuses", "media_attachments", "polls")}
    # Came with the second version; apps that read this one do not expect it.
    del shared["media_attachments"]["description_limit"]
    return {
        "uri": settings.LOCAL_DOMAIN,
        "title": settings.INSTANCE_NAME,
        "short_description": _description(),
        "description": _description(),
        "email": settings.CONTACT_EMAIL,
        "version": settings.API_VERSION,
        "urls": {"streaming_api": settings.STREAMING_URL},
        "stats": {
            "user_count": numbers.people,
            "status_count": numbers.statuses,
            "domain_count": numbers.known_servers,
        },
        "thumbnail": _image_url("thumbnail.png"),
        "languages": _language_codes(),
        "registrations": False,
        "approval_required": False,
        "invites_enabled": False,
        "configuration": {"accounts": {"max_featured_tags": MAX_FEATURED}, **shared},
        "contact_account": _contact(contact),
        "rules": render_rules(),
    }


def _configuration() -> dict[str, Any]:
    open_feeds = {"local": "public", "remote": "public"}
    return {
        "urls": {
            "streaming": settings.STREAMING_URL,
            "status": None,
            "about": f"{settings.BASE_URL}/",
            "privacy_policy": None,
            "terms_of_service": None,
        },
        "vapid": {"public_key": vapid.public_key()},
        "accounts": {
            "max_featured_tags": MAX_FEATURED,
            "max_pinned_statuses": MAX_PINS,
            "max_display_name_length": profiles.MAX_DISPLAY_NAME,
            "max_note_length": profiles.MAX_NOTE,
            "max_avatar_description_length": profiles.MAX_DESCRIPTION,
            "max_header_description_length": profiles.MAX_DESCRIPTION,
            "max_profile_fields": profiles.MAX_FIELDS,
            "profile_field_name_limit": profiles.MAX_FIELD_NAME,
            "profile_field_value_limit": profiles.MAX_FIELD_VALUE,
        },
        "statuses": {
            "max_characters": settings.MAX_STATUS_CHARACTERS,
            "max_media_attachments": settings.MAX_MEDIA_ATTACHMENTS,
            "characters_reserved_per_url": URL_CHARACTERS,
        },
        "media_attachments": _media_limits(),
        "polls": {
            "max_options": poll_drafts.MAX_OPTIONS,
            "max_characters_per_option": poll_drafts.MAX_OPTION_CHARACTERS,
            "min_expiration": poll_drafts.MIN_SECONDS,
            "max_expiration": poll_drafts.MAX_SECONDS,
        },
        "translation": {"enabled": False},
        "timelines_access": {
            "live_feeds": open_feeds,
            "hashtag_feeds": open_feeds,
            "trending_link_feeds": {"local": "disabled", "remote": "disabled"},
        },
        "limited_federation": False,
    }


def _media_limits() -> dict[str, Any]:
    return {
        "supported_mime_types": list(MIME_TYPES),
        "description_limit": DESCRIPTION_LIMIT,
        "image_size_limit": IMAGE_SIZE_LIMIT_BYTES,
        "image_matrix_limit": IMAGE_MATRIX_LIMIT,
        "video_size_limit": VIDEO_SIZE_LIMIT_BYTES,
        "video_frame_rate_limit": VIDEO_FRAME_RATE_LIMIT,
        "video_matrix_limit": VIDEO_MATRIX_LIMIT,
    }


def render_rules() -> list[dict[str, Any]]:
    """Return the rules in the reader's language, with all translations."""
    return [
        {
            "id": str(rule.id),
            "text": str(rule.text),
            "hint": str(rule.hint),
            "translations": {code: _translated(rule, code) for code in _language_codes()},
        }
        for rule in RULES
    ]


def _translated(rule: Rule, language: str) -> dict[str, str]:
    with override(language):
        return {"text": str(rule.text), "hint": str(rule.hint)}


def render_week(week: Week) -> dict[str, str]:
    """Return one week of activity; every value is a string."""
    return {
        "week": str(int(week.starts_at.timestamp())),
        "statuses": str(week.statuses),
        "logins": str(week.active_people),
        "registrations": str(week.registrations),
    }


def render_domain_policy(policy: DomainPolicy) -> dict[str, Any]:
    """Return what everybody may know about a restricted domain."""
    return {
        "domain": policy.domain,
        "digest": sha256(policy.domain.encode()).hexdigest(),
        "severity": policy.severity,
        "comment": policy.public_comment,
    }


def render_privacy_policy(written_at: datetime) -> dict[str, Any]:
    """Return, as HTML, what this software stores and shows."""
    paragraphs = [
        _("We keep your e-mail address, a scrambled form of your password, and what you post and upload."),
        _(
            "Public posts can be read by anyone. Posts for followers go to the servers of your followers, "
            "posts for mentioned people to theirs; what those servers do with them is not in our hands."
        ),
        _("Whoever runs this server can technically read all that is stored here, direct posts included."),
        _("We load nothing from third parties into our pages, show no advertising and sell no data."),
    ]
    content = "".join(format_html("<p>{}</p>", text) for text in paragraphs)
    return {"updated_at": written_at, "content": content}


def render_languages() -> list[dict[str, str]]:
    """Return the languages that a post may be marked with, named in the reader's language."""
    named = [
        (code, get_language_info(code)["name_translated"]) for code in sorted(LANG_INFO) if _is_plain(code)
    ]
    return [{"code": code, "name": str(name)} for code, name in named]


def _is_plain(code: str) -> bool:
    """True for a language of its own, as opposed to a fallback or a regional form."""
    return "name" in LANG_INFO[code] and "-" not in code


def _description() -> str:
    return _("A social network for co-operatives and their members.")


def _registration_message() -> str:
    text = _("You can join with an invitation. Ask a member or write to %(email)s.")
    return format_html("<p>{}</p>", text % {"email": settings.CONTACT_EMAIL})


def _language_codes() -> list[str]:
    return [code for code, _name in settings.LANGUAGES]


def _contact(account: Account | None) -> dict[str, Any] | None:
    return render_account(account) if account else None


def _image_url(name: str) -> str:
    return f"{settings.BASE_URL}/static/instance/{name}"
