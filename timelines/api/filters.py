"""Doors to filters v2, their keywords and statuses, and to v1, which sees each keyword as a filter."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from rest_framework.request import Request
from rest_framework.response import Response

from core.api.access import Access
from core.api.parameters import as_bool, as_id, as_list, as_text
from core.api.views import ApiView
from core.errors import NotFound, Unprocessable
from timelines import filters
from timelines.entities.filter import (
    render_filter,
    render_filter_status,
    render_keyword,
    render_phrase,
)
from timelines.filters import Expiry, FilterChanges, KeywordChange
from timelines.models import Filter

READ = Access.user("read", "read:filters")
WRITE = Access.user("write", "write:filters")
# A hundred years: beyond it a date is a mistake.
MAX_EXPIRY_SECONDS = 100 * 365 * 86_400
_KEYWORD_KEYS = {"id", "keyword", "whole_word", "_destroy"}


def read_changes(params: Mapping[str, Any], now: datetime) -> FilterChanges:
    """Return what a request of v2 says about a filter."""
    return FilterChanges(
        title=as_text(params.get("title")),
        contexts=_contexts(params),
        action=as_text(params.get("filter_action")),
        expiry=_expiry(params, now),
        keywords=[change for item in _keyword_items(params) if (change := _keyword_change(item))],
    )


def _contexts(params: Mapping[str, Any]) -> list[Any] | None:
    return as_list(params["context"]) if params.get("context") is not None else None


def _expiry(params: Mapping[str, Any], now: datetime) -> Expiry | None:
    """Return when the filter ends: seconds from now; empty and null end it never, absent changes nothing."""
    if "expires_in" not in params:
        return None
    text = as_text(params["expires_in"])
    if not text:
        return Expiry(None)
    try:
        seconds = int(text)
    except ValueError:
        seconds = -1
    if not 0 <= seconds <= MAX_EXPIRY_SECONDS:
        raise Unprocessable(_("The duration is not a number of seconds that can be used"))
    return Expiry(now + timedelta(seconds=seconds))


def _keyword_items(params: Mapping[str, Any]) -> list[Any]:
    """Return the keywords of a request: a list, a map by index, or a lone one."""
    value = params.get("keywords_attributes")
    if isinstance(value, dict) and value.keys() & _KEYWORD_KEYS:
        return [value]
    return as_list(value)


def _keyword_change(item: Any) -> KeywordChange | None:
    """Return one change of keywords; None for a new one in which nothing is filled in."""
    if not isinstance(item, dict):
        raise Unprocessable(_("The keywords could not be read"))
    keyword_id, text = as_text(item.get("id")), as_text(item.get("keyword"))
    whole_word = item.get("whole_word")
    if not keyword_id and not (text or "").strip() and not as_bool(whole_word):
        return None
    if keyword_id and as_id(keyword_id) is None:
        raise NotFound()
    return KeywordChange(
        keyword_id=as_id(keyword_id),
        keyword=text,
        whole_word=_optional_bool(whole_word),
        destroy=as_bool(item.get("_destroy")),
    )


def _optional_bool(value: Any) -> bool | None:
    return None if value in (None, "") else as_bool(value)


class Filters(ApiView):
    """GET and POST /api/v2/filters."""

    access = {"GET": READ, "POST": WRITE}

    def get(self, request: Request) -> Response:
        """Answer all filters, expired ones too."""
        return Response([render_filter(row) for row in filters.filters_of(self.actor)])

    def post(self, request: Request) -> Response:
        """Make a filter, with its keywords."""
        changes = read_changes(self.params, timezone.now())
        return Response(render_filter(filters.create_filter(self.actor, changes)))


class FilterById(ApiView):
    """GET, PUT, PATCH and DELETE /api/v2/filters/:id."""

    access = {"GET": READ, "PUT": WRITE, "DELETE": WRITE}

    def get(self, request: Request, filter_id: str) -> Response:
        """Answer one filter."""
        return Response(render_filter(filters.get_filter(self.actor, filter_id)))

    def put(self, request: Request, filter_id: str) -> Response:
        """Change what the request names."""
        row = filters.get_filter(self.actor, filter_id)
        changes = read_changes(self.params, timezone.now())
        return Response(render_filter(filters.update_filter(row, changes)))

    patch = put

    def delete(self, request: Request, filter_id: str) -> Response:
        """Delete it."""
        filters.delete_filter(filters.get_filter(self.actor, filter_id))
        return Response({})


class Keywords(ApiView):
    """GET and POST /api/v2/filters/:filter_id/keywords."""

    access = {"GET": READ, "POST": WRITE}

    def get(self, request: Request, filter_id: str) -> Response:
        """Answer the keywords of a filter."""
        return Response(render_filter(filters.get_filter(self.actor, filter_id))["keywords"])

    def post(self, request: Request, filter_id: str) -> Response:
        """Add a keyword."""
        row = filters.get_filter(self.actor, filter_id)
        return Response(render_keyword(filters.add_keyword(row, _own_keyword(self.params))))


class KeywordById(ApiView):
    """GET, PUT, PATCH and DELETE /api/v2/filters/keywords/:id."""

    access = {"GET": READ, "PUT": WRITE, "DELETE": WRITE}

    def get(self, request: Request, keyword_id: str) -> Response:
        """Answer one keyword."""
        return Response(render_keyword(filters.get_keyword(self.actor, keyword_id)))

    def put(self, request: Request, keyword_id: str) -> Response:
        """Change what the request names."""
        keyword = filters.get_keyword(self.actor, keyword_id)
        filters.update_keyword(keyword, _own_keyword(self.params))
        return Response(render_keyword(keyword))

    patch = put

    def delete(self, request: Request, keyword_id: str) -> Response:
        """Take it out of its filter."""
        filters.delete_keyword(filters.get_keyword(self.actor, keyword_id))
        return Response({})


def _own_keyword(params: Mapping[str, Any]) -> KeywordChange:
    return KeywordChange(
        keyword=as_text(params.get("keyword")), whole_word=_optional_bool(params.get("whole_word"))
    )


class Statuses(ApiView):
    """GET and POST /api/v2/filters/:filter_id/statuses."""

    access = {"GET": READ, "POST": WRITE}

    def get(self, request: Request, filter_id: str) -> Response:
        """Answer the single statuses of a filter."""
        return Response(render_filter(filters.get_filter(self.actor, filter_id))["statuses"])

    def post(self, request: Request, filter_id: str) -> Response:
        """Put a status into a filter."""
        row = filters.get_filter(self.actor, filter_id)
        found = filters.add_status(row, as_text(self.params.get("status_id")))
        return Response(render_filter_status(found))


class StatusById(ApiView):
    """GET and DELETE /api/v2/filters/statuses/:id."""

    access = {"GET": READ, "DELETE": WRITE}

    def get(self, request: Request, filter_status_id: str) -> Response:
        """Answer one status of a filter."""
        return Response(render_filter_status(filters.get_filter_status(self.actor, filter_status_id)))

    def delete(self, request: Request, filter_status_id: str) -> Response:
        """Take it out of its filter."""
        filters.delete_filter_status(filters.get_filter_status(self.actor, filter_status_id))
        return Response({})


class Phrases(ApiView):
    """GET and POST /api/v1/filters: each keyword is a filter."""

    access = {"GET": READ, "POST": WRITE}

    def get(self, request: Request) -> Response:
        """Answer all keywords."""
        return Response([render_phrase(keyword) for keyword in filters.keywords_of(self.actor)])

    def post(self, request: Request) -> Response:
        """Make a filter of one keyword."""
        action = Filter.Action.HIDE if as_bool(self.params.get("irreversible")) else Filter.Action.WARN
        whole_word = as_bool(self.params.get("whole_word"))
        changes = FilterChanges(
            contexts=_contexts(self.params),
            action=action,
            expiry=_expiry(self.params, timezone.now()),
            keywords=[KeywordChange(keyword=as_text(self.params.get("phrase")), whole_word=whole_word)],
        )
        return Response(render_phrase(filters.create_phrase(self.actor, changes)))


class PhraseById(ApiView):
    """GET, PUT, PATCH and DELETE /api/v1/filters/:id, the id of a keyword."""

    access = {"GET": READ, "PUT": WRITE, "DELETE": WRITE}

    def get(self, request: Request, keyword_id: str) -> Response:
        """Answer one keyword."""
        return Response(render_phrase(filters.get_keyword(self.actor, keyword_id)))

    def put(self, request: Request, keyword_id: str) -> Response:
        """Change a keyword, and its filter as far as no other keyword is in it."""
        keyword = filters.get_keyword(self.actor, keyword_id)
        changes = FilterChanges(
            contexts=_contexts(self.params),
            action=self._action(keyword.filter),
            expiry=_expiry(self.params, timezone.now()),
            keywords=[
                KeywordChange(
                    keyword=as_text(self.params.get("phrase")),
                    whole_word=_optional_bool(self.params.get("whole_word")),
                )
            ],
        )
        return Response(render_phrase(filters.update_phrase(keyword, changes)))

    patch = put

    def _action(self, row: Filter) -> str | None:
        """Return the action that ``irreversible`` asks for, None for the one there is: v1 knows no blur."""
        irreversible = _optional_bool(self.params.get("irreversible"))
        if irreversible is None or irreversible == (row.action == Filter.Action.HIDE):
            return None
        return Filter.Action.HIDE if irreversible else Filter.Action.WARN

    def delete(self, request: Request, keyword_id: str) -> Response:
        """Delete the keyword."""
        filters.delete_phrase(filters.get_keyword(self.actor, keyword_id))
        return Response({})
