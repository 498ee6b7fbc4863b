"""Doors of /api/v1/media and /api/v2/media. Source: Mastodon docs, "media API methods"."""

from typing import Any

from django.http import HttpRequest
from rest_framework.request import Request
from rest_framework.response import Response

from core.api.access import Access
from core.api.parameters import as_id, as_text
from core.api.views import ApiView
from core.ratelimit import Limit
from media.attachments import (
    create_attachment,
    delete_attachment,
    get_own,
    get_own_unattached,
    update_attachment,
)
from media.entities import render_attachment
from media.faults import refusal
from media.models import MediaAttachment
from media.processing import wait_until_processed
from media.tasks import enqueue
from media.uploads import LimitedUploadHandler

WRITE_MEDIA = Access.user("write", "write:media")
UPLOADS = Limit("media", 30, 1800)
WAIT_SECONDS = 5.0


class MediaUploads(ApiView):
    """POST: upload a file. Pictures are ready at once unless many wait; v1 knows no other answer than 200."""

    access = {"POST": WRITE_MEDIA}
    limits = (UPLOADS,)
    # Of the answer that says "ask again".
    later_status = 202

    def initialize_request(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Request:
        """Refuse a body that is too long before it is read."""
        request.upload_handlers = [LimitedUploadHandler(request), *request.upload_handlers]
        return super().initialize_request(request, *args, **kwargs)

    def post(self, request: Request) -> Response:
        """Store ``file`` with its ``thumbnail``, ``description`` and ``focus``."""
        attachment = create_attachment(
            self.actor.id,
            self.params.get("file"),
            thumbnail=self.params.get("thumbnail"),
            description=as_text(self.params.get("description")),
            focus=as_text(self.params.get("focus")),
        )
        enqueue(attachment.pk)
        wait_until_processed(attachment, WAIT_SECONDS)
        if attachment.state == MediaAttachment.State.FAILED:
            delete_attachment(attachment)
        return _answer(attachment, self.later_status)


class MediaUploadsV1(MediaUploads):
    """POST as in v1."""

    later_status = 200


class Media(ApiView):
    """One upload that is on no post yet: look, describe, delete."""

    access = {"GET": WRITE_MEDIA, "PUT": WRITE_MEDIA, "DELETE": WRITE_MEDIA}

    def get(self, request: Request, media_id: str) -> Response:
        """Answer 200 when it is ready, 206 while it is processed, 422 when that failed."""
        attachment = get_own_unattached(self.actor.id, as_id(media_id))
        return _answer(attachment, 206)

    def put(self, request: Request, media_id: str) -> Response:
        """Change ``thumbnail``, ``description`` and ``focus``; what is not given stays."""
        attachment = get_own_unattached(self.actor.id, as_id(media_id))
        update_attachment(
            attachment,
            thumbnail=self.params.get("thumbnail"),
            description=as_text(self.params.get("description")),
            focus=as_text(self.params.get("focus")),
        )
        return _answer(attachment, 206)

    patch = put

    def delete(self, request: Request, media_id: str) -> Response:
        """Delete it with its files; 422 when a post shows it."""
        delete_attachment(get_own(self.actor.id, as_id(media_id)))
        return Response({})


def _answer(attachment: MediaAttachment, later_status: int) -> Response:
    if attachment.state == MediaAttachment.State.FAILED:
        raise refusal(attachment.fault)
    processing = attachment.state == MediaAttachment.State.PROCESSING
    entity = render_attachment(attachment)
    if processing:
        return Response(entity | {"progress": attachment.progress}, status=later_status)
    return Response(entity)
