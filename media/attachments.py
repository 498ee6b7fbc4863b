"""Attachments: uploaded, described, attached to a post, released, removed. Doors and timelines call this."""

import logging
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from math import isfinite

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from core.errors import NotFound, Unprocessable
from core.text import clean_text
from media.files import delete_files, new_name, store_upload
from media.models import MediaAttachment
from media.pictures import store_preview
from media.uploads import require_upload

DESCRIPTION_LIMIT = 10_000
KEPT_UNATTACHED = timedelta(days=1)
_BATCH = 500

log = logging.getLogger(__name__)


def create_attachment(
    owner_id: int,
    upload: object,
    *,
    thumbnail: object | None = None,
    description: str | None = None,
    focus: str | None = None,
) -> MediaAttachment:
    """Keep an uploaded file and return its row; media/processing.py makes it fit for a post.

    ``upload`` and ``thumbnail`` are what came as file parameters; ``focus`` is "x,y", each from -1 to 1.
    Raises Unprocessable with a text for the user when it is nothing that we read, or too large.
    """
    attachment = MediaAttachment(
        owner_id=owner_id, state=MediaAttachment.State.PROCESSING, created_at=timezone.now()
    )
    _describe(attachment, description, focus)
    file, mime_type = require_upload(upload)
    attachment.type, attachment.mime_type = _expected_type(mime_type), mime_type
    attachment.size_bytes = file.size or 0
    if thumbnail is not None:
        _choose_preview(attachment, thumbnail)
    attachment.upload = store_upload(new_name("uploads", "upload"), file)
    attachment.save(force_insert=True)
    return attachment


def _expected_type(mime_type: str) -> str:
    """Return the type that a file has most likely; what it is in the end, its content decides."""
    kind = mime_type.partition("/")[0]
    return MediaAttachment.Type.GIFV if mime_type == "image/gif" else MediaAttachment.Type(kind)


def measures(width: int, height: int) -> dict[str, object]:
    """Return a size in pixels as apps lay pictures out by it."""
    return {"width": width, "height": height, "size": f"{width}x{height}", "aspect": width / height}


def update_attachment(
    attachment: MediaAttachment,
    *,
    thumbnail: object | None = None,
    description: str | None = None,
    focus: str | None = None,
) -> None:
    """Change description, focal point or the preview of a video or sound; None leaves it, "" takes it away.

    Raises Unprocessable.
    """
    _describe(attachment, description, focus)
    changed = ["description", "focus_x", "focus_y"]
    if thumbnail is not None:
        replaced = attachment.preview_file
        _choose_preview(attachment, thumbnail)
        delete_files([replaced])
        changed += ["preview_file", "blurhash", "meta"]
    attachment.save(update_fields=changed)


def _choose_preview(attachment: MediaAttachment, thumbnail: object) -> None:
    if attachment.type == MediaAttachment.Type.IMAGE:
        raise Unprocessable(_("Only videos and sound can have a picture of their own choice"))
    preview = store_preview(thumbnail)
    attachment.preview_file, attachment.blurhash = preview.file, preview.blurhash
    attachment.meta = attachment.meta | {"small": preview.measures}


def _describe(attachment: MediaAttachment, description: str | None, focus: str | None) -> None:
    if description is not None:
        text = clean_text(description).strip()
        if len(text) > DESCRIPTION_LIMIT:
            raise Unprocessable(
                _("The description is longer than %(limit)d characters") % {"limit": DESCRIPTION_LIMIT}
            )
        attachment.description = text or None
    if focus is not None:
        attachment.focus_x, attachment.focus_y = _focal_point(focus) if focus.strip() else (None, None)


def _focal_point(focus: str) -> tuple[float, float]:
    try:
        x, y = (float(part) for part in focus.split(","))
    except ValueError:
        x = y = float("nan")
    if not (isfinite(x) and isfinite(y)):
        raise Unprocessable(_("The focal point must be two numbers from -1 to 1, like 0.5,-0.25"))
    return max(-1.0, min(1.0, x)), max(-1.0, min(1.0, y))


def get_own(owner_id: int, attachment_id: int | None) -> MediaAttachment:
    """Return an upload of that account, attached or not; raises NotFound for every other id."""
    owned = MediaAttachment.objects.owned_by(owner_id)
    found = owned.filter(pk=attachment_id).first() if attachment_id is not None else None
    if found is None:
        raise NotFound()
    return found


