"""Terms of service: published by staff for a day, read by everybody, each version by its day.

`publish_terms` and `withdraw_terms` are called by the staff page, the rest by the API door and the pages.
Source: API behaviours section 15; Mastodon docs, "TermsOfService".
"""

from datetime import date, datetime

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from core.errors import NotFound, Unprocessable
from core.text import clean_text, render_markdown
from timelines.models import TermsOfService

LONGEST_TEXT = 50_000


def publish_terms(text: str, effective_date: date, *, now: datetime) -> TermsOfService:
    """Let a text, written as Markdown, hold from a day on.

    Raises Unprocessable: empty, too long, a day that has passed, or one that has terms already.
    """
    text = clean_text(text).strip()
    if not text:
        raise Unprocessable(_("The terms say nothing"))
    if len(text) > LONGEST_TEXT:
        raise Unprocessable(_("The terms are too long"))
    if effective_date < now.date():
        raise Unprocessable(_("This day has passed"))
    row = TermsOfService(
        text=text, content=render_markdown(text), effective_date=effective_date, published_at=now
    )
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError as error:
        raise Unprocessable(_("There are terms for this day already")) from error
    return row


def withdraw_terms(terms_id: int, *, today: date) -> None:
    """Take back what does not hold yet. Raises NotFound: terms that held stay, people have agreed to them."""
    if not TermsOfService.objects.filter(pk=terms_id, effective_date__gt=today).delete()[0]:
        raise NotFound()


def list_terms() -> "QuerySet[TermsOfService]":
    """Return all versions, the latest first."""
    return TermsOfService.objects.order_by("-effective_date")


def get_terms(today: date, day: str | None = None) -> TermsOfService:
    """Return what holds today, before the first day what will; or the version of a day (YYYY-MM-DD).

    Raises NotFound.
    """
    found = _find_current(today) if day is None else list_terms().filter(effective_date=_day(day)).first()
    if found is None:
        raise NotFound()
    return found


def _find_current(today: date) -> TermsOfService | None:
    return list_terms().filter(effective_date__lte=today).first() or list_terms().last()


def _day(text: str) -> date:
    try:
        found = date.fromisoformat(text)
    except ValueError as error:
        raise NotFound() from error
    if found.isoformat() != text:
        raise NotFound()
    return found


def find_successor(terms: TermsOfService) -> date | None:
    """Return the day from which on the next version holds."""
    later = TermsOfService.objects.filter(effective_date__gt=terms.effective_date)
    return later.order_by("effective_date").values_list("effective_date", flat=True).first()


def has_terms() -> bool:
    """Return whether this server has any."""
    return TermsOfService.objects.exists()
