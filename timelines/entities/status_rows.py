"""What a page of statuses needs from the database at every request; for entities/status.py alone."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

from django.db.models import Exists, OuterRef, Value
from django.db.models.functions import Coalesce, NullIf

from core.prepared import Ids, Prepared, array, fetch
from core.rendered import version_sql
from timelines.models import Bookmark, ConversationMute, Favourite, Filter, Status, StatusPin

# One row for each status of the page and each original of its reblogs; these have no place on the page.
_SHOWN = f"""
WITH page AS MATERIALIZED (SELECT id, row_number() OVER () AS place FROM ({{listing}}) AS listed (id)),
wanted AS (
  SELECT id, place FROM page
  UNION ALL
  SELECT DISTINCT reblog.reblog_of_id, NULL::bigint
  FROM page JOIN timelines_status reblog USING (id) WHERE reblog.reblog_of_id IS NOT NULL
)
SELECT wanted.place, status.id, {version_sql("status")}, status.account_id, {version_sql("author")},
  status.reblog_of_id, status.visibility, status.replies_count,
  coalesce(status.origin_reblogs_count, status.reblogs_count),
  coalesce(status.origin_favourites_count, status.favourites_count), status.quotes_count,
  status.quote_automatic, status.quote_manual, quote.id, poll.id, application.name, application.website
FROM wanted
JOIN timelines_status status USING (id)
JOIN accounts_account author ON author.id = status.account_id
LEFT JOIN timelines_poll poll ON poll.status_id = status.id
LEFT JOIN timelines_quote quote ON quote.status_id = status.id
LEFT JOIN accounts_application application ON application.id = status.application_id
ORDER BY wanted.place
"""


class ShownRow(NamedTuple):
    """What changes of a status, and the versions of what is rendered once."""

    # On the page from 1; None for the original of a reblog.
    place: int | None
    id: int
    version: str
    account_id: int
    account_version: str
    reblog_of_id: int | None
    visibility: str
    replies_count: int
    reblogs_count: int
    favourites_count: int
    quotes_count: int
    quote_automatic: list[str]
    quote_manual: list[str]
    quote_id: int | None
    poll_id: int | None
    application_name: str | None
    application_website: str | None


def load_rows(listing: str, parameters: Sequence[Any]) -> list[ShownRow]:
    """Return what is shown of the statuses whose ids a statement lists: first those, in its order."""
    return [ShownRow._make(row) for row in fetch(_SHOWN.format(listing=listing), parameters)]


def load_rows_of(ids: Collection[int]) -> list[ShownRow]:
    """Return what is shown of the statuses with these ids."""
    return load_rows("SELECT unnest(%s::bigint[])", [array(ids)])


_MARKS = Prepared(
    lambda viewer, ids: (
        Favourite.objects.filter(account=viewer, status__in=ids.rows)
        .values_list("status_id", Value("favourited"))
        .union(
            Bookmark.objects.filter(account=viewer, status__in=ids.rows).values_list(
                "status_id", Value("bookmarked")
            ),
            StatusPin.objects.filter(account=viewer, status__in=ids.rows).values_list(
                "status_id", Value("pinned")
            ),
            Status.objects.kept()
            .filter(account=viewer, reblog_of__in=ids.rows)
            .values_list("reblog_of_id", Value("reblogged")),
            Status.objects.filter(_in_muted_thread(viewer), pk__in=ids.rows).values_list(
                "pk", Value("muted")
            ),
            Filter.objects.filter(account=viewer).values_list("pk", Value("filters")),
            all=True,
        )
    ),
    viewer=int,
    ids=Ids,
)


def _in_muted_thread(viewer: int) -> Exists:
    thread = Coalesce(NullIf(OuterRef("conversation_uri"), Value("")), OuterRef("uri"))
    return Exists(ConversationMute.objects.filter(account=viewer, conversation_uri=thread))


def load_marks(viewer_id: int, ids: Collection[int]) -> dict[str, set[int]]:
    """Return ids of statuses by what the viewer did: favourited, bookmarked, pinned, reblogged, muted; and
    under ``filters`` the ids of the viewer's filters.
    """
    found: dict[str, set[int]] = defaultdict(set)
    for row_id, mark in _MARKS.tuples(viewer=viewer_id, ids=list(ids)):
        found[mark].add(row_id)
    return found
