"""What media asks about files of other servers: whether we want them, and whether people here care for them.

Routed from media/events.py by genosocial/event_routes.py.
"""

from django.db.models import Exists, OuterRef, Q

from core.errors import NotFound
from federation.peers import is_blocked
from media.events import RemoteFilesLeaving, RemoteFileWanted
from media.models import MediaAttachment
from timelines.models import Bookmark, Favourite, Status


def refuse_files_of_blocked(event: RemoteFileWanted) -> None:
    """Raise NotFound when staff decided not to speak with the host of the file."""
    if is_blocked(event.host):
        raise NotFound(cause=f"{event.host} is blocked")


def spare_what_people_care_for(event: RemoteFilesLeaving) -> None:
    """Spare the files of posts that somebody here bookmarked, favourited or replied to."""
    addressed = Q(remote_url__in=event.urls) | Q(preview_remote_url__in=event.urls)
    shown = {
        attachment.pk: attachment
        for attachment in MediaAttachment.objects.filter(addressed).exclude(remote_url="")
    }
    owners = {attachment.owner_id for attachment in shown.values()}
    posts = Status.objects.kept().filter(account__in=owners, media_ids__overlap=list(shown))
    for media_ids in posts.filter(_somebody_cares()).values_list("media_ids", flat=True):
        for attachment in (shown[pk] for pk in media_ids if pk in shown):
            event.spared.update({attachment.remote_url, attachment.preview_remote_url} & event.urls)


def _somebody_cares() -> Q:
    here = Q(account__domain__isnull=True)
    return (
        Q(Exists(Favourite.objects.filter(here, status=OuterRef("pk"))))
        | Q(Exists(Bookmark.objects.filter(here, status=OuterRef("pk"))))
        | Q(Exists(Status.objects.kept().filter(here, in_reply_to=OuterRef("pk"))))
    )
