"""Doors to statuses: publish, show, edit, delete, history, source, thread."""

from collections.abc import Callable
from typing import Any, TypeVar

from django.utils import timezone
from django.utils.translation import gettext as _
from rest_framework.request import Request
from rest_framework.response import Response

from core.api.access import Access
from core.api.parameters import as_bool, as_ids, as_list, as_text
from core.api.views import ApiView
from core.errors import Unprocessable
from core.ratelimit import Limit
from timelines.api.scheduled import read_moment
from timelines.drafts import StatusDraft
from timelines.edits import StatusChanges, edit_status
from timelines.entities.edit import render_history, render_source
from timelines.entities.scheduled import render_scheduled
from timelines.entities.status import (
    render_deleted_status,
    render_status,
    render_statuses,
    render_statuses_by_id,
)
from timelines.models import Status
from timelines.poll_drafts import read_poll
from timelines.remote_quotes import recheck_if_stale
from timelines.remote_threads import fetch_thread_soon
from timelines.scheduled import find_made_by_key, schedule_status
from timelines.statuses import delete_status, publish_status
from timelines.threads import load_context
from timelines.visibility import get_own_status, get_visible_status, load_visible_statuses

READ = Access.optional("read", "read:statuses")
WRITE = Access.user("write", "write:statuses")
# Per account; publishing, editing and reblogging count together.
STATUSES = Limit("statuses", 300, 10_800)
DELETES = Limit("deletes", 30, 1800)
MAX_IDS = 20

Made = TypeVar("Made")


class Statuses(ApiView):
    """/api/v1/statuses: several by id, or a new one."""

    access = {"GET": READ, "POST": WRITE}

    def get(self, request: Request) -> Response:
        """Answer those of ``id[]`` that the viewer may see."""
        ids = as_ids(self.params.get("id"))
        if len(ids) > MAX_IDS:
            raise Unprocessable(_("Ask for at most %(limit)d posts at once") % {"limit": MAX_IDS})
        return Response(render_statuses(load_visible_statuses(self.viewer, ids), self.viewer))

    def post(self, request: Request) -> Response:
        """Publish now or later; a repeated Idempotency-Key answers with the first result, free of charge."""
        key = request.headers.get("Idempotency-Key")
        if made := find_made_by_key(self.actor, key):
            return Response(
                render_status(made, self.actor) if isinstance(made, Status) else render_scheduled([made])[0]
            )
        moment = read_moment(self.params.get("scheduled_at"))
        self.consume(STATUSES)
        # A time that has passed means "now".
        if moment is not None and moment > timezone.now():
            return Response(render_scheduled([self._make(schedule_status, key, scheduled_at=moment)])[0])
        return Response(render_status(self._make(publish_status, key), self.actor))

    def _make(self, operation: Callable[..., Made], key: str | None, **more: Any) -> Made:
        assert self.credential is not None
        return operation(
            self.actor,
            read_draft(self.params),
            application_id=self.credential.application_id,
            idempotency_key=key,
            **more,
        )


def read_draft(params: dict[str, Any]) -> StatusDraft:
    """Return the draft that the parameters of a request describe."""
    sensitive, allowed = params.get("sensitive"), params.get("allowed_mentions")
    return StatusDraft(
        text=as_text(params.get("status")) or "",
        content_type=as_text(params.get("content_type")) or Status.ContentType.PLAIN,
        spoiler_text=as_text(params.get("spoiler_text")) or "",
        visibility=as_text(params.get("visibility")) or None,
        sensitive=None if sensitive in (None, "") else as_bool(sensitive),
        language=as_text(params.get("language")),
        media_ids=as_ids(params.get("media_ids")),
        in_reply_to_id=params.get("in_reply_to_id"),
        allowed_mentions=None if allowed is None else as_ids(allowed),
        poll=read_poll(params.get("poll")),
        # Older apps use the name that other servers gave it.
        quoted_status_id=params.get("quoted_status_id") or params.get("quote_id"),
        quote_policy=as_text(params.get("quote_approval_policy")) or None,
    )


class StatusById(ApiView):
    """/api/v1/statuses/:id: show, edit, delete."""

    access = {"GET": READ, "PUT": WRITE, "DELETE": WRITE}

    def get(self, request: Request, status_id: str) -> Response:
        """Answer the status, or 404 when there is none for this viewer."""
        status = get_visible_status(self.viewer, status_id)
        if self.viewer is not None:
            recheck_if_stale(status)
        return Response(render_status(status, self.viewer))

    def put(self, request: Request, status_id: str) -> Response:
        """Edit; what is not given stays."""
        status = get_own_status(self.actor, status_id)
        self.consume(STATUSES)
        return Response(render_status(edit_status(status, read_changes(self.params)), self.actor))

    patch = put

    def delete(self, request: Request, status_id: str) -> Response:
        """Delete, and answer with the text for a redraft."""
        status = get_own_status(self.actor, status_id)
        self.consume(DELETES)
        entity = render_deleted_status(render_status(status, self.actor), status)
        delete_status(status, delete_media=as_bool(self.params.get("delete_media")))
        return Response(entity)


def read_changes(params: dict[str, Any]) -> StatusChanges:
    """Return the changes that the parameters of a request describe."""
    sensitive, poll = params.get("sensitive"), read_poll(params.get("poll"))
    attributes = as_list(params.get("media_attributes"))
    return StatusChanges(
        text=as_text(params.get("status")),
        content_type=as_text(params.get("content_type")) or None,
        spoiler_text=as_text(params.get("spoiler_text")),
        sensitive=None if sensitive in (None, "") else as_bool(sensitive),
        language=as_text(params.get("language")),
        media_ids=as_ids(params["media_ids"]) if "media_ids" in params else None,
        media_attributes=[entry for entry in attributes if isinstance(entry, dict)],
        poll=poll,
        removes_poll="poll" in params and poll is None,
        quote_policy=as_text(params.get("quote_approval_policy")) or None,
    )


class StatusContext(ApiView):
    """GET /api/v1/statuses/:id/context."""

    access = {"GET": READ}

    def get(self, request: Request, status_id: str) -> Response:
        """Answer what the status replies to and what replies to it."""
        status = get_visible_status(self.viewer, status_id)
        if self.viewer is not None:
            fetch_thread_soon(status)
        ancestors, descendants = load_context(status, self.viewer)
        entities = render_statuses_by_id([*ancestors, *descendants], self.viewer)
        parts = {"ancestors": ancestors, "descendants": descendants}
        return Response({name: [entities[pk] for pk in ids if pk in entities] for name, ids in parts.items()})


class StatusHistory(ApiView):
    """GET /api/v1/statuses/:id/history."""

    access = {"GET": READ}

    def get(self, request: Request, status_id: str) -> Response:
        """Answer every version, the original first."""
        return Response(render_history(get_visible_status(self.viewer, status_id), self.viewer))


class StatusSource(ApiView):
    """GET /api/v1/statuses/:id/source."""

    access = {"GET": Access.user("read", "read:statuses")}

    def get(self, request: Request, status_id: str) -> Response:
        """Answer the text as written, for the edit form."""
        return Response(render_source(get_visible_status(self.viewer, status_id)))
