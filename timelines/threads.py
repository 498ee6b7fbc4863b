"""Threads: what a status answers and what answers it.

Called by the API door. Source: API behaviours section 9 ("Context order").
"""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import connection

from accounts.models import Account
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


def load_context(status: Status, viewer: Account | None) -> tuple[list[Status], list[Status]]:
    """Return what leads to a status, the root first, and its replies in the order of their tree.

    What ``viewer`` may not or does not want to see is left out. Who continues an own thread comes before
    others.
    """
    bounds = SIGNED_IN if viewer else ANONYMOUS
    ancestors = _ids(_ANCESTORS, [status.pk, bounds.ancestors])
    descendants = _ids(_DESCENDANTS, [status.pk, bounds.depth, bounds.descendants])
    seen = wanted_by(visible_to(Status.objects.filter(pk__in=[*ancestors, *descendants]), viewer), viewer)
    rows = {row.pk: row for row in seen.select_related("account")}
    replies = [rows[pk] for pk in descendants if pk in rows]
    return [rows[pk] for pk in ancestors if pk in rows], _own_first(status, replies)


def _ids(query: str, parameters: Sequence[int]) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(query, parameters)
        return [row[0] for row in cursor.fetchall()]


def _own_first(root: Status, replies: Sequence[Status]) -> list[Status]:
    def is_own(reply: Status) -> bool:
        return reply.account_id == reply.in_reply_to_account_id == root.account_id

    return sorted(replies, key=lambda reply: not is_own(reply))
