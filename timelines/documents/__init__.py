"""ActivityPub JSON of statuses and of what people do with them ↔ plain values.

`note` renders a status and loads what a page of them needs, `activities` wraps it, `reading` reads what
others send. Called by timelines/outbox.py, timelines/views.py, timelines/inbox.py and timelines/remote.py.
"""

from timelines.documents.activities import (
    announce_uri,
    like_uri,
    render_announce,
    render_create,
    render_delete,
    render_featured_tag,
    render_like,
    render_pin,
    render_silent_update,
    render_undo_announce,
    render_undo_like,
    render_unpin,
    render_update,
    with_context,
)
from timelines.documents.note import Note, load_note, load_notes, new_note, render_note
from timelines.documents.question import PollValues, read_poll_values, render_question, render_vote, vote_uri
from timelines.documents.quote import (
    PolicyValues,
    QuoteValues,
    is_stamp,
    policy_keys,
    render_stamp,
    stamp_uri,
)
from timelines.documents.quote_activities import (
    QuoteRequest,
    render_quote_accept,
    render_quote_reject,
    render_quote_request,
    render_stamp_deletion,
)
from timelines.documents.reading import BadNote, MentionTag, NoteValues, read_note

__all__ = [
    "BadNote",
    "MentionTag",
    "Note",
    "NoteValues",
    "PolicyValues",
    "PollValues",
    "QuoteRequest",
    "QuoteValues",
    "announce_uri",
    "is_stamp",
    "like_uri",
    "load_note",
    "load_notes",
    "new_note",
    "policy_keys",
    "read_note",
    "read_poll_values",
    "render_announce",
    "render_create",
    "render_delete",
    "render_featured_tag",
    "render_like",
    "render_note",
    "render_pin",
    "render_question",
    "render_quote_accept",
    "render_quote_reject",
    "render_quote_request",
    "render_silent_update",
    "render_stamp",
    "render_stamp_deletion",
    "render_undo_announce",
    "render_undo_like",
    "render_unpin",
    "render_update",
    "render_vote",
    "stamp_uri",
    "vote_uri",
    "with_context",
]
