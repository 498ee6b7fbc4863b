"""Threads: what a status answers and what answers it.

Called by the API door. Source: API behaviours section 9 ("Context order").
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.db.models import QuerySet

from accounts.models import Account
from core.prepared import Ids, Prepared, fetch
from timelines.models import Status
from timelines.visibility import visible_to, wanted_by


@dataclass(frozen=True)
class Bounds:
    """How much of a thread is shown."""

    ancestors: int
    descendants: int
    depth: int


ANONYMOUS = Bounds(ancestors=40, descendants=60, depth=20)
SIGNED_IN = Bounds(ancestors=4096, descendants=4096, depth=4096)

_ANCESTORS = """
WITH RECURSIVE above(id, in_reply_to_id, distance, path) AS (
    SELECT id, in_reply_to_id, 0, ARRAY[id] FROM timelines_status WHERE id = %s
  UNION ALL
    SELECT parent.id, parent.in_reply_to_id, above.distance + 1, above.path || parent.id
    FROM above JOIN timelines_status parent ON parent.id = above.in_reply_to_id
    WHERE above.distance < %s AND NOT parent.id = ANY(above.path)
)
SELECT id FROM above WHERE distance > 0 ORDER BY distance DESC
"""
_DESCENDANTS = """
WITH RECURSIVE below(id, path) AS (
    SELECT id, ARRAY[id] FROM timelines_status WHERE id = %s
  UNION ALL
    SELECT reply.id, below.path || reply.id
    FROM below JOIN timelines_status reply ON reply.in_reply_to_id = below.id
    WHERE reply.deleted_at IS NULL AND cardinality(below.path) <= %s AND NOT reply.id = ANY(below.path)
)
SELECT id FROM below WHERE cardinality(path) > 1 ORDER BY path LIMIT %s
"""


def load_context(status: Status, viewer: Account | None) -> tuple[list[int], list[int]]:
    """Return ids: of what leads to a status, the root first, and of its replies in the order of their tree.

    What ``viewer`` may not or does not want to see is left out. Who continues an own thread comes before
    others.
    """
    bounds = SIGNED_IN if viewer else ANONYMOUS
    ancestors = _ids(_ANCESTORS, [status.pk, bounds.ancestors])
    descendants = _ids(_DESCENDANTS, [status.pk, bounds.depth, bounds.descendants])
    values = {} if viewer is None else {"viewer": viewer.pk}
    seen = _seen(viewer is None).tuples(ids=[*ancestors, *descendants], **values)
    authors = {pk: (author_id, answered_id) for pk, author_id, answered_id in seen}
    own = (status.account_id, status.account_id)
    replies = [pk for pk in descendants if pk in authors]
    return [pk for pk in ancestors if pk in authors], sorted(replies, key=lambda pk: authors[pk] != own)


@cache
def _seen(by_anybody: bool) -> "Prepared[Status]":
    def build(ids: Ids, viewer: int | None = None) -> "QuerySet[Status, Any]":
        reader = None if viewer is None else Account(pk=viewer)
        rows = wanted_by(visible_to(Status.objects.filter(pk__in=ids.rows), reader), reader)
        return rows.values_list("pk", "account_id", "in_reply_to_account_id")

    return Prepared(build, ids=Ids, **({} if by_anybody else {"viewer": int}))


def _ids(query: str, parameters: Sequence[int]) -> list[int]:
    return [row[0] for row in fetch(query, parameters)]
