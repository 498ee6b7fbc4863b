"""Rows for files and emoji of other servers; apps see the files through us (media/proxy.py)."""

from collections.abc import Sequence
from functools import partial

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from media.attachments import delete_attachments, measures
from media.documents import RemoteEmoji, RemoteFile
from media.models import CustomEmoji, MediaAttachment
from media.proxy import Kind
from media.tasks import enqueue_fetch

_DESCRIBING = [
    "type",
    "preview_remote_url",
    "mime_type",
    "description",
    "focus_x",
    "focus_y",
    "blurhash",
    "meta",
]


def save_remote_attachments(
    owner_id: int, files: Sequence[RemoteFile], *, current_ids: Sequence[int] = ()
) -> list[MediaAttachment]:
    """Return the attachments of a remote post in its order, new ones created, left ones deleted.

    ``current_ids`` are those that the post had before an edit: the same address keeps its row, and one that
    is shown twice has two.
    """
    known = MediaAttachment.objects.in_bulk(current_ids)
    left = [known[pk] for pk in current_ids if pk in known]
    shown: list[MediaAttachment] = []
    created: list[MediaAttachment] = []
    now = timezone.now()
    for file in files:
        attachment = next((each for each in left if each.remote_url == file.url), None)
        if attachment is None:
            attachment = MediaAttachment(
                owner_id=owner_id, remote_url=file.url, attached_at=now, created_at=now
            )
            created.append(attachment)
        else:
            left.remove(attachment)
        _describe(attachment, file)
        shown.append(attachment)
    kept = [attachment for attachment in shown if attachment.pk in known]
    MediaAttachment.objects.bulk_create(created)
    if settings.MEDIA_FETCH == "arrival":
        _fetch_on_commit(created)
    MediaAttachment.objects.bulk_update(kept, _DESCRIBING)
    if known:
        delete_attachments(known.keys() - {attachment.pk for attachment in kept})
    return shown


def _fetch_on_commit(attachments: Sequence[MediaAttachment]) -> None:
    """Fetch pictures before anybody looks; recordings are too large for that."""
    for attachment in attachments:
        if attachment.type == MediaAttachment.Type.IMAGE:
            fetch = partial(enqueue_fetch, Kind.PICTURE, attachment.remote_url)
            transaction.on_commit(fetch, robust=True)


def _describe(attachment: MediaAttachment, file: RemoteFile) -> None:
    attachment.type = file.type
    attachment.preview_remote_url = file.preview_url
    attachment.mime_type = file.mime_type
    attachment.description = file.description
    attachment.focus_x, attachment.focus_y = file.focus or (None, None)
    attachment.blurhash = file.blurhash
    size = measures(*file.size) if file.size else None
    attachment.meta = {"original": size, "small": size} if size else {}


def save_remote_emojis(domain: str, emojis: Sequence[RemoteEmoji]) -> None:
    """Create or refresh the emoji of a server; whether we disabled one stays as it is."""
    now = timezone.now()
    CustomEmoji.objects.bulk_create(
        [
            CustomEmoji(
                shortcode=emoji.shortcode,
                domain=domain,
                uri=emoji.uri,
                remote_url=emoji.url,
                visible=False,
                updated_at=emoji.updated_at or now,
            )
            for emoji in sorted(emojis, key=lambda emoji: emoji.shortcode)
        ],
        update_conflicts=True,
        unique_fields=["shortcode", "domain"],
        update_fields=["uri", "remote_url", "updated_at"],
    )
