"""Doors to conversations: the threads of direct messages."""

from rest_framework.request import Request
from rest_framework.response import Response

from core.api.access import Access
from core.api.views import ApiView
from timelines.conversations import (
    conversation_page,
    delete_conversation,
    get_conversation,
    mark_conversation,
)
from timelines.entities.conversation import render_conversations

WRITE = Access.user("write", "write:conversations")


class Conversations(ApiView):
    """GET /api/v1/conversations; the cursors are ids of last statuses."""

    access = {"GET": Access.user("read", "read:statuses")}

    def get(self, request: Request) -> Response:
        """Answer a page of threads."""
        page = self.page()
        rows = conversation_page(self.actor, page)
        return self.paged(render_conversations(rows, self.actor), page, [row.last_status_id for row in rows])


class ConversationById(ApiView):
    """DELETE /api/v1/conversations/:id."""

    access = {"DELETE": WRITE}

    def delete(self, request: Request, conversation_id: str) -> Response:
        """Take the thread off the list."""
        delete_conversation(get_conversation(self.actor, conversation_id))
        return Response({})


class MarkConversation(ApiView):
    """POST /api/v1/conversations/:id/read and …/unread."""

    access = {"POST": WRITE}
    unread = False

    def post(self, request: Request, conversation_id: str) -> Response:
        """Note it, and answer with the thread."""
        row = get_conversation(self.actor, conversation_id)
        mark_conversation(row, unread=self.unread)
        return Response(render_conversations([row], self.actor)[0])
