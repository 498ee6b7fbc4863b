"""Activity type × object type → receiver; see federation/inbox.py.

``(type, None)`` takes bare ids and every object type without a line of its own; what has no line is ignored.
"""

_POSTS = ("Note", "Question", "Article", "Page", "Video", "Audio", "Image", "Event")
_ACTORS = ("Application", "Group", "Organization", "Person", "Service")

ROUTES: dict[tuple[str, str | None], str] = {
    # accounts
    ("Follow", None): "accounts.inbox.receive_follow",
    ("Undo", "Follow"): "accounts.inbox.receive_undo_follow",
    ("Undo", "Accept"): "accounts.inbox.receive_undo_accept",
    ("Undo", "Block"): "accounts.inbox.receive_undo_block",
    ("Block", None): "accounts.inbox.receive_block",
    ("Move", None): "accounts.inbox.receive_move",
    **{("Update", kind): "accounts.inbox.receive_update" for kind in _ACTORS},
    # statuses
    ("Add", None): "timelines.remote_featured.receive_add",
    ("Remove", None): "timelines.remote_featured.receive_remove",
    ("QuoteRequest", None): "timelines.inbox_quotes.receive_quote_request",
    # What is no answer about a quote is one about a follow; a bare id does not say.
    ("Accept", None): "timelines.inbox_quotes.receive_accept",
    ("Reject", None): "timelines.inbox_quotes.receive_reject",
    ("Create", None): "timelines.forwarding.receive_create",
    **{("Update", kind): "timelines.forwarding.receive_update" for kind in _POSTS},
    ("Delete", None): "timelines.forwarding.receive_delete",
    ("Announce", None): "timelines.inbox_relays.receive_announce",
    ("Like", None): "timelines.inbox.receive_like",
    ("Undo", "Announce"): "timelines.inbox.receive_undo_announce",
    ("Undo", "Like"): "timelines.inbox.receive_undo_like",
    ("Undo", None): "timelines.inbox.receive_undo",
    # staff
    ("Flag", None): "moderation.inbox.receive_flag",
}
