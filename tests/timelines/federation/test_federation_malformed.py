"""Documents of other servers with anything in any place: read as absent or refused, never a crash."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import transaction
from django.utils.module_loading import import_string
from hypothesis import given
from hypothesis import strategies as st

from accounts import relationships
from accounts.actors import BadActor, read_actor
from accounts.models import Account
from core.errors import AppError
from federation.vocab import read_activity
from genosocial.inbox_routes import ROUTES
from tests.peer import Document, Person
from timelines.documents import BadNote, read_note
from timelines.drafts import StatusDraft
from timelines.models import Status
from timelines.statuses import publish_status

ODD: list[Any] = [None, -1, "\u202e x", [[], {"id": 3, "type": {}}]]

_scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from(
        [
            "Note",
            "Person",
            "https://x.example/1",
            "as:Public",
            "2026-01-02T03:04:05Z",
            "Mention",
            "Hashtag",
            "Emoji",
        ]
    )
)
_NAMES_INSIDE = ("id", "type", "name", "href", "url", "icon", "@value", "summary", "value")
_NAMES_INSIDE += ("items", "first", "totalItems", "replies", "canQuote", "automaticApproval", "mediaType")
_values = st.recursive(
    _scalars,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(_NAMES_INSIDE),
            inner,
        )
    ),
    max_leaves=8,
)
_NAMES_IN_A_NOTE = (
    "type url content contentMap summary sensitive published updated to cc tag attachment inReplyTo context "
    "attributedTo oneOf anyOf endTime closed votersCount directMessage name conversation replies likes "
    "quote quoteUrl quoteAuthorization interactionPolicy"
)
_NAMES_IN_AN_ACTOR = (
    "inbox outbox followers endpoints name summary url icon image attachment tag alsoKnownAs published "
    "manuallyApprovesFollowers publicKey webfinger preferredUsername featured featuredTags following movedTo "
    "attributionDomains suspended showMedia memorial"
)


def _documents(names: str) -> st.SearchStrategy[Document]:
    return st.dictionaries(st.sampled_from(names.split()), _values)


@given(_documents(_NAMES_IN_A_NOTE))
def test_a_post_is_read_or_refused(changes: Document) -> None:
    try:
        values = read_note({"id": "https://x.example/1", "type": "Note", **changes})
    except BadNote:
        return
    assert values.created_at <= datetime.now(UTC)
    assert "<script" not in values.content and len(values.files) <= 16 and len(values.reply_uris) <= 5
    assert values.visibility("https://x.example/followers") in Status.Visibility


@given(_documents(_NAMES_IN_AN_ACTOR))
def test_an_actor_is_read_or_refused(changes: Document) -> None:
    document = {
        "id": "https://x.example/dora",
        "type": "Person",
        "preferredUsername": "dora",
        "inbox": "https://x.example/inbox",
        **changes,
    }
    try:
        values = read_actor(document)
    except BadActor:
        return
    assert "<script" not in values.note and len(values.fields) <= 50


def receive(document: Document) -> None:
    """Hand an activity to its receiver, as the job does; anything but an AppError is a fault."""
    activity = read_activity(document, recipient_uri="", received_at=datetime.now(UTC))
    if activity is None:
        return
    route = ROUTES.get((activity.type, activity.object_type)) or ROUTES.get((activity.type, None))
    if route is None:
        return
    try:
        with transaction.atomic():
            import_string(route)(activity)
    except AppError:
        return


def _damaged(document: Document, key: str, value: Any) -> list[Document]:
    """Return the activity with a damaged property, and with the same one damaged in its object."""
    found = [{**document, key: value}]
    if isinstance(document["object"], dict):
        found.append({**document, "object": {**document["object"], key: value}})
    return found


@pytest.mark.django_db
def test_no_receiver_falls_over_odd_values(anna: Account, dora: Person) -> None:
    relationships.accept_follow(relationships.follow(anna, dora.account()))
    status = publish_status(anna, StatusDraft(text="Hello"))
    follow = dora.activity("Follow", anna.uri)
    keys = ["object", "id", "to", "tag", "attributedTo", "type", "target", "content"]
    activities = [
        dora.activity("Create", dora.note(tag=[{"type": "Mention", "href": anna.uri}])),
        dora.activity("Update", dora.note()),
        dora.activity("Update", dora.document),
        dora.activity("Announce", status.uri),
        dora.activity("Like", status.uri),
        dora.activity("Accept", {"type": "Follow", "actor": anna.uri, "object": dora.uri}),
        dora.activity("Undo", follow),
        dora.activity("Delete", {"type": "Tombstone", "id": f"{dora.uri}/notes/0"}),
        dora.activity("Block", anna.uri),
        dora.activity("Move", dora.uri, target=anna.uri),
        dora.activity("Flag", [anna.uri, status.uri], content="Rude"),
        dora.activity("Add", {"type": "Hashtag", "name": "#x"}, target=f"{dora.uri}/featured"),
        dora.activity("Remove", status.uri, target=f"{dora.uri}/featured"),
        follow,
    ]
    for activity in activities:
        for key in keys:
            for value in ODD:
                for damaged in _damaged(activity, key, value):
                    receive(damaged)
    # It still works: a post that is whole comes through.
    note = dora.posts("<p>Whole</p>", tag=[{"type": "Mention", "href": anna.uri}], cc=[anna.uri])
    assert Status.objects.get(uri=note["id"]).content == "<p>Whole</p>"
