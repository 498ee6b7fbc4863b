"""Custom emoji: looked up for the texts of a page, listed for the picker, added and changed by staff."""

import re
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from core.errors import NotFound, Unprocessable
from core.text import clean_line
from media.files import delete_files
from media.models import CustomEmoji
from media.pictures import store_emoji

SHORTCODE = re.compile(r"[A-Za-z0-9_]{2,50}")
CATEGORY_LIMIT = 100

Handle = tuple[str, str | None]
"""(shortcode, domain); domain None is this server."""


def load_emojis(wanted: Iterable[Handle]) -> dict[Handle, CustomEmoji]:
    """Return the emoji that texts may show, by (shortcode, domain), in one query; none for nothing wanted."""
    by_domain: dict[str | None, set[str]] = {}
    for shortcode, domain in wanted:
        by_domain.setdefault(domain, set()).add(shortcode)
    condition = Q()
    for domain, shortcodes in by_domain.items():
        place = Q(domain__isnull=True) if domain is None else Q(domain=domain)
        condition |= place & Q(shortcode__in=shortcodes)
    if not condition:
        return {}
    found = CustomEmoji.objects.enabled().filter(condition)
    return {(emoji.shortcode, emoji.domain): emoji for emoji in found}


def list_for_picker() -> list[CustomEmoji]:
    """Return our own emoji that people may choose from."""
    return list(CustomEmoji.objects.for_picker())


# What staff do


def list_own() -> list[CustomEmoji]:
    """Return all emoji of this server, the disabled ones too."""
    return list(CustomEmoji.objects.filter(domain__isnull=True).order_by("category", "shortcode"))


def create_emoji(upload: object, shortcode: str, *, category: str = "", now: datetime) -> CustomEmoji:
    """Store a picture as an emoji of this server.

    Raises Unprocessable: the name cannot be one or is taken, the category is too long, no sound picture.
    """
    name = shortcode.strip().strip(":")
    if not SHORTCODE.fullmatch(name):
        raise Unprocessable(_("A shortcode has 2 to 50 letters (a–z), digits and underscores"))
    emoji = CustomEmoji(shortcode=name, category=_checked_category(category), updated_at=now)
    if CustomEmoji.objects.filter(domain__isnull=True, shortcode=name).exists():
        raise _taken()
    emoji.file, emoji.static_file = store_emoji(upload)
    try:
        with transaction.atomic():
            emoji.save(force_insert=True)
    except IntegrityError as error:
        delete_files({emoji.file, emoji.static_file})
        raise _taken() from error
    return emoji


def change_emoji(
    emoji_id: int, *, category: str | None = None, disabled: bool | None = None, now: datetime
) -> None:
    """Change an emoji of this server; None leaves a value. Raises NotFound, Unprocessable (category)."""
    values: dict[str, Any] = {} if disabled is None else {"disabled": disabled}
    if category is not None:
        values["category"] = _checked_category(category)
    if not CustomEmoji.objects.filter(pk=emoji_id, domain__isnull=True).update(**values, updated_at=now):
        raise NotFound()


def _checked_category(category: str) -> str:
    shown = clean_line(category)
    if len(shown) > CATEGORY_LIMIT:
        raise Unprocessable(_("The category is longer than %(limit)d characters") % {"limit": CATEGORY_LIMIT})
    return shown


def _taken() -> Unprocessable:
    return Unprocessable(_("There is an emoji with this shortcode already"))
