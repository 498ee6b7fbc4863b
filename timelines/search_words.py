"""The words of statuses as PostgreSQL keeps and asks for them.

`store_words` is called by the jobs of new and changed statuses, `asks_for` by search. A text is kept as it is
written and by the stems of its language; a term is looked for in all of these.
"""

from collections.abc import Iterable
from functools import reduce
from operator import and_, or_

from django.contrib.postgres.search import SearchQuery
from django.db import connection

from core.prepared import Prepared
from core.text import html_to_text
from media.attachments import load_attachments
from timelines.models import Poll, Status

_SIMPLE = "genosocial_simple"
_STEMS = {"de": "genosocial_german", "en": "genosocial_english"}
_CONFIGURATIONS = (_SIMPLE, *_STEMS.values())
# A vector has a limit of 1 MiB; nobody reads further anyway.
_MAX_CHARACTERS = 50_000
_STORE = """
INSERT INTO timelines_statustext (status_id, vector) VALUES (%s, {vector})
ON CONFLICT (status_id) DO UPDATE SET vector = excluded.vector
"""
_POLL = Prepared(lambda status: Poll.objects.filter(status=status).values_list("options"), status=int)


def store_words(status: Status) -> None:
    """Keep, or renew, what a post is found by; one statement to write. Reblogs are not kept."""
    if status.reblog_of_id is not None:
        return
    text, configurations = _text_of(status), [_SIMPLE, *_configurations(status.language)]
    vector = " || ".join("to_tsvector(%s::regconfig, %s)" for _ in configurations)
    values = [value for configuration in configurations for value in (configuration, text)]
    with connection.cursor() as cursor:
        cursor.execute(_STORE.format(vector=vector), [status.pk, *values])


def _configurations(language: str | None) -> list[str]:
    """Return the stems to keep: those of its language, or of all when it does not say."""
    if language is None:
        return list(_STEMS.values())
    stems = _STEMS.get(language.partition("-")[0].lower())
    return [stems] if stems else []


def _text_of(status: Status) -> str:
    """Return all that a reader of the post reads: warning, text, what its poll asks, what its files show."""
    polls = _POLL.tuples(status=status.pk)
    files = load_attachments(status.media_ids) if status.media_ids else {}
    parts = [
        status.spoiler_text,
        html_to_text(status.content),
        *(option for (options,) in polls for option in options),
        *(file.description or "" for file in files.values()),
    ]
    return "\n".join(parts)[:_MAX_CHARACTERS]


def asks_for(terms: Iterable[str], unwanted: Iterable[str]) -> SearchQuery | None:
    """Return the query for texts with all of the terms and none of the unwanted; None when that asks nothing.

    A term is a word or the words of a phrase.
    """
    every = [_any_of(_readings(term)) for term in terms]
    none = [~reading for term in unwanted for reading in _readings(term)]
    asked = [*every, *none]
    return reduce(and_, asked) if asked else None


def _readings(term: str) -> list[SearchQuery]:
    """Return a word as it is written and by its stems in each language; a phrase only as it is written.

    Stems leave out what a language takes for fillers, and "without bread" would become "bread".
    """
    configurations = (_SIMPLE,) if len(term.split()) > 1 else _CONFIGURATIONS
    return [SearchQuery(term, config=configuration, search_type="phrase") for configuration in configurations]


def _any_of(readings: list[SearchQuery]) -> SearchQuery:
    return reduce(or_, readings)