def get_own_unattached(owner_id: int, attachment_id: int | None) -> MediaAttachment:
    """Return an upload that no post shows yet; raises NotFound for every other id."""
    found = get_own(owner_id, attachment_id)
    if found.attached_at:
        raise NotFound()
    return found


def load_own_unattached(owner_id: int, ids: Sequence[int]) -> list[MediaAttachment]:
    """Return the uploads that a new post will show, in this order.

    Raises Unprocessable when one is unknown, somebody else's, already on a post or not processed yet, or when
    they cannot be shown together.
    """
    if len(ids) > settings.MAX_MEDIA_ATTACHMENTS:
        raise _too_many()
    owned = MediaAttachment.objects.owned_by(owner_id).in_bulk(ids)
    found = [owned[attachment_id] for attachment_id in ids if attachment_id in owned]
    if len(found) != len(ids):
        raise Unprocessable(_("One of the files does not exist, or is not yours"))
    if any(attachment.attached_at for attachment in found):
        raise _already_attached()
    if any(attachment.state != MediaAttachment.State.READY for attachment in found):
        raise Unprocessable(_("One of the files is not processed yet, please try again in a moment"))
    require_together(found)
    return found


def require_together(attachments: Sequence[MediaAttachment]) -> None:
    """Raise Unprocessable unless one post can show these: not too many, and a video or sound only alone.

    Source: API behaviours section 9.
    """
    if len(attachments) > settings.MAX_MEDIA_ATTACHMENTS:
        raise _too_many()
    alone = (MediaAttachment.Type.VIDEO, MediaAttachment.Type.AUDIO)
    if len(attachments) > 1 and any(attachment.type in alone for attachment in attachments):
        raise Unprocessable(_("A post can show one video or one sound, and nothing beside it"))


def _too_many() -> Unprocessable:
    limit = {"limit": settings.MAX_MEDIA_ATTACHMENTS}
    return Unprocessable(_("A post can show at most %(limit)d files") % limit)


def _already_attached() -> Unprocessable:
    return Unprocessable(_("One of the files is already part of a post"))


def load_attachments(ids: Iterable[int]) -> dict[int, MediaAttachment]:
    """Return attachments of whomever by id, in one query; what is gone is left out."""
    return MediaAttachment.objects.in_bulk(set(ids))


def mark_attached(ids: Sequence[int]) -> None:
    """Note, in the caller's transaction, that a post now shows these; Unprocessable if another does."""
    wanted = MediaAttachment.objects.unattached().filter(pk__in=ids)
    if wanted.update(attached_at=timezone.now(), released_at=None) != len(ids):
        raise _already_attached()


def release_attachments(ids: Sequence[int]) -> None:
    """Note that no post shows these any more; their owner may use them again for about a day."""
    MediaAttachment.objects.filter(pk__in=ids).update(attached_at=None, released_at=timezone.now())


def delete_attachments(ids: Iterable[int]) -> None:
    """Delete attachments, their rows now and their files on commit."""
    _delete(list(MediaAttachment.objects.filter(pk__in=list(ids))))


def delete_attachment(attachment: MediaAttachment) -> None:
    """Delete an upload; raises Unprocessable when a post shows it."""
    deleted, _rows = MediaAttachment.objects.unattached().filter(pk=attachment.pk).delete()
    if not deleted:
        raise _already_attached()
    _delete_files([attachment])


def _delete(attachments: Sequence[MediaAttachment]) -> None:
    MediaAttachment.objects.filter(pk__in=[attachment.pk for attachment in attachments]).delete()
    _delete_files(attachments)


def _delete_files(attachments: Sequence[MediaAttachment]) -> None:
    delete_files(
        name
        for attachment in attachments
        for name in (attachment.upload, attachment.file, attachment.preview_file)
    )


def remove_abandoned(now: datetime) -> int:
    """Delete the uploads that no post has shown for a day; returns how many. Repeat-safe."""
    removed = 0
    while True:
        with transaction.atomic():
            abandoned = MediaAttachment.objects.abandoned(now - KEPT_UNATTACHED)
            batch = list(abandoned.select_for_update(skip_locked=True).order_by("pk")[:_BATCH])
            _delete(batch)
        removed += len(batch)
        if len(batch) < _BATCH:
            break
    if removed:
        log.info("media_abandoned_removed", extra={"count": removed})
    return removed
