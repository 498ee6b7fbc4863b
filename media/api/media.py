"""Doors of /api/v1/media and /api/v2/media. Source: Mastodon docs, "media API methods"."""

from django.utils.translation import gettext as _
from rest_framework.request import Request
from rest_framework.response import Response

from core.api.access import Access
from core.api.parameters import as_id, as_text
from core.api.views import ApiView
from core.errors import Unprocessable
from core.ratelimit import Limit
from media.attachments import (
    create_attachment,
    delete_attachment,
    get_own,
    get_own_unattached,
    update_attachment,
)
from media.entities import render_attachment
from media.models import MediaAttachment

WRITE_MEDIA = Access.user("write", "write:media")
UPLOADS = Limit("media", 30, 1800)


class MediaUploads(ApiView):
    """POST: upload a picture. v1 and v2 answer alike, since pictures are ready at once."""

    access = {"POST": WRITE_MEDIA}
    limits = (UPLOADS,)

    def post(self, request: Request) -> Response:
        """Store ``file`` with its ``description`` and ``focus``."""
        attachment = create_attachment(
            self.actor.id,
            self.params.get("file"),
            description=as_text(self.params.get("description")),
            focus=as_text(self.params.get("focus")),
        )
        return Response(render_attachment(attachment))


class Media(ApiView):
    """One upload that is on no post yet: look, describe, delete."""

    access = {"GET": WRITE_MEDIA, "PUT": WRITE_MEDIA, "DELETE": WRITE_MEDIA}

    def get(self, request: Request, media_id: str) -> Response:
        """Answer 200 when it is ready, 206 while it is processed, 422 when that failed."""
        attachment = get_own_unattached(self.actor.id, as_id(media_id))
        return _answer(attachment)

    def put(self, request: Request, media_id: str) -> Response:
        """Change ``description`` and ``focus``; what is not given stays."""
        attachment = get_own_unattached(self.actor.id, as_id(media_id))
        update_attachment(
            attachment,
            description=as_text(self.params.get("description")),
            focus=as_text(self.params.get("focus")),
        )
        return _answer(attachment)

    patch = put

    def delete(self, request: Request, media_id: str) -> Response:
        """Delete it with its files; 422 when a post shows it."""
        delete_attachment(get_own(self.actor.id, as_id(media_id)))
        return Response({})


def _answer(attachment: MediaAttachment) -> Response:
    if attachment.state == MediaAttachment.State.FAILED:
        raise Unprocessable(_("The file could not be processed"))
    processing = attachment.state == MediaAttachment.State.PROCESSING
    return Response(render_attachment(attachment), status=206 if processing else 200)
