"""Which of a person's filters match which statuses: the ``filtered`` of status entities.

Called by the loader of status pages, once a page. One query reads all filters of the reader. A keyword is
looked for as it is in the folded text, so there is no pattern that could be slow or unsafe: the time is that
of reading the text once for each keyword. Nothing is removed; apps act by context and expiry.
Source: API behaviours section 11.
"""

import unicodedata
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef, Q
from django.db.models.functions import JSONObject

from core.text import html_to_text
from timelines.entities.filter import render_filter_head
from timelines.models import Filter, FilterKeyword, FilterStatus, Status

Entity = dict[str, Any]


@dataclass(frozen=True)
class Rule:
    """One filter, ready to be held against texts."""

    head: Entity
    # As written, folded, and whether only whole words count.
    keywords: tuple[tuple[str, str, bool], ...]
    status_ids: frozenset[int]


def load_rules(
    account_ids: Collection[int], status_ids: Collection[int], now: datetime
) -> dict[int, list[Rule]]:
    """Return by account the filters that have not expired, in one query; of their statuses only these."""
    if not status_ids:
        return {}
    keywords = FilterKeyword.objects.filter(filter=OuterRef("pk")).order_by("pk")
    statuses = FilterStatus.objects.filter(filter=OuterRef("pk"), status__in=status_ids)
    rows = Filter.objects.filter(Q(expires_at__isnull=True) | Q(expires_at__gt=now), account__in=account_ids)
    rows = rows.order_by("pk").annotate(
        found_keywords=ArraySubquery(keywords.values(data=JSONObject(text="keyword", whole="whole_word"))),
        found_statuses=ArraySubquery(statuses.values("status")),
    )
    found: dict[int, list[Rule]] = defaultdict(list)
    for row in rows:
        found[row.account_id].append(_rule(row, row.found_keywords, row.found_statuses))
    return found


def _rule(row: Filter, keywords: Iterable[Mapping[str, Any]], status_ids: Iterable[int]) -> Rule:
    compiled = ((keyword["text"], fold(keyword["text"]), keyword["whole"]) for keyword in keywords)
    return Rule(render_filter_head(row), tuple(compiled), frozenset(status_ids))


def find_matches(rules: Sequence[Rule], text: str, status_ids: Sequence[int]) -> list[Entity]:
    """Return a FilterResult for each filter that matches this folded text or one of these statuses."""
    results = []
    for rule in rules:
        words = [word for word, folded, whole in rule.keywords if _contains(text, folded, whole)]
        ids = [str(status_id) for status_id in status_ids if status_id in rule.status_ids]
        if words or ids:
            results.append({"filter": rule.head, "keyword_matches": words, "status_matches": ids})
    return results


def searchable_text(status: Status, more: Iterable[str | None]) -> str:
    """Return what keywords are looked for in: warning, text, and ``more`` (poll options, alt texts), folded.

    It is the same for every reader.
    """
    parts = (status.spoiler_text, html_to_text(status.content), *more)
    return fold("\n".join(part for part in parts if part))


def fold(text: str) -> str:
    """Return a text as it is compared: letters of any case and composition alike, any gap one blank."""
    return " ".join(unicodedata.normalize("NFC", text).casefold().split())


def _contains(text: str, keyword: str, whole_word: bool) -> bool:
    """Tell whether the text holds the keyword; of a whole word the ends must not go on as a word."""
    position = text.find(keyword)
    if not whole_word:
        return position >= 0
    bound_before, bound_after = _is_word(keyword[:1]), _is_word(keyword[-1:])
    while position >= 0:
        end = position + len(keyword)
        goes_on_before = bound_before and _is_word(text[position - 1 : position])
        goes_on_after = bound_after and _is_word(text[end : end + 1])
        if not goes_on_before and not goes_on_after:
            return True
        position = text.find(keyword, position + 1)
    return False


def _is_word(character: str) -> bool:
    """Tell whether a character belongs to words: letters, digits, marks, the underscore; '' does not."""
    if character.isalnum() or character == "_":
        return True
    return character != "" and unicodedata.category(character)[0] == "M"
