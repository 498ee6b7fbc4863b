"""How far a person has read, shared by all apps.

Called by the API door. Source: API behaviours section 11 ("Markers").
"""

from collections.abc import Mapping

from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Account
from core.errors import AppError
from timelines.models import Marker


class MarkerConflict(AppError):
    """Two apps moved the same marker at the same moment."""

    status = 409
    permanent = False
    default_message = _("Another app moved this marker at the same moment, please try again")


def find_markers(account: Account, timelines: list[str]) -> list[Marker]:
    """Return the markers of these timelines that are set."""
    return list(Marker.objects.filter(account=account, timeline__in=timelines))


def move_markers(account: Account, positions: Mapping[str, int]) -> list[Marker]:
    """Set markers (timeline → id of the last that was read), all or none, and return them.

    Raises MarkerConflict when another request moved one between our reading and our writing of it.
    """
    with transaction.atomic():
        return [
            _move(account, timeline, last_read_id) for timeline, last_read_id in sorted(positions.items())
        ]


def _move(account: Account, timeline: str, last_read_id: int) -> Marker:
    now = timezone.now()
    marker, created = Marker.objects.get_or_create(
        account=account, timeline=timeline, defaults={"last_read_id": last_read_id, "updated_at": now}
    )
    if created:
        return marker
    unmoved = Marker.objects.filter(pk=marker.pk, version=marker.version)
    if not unmoved.update(last_read_id=last_read_id, updated_at=now, version=F("version") + 1):
        raise MarkerConflict()
    marker.last_read_id, marker.updated_at, marker.version = last_read_id, now, marker.version + 1
    return marker
