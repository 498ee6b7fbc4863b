"""Custom emoji: looked up for the texts of a page, and listed for the picker."""

from collections.abc import Iterable

from django.db.models import Q

from media.models import CustomEmoji

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
